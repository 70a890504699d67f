//! Fortnox invoices as standard invoices, up to the key figures; customers as companies.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use tieline::fortnox::{FortnoxConfig, FortnoxFactory, RestConnector};
use tieline::store::{ConnectionId, MemoryStore, SyncStore};
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::{Bearer, FieldMapping, MappingContext, Provider};
use tieline_insights::{Figures, InvoiceKind, InvoiceStatus, Report, Rules, StandardInvoice};
use tieline_sandbox::fortnox::{Entity, Fortnox as Model, Limits};
use tieline_sandbox::{Object, Server};

use super::{forward, ready, record, records, rows, shown};
use crate::world::local;

const CONNECTION: &str = "fortnox";

async fn company() -> Server<Model> {
    let sandbox = Model::builder().invoices(160).build();
    sandbox.set_limits(Limits::none());
    sandbox.serve().await.unwrap()
}

async fn connect(sandbox: &Server<Model>) -> Arc<RestConnector> {
    let there = Provider::new(FortnoxFactory::default()).with_limits(Vec::new());
    let there = there.with_base_url(sandbox.base_url().parse().unwrap());
    let connection = local(there).await.connection("main", CONNECTION);
    connection.open_with(FortnoxConfig::new(), Bearer::new(sandbox.token())).unwrap().connector().clone()
}

async fn sync(sandbox: &Server<Model>, store: &Arc<dyn SyncStore>) {
    let report = OneWaySync::new(connect(sandbox).await, store.clone(), CONNECTION)
        .stream(StreamPlan::mapped("customers", "companies", ready("fortnox-customer.yaml")))
        .stream(StreamPlan::mapped("invoices", "invoices", ready("fortnox-invoice.yaml")))
        .run()
        .await
        .into_result()
        .unwrap();
    for entity in ["customers", "invoices"] {
        let stream = report.stream(entity).unwrap();
        assert_eq!(stream.issue_count, 0, "{entity}: {:?}", stream.issues);
    }
}

async fn report(store: &dyn SyncStore, today: NaiveDate) -> Report {
    let mut figures = Figures::new(Rules::new("SEK", today).with_months(6).with_top(1000)).unwrap();
    for row in store.rows(&ConnectionId::new(CONNECTION), &"invoices".into(), None, 10_000).await.unwrap() {
        figures.add_json(&row.key, &row.fields);
    }
    figures.report().unwrap()
}

/// An invoice as the sandbox itself shows it, read without the connector and without the mapping.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Raw {
    invoice_date: NaiveDate,
    booked: bool,
    cancelled: bool,
    #[serde(deserialize_with = "flag")]
    credit: bool,
    #[serde(with = "tieline::exact")]
    net: Decimal,
    currency: String,
    #[serde(with = "tieline::exact")]
    currency_rate: Decimal,
    #[serde(with = "tieline::exact")]
    currency_unit: Decimal,
}

fn flag<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => flag,
        other => other == "true",
    })
}

/// The sum of what counts between two days, in kronor, with nothing but a loop.
fn by_hand(sandbox: &Server<Model>, from: &str, before: &str) -> Decimal {
    let (from, before): (NaiveDate, NaiveDate) = (from.parse().unwrap(), before.parse().unwrap());
    let mut sum = Decimal::ZERO;
    for key in sandbox.keys(Entity::Invoices) {
        let raw: Raw =
            serde_json::from_str(&sandbox.record(Entity::Invoices, &key).unwrap().to_string()).unwrap();
        if raw.booked && !raw.cancelled && (from..before).contains(&raw.invoice_date) {
            let kronor =
                if raw.currency == "SEK" { raw.net } else { raw.net * raw.currency_rate / raw.currency_unit };
            sum += if raw.credit { -kronor.abs() } else { kronor };
        }
    }
    sum
}

#[tokio::test]
async fn the_figures_of_a_year_are_those_of_a_plain_sum() {
    let sandbox = company().await;
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    sync(&sandbox, &store).await;

    // The sandbox stands at 2 November 2026.
    let today = "2026-11-02".parse().unwrap();
    let report = report(&*store, today).await;
    assert!(report.issues.is_empty() && report.set_aside.is_empty(), "{:?}", report.issues);
    let expected = by_hand(&sandbox, "2026-05-01", "2026-11-01");
    assert!(expected > Decimal::ZERO);
    assert_eq!(report.revenue, expected.round_dp(2));
    let months =
        ["2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01", "2026-10-01", "2026-11-01"];
    for (month, bounds) in report.months.iter().zip(months.windows(2)) {
        assert_eq!(month.revenue, by_hand(&sandbox, bounds[0], bounds[1]).round_dp(2), "{}", month.month);
    }
    assert_eq!(report.previous_revenue, by_hand(&sandbox, "2025-11-01", "2026-05-01").round_dp(2));
    assert_eq!(report.mrr, (expected / Decimal::from(6)).round_dp(2));
    assert_eq!(report.arr, (expected * Decimal::TWO).round_dp(2));
    assert_eq!(report.top_customers.iter().map(|customer| customer.revenue).sum::<Decimal>(), report.revenue);

    let (counts, seeded) = (report.counts, sandbox.summary());
    assert_eq!((counts.cancelled as usize, counts.drafts as usize), (seeded.cancelled, seeded.drafts));
    assert!(counts.credit_notes > 0 && seeded.foreign > 0, "the sandbox has some of each");
    let counted = counts.invoices + counts.credit_notes + counts.previous + counts.outside;
    assert_eq!(counted as usize, seeded.booked);
}

