//! Small registers that documents refer to and that nobody changes here.

use super::refusal::Refusal;
use super::schema::Target;

/// Currencies with their rate in kronor, for so many units.
pub(crate) const CURRENCIES: &[(&str, &str, i64)] = &[
    ("SEK", "1", 1),
    ("EUR", "11.3245", 1),
    ("NOK", "96.71", 100),
    ("DKK", "151.83", 100),
    ("USD", "10.4517", 1),
    ("GBP", "13.2208", 1),
];

pub(crate) const TERMS_OF_PAYMENT: &[&str] = &["0", "10", "15", "20", "30", "60"];

pub(crate) const UNITS: &[&str] = &["st", "tim", "mån", "dag", "paket", "km", "kg", "m"];

/// The rate and the unit of a currency.
pub(crate) fn currency(code: &str) -> (&'static str, i64) {
    let known = CURRENCIES.iter().find(|(known, ..)| *known == code);
    known.map_or(("1", 1), |(_, rate, unit)| (*rate, *unit))
}

pub(crate) fn knows(target: Target, value: &str) -> bool {
    match target {
        Target::Currency => CURRENCIES.iter().any(|(code, ..)| *code == value),
        Target::TermsOfPayment => TERMS_OF_PAYMENT.contains(&value),
        Target::Unit => UNITS.contains(&value),
        _ => false,
    }
}

/// The answer for something that none of these registers has.
pub(crate) fn missing(target: Target) -> Refusal {
    let (code, what) = match target {
        Target::TermsOfPayment => (2_000_429, "betalningsvillkoret"),
        Target::Unit => (2_000_432, "enheten"),
        _ => (2_000_729, "valutan"),
    };
    Refusal::bad(code, format!("Kan inte hitta {what}."))
}
