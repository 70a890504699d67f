//! What holds for any invoices.

use chrono::NaiveDate;
use proptest::prelude::*;
use rust_decimal::Decimal;
use tieline_core::{Key, RawJson};
use tieline_insights::{Figures, InvoiceKind, InvoiceStatus, Report, StandardInvoice};

use crate::{day, quarter, with};

/// Amounts and rates as systems write them: two decimals, rates of up to eight.
fn any_invoice() -> impl Strategy<Value = StandardInvoice> {
    (
        (0..2000_u32, 0..6_u8, -200..200_i64, -999_999_999..999_999_999_i64),
        prop_oneof![6 => Just("SEK"), 1 => Just("EUR"), 1 => Just("NOK")],
        proptest::option::of((1..2_000_000_000_i64, 0..3_u32)),
        prop_oneof![8 => Just(InvoiceStatus::Booked), 1 => Just(InvoiceStatus::Draft), 1 => Just(InvoiceStatus::Cancelled)],
        any::<bool>(),
    )
        .prop_map(|((id, customer, days, cents), currency, rate, status, credit)| {
            let kind = if credit { InvoiceKind::CreditNote } else { InvoiceKind::Invoice };
            let mut invoice = StandardInvoice::new(id.to_string(), kind, status, currency);
            invoice.customer_id = (customer > 0).then(|| customer.to_string());
            invoice.customer_name = Some(format!("Kund {customer}"));
            invoice.invoice_date = day("2026-01-15").checked_add_signed(chrono::TimeDelta::days(days));
            invoice.net = Some(Decimal::new(cents, 2));
            if let Some((rate, unit)) = rate {
                invoice.currency_rate = Some(Decimal::new(rate, 8));
                invoice.currency_unit = Some(Decimal::new(10_i64.pow(unit), 0));
            }
            invoice
        })
}

fn report(invoices: &[StandardInvoice]) -> Report {
    Figures::of(quarter(), invoices).unwrap()
}