#[tokio::test]
async fn every_invoice_is_a_standard_invoice() {
    let sandbox = company().await;
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    sync(&sandbox, &store).await;
    let rows = store.rows(&ConnectionId::new(CONNECTION), &"invoices".into(), None, 10_000).await.unwrap();
    assert_eq!(rows.len(), sandbox.summary().invoices);
    for row in rows {
        let invoice = StandardInvoice::read(&row.fields).unwrap_or_else(|issue| panic!("{issue}"));
        let raw: Value =
            serde_json::from_str(&sandbox.record(Entity::Invoices, &invoice.id).unwrap().to_string())
                .unwrap();
        assert_eq!(invoice.customer_name.as_deref(), raw["CustomerName"].as_str());
        assert_eq!(
            invoice.kind == InvoiceKind::CreditNote,
            raw["Credit"] == json!(true) || raw["Credit"] == "true"
        );
        assert_eq!(invoice.status == InvoiceStatus::Cancelled, raw["Cancelled"] == json!(true));
        assert_eq!(invoice.currency, raw["Currency"].as_str().unwrap());
        let (net, vat, gross) = (invoice.net.unwrap(), invoice.vat.unwrap(), invoice.gross.unwrap());
        assert!(
            (gross - net - vat).abs() < Decimal::from(500),
            "net, VAT, freight and rounding make the total"
        );
    }
}

#[test]
fn a_field_without_a_licence_is_not_known() {
    let mapping = ready("fortnox-invoice.yaml");
    let invoice = record(
        json!({"DocumentNumber": "7", "Currency": "EUR", "Net": "API_NORIGHT", "TotalVAT": "", "Total": "12.50",
        "CurrencyRate": "11.2345", "CurrencyUnit": 1, "Credit": "false", "Booked": true, "Cancelled": false,
        "CreditInvoiceReference": "0", "InvoiceDate": "2026-01-31"}),
    );
    let (row, issues) = forward(&mapping, &invoice, &[]);
    assert_eq!(issues, Vec::<String>::new());
    assert_eq!((&row["net"], &row["vat"], &row["gross"]), (&Value::Null, &Value::Null, &json!("12.50")));
    assert_eq!((&row["kind"], &row["status"]), (&json!("invoice"), &json!("booked")));
    assert_eq!((&row["currency_rate"], &row["credit_reference"]), (&json!("11.2345"), &Value::Null));
}

#[test]
fn no_right_is_no_value_whatever_the_type() {
    let mapping = ready("fortnox-invoice.yaml");
    let invoice = record(
        json!({"DocumentNumber": "7", "CustomerNumber": "1", "CustomerName": "API_NORIGHT", "Booked": "API_NORIGHT",
        "Credit": "API_NORIGHT", "Cancelled": false, "Total": 100, "Currency": "API_NORIGHT", "InvoiceDate": "2026-01-02"}),
    );
    let mapped = mapping.forward(&invoice, &MappingContext::default()).unwrap();
    assert_eq!(mapped.issues, []);
    let row: Value = mapped.fields.unwrap().view().unwrap();
    for field in ["customer_name", "status", "kind", "currency"] {
        assert_eq!(row[field], Value::Null, "{field}");
        assert!(mapped.unseen.iter().any(|path| path.as_str() == format!("/{field}")), "{field}");
    }
    assert!(!row.to_string().contains("NORIGHT"));
    // What is not known is no draft.
    for booked in [json!(null), json!("maybe")] {
        let (row, _) = forward(
            &mapping,
            &record(json!({"DocumentNumber": "7", "Cancelled": false, "Booked": booked})),
            &[],
        );
        assert_eq!(row["status"], Value::Null);
    }
    let customers = ready("fortnox-customer.yaml");
    let customer = record(
        json!({"CustomerNumber": "1", "Name": "API_NORIGHT", "Email": "API_NORIGHT", "Type": "API_NORIGHT"}),
    );
    let mapped = customers.forward(&customer, &MappingContext::default()).unwrap();
    assert!(!mapped.fields.unwrap().get().contains("NORIGHT"));
}

#[tokio::test]
async fn customers_are_companies_and_go_back() {
    let sandbox = company().await;
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    sync(&sandbox, &store).await;
    let companies = rows(&*store, CONNECTION, "companies").await;
    let customers = records(&*store, CONNECTION, "customers").await;
    assert_eq!(companies.len(), sandbox.summary().customers);
    let mapping = ready("fortnox-customer.yaml");
    for (key, company) in &companies {
        let customer = record(customers[key].clone());
        let back =
            mapping.backward(&record(company.clone()), Some(&customer), &MappingContext::default()).unwrap();
        assert!(back.is_empty(), "{key}: {back:?}");
    }
    assert!(companies.iter().any(|(_, company)| company["kind"] == "person"));
    assert!(companies.iter().any(|(_, company)| company["address"]["country_code"] == "NO"));

    let (key, mut company) = companies[0].clone();
    company["address"]["city"] = json!("Kiruna");
    company["email"] = Value::Null;
    let customer = record(customers[&key].clone());
    let back = mapping.backward(&record(company), Some(&customer), &MappingContext::default()).unwrap();
    assert_eq!(shown(&back), json!({"/City": "Kiruna", "/Email": null}));

    // The sandbox takes what goes back.
    sandbox.update(Entity::Customers, &key, Object::default().with("City", "Kiruna")).unwrap();
    sandbox.advance(std::time::Duration::from_secs(600));
    sync(&sandbox, &store).await;
    let again = rows(&*store, CONNECTION, "companies").await;
    assert_eq!(again.iter().find(|(known, _)| *known == key).unwrap().1["address"]["city"], "Kiruna");
}
