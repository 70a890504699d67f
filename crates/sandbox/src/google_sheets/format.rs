//! The displayed texts of numbers: dates, times, currencies and percentages, by the spreadsheet's locale.

use chrono::{NaiveDate, TimeDelta};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::cell::{Cell, NumberFormat, Value};

/// The day whose serial number is zero.
pub(crate) fn day_zero() -> NaiveDate {
    NaiveDate::from_ymd_opt(1899, 12, 30).unwrap_or_default()
}

/// The serial number of a day.
pub(crate) fn serial_of(date: NaiveDate) -> i64 {
    (date - day_zero()).num_days()
}

/// Whether numbers of the locale have a decimal comma.
pub(crate) fn has_decimal_comma(locale: &str) -> bool {
    ["sv", "nb", "no", "da", "de", "fi", "fr"].iter().any(|language| locale.starts_with(language))
}

/// Digits without zeros that say nothing.
pub(crate) fn plain(digits: &str) -> String {
    digits.parse::<Decimal>().map_or_else(|_| digits.to_owned(), |number| number.normalize().to_string())
}

/// The displayed text of a cell; `None` for nothing.
pub(crate) fn shown(cell: &Cell, locale: &str) -> Option<String> {
    if let Some(text) = &cell.shown {
        return Some(text.clone());
    }
    Some(match &cell.value {
        Value::Blank => return None,
        Value::Text(text) => text.clone(),
        Value::Bool(true) => "TRUE".to_owned(),
        Value::Bool(false) => "FALSE".to_owned(),
        Value::Error(error) => error.text().to_owned(),
        Value::Number(digits) => number(digits, cell.format.as_ref(), locale),
    })
}

fn number(digits: &str, format: Option<&NumberFormat>, locale: &str) -> String {
    let Ok(number) = Decimal::from_scientific(digits).or_else(|_| digits.parse()) else {
        return digits.to_owned();
    };
    let comma = has_decimal_comma(locale);
    let kind = format.map_or("", |format| format.kind.as_str());
    match kind {
        "DATE" | "DATE_TIME" | "TIME" => match format {
            Some(format) if format.is_duration() => duration(number),
            _ => moment(number, kind).unwrap_or_else(|| digits.to_owned()),
        },
        "PERCENT" => {
            let percent = (number * Decimal::ONE_HUNDRED).round_dp(2).normalize().to_string();
            format!("{}%", if comma { percent.replace('.', ",") } else { percent })
        }
        "CURRENCY" if locale == "sv_SE" => format!("{} kr", grouped(number, '\u{a0}', ',')),
        "CURRENCY" if comma => format!("{} €", grouped(number, '.', ',')),
        "CURRENCY" => format!("${}", grouped(number, ',', '.')),
        _ => {
            let text = number.normalize().to_string();
            if comma { text.replace('.', ",") } else { text }
        }
    }
}

fn grouped(number: Decimal, thousands: char, point: char) -> String {
    let text = format!("{:.2}", number.round_dp(2).abs());
    let (whole, decimals) = text.split_once('.').unwrap_or((&text, "00"));
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(thousands);
        }
        out.push(digit);
    }
    let sign = if number.is_sign_negative() { "-" } else { "" };
    format!("{sign}{out}{point}{decimals}")
}

fn seconds(number: Decimal) -> Option<i64> {
    (number * Decimal::from(86_400)).round().to_i64()
}

fn moment(number: Decimal, kind: &str) -> Option<String> {
    let at =
        day_zero().and_hms_opt(0, 0, 0)?.checked_add_signed(TimeDelta::try_seconds(seconds(number)?)?)?;
    let pattern = match kind {
        "DATE" => "%Y-%m-%d",
        "TIME" => "%H:%M:%S",
        _ => "%Y-%m-%d %H:%M:%S",
    };
    Some(at.format(pattern).to_string())
}

fn duration(days: Decimal) -> String {
    let seconds = seconds(days).unwrap_or_default();
    let (hours, rest) = (seconds.abs() / 3600, seconds.abs() % 3600);
    format!("{}{hours}:{:02}:{:02}", if seconds < 0 { "-" } else { "" }, rest / 60, rest % 60)
}
