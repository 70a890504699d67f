//! Comparing stored values with what a request asks for.

use std::cmp::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::definition::Op;
use super::template::plain;
use super::time;
use crate::Json;

/// The order of two values: null first, numbers as numbers, moments as moments, all else as text without case.
pub(crate) fn order(a: &Json, b: &Json) -> Ordering {
    match (a, b) {
        (Json::Null, Json::Null) => return Ordering::Equal,
        (Json::Null, _) => return Ordering::Less,
        (_, Json::Null) => return Ordering::Greater,
        _ => {}
    }
    let (a, b) = (plain(a), plain(b));
    match (a.parse::<Decimal>(), b.parse::<Decimal>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        _ => match (time::read(&a), time::read(&b)) {
            (Some(a), Some(b)) => a.cmp(&b),
            _ => a.to_lowercase().cmp(&b.to_lowercase()),
        },
    }
}

/// The order of a value and a text that a request compares it with.
pub(crate) fn compared(value: &Json, text: &str) -> Ordering {
    order(value, &Json::Text(text.to_owned().into()))
}

/// Whether a value is what a parameter asks for.
pub(crate) fn holds(value: &Json, op: Op, wanted: &str, now: DateTime<Utc>) -> bool {
    let wanted_json = || Json::Text(wanted.to_owned().into());
    match op {
        Op::Eq => equal(value, wanted),
        Op::In => wanted.split(',').any(|one| equal(value, one.trim())),
        Op::Has => value.as_array().is_some_and(|items| items.iter().any(|item| equal(item, wanted))),
        Op::Contains => !value.is_null() && plain(value).to_lowercase().contains(&wanted.to_lowercase()),
        Op::Ge => !value.is_null() && order(value, &wanted_json()) != Ordering::Less,
        Op::Gt => order(value, &wanted_json()) == Ordering::Greater,
        Op::Le => !value.is_null() && order(value, &wanted_json()) != Ordering::Greater,
        Op::Lt => !value.is_null() && order(value, &wanted_json()) == Ordering::Less,
        Op::WithinSeconds => wanted
            .parse()
            .ok()
            .and_then(TimeDelta::try_seconds)
            .is_some_and(|span| time::read(&plain(value)).is_some_and(|moment| moment >= now - span)),
    }
}

fn equal(value: &Json, wanted: &str) -> bool {
    let text = plain(value);
    text == wanted || matches!((text.parse::<Decimal>(), wanted.parse::<Decimal>()), (Ok(a), Ok(b)) if a == b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_as_numbers_and_nulls_come_first() {
        let number = |text: &'static str| Json::decimal(text);
        assert_eq!(order(&number("9.5"), &number("10.5")), Ordering::Less);
        assert_eq!(order(&Json::Null, &number("1")), Ordering::Less);
        assert_eq!(order(&"b".into(), &"A".into()), Ordering::Greater);
        let now = "2026-11-02T08:00:00Z".parse().unwrap();
        assert!(holds(&number("12"), Op::Eq, "12.0", now));
        assert!(holds(&number("1793606390"), Op::WithinSeconds, "60", now));
        assert!(!holds(&number("1793606300"), Op::WithinSeconds, "60", now));
        assert!(!holds(&Json::Null, Op::Lt, "5", now));
        assert!(holds(&"Färg & Form".into(), Op::Contains, "färg", now));
    }
}
