use serde_json::{Value, json};

use super::{call, get, refused, send, still};

fn voucher(day: &str, rows: Value) -> Value {
    json!({"Voucher": {"Description": "Periodisering", "TransactionDate": day, "VoucherSeries": "A", "VoucherRows": rows}})
}

#[test]
fn vouchers_are_numbered_by_series_and_year() {
    let sandbox = still();
    let rows = || json!([{"Account": 1930, "Debit": 100}, {"Account": 3001, "Credit": "100.00"}]);
    let last = get(&sandbox, "/3/vouchers/sublist/A")["MetaInformation"]["@TotalResources"].as_i64().unwrap();
    let made = send(&sandbox, "POST", "/3/vouchers", &voucher("2026-10-31", rows()));
    assert_eq!(
        (&made["VoucherNumber"], &made["Year"], &made["ReferenceType"]),
        (&json!(last + 1), &json!(5), &json!("MANUAL"))
    );
    assert_eq!(
        (&made["VoucherRows"][1]["Credit"], &made["VoucherRows"][1]["Debit"]),
        (&json!(100), &json!(0))
    );
    let old = send(&sandbox, "POST", "/3/vouchers?financialyear=4", &voucher("2025-12-31", rows()));
    assert_eq!(old["Year"], 4);
    assert_ne!(old["VoucherNumber"], made["VoucherNumber"]);
    let mut by_body = voucher("2025-12-31", rows());
    by_body["Voucher"]["Year"] = json!(4);
    assert_eq!(
        send(&sandbox, "POST", "/3/vouchers", &by_body)["VoucherNumber"].as_i64(),
        old["VoucherNumber"].as_i64().map(|n| n + 1)
    );
    let account = get(&sandbox, "/3/accounts/3001");
    let before = get(&still(), "/3/accounts/3001");
    let carried = |account: &Value| account["Account"]["BalanceCarriedForward"].as_f64().unwrap();
    assert!((carried(&before) - carried(&account) - 100.0).abs() < 0.001);
}

#[test]
fn what_does_not_balance_or_lies_outside_is_refused() {
    let sandbox = still();
    let rows = json!([{"Account": 1930, "Debit": 100}, {"Account": 3001, "Credit": 90}]);
    let even = json!([{"Account": 1930, "Debit": 100}, {"Account": 3001, "Credit": 100}]);
    let post = |body: Value| refused(&sandbox, "POST", "/3/vouchers", &body);
    assert_eq!(post(voucher("2026-10-31", rows)).0, 400);
    assert_eq!(post(voucher("2026-10-31", json!([]))).0, 400);
    assert_eq!(post(voucher("2025-10-31", even.clone())).0, 400, "not in the current year");
    assert_eq!(post(voucher("2031-10-31", even.clone())).0, 400, "in no year at all");
    assert_eq!(
        post(voucher("2026-10-31", json!([{"Account": 1, "Debit": 1}, {"Account": 3001, "Credit": 1}]))),
        (400, 2_000_423)
    );
    sandbox.lock_until(Some(chrono::NaiveDate::from_ymd_opt(2026, 10, 31).unwrap()));
    assert_eq!(get(&sandbox, "/3/settings/lockedperiod")["LockedPeriod"]["EndDate"], "2026-10-31");
    assert_eq!(post(voucher("2026-10-31", even.clone())).0, 400);
    send(&sandbox, "POST", "/3/vouchers", &voucher("2026-11-01", even));
    assert!(matches!(call(&sandbox, "PUT", "/3/vouchers/A/1", &json!({})).status.as_u16(), 404 | 405));
}

#[test]
fn an_account_belongs_to_its_year() {
    let sandbox = still();
    let change = json!({"Account": {"Description": "Bankkonto"}});
    assert_eq!(send(&sandbox, "PUT", "/3/accounts/1930?financialyear=4", &change)["Year"], 4);
    assert_eq!(get(&sandbox, "/3/accounts/1930?financialyear=4")["Account"]["Description"], "Bankkonto");
    assert_ne!(get(&sandbox, "/3/accounts/1930")["Account"]["Description"], "Bankkonto");
    assert_eq!(refused(&sandbox, "GET", "/3/accounts/1930?financialyear=9", &Value::Null).0, 404);
    assert_eq!(refused(&sandbox, "DELETE", "/3/accounts/1930", &Value::Null).0, 400, "vouchers name it");
    assert_eq!(call(&sandbox, "DELETE", "/3/accounts/1920", &Value::Null).status, 204);
}

/// Bytes of code page 437 as text, for the letters that the sandbox writes.
fn text(bytes: &[u8]) -> String {
    let letter = |byte: &u8| match byte {
        0x86 => 'å',
        0x84 => 'ä',
        0x94 => 'ö',
        0x8f => 'Å',
        0x8e => 'Ä',
        0x99 => 'Ö',
        byte => char::from(*byte),
    };
    bytes.iter().map(letter).collect()
}

#[test]
fn the_books_can_be_taken_away_as_a_file() {
    let sandbox = still();
    let reply = call(&sandbox, "GET", "/3/sie/4?financialyear=5", &Value::Null);
    assert_eq!(reply.status, 200);
    assert!(reply.headers["content-disposition"].to_str().unwrap().contains("filename="));
    assert!(std::str::from_utf8(&reply.body).is_err(), "the file is older than UTF-8");
    let file = text(&reply.body);
    assert!(file.starts_with("#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n"));
    assert!(file.contains("#KONTO 1930 \"Företagskonto / checkkonto\"\r\n"));
    assert!(file.contains("#RAR 0 20260101 20261231\r\n"));
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap();
    let ends: i64 = file
        .lines()
        .filter(|line| line.starts_with("#UB") || line.starts_with("#RES"))
        .map(|line| cents(line.split(' ').next_back().unwrap()))
        .sum();
    assert_eq!(ends, 0);
    let vouchers = file.lines().filter(|line| line.starts_with("#VER ")).count();
    assert_eq!(
        Some(vouchers as u64),
        get(&sandbox, "/3/vouchers?limit=1")["MetaInformation"]["@TotalResources"].as_u64()
    );
    let moved: i64 = file
        .lines()
        .filter(|line| line.starts_with("#TRANS 1930 "))
        .map(|line| cents(line.split(' ').next_back().unwrap()))
        .sum();
    let months = text(&call(&sandbox, "GET", "/3/sie/2?financialyear=5", &Value::Null).body);
    let by_month: i64 = months
        .lines()
        .filter(|line| line.starts_with("#PSALDO") && line.contains(" 1930 "))
        .map(|line| cents(line.split(' ').next_back().unwrap()))
        .sum();
    assert_eq!((moved, months.contains("#VER")), (by_month, false));
    let old = text(&call(&sandbox, "GET", "/3/sie/1?financialYear=4", &Value::Null).body);
    assert!(old.contains("#RAR 0 20250101 20251231\r\n"), "both spellings of the year are known here");
    assert_eq!(refused(&sandbox, "GET", "/3/sie/5", &Value::Null), (400, 2_000_588));
    assert_eq!(call(&sandbox, "POST", "/3/sie/4", &Value::Null).status, 405);
}
