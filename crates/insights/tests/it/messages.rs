//! What people read.

use tieline_core::{Key, RawJson};
use tieline_insights::{Figures, MAX_ISSUES, Rules};

use crate::{day, invoice, quarter};

#[test]
fn each_bad_invoice_says_which_and_why() {
    let rows = [
        ("no object", "[]"),
        ("twice", r#"{"id":"1","id":"2"}"#),
        ("no id", r#"{"kind":"invoice"}"#),
        ("no kind", r#"{"id":"1"}"#),
        ("kind", r#"{"id":"1","kind":"receipt","status":"booked","currency":"SEK"}"#),
        ("status", r#"{"id":"1","kind":"invoice","status":"hidden value","currency":"SEK"}"#),
        ("status type", r#"{"id":"1","kind":"invoice","status":true,"currency":"SEK"}"#),
        ("no currency", r#"{"id":"1","kind":"invoice","status":"booked","currency":""}"#),
        (
            "date",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","invoice_date":"31.1.2026"}"#,
        ),
        ("no date", r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","net":"1"}"#),
        (
            "currency",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"kr.","invoice_date":"2026-01-01","net":1}"#,
        ),
        (
            "books",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"EUR","accounting_currency":"Skr.","currency_rate":1,"invoice_date":"2026-01-01","net":1}"#,
        ),
        (
            "no net",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","invoice_date":"2026-01-01"}"#,
        ),
        (
            "net",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","invoice_date":"2026-01-01","net":"1 000,00"}"#,
        ),
        (
            "net type",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","invoice_date":"2026-01-01","net":[1]}"#,
        ),
        (
            "large",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"SEK","invoice_date":"2026-01-01","net":1e15}"#,
        ),
        (
            "rate",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"EUR","currency_rate":0,"invoice_date":"2026-01-01","net":1}"#,
        ),
        (
            "unit",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"EUR","currency_rate":1,"currency_unit":-1,"invoice_date":"2026-01-01","net":1}"#,
        ),
        (
            "product",
            r#"{"id":"1","kind":"invoice","status":"booked","currency":"EUR","currency_rate":1e20,"invoice_date":"2026-01-01","net":1e14}"#,
        ),
    ];
    let mut text = String::new();
    for (key, row) in rows {
        let mut figures = Figures::new(quarter()).unwrap();
        figures.add_json(&Key::from(key), &RawJson::parse(row).unwrap());
        let report = figures.report().unwrap();
        assert_eq!((report.counts.bad, report.issues_total, report.issues.len()), (1, 1, 1), "{key}");
        text.push_str(&format!("{}\n", report.issues[0]));
    }
    insta::assert_snapshot!("bad_invoices", text);
}

#[test]
fn rules_say_what_to_change() {
    let today = day("2026-01-01");
    let text: String = [
        Rules::new("kronor", today),
        Rules::new("SEK", today).with_months(0),
        Rules::new("SEK", today).with_decimals(9),
    ]
    .into_iter()
    .map(|rules| format!("{}\n", Figures::new(rules).unwrap_err()))
    .collect();
    insta::assert_snapshot!("rules", text);
}

#[test]
fn issues_are_counted_without_a_limit_and_listed_up_to_one() {
    let bad = |id: usize| {
        let mut invoice = invoice(&format!("{id:04}"), "A", "2026-01-01", "1");
        invoice.net = None;
        invoice
    };
    let there = Figures::of(quarter(), (0..500).map(bad)).unwrap();
    let back = Figures::of(quarter(), (0..500).rev().map(bad)).unwrap();
    assert_eq!(there, back);
    assert_eq!((there.issues.len(), there.issues_total), (MAX_ISSUES, 500));
    assert_eq!(there.issues[99].to_string(), "0099 /net (left out): it is missing");
}