/// What a report says about money.
fn money(report: Report) -> impl PartialEq + std::fmt::Debug {
    let aside: Vec<_> = report
        .set_aside
        .into_iter()
        .map(|aside| (aside.currency, aside.net))
        .filter(|(_, net)| !net.is_zero())
        .collect();
    let figures = (report.revenue, report.previous_revenue, report.growth, report.mrr, report.arr);
    (figures, report.months, report.top_customers, aside)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_order_changes_nothing(
        (invoices, shuffled) in proptest::collection::vec(any_invoice(), 0..40)
            .prop_flat_map(|invoices| (Just(invoices.clone()), Just(invoices).prop_shuffle()))
    ) {
        prop_assert_eq!(report(&invoices), report(&shuffled));
    }

    #[test]
    fn an_invoice_in_two_halves_is_the_same(
        invoices in proptest::collection::vec(any_invoice(), 1..20),
        which in any::<prop::sample::Index>(),
    ) {
        let mut halves = invoices.clone();
        let half = halves.get_mut(which.index(invoices.len())).unwrap();
        // An odd number of cents halves exactly with three decimals.
        half.net = half.net.map(|net| net * Decimal::new(5, 1));
        let other = half.clone();
        halves.push(other);
        prop_assert_eq!(money(report(&halves)), money(report(&invoices)));
    }

    #[test]
    fn a_credit_note_of_the_whole_cancels_the_invoice(
        invoices in proptest::collection::vec(any_invoice(), 0..20),
        invoice in any_invoice(),
        minus in any::<bool>(),
    ) {
        let invoice = with(invoice, |invoice| {
            invoice.kind = InvoiceKind::Invoice;
            invoice.net = invoice.net.map(|net| net.abs());
            // So that the newest name of nobody changes.
            invoice.customer_name = None;
        });
        let note = with(invoice.clone(), |note| {
            note.id = "note".to_owned();
            note.kind = InvoiceKind::CreditNote;
            note.net = note.net.map(|net| if minus { -net } else { net });
            note.credit_reference = Some(invoice.id.clone());
        });
        let mut both = invoices.clone();
        both.extend([invoice, note]);
        prop_assert_eq!(money(report(&both)), money(report(&invoices)));
    }

    #[test]
    fn everything_seen_is_accounted_for(invoices in proptest::collection::vec(any_invoice(), 0..40)) {
        let report = report(&invoices);
        let counts = report.counts;
        let sum = counts.invoices + counts.credit_notes + counts.previous + counts.outside + counts.drafts
            + counts.cancelled + counts.set_aside + counts.bad;
        prop_assert_eq!(sum, invoices.len() as u64);
        // Without rounding: amounts of two decimals in kronor alone.
        let kronor: Vec<_> = invoices.into_iter().filter(|invoice| invoice.currency == "SEK").collect();
        let report = self::report(&kronor);
        prop_assert_eq!(report.months.iter().map(|month| month.revenue).sum::<Decimal>(), report.revenue);
    }

    #[test]
    fn any_amounts_end_in_figures_or_issues(
        amounts in proptest::collection::vec((any::<i128>(), 0..=28_u32, any::<i64>(), 0..=28_u32, any::<bool>()), 0..20)
    ) {
        let invoices: Vec<_> = amounts
            .into_iter()
            .map(|(net, scale, rate, rate_scale, foreign)| {
                let net = net % 79_228_162_514_264_337_593_543_950_336;
                let mut invoice = StandardInvoice::new("1", InvoiceKind::CreditNote, InvoiceStatus::Booked, "SEK");
                invoice.invoice_date = Some(day("2026-02-02"));
                invoice.net = Some(Decimal::from_i128_with_scale(net, scale));
                if foreign {
                    invoice.currency = "EUR".into();
                    invoice.currency_rate = Some(Decimal::new(rate, rate_scale));
                }
                invoice
            })
            .collect();
        let report = Figures::of(quarter(), &invoices).unwrap();
        prop_assert_eq!(report.counts.credit_notes + report.issues_total, invoices.len() as u64);
    }

    #[test]
    fn what_was_written_is_read(invoice in any_invoice()) {
        let json = RawJson::of(&invoice).unwrap();
        prop_assert_eq!(StandardInvoice::read(&json), Ok(invoice.clone()));
        prop_assert_eq!(json.view::<StandardInvoice>().unwrap(), invoice);
    }

    #[test]
    fn any_json_ends_in_a_count(
        field in prop_oneof![Just("id"), Just("kind"), Just("status"), Just("currency"), Just("net"), Just("invoice_date"), Just("currency_rate"), Just("customer_id")],
        value in prop_oneof![
            Just("null".to_owned()), Just("true".to_owned()), Just("[]".to_owned()), Just("{}".to_owned()), Just("1e999".to_owned()),
            Just("-0".to_owned()), Just("\"\\ud83d\\ude00\"".to_owned()), "\"[a-z0-9 .-]{0,12}\"", "-?[1-9][0-9]{0,40}(\\.[0-9]{1,40})?",
        ],
    ) {
        let mut fields = serde_json::json!({
            "id": "1", "kind": "invoice", "status": "booked", "currency": "EUR", "net": "1.00", "invoice_date": "2026-01-01",
            "currency_rate": "2", "customer_id": "7",
        });
        fields.as_object_mut().unwrap().remove(field);
        let mut text = fields.to_string();
        text.truncate(text.len() - 1);
        let json = RawJson::parse(format!("{text},\"{field}\":{value}}}")).unwrap();
        let mut figures = Figures::new(quarter()).unwrap();
        figures.add_json(&Key::from("row"), &json);
        let report = figures.report().unwrap();
        let counts = report.counts;
        prop_assert_eq!(
            counts.invoices + counts.credit_notes + counts.outside + counts.previous + counts.set_aside + counts.bad
                + counts.drafts + counts.cancelled,
            1
        );
        prop_assert_eq!(counts.bad, report.issues_total);
    }
}

#[test]
fn a_month_is_the_calendars() {
    // 29 February is in February, in a year that has one.
    let mut invoice = crate::invoice("1", "A", "2024-02-29", "1");
    let rules = tieline_insights::Rules::new("SEK", day("2024-03-31")).with_months(1);
    assert_eq!(Figures::of(rules.clone(), [&invoice]).unwrap().revenue, Decimal::ONE);
    invoice.invoice_date = NaiveDate::from_ymd_opt(2024, 3, 1);
    assert_eq!(Figures::of(rules, [&invoice]).unwrap().revenue, Decimal::ZERO);
}
