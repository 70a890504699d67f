use std::collections::BTreeMap;

use serde_json::Value;
use tieline_sandbox::fortnox::{EPOCH, Entity, Fortnox};
use tieline_sandbox::{Clock, Sandbox};

use super::{still, walk};

/// All records of a resource as `GET` by key shows them.
fn records(sandbox: &Sandbox<Fortnox>, entity: Entity) -> Vec<Value> {
    let of = |key: &String| serde_json::from_str(&sandbox.record(entity, key).unwrap().to_string()).unwrap();
    sandbox.keys(entity).iter().map(of).collect()
}

/// Hundredths of an amount that may be a number or a text.
fn cents(value: &Value) -> i64 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, "0"));
    let sign = if whole.starts_with('-') { -1 } else { 1 };
    whole.parse::<i64>().unwrap() * 100 + sign * format!("{part:0<2}").parse::<i64>().unwrap()
}

#[test]
fn the_year_has_some_of_each_kind() {
    for count in [40, 500] {
        let sandbox = Fortnox::builder().invoices(count).build();
        let summary = sandbox.summary();
        assert_eq!(summary.invoices, count as usize);
        assert!(summary.drafts >= 2, "{summary:?}");
        assert!(summary.cancelled >= 1 && summary.credit_notes >= 1, "{summary:?}");
        assert!(summary.paid > summary.unpaid && summary.unpaid > 4, "{summary:?}");
        assert!(summary.foreign >= count as usize / 20, "{summary:?}");
        assert!(Entity::ALL.into_iter().all(|entity| sandbox.count(entity) > 1));
    }
}

#[test]
fn a_company_can_be_large() {
    let sandbox = Fortnox::builder().invoices(5_000).clock(Clock::frozen_at(EPOCH.parse().unwrap())).build();
    assert_eq!(walk(&sandbox, Entity::Invoices, "limit=500").len(), 5_000);
    let first = sandbox.record(Entity::Invoices, "10001").unwrap();
    assert_eq!(first.get("InvoiceDate").unwrap().as_str(), Some("2025-11-03"));
}

#[test]
fn every_voucher_balances_and_so_do_the_books() {
    let sandbox = still();
    let mut sums = BTreeMap::<(i64, i64), i64>::new();
    for voucher in records(&sandbox, Entity::Vouchers) {
        let mut sum = 0;
        for row in voucher["VoucherRows"].as_array().unwrap() {
            let amount = cents(&row["Debit"]) - cents(&row["Credit"]);
            sum += amount;
            *sums
                .entry((voucher["Year"].as_i64().unwrap(), row["Account"].as_i64().unwrap()))
                .or_default() += amount;
        }
        assert_eq!(sum, 0, "{voucher}");
    }
    let accounts = records(&sandbox, Entity::Accounts);
    for account in &accounts {
        let key = (account["Year"].as_i64().unwrap(), account["Number"].as_i64().unwrap());
        let moved = sums.remove(&key).unwrap_or_default();
        let carried = cents(&account["BalanceBroughtForward"]) + moved;
        assert_eq!(cents(&account["BalanceCarriedForward"]), carried, "{account}");
    }
    assert!(sums.is_empty(), "vouchers name accounts that are not there: {sums:?}");
    for year in [4, 5] {
        let of_year = accounts.iter().filter(|account| account["Year"] == year);
        assert_eq!(of_year.map(|account| cents(&account["BalanceCarriedForward"])).sum::<i64>(), 0);
    }
}

#[test]
fn the_sums_of_invoices_follow_from_their_rows() {
    for invoice in records(&still(), Entity::Invoices) {
        let rows = invoice["InvoiceRows"].as_array().unwrap();
        let net: i64 = rows.iter().map(|row| cents(&row["TotalExcludingVAT"])).sum();
        assert_eq!(cents(&invoice["Net"]), net, "{invoice}");
        let exact = net + cents(&invoice["TotalVAT"]) + cents(&invoice["Freight"]);
        assert_eq!(cents(&invoice["Total"]), exact + cents(&invoice["RoundOff"]), "{invoice}");
        assert!(invoice["Currency"] != "SEK" || cents(&invoice["Total"]) % 100 == 0, "{invoice}");
        let credit = invoice["Credit"] == "true";
        assert_eq!(credit, cents(&invoice["Total"]) < 0, "{invoice}");
    }
}

#[test]
fn the_data_moves_with_the_clock_and_nothing_lies_ahead() {
    for start in ["2026-11-02T08:00:00Z", "2027-03-10T15:00:00Z"] {
        let start = start.parse().unwrap();
        let sandbox = Fortnox::builder().invoices(60).clock(Clock::frozen_at(start)).build();
        let today = start.format("%Y-%m-%d").to_string();
        for invoice in records(&sandbox, Entity::Invoices) {
            assert!(invoice["InvoiceDate"].as_str().unwrap() < today.as_str(), "{invoice}");
            assert!(invoice["FinalPayDate"].as_str().is_none_or(|day| day < today.as_str()), "{invoice}");
        }
        let later = (start + chrono::TimeDelta::hours(1)).format("%Y-%m-%d%%20%H:%M").to_string();
        // The query speaks of local time, which is ahead of UTC.
        assert_eq!(walk(&sandbox, Entity::Customers, &format!("lastmodified={later}")).len(), 0);
    }
}

#[test]
fn there_are_details_that_trip_up_a_reader() {
    let sandbox = still();
    let exact = sandbox.record(Entity::Articles, "PRIS-1").unwrap();
    assert_eq!(exact.get("SalesPrice").unwrap().to_string(), "12345678901234567.89");
    let free = sandbox.record(Entity::Articles, "FRI-1").unwrap();
    assert!(free.get("SalesPrice").unwrap().is_null());
    let invoices = records(&sandbox, Entity::Invoices);
    assert!(invoices.iter().any(|invoice| invoice["CurrencyUnit"] == 100));
    assert!(invoices.iter().any(|invoice| invoice["Comments"].as_str().unwrap().contains('\n')));
    let years: std::collections::BTreeSet<_> =
        invoices.iter().filter_map(|invoice| invoice["VoucherYear"].as_i64()).collect();
    assert_eq!(years, [4, 5].into(), "the year of invoices lies in two financial years");
}

/// The README says these figures.
#[test]
fn the_default_company_is_always_the_same() {
    let summary = serde_json::to_value(Sandbox::<Fortnox>::fortnox().summary()).unwrap();
    let expected = serde_json::json!({
        "invoices": 500, "booked": 482, "drafts": 4, "cancelled": 14, "credit_notes": 19, "foreign": 65,
        "paid": 374, "unpaid": 112, "customers": 62, "vouchers": 976,
    });
    assert_eq!(summary, expected);
}
