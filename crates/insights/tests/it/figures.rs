//! Each expected figure is worked out by hand beside it.

use tieline_core::ErrorKind;
use tieline_insights::{Figures, InvoiceKind, InvoiceStatus, Report, Rules, StandardInvoice};

use crate::{amount, credit_note, day, invoice, quarter, with};

fn report(rules: Rules, invoices: &[StandardInvoice]) -> Report {
    Figures::of(rules, invoices).unwrap()
}

fn by_month(report: &Report) -> Vec<(String, String)> {
    report.months.iter().map(|month| (month.month.to_string(), month.revenue.to_string())).collect()
}

#[test]
fn a_quarter_of_a_small_company() {
    let report = report(
        quarter(),
        &[
            // October to December: 4,000 + 2,000 = 6,000.
            invoice("1", "A", "2025-10-01", "4000.00"),
            invoice("2", "B", "2025-12-31", "2000.00"),
            // January: 1,000.10 + 2,000.20 = 3,000.30.
            invoice("3", "A", "2026-01-01", "1000.10"),
            invoice("4", "B", "2026-01-31", "2000.20"),
            // February: nothing.
            // March: 5,000 − 499.80 = 4,500.20.
            invoice("5", "A", "2026-03-31", "5000.00"),
            credit_note("6", "B", "2026-03-31", "499.80"),
        ],
    );
    assert_eq!(
        by_month(&report),
        [("2026-01", "3000.30"), ("2026-02", "0.00"), ("2026-03", "4500.20")]
            .map(|(month, revenue)| (month.to_owned(), revenue.to_owned()))
    );
    // 3,000.30 + 0 + 4,500.20.
    assert_eq!(report.revenue.to_string(), "7500.50");
    // 7,500.50 ÷ 3 = 2,500.1666…
    assert_eq!(report.mrr.to_string(), "2500.17");
    // 12 × 2,500.1666… = 30,002.00, where 12 × 2,500.17 would be 30,002.04.
    assert_eq!(report.arr.to_string(), "30002.00");
    // (7,500.50 − 6,000) ÷ 6,000 = 0.250083…
    assert_eq!(report.previous_revenue.to_string(), "6000.00");
    assert_eq!(report.growth, Some(amount("0.2501")));
    // January against December: (3,000.30 − 2,000) ÷ 2,000 = 0.50015, half away from zero. February lost all. March
    // follows a month of zero.
    let growth: Vec<_> = report.months.iter().map(|month| month.growth).collect();
    assert_eq!(growth, [Some(amount("0.5002")), Some(amount("-1.0000")), None]);
    // A: 1,000.10 + 5,000 = 6,000.10, which is 0.79996 of 7,500.50. B: 2,000.20 − 499.80 = 1,500.40, which is 0.20004.
    let top: Vec<_> = report
        .top_customers
        .iter()
        .map(|customer| {
            (customer.name.as_deref().unwrap(), customer.revenue.to_string(), customer.share.unwrap())
        })
        .collect();
    assert_eq!(
        top,
        [
            ("Kund A", "6000.10".to_owned(), amount("0.8000")),
            ("Kund B", "1500.40".to_owned(), amount("0.2000"))
        ]
    );
    assert_eq!((report.counts.invoices, report.counts.credit_notes, report.counts.previous), (3, 1, 2));
}

#[test]
fn only_complete_months_count_and_the_last_day_decides() {
    let rules = |today| Rules::new("sek", day(today)).with_months(1);
    let invoices = [
        invoice("1", "A", "2026-02-28", "1"),
        invoice("2", "A", "2026-03-01", "10"),
        invoice("3", "A", "2026-03-31", "100"),
        invoice("4", "A", "2026-04-01", "1000"),
        invoice("5", "A", "2026-05-01", "10000"),
    ];
    // On the last day of March, March still runs: February is the last complete month.
    let march = report(rules("2026-03-31"), &invoices);
    assert_eq!((march.mrr, march.counts.outside), (amount("1"), 4));
    // A day later March is complete; the month before is February.
    let april = report(rules("2026-04-01"), &invoices);
    assert_eq!((april.mrr, april.previous_revenue, april.counts.outside), (amount("110"), amount("1"), 2));
    assert_eq!(april.growth, Some(amount("109")));
}

#[test]
fn twelve_months_reach_back_across_the_year() {
    let report = report(
        Rules::new("SEK", day("2026-03-15")),
        &[
            invoice("1", "A", "2024-03-01", "1200"),
            invoice("2", "A", "2025-02-28", "1200"),
            invoice("3", "A", "2025-03-01", "600"),
            invoice("4", "A", "2026-02-28", "600"),
            invoice("5", "A", "2024-02-29", "7"),
        ],
    );
    assert_eq!(report.months.len(), 12);
    assert_eq!(report.months[0].month.to_string(), "2025-03");
    assert_eq!(report.months[11].month.to_string(), "2026-02");
    // 1,200 ÷ 12 = 100; ARR is the year; half of the 2,400 before.
    assert_eq!(
        (report.mrr, report.arr, report.growth),
        (amount("100"), amount("1200"), Some(amount("-0.5")))
    );
    assert_eq!(report.counts.outside, 1);
}

