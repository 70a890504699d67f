//! The books of a year as an SIE file: lines of text in the character set of the first PCs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, Utc};
use http::StatusCode;
use rust_decimal::Decimal;

use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{State, int_of};
use super::table::{Record, plain};
use super::values::or_zero;
use super::{company, ledger, local_time};
use crate::Json;
use crate::reply::Reply;

/// The file of a type: 1 for balances, 2 and 3 with those of each month, 4 with all vouchers.
pub(crate) fn export(state: &State, kind: &str, year: i64, now: DateTime<Utc>) -> Result<Reply, Refusal> {
    let kind: u8 = match kind {
        "1" => 1,
        "2" => 2,
        "3" => 3,
        "4" => 4,
        _ => return Err(Refusal::parameter()),
    };
    let mut text = head(state, kind, year, now);
    for (account, brought, carried) in ledger::balances(state, year) {
        if account < 3000 {
            line(&mut text, &format!("#IB 0 {account} {}", amount(brought)));
            line(&mut text, &format!("#UB 0 {account} {}", amount(carried)));
        } else if !carried.is_zero() {
            line(&mut text, &format!("#RES 0 {account} {}", amount(carried)));
        }
    }
    let vouchers = || state.table(Entity::Vouchers).iter().filter(|(key, _)| key.year == year);
    if matches!(kind, 2 | 3) {
        months(&mut text, vouchers().map(|(_, voucher)| voucher));
    }
    if kind == 4 {
        vouchers().for_each(|(_, voucher)| transactions(&mut text, voucher));
    }
    let name = format!("attachment; filename=\"{}_{year}.se\"", company::NUMBER);
    let reply = Reply::text(StatusCode::OK, "application/octet-stream", in_code_page_437(&text));
    Ok(reply.with_header("content-disposition", &name))
}

fn head(state: &State, kind: u8, year: i64, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    line(&mut text, "#FLAGGA 0");
    line(&mut text, "#FORMAT PC8");
    line(&mut text, &format!("#SIETYP {kind}"));
    line(&mut text, "#PROGRAM \"Fortnox\" 3.63");
    line(&mut text, &format!("#GEN {}", local_time::today(now).format("%Y%m%d")));
    line(&mut text, &format!("#FNAMN \"{}\"", company::NAME));
    line(&mut text, &format!("#ORGNR {}", company::NUMBER));
    if let Some((from, to)) = state.year_days(year) {
        line(&mut text, &format!("#RAR 0 {} {}", from.format("%Y%m%d"), to.format("%Y%m%d")));
    }
    line(&mut text, "#KPTYP BAS2026");
    for (_, account) in state.table(Entity::Accounts).iter().filter(|(key, _)| key.year == year) {
        let number = account.text("Number");
        line(&mut text, &format!("#KONTO {number} {}", quoted(&account.text("Description"))));
        line(&mut text, &format!("#SRU {number} {}", account.text("SRU")));
    }
    text
}

/// What each account moved in each month.
fn months<'a>(text: &mut String, vouchers: impl Iterator<Item = &'a Record>) {
    let mut sums = BTreeMap::<(String, i64), Decimal>::new();
    for voucher in vouchers {
        let month: String = voucher.text("TransactionDate").split('-').take(2).collect();
        for (account, amount) in rows(voucher) {
            *sums.entry((month.clone(), account)).or_default() += amount;
        }
    }
    for ((month, account), sum) in sums {
        line(text, &format!("#PSALDO 0 {month} {account} {{}} {}", amount(sum)));
    }
}

fn transactions(text: &mut String, voucher: &Record) {
    let day: String = voucher.text("TransactionDate").split('-').collect();
    let (series, number) = (voucher.text("VoucherSeries"), voucher.text("VoucherNumber"));
    line(text, &format!("#VER {series} {number} {day} {}", quoted(&voucher.text("Description"))));
    line(text, "{");
    for (account, sum) in rows(voucher) {
        line(text, &format!("#TRANS {account} {{}} {}", amount(sum)));
    }
    line(text, "}");
}

fn rows(voucher: &Record) -> impl Iterator<Item = (i64, Decimal)> {
    voucher.get("VoucherRows").as_array().unwrap_or_default().iter().map(|row| {
        let account = row.get("Account").and_then(int_of).unwrap_or_default();
        (account, or_zero(row.get("Debit")) - or_zero(row.get("Credit")))
    })
}

fn line(text: &mut String, words: &str) {
    // Writing into a string cannot fail.
    let _written = write!(text, "{words}\r\n");
}

fn amount(sum: Decimal) -> String {
    format!("{sum:.2}")
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", plain(&Json::from(text.replace('"', "\\\""))))
}

/// The letters of Swedish and its neighbours; whatever else is not ASCII becomes a question mark.
fn in_code_page_437(text: &str) -> Vec<u8> {
    let byte = |letter: char| match letter {
        'å' => 0x86,
        'ä' => 0x84,
        'ö' => 0x94,
        'Å' => 0x8f,
        'Ä' => 0x8e,
        'Ö' => 0x99,
        'é' => 0x82,
        'É' => 0x90,
        'ô' => 0x93,
        'ü' => 0x81,
        'Ü' => 0x9a,
        letter => u8::try_from(letter).ok().filter(u8::is_ascii).unwrap_or(b'?'),
    };
    text.chars().map(byte).collect()
}
