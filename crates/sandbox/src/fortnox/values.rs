//! Amounts: exact decimals in, exact decimals out.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::Json;

/// The number that a value holds, as a number or as a text.
pub(crate) fn amount(value: &Json) -> Option<Decimal> {
    match value {
        Json::Int(number) => Some(Decimal::from(*number)),
        Json::Decimal(text) => parse(text),
        Json::Text(text) => parse(text.trim()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Decimal> {
    text.parse().ok().or_else(|| Decimal::from_scientific(text).ok())
}

/// The amount, or zero.
pub(crate) fn or_zero(value: Option<&Json>) -> Decimal {
    value.and_then(amount).unwrap_or_default()
}

/// An amount as it is written: without zeros at its end.
pub(crate) fn json(amount: Decimal) -> Json {
    let amount = if amount.is_zero() { Decimal::ZERO } else { amount.normalize() };
    Json::decimal(amount.to_string())
}

/// To the hundredth, halves away from zero.
pub(crate) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// To the whole, halves away from zero.
pub(crate) fn whole(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

/// So many hundredths of an amount.
pub(crate) fn percent(amount: Decimal, percent: Decimal) -> Decimal {
    amount * percent / Decimal::ONE_HUNDRED
}

/// A payment reference: the number and its check digit by the Luhn rule.
pub(crate) fn reference(number: &str) -> String {
    let double = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let digits = number.chars().rev().filter_map(|letter| letter.to_digit(10));
    let sum: u32 =
        digits.enumerate().map(|(at, digit)| if at % 2 == 0 { double(digit) } else { digit }).sum();
    format!("{number}{}", (10 - sum % 10) % 10)
}
