//! Records by key, and by a field's value.

use tieline_core::{Connector, ErrorKind, Key, Lookup, LookupRequest};

use crate::common::*;

fn words(answers: &[Lookup]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Lookup::Record(record) => format!("+{}", record.key),
            Lookup::Missing(key) => format!("?{key}"),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_answer_in_order() {
    let (transport, books) = answering(|line| match line {
        "GET /3/customers/1001" => (200, r#"{"Customer":{"CustomerNumber":"1001","Name":"Ada"}}"#.to_owned()),
        "GET /3/customers/a%2Fb%20c" => (200, r#"{"Customer":{"CustomerNumber":"a/b c"}}"#.to_owned()),
        // There is no such customer, which comes as a refusal too.
        "GET /3/customers/7" => error(400, "2000433", "Kan inte hitta kunden."),
        _ => error(404, "2000433", "Kan inte hitta kunden."),
    });
    let keys = ["1001", "7", "a/b c", "8", "1001", ".."].map(Key::from);
    let answers = books.lookup(LookupRequest::keys("customers", keys)).await.unwrap().answers;
    assert_eq!(words(&answers), ["+1001", "?7", "+a/b c", "?8", "+1001", "?.."]);
    assert_eq!(transport.requests().len(), 4, "each is asked for once, and what cannot be a key never");
}

#[tokio::test(start_paused = true)]
async fn composite_keys_are_taken_apart() {
    let (transport, books) = answering(|line| {
        let body = match line {
            line if line.contains("/A/12") => {
                r#"{"Voucher":{"VoucherSeries":"A","VoucherNumber":12,"Year":5}}"#
            }
            line if line.contains("/B%2FC/1") => {
                r#"{"Voucher":{"VoucherSeries":"B/C","VoucherNumber":1,"Year":5}}"#
            }
            _ => r#"{"Account":{"Number":1930,"Year":5}}"#,
        };
        (200, body.to_owned())
    });
    let vouchers = [
        Key::from("A/12/5"),
        Key::from_parts(["B/C", "1", "5"]),
        Key::from("A/12"),
        Key::from("/1/5"),
        Key::from("12"),
    ];
    let answers = books.lookup(LookupRequest::keys("vouchers", vouchers)).await.unwrap().answers;
    assert_eq!(words(&answers), ["+A/12/5", "+B~1C/1/5", "?A/12", "?/1/5", "?12"]);
    let accounts = ["1930/5", "1930"].map(Key::from);
    let answers = books.lookup(LookupRequest::keys("accounts", accounts)).await.unwrap().answers;
    assert_eq!(words(&answers), ["+1930/5", "?1930"]);
    assert_eq!(
        asked(&transport),
        [
            "GET /3/vouchers/A/12?financialyear=5",
            "GET /3/vouchers/B%2FC/1?financialyear=5",
            "GET /3/accounts/1930?financialyear=5"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_marker_is_found_exactly_though_fortnox_searches_for_parts() {
    let rows: Vec<String> = [("1", "op-1"), ("2", "op-12"), ("3", "OP-1")]
        .map(|(n, marker)| format!(r#"{{"DocumentNumber":"{n}","ExternalInvoiceReference1":"{marker}"}}"#))
        .to_vec();
    let (transport, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
        Some(number) => (200, format!(r#"{{"Invoice":{{"DocumentNumber":"{number}"}}}}"#)),
        None => page(line, "Invoices", &rows),
    });
    let request = LookupRequest::field("invoices", path("/ExternalInvoiceReference1"), json("\"op-1\""));
    let answers = books.lookup(request).await.unwrap().answers;
    assert_eq!(words(&answers), ["+1"]);
    assert!(asked(&transport)[0].contains("externalinvoicereference1=op-1"));
}

#[tokio::test(start_paused = true)]
async fn a_field_that_lists_lack_is_compared_with_the_record() {
    let rows: Vec<String> = ["1", "2"].map(|n| format!(r#"{{"DocumentNumber":"{n}"}}"#)).to_vec();
    let (_, books) = answering(move |line| match line.strip_prefix("GET /3/invoices/") {
        Some(n) => (200, format!(r#"{{"Invoice":{{"DocumentNumber":"{n}","YourOrderNumber":"PO-{n}"}}}}"#)),
        None => page(line, "Invoices", &rows),
    });
    let request = LookupRequest::field("invoices", path("/YourOrderNumber"), json("\"PO-2\""));
    assert_eq!(words(&books.lookup(request).await.unwrap().answers), ["+2"]);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_looked_up_says_what_can() {
    let (transport, books) = with_invoices(1);
    let mut texts = Vec::new();
    for (entity, field, value) in [
        ("invoices", "/Total", "1"),
        ("invoices", "/Totl", "1"),
        ("invoices", "/filter", "\"unpaid\""),
        ("invoices", "/OCR", "\"\""),
        ("suppliers", "/Name", "\"Bo\""),
    ] {
        let request = LookupRequest::field(entity, path(field), json(value));
        texts.push(books.lookup(request).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert!(transport.requests().is_empty());
    let unknown = books.lookup(LookupRequest::keys("bills", [Key::from("1")])).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);
}
