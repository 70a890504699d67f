use serde_json::{Value, json};
use tieline_sandbox::fortnox::Entity;

use super::{find, get, numbers, refused, send, still, walk};

#[test]
fn one_filter_of_the_resource_goes_with_the_global_ones() {
    let sandbox = still();
    get(
        &sandbox,
        "/3/invoices?filter=unpaid&lastmodified=2026-01-01&fromdate=2026-01-01&limit=5&sortby=total",
    );
    get(&sandbox, "/3/invoices?customernumber=1001&financialyear=5");
    for two in ["filter=unpaid&customernumber=1001", "customernumber=1001&ocr=1", "sent=true&sent=false"] {
        assert_eq!(refused(&sandbox, "GET", &format!("/3/invoices?{two}"), &Value::Null), (400, 2_000_587));
    }
    for unknown in ["filter=open", "filter=Unpaid", "filter=", "filter=active"] {
        assert_eq!(
            refused(&sandbox, "GET", &format!("/3/invoices?{unknown}"), &Value::Null),
            (400, 2_000_587)
        );
    }
    // Names are in lower case, and what one resource knows another may not.
    for (entity, query) in
        [("invoices", "CustomerNumber=1"), ("suppliers", "name=a"), ("suppliers", "filter=active")]
    {
        assert_eq!(refused(&sandbox, "GET", &format!("/3/{entity}?{query}"), &Value::Null), (400, 2_000_588));
    }
}

#[test]
fn named_filters_split_the_invoices() {
    let sandbox = still();
    let count = |filter: &str| walk(&sandbox, Entity::Invoices, &format!("filter={filter}&limit=500")).len();
    let summary = sandbox.summary();
    assert_eq!(count("cancelled"), summary.cancelled);
    assert_eq!(count("unbooked"), summary.drafts);
    assert_eq!(count("unpaid"), summary.unpaid);
    assert_eq!(count("fullypaid"), summary.paid);
    let overdue = walk(&sandbox, Entity::Invoices, "filter=unpaidoverdue");
    assert!(!overdue.is_empty() && overdue.len() < summary.unpaid);
    assert!(overdue.iter().all(|row| row["DueDate"].as_str().unwrap() < "2026-11-02"));
    let active = walk(&sandbox, Entity::Articles, "filter=active").len();
    assert_eq!(walk(&sandbox, Entity::Articles, "filter=inactive").len(), 1);
    assert_eq!(active + 1, sandbox.count(Entity::Articles));
}

#[test]
fn fields_are_compared_by_a_part_of_the_text_in_any_case() {
    let sandbox = still();
    for reference in ["EXT-7", "EXT-77"] {
        let body = json!({"Invoice": {"CustomerNumber": "1001", "ExternalInvoiceReference1": reference}});
        send(&sandbox, "POST", "/3/invoices", &body);
    }
    let found =
        |value: &str| walk(&sandbox, Entity::Invoices, &format!("externalinvoicereference1={value}")).len();
    // Whoever looks for a marker must compare what comes back: a part is enough for the provider.
    assert_eq!((found("EXT-7"), found("ext-77"), found("EXT-777")), (2, 1, 0));
    let orders = walk(&sandbox, Entity::Orders, "externalinvoicereference1=EXT");
    assert!(orders.is_empty());
    let named = walk(&sandbox, Entity::Customers, "name=BYGG");
    assert!(!named.is_empty() && named.iter().all(|row| row["Name"].as_str().unwrap().contains("Bygg")));
    assert!(!walk(&sandbox, Entity::Invoices, "articlenumber=HRD").is_empty());
    let accounts = |query: &str| walk(&sandbox, Entity::Invoices, query).len();
    assert_eq!(accounts("accountnumberto=2999"), 0);
    assert!(accounts("accountnumberfrom=3041") < 60 && accounts("accountnumberfrom=3041") > 0);
    assert_eq!(accounts("label=1"), 0);
    // The two ends of a range go together.
    let both = accounts("accountnumberfrom=3041&accountnumberto=3999");
    assert!(both > 0 && both <= accounts("accountnumberfrom=3041"));
    get(&sandbox, "/3/invoices?fromfinalpaydate=2026-01-01&tofinalpaydate=2026-06-30");
    let mixed = "/3/invoices?accountnumberfrom=1&tofinalpaydate=2026-06-30";
    assert_eq!(refused(&sandbox, "GET", mixed, &Value::Null), (400, 2_000_587));
    let credits = walk(&sandbox, Entity::Invoices, "credit=true");
    assert_eq!(credits.len(), sandbox.summary().credit_notes);
    let paid = walk(&sandbox, Entity::Invoices, "fromfinalpaydate=2026-06-01");
    assert!(paid.iter().all(|row| row["FinalPayDate"].as_str().unwrap() >= "2026-06-01") && !paid.is_empty());
}

#[test]
fn documents_are_cut_by_their_day_and_by_their_year() {
    let sandbox = still();
    let all = walk(&sandbox, Entity::Invoices, "limit=500");
    let first = find(&sandbox, |row| row["InvoiceDate"].as_str().unwrap() >= "2026-01-01");
    let day = first["InvoiceDate"].as_str().unwrap();
    let until = walk(&sandbox, Entity::Invoices, &format!("todate={day}"));
    let from = walk(&sandbox, Entity::Invoices, &format!("fromdate={day}"));
    let on = all.iter().filter(|row| row["InvoiceDate"] == day).count();
    assert_eq!(until.len() + from.len(), all.len() + on, "both ends belong to it");
    let (old, new) = (
        walk(&sandbox, Entity::Invoices, "financialyear=4"),
        walk(&sandbox, Entity::Invoices, "financialyeardate=2026-07-01"),
    );
    assert_eq!(numbers(&old).len() + numbers(&new).len(), all.len());
    assert_eq!(refused(&sandbox, "GET", "/3/invoices?fromdate=yesterday", &Value::Null), (400, 2_000_588));
    assert_eq!(refused(&sandbox, "GET", "/3/invoices?financialyear=77", &Value::Null).0, 404);
}

#[test]
fn accounts_and_vouchers_are_those_of_the_current_year_unless_said() {
    let sandbox = still();
    let year_of = |row: &Value| row["Year"].as_i64().unwrap();
    for entity in [Entity::Accounts, Entity::Vouchers] {
        assert!(walk(&sandbox, entity, "limit=500").iter().all(|row| year_of(row) == 5));
        let old = walk(&sandbox, entity, "limit=500&financialyear=4");
        assert!(!old.is_empty() && old.iter().all(|row| year_of(row) == 4));
    }
    assert_eq!(get(&sandbox, "/3/vouchers/B/1?financialyear=4")["Voucher"]["Year"], 4);
    assert_eq!(get(&sandbox, "/3/vouchers/B/1")["Voucher"]["Year"], 5);
    let series = get(&sandbox, "/3/vouchers/sublist/A?financialyear=5");
    assert!(series["Vouchers"].as_array().unwrap().iter().all(|row| row["VoucherSeries"] == "A"));
    let year = get(&sandbox, "/3/financialyears?date=2025-12-31");
    assert_eq!(year["FinancialYears"][0]["Id"], 4);
    assert_eq!(year["MetaInformation"]["@TotalResources"], 1);
}
