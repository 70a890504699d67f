//! Whether a value has the form that a column asks for.

use chrono::{NaiveDate, NaiveTime};

use super::table;
use crate::Json;

pub(crate) const CURRENCIES: [&str; 7] = ["SEK", "EUR", "NOK", "DKK", "USD", "GBP", "CHF"];

pub(crate) const BILLING: [&str; 6] =
    ["one-time", "annually", "semi-annually", "quarterly", "monthly", "weekly"];

pub(crate) fn is_number(value: &Json) -> bool {
    matches!(value, Json::Int(_) | Json::Decimal(_))
}

pub(crate) fn is_currency(text: &str) -> bool {
    CURRENCIES.contains(&text)
}

pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10 && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Hours and minutes, with seconds or without.
pub(crate) fn is_clock(text: &str) -> bool {
    NaiveTime::parse_from_str(text, "%H:%M:%S").is_ok() || NaiveTime::parse_from_str(text, "%H:%M").is_ok()
}

pub(crate) fn is_time(text: &str) -> bool {
    table::moment(text).is_some()
}

pub(crate) fn all_ints(value: &Json) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| item.as_i64().is_some()))
}

/// A list of e-mail addresses or telephone numbers.
pub(crate) fn are_contacts(value: &Json) -> bool {
    value.as_array().is_some_and(|items| {
        items.iter().all(|item| {
            item.get("value").and_then(Json::as_str).is_some()
                && item.get("primary").is_none_or(|flag| flag.as_bool().is_some())
                && item.get("label").is_none_or(|label| label.as_str().is_some())
        })
    })
}

pub(crate) fn are_prices(value: &Json) -> bool {
    value.as_array().is_some_and(|items| {
        items.iter().all(|item| {
            item.get("price").is_some_and(is_number)
                && item.get("currency").and_then(Json::as_str).is_some_and(is_currency)
        })
    })
}