#[test]
fn other_currencies_are_converted_by_their_own_rate_or_set_aside() {
    let foreign = |id: &str, currency: &str, net: &str, change: fn(&mut StandardInvoice)| {
        let mut invoice = invoice(id, "A", "2026-01-10", net);
        invoice.currency = currency.to_owned();
        with(invoice, change)
    };
    let report = report(
        quarter(),
        &[
            // 100 × 11.2345 = 1,123.45
            foreign("1", "EUR", "100", |invoice| invoice.currency_rate = Some(amount("11.2345"))),
            // 1,000 × 145.50 ÷ 100 = 1,455.00: the rate is for a hundred.
            foreign("2", "DKK", "1000", |invoice| {
                invoice.currency_rate = Some(amount("145.50"));
                invoice.currency_unit = Some(amount("100"));
            }),
            // The amount of the books comes before the rate.
            foreign("3", "EUR", "-18", |invoice| {
                invoice.accounting_net = Some(amount("-200"));
                invoice.currency_rate = Some(amount("99"));
                invoice.kind = InvoiceKind::CreditNote;
            }),
            // No rate.
            foreign("4", "NOK", "70", |_| {}),
            foreign("5", "nok", "30.50", |_| {}),
            // The rate leads to the currency of other books.
            foreign("6", "EUR", "12", |invoice| {
                invoice.currency_rate = Some(amount("7.5"));
                invoice.accounting_currency = Some("DKK".to_owned());
            }),
            // Out of the window it matters to nobody.
            foreign("7", "USD", "5", |invoice| invoice.invoice_date = Some(day("2020-01-01"))),
        ],
    );
    // 1,123.45 + 1,455.00 − 200.00
    assert_eq!(report.revenue, amount("2378.45"));
    let aside: Vec<_> = report
        .set_aside
        .iter()
        .map(|aside| (aside.currency.as_str(), aside.invoices, aside.net.to_string()))
        .collect();
    assert_eq!(aside, [("EUR", 1, "12.00".to_owned()), ("NOK", 2, "100.50".to_owned())]);
    assert_eq!((report.counts.set_aside, report.counts.outside), (3, 1));
    assert!(report.issues.is_empty());
}

#[test]
fn drafts_and_cancelled_ones_count_nowhere() {
    let is = |status| with(invoice("1", "A", "2026-01-10", "100"), |invoice| invoice.status = status);
    let report = report(
        quarter(),
        &[
            is(InvoiceStatus::Draft),
            is(InvoiceStatus::Cancelled),
            // A draft need not be complete.
            with(is(InvoiceStatus::Draft), |draft| (draft.invoice_date, draft.net) = (None, None)),
        ],
    );
    assert_eq!((report.counts.drafts, report.counts.cancelled), (2, 1));
    assert_eq!((report.revenue, report.arr, report.growth), (amount("0"), amount("0"), None));
    assert!(report.top_customers.is_empty() && report.issues.is_empty());
}

#[test]
fn customers_are_told_apart_by_id_and_shown_by_their_newest_name() {
    let named = |id: &str, customer: Option<&str>, name: Option<&str>, date: &str| {
        with(invoice(id, "", date, "10"), |invoice| {
            invoice.customer_id = customer.map(str::to_owned);
            invoice.customer_name = name.map(str::to_owned);
        })
    };
    let report = report(
        quarter().with_top(4),
        &[
            named("1", Some("7"), Some("Ny AB"), "2026-03-01"),
            named("2", Some("7"), Some("Gammal AB"), "2026-01-01"),
            named("3", Some("7"), None, "2026-03-31"),
            named("4", None, Some("Kontantkund"), "2026-02-01"),
            named("5", None, Some("Kontantkund"), "2026-02-02"),
            named("6", None, None, "2026-02-02"),
            named("7", Some("8"), Some("Kontantkund"), "2026-02-02"),
            named("8", Some("9"), Some("Ej med"), "2026-02-02"),
        ],
    );
    let top: Vec<_> = report
        .top_customers
        .iter()
        .map(|customer| (customer.id.as_deref(), customer.name.as_deref(), customer.revenue.to_string()))
        .collect();
    assert_eq!(
        top,
        [
            (Some("7"), Some("Ny AB"), "30.00".to_owned()),
            (None, Some("Kontantkund"), "20.00".to_owned()),
            (Some("8"), Some("Kontantkund"), "10.00".to_owned()),
            (Some("9"), Some("Ej med"), "10.00".to_owned()),
        ]
    );
}

#[test]
fn shares_and_growth_are_absent_where_they_mean_nothing() {
    let report = report(
        quarter(),
        &[
            credit_note("1", "A", "2025-12-01", "50"),
            invoice("2", "A", "2026-01-01", "10"),
            credit_note("3", "B", "2026-01-01", "10"),
        ],
    );
    assert_eq!((report.revenue, report.previous_revenue), (amount("0"), amount("-50")));
    assert_eq!(report.growth, None);
    assert_eq!(report.top_customers.iter().map(|customer| customer.share).collect::<Vec<_>>(), [None, None]);
}

#[test]
fn large_amounts_are_added_exactly() {
    let rules = quarter().with_decimals(6);
    let large = "999999999999999.999";
    let mut figures = Figures::new(rules).unwrap();
    for id in 0..1000 {
        figures.add(&invoice(&id.to_string(), "A", "2026-01-01", large));
    }
    assert_eq!(figures.report().unwrap().revenue.to_string(), "999999999999999999.000000");
    // One that is out of bounds is an issue, and the others count.
    figures.add(&invoice("x", "A", "2026-01-01", "1000000000000000"));
    assert_eq!(figures.report().unwrap().issues.len(), 1);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    let today = day("2026-04-15");
    for rules in [
        Rules::new("kr", today),
        Rules::new("", today),
        Rules::new("S€", today),
        Rules::new("SEK", today).with_months(0),
        Rules::new("SEK", today).with_months(121),
        Rules::new("SEK", today).with_decimals(7),
    ] {
        assert_eq!(Figures::new(rules).unwrap_err().kind(), ErrorKind::Config);
    }
    // Any day has a report.
    for today in [chrono::NaiveDate::MIN, chrono::NaiveDate::MAX] {
        assert_eq!(report(Rules::new("SEK", today), &[]).months.len(), 12);
    }
}
