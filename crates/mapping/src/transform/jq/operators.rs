//! How values are ordered and counted with: exactly, or not at all.

use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::rc::Rc;

use jaq_core::Error;
use jaq_core::val::ValR;

use super::value::{INEXACT, LONGEST, MOST_ITEMS, TOO_LONG, V, error, spent, stop};
use crate::digits::Digits;

/// How far a division is written out.
const MOST_PLACES: u32 = 30;

impl V {
    /// The number as a whole one and the places after its point.
    fn scaled(&self) -> Result<(i128, u32), Error<V>> {
        let Self::Num(number) = self else { return Err(error("the filter counts with what is no number")) };
        spent(number.len() / 16);
        let digits = Digits::parse(number).ok_or_else(|| stop(INEXACT))?.trimmed();
        let places = u32::try_from(digits.scale()).unwrap_or(u32::MAX);
        let whole = digits.write().replace('.', "").parse().map_err(|_| stop(INEXACT))?;
        Ok((whole, places))
    }

    /// Both numbers with as many places.
    fn aligned(&self, other: &Self) -> Result<(i128, i128, u32), Error<V>> {
        let ((one, one_places), (other, other_places)) = (self.scaled()?, other.scaled()?);
        let places = one_places.max(other_places);
        let to = |number: i128, has: u32| number.checked_mul(10_i128.checked_pow(places - has)?);
        let both = to(one, one_places).zip(to(other, other_places)).ok_or_else(|| stop(INEXACT))?;
        Ok((both.0, both.1, places))
    }

    fn number(whole: Option<i128>, places: u32) -> ValR<Self> {
        let written = whole.and_then(|whole| Digits::parse(&format!("{whole}e-{places}")));
        Ok(Self::Num(written.ok_or_else(|| stop(INEXACT))?.trimmed().write().into()))
    }
}

/// jq's order: null, false, true, numbers, texts, lists, objects.
pub(super) fn compare(one: &V, other: &V) -> Ordering {
    let rank = |value: &V| match value {
        V::Null | V::Reason(_) => 0,
        V::Bool(value) => 1 + u8::from(*value),
        V::Num(_) => 3,
        V::Text(_) => 4,
        V::List(_) => 5,
        V::Object(_) => 6,
    };
    if spent(1) {
        return Ordering::Equal;
    }
    match (one, other) {
        (V::Num(one), V::Num(other)) => numbers(one, other),
        (V::Text(one), V::Text(other)) => {
            spent(one.len().min(other.len()) / 64);
            one.cmp(other)
        }
        (V::List(one), V::List(other)) => lists(one.iter(), other.iter()),
        (V::Object(one), V::Object(other)) => {
            spent(one.len());
            one.keys().cmp(other.keys()).then_with(|| lists(one.values(), other.values()))
        }
        _ => rank(one).cmp(&rank(other)),
    }
}

fn lists<'v>(mut one: impl Iterator<Item = &'v V>, mut other: impl Iterator<Item = &'v V>) -> Ordering {
    loop {
        match (one.next(), other.next()) {
            (Some(one), Some(other)) => match compare(one, other) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
            (one, other) => return one.is_some().cmp(&other.is_some()),
        }
    }
}

fn numbers(one: &str, other: &str) -> Ordering {
    spent((one.len() + other.len()) / 16);
    let (Some(one), Some(other)) = (Digits::parse(one), Digits::parse(other)) else {
        stop(INEXACT);
        return Ordering::Equal;
    };
    let (one, other) = (one.trimmed(), other.trimmed());
    let size = |digits: &Digits| {
        let text = digits.write();
        let text = text.trim_start_matches('-');
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        (whole.len(), whole.to_owned(), fraction.to_owned())
    };
    match (one.negative, other.negative) {
        (false, false) => size(&one).cmp(&size(&other)),
        (true, true) => size(&other).cmp(&size(&one)),
        (one, other) => other.cmp(&one),
    }
}

impl PartialEq for V {
    fn eq(&self, other: &Self) -> bool {
        compare(self, other).is_eq()
    }
}

impl PartialOrd for V {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(compare(self, other))
    }
}

impl Add for V {
    type Output = ValR<Self>;

    fn add(self, other: Self) -> ValR<Self> {
        match (&self, &other) {
            (Self::Null, _) => Ok(other),
            (_, Self::Null) => Ok(self),
            (Self::Num(_), Self::Num(_)) => {
                let (one, other, places) = self.aligned(&other)?;
                Self::number(one.checked_add(other), places)
            }
            (Self::Text(one), Self::Text(other)) if one.len() + other.len() > LONGEST => Err(stop(TOO_LONG)),
            (Self::Text(one), Self::Text(other)) => Ok(Self::text(&format!("{one}{other}"))),
            (Self::List(one), Self::List(other)) => Ok(one.iter().chain(other.iter()).cloned().collect()),
            (Self::Object(one), Self::Object(other)) => {
                if one.len() + other.len() > MOST_ITEMS {
                    return Err(stop(TOO_LONG));
                }
                let members = one.iter().chain(other.iter());
                Ok(Self::Object(Rc::new(
                    members.map(|(name, value)| (Rc::clone(name), value.clone())).collect(),
                )))
            }
            _ => Err(error("the filter adds values that cannot be added")),
        }
    }
}

impl Sub for V {
    type Output = ValR<Self>;

    fn sub(self, other: Self) -> ValR<Self> {
        let (one, other, places) = self.aligned(&other)?;
        Self::number(one.checked_sub(other), places)
    }
}

impl Mul for V {
    type Output = ValR<Self>;

    fn mul(self, other: Self) -> ValR<Self> {
        let ((one, one_places), (other, other_places)) = (self.scaled()?, other.scaled()?);
        Self::number(one.checked_mul(other), one_places.saturating_add(other_places))
    }
}

impl Div for V {
    type Output = ValR<Self>;

    fn div(self, other: Self) -> ValR<Self> {
        let (mut one, other, _) = self.aligned(&other)?;
        if other == 0 {
            return Err(stop("the filter divides by zero"));
        }
        for places in 0..=MOST_PLACES {
            if one % other == 0 {
                return Self::number(one.checked_div(other), places);
            }
            one = one.checked_mul(10).ok_or_else(|| stop(INEXACT))?;
        }
        Err(stop(INEXACT))
    }
}

impl Rem for V {
    type Output = ValR<Self>;

    fn rem(self, other: Self) -> ValR<Self> {
        let (one, other, places) = self.aligned(&other)?;
        if other == 0 {
            return Err(stop("the filter divides by zero"));
        }
        Self::number(one.checked_rem(other), places)
    }
}

impl Neg for V {
    type Output = ValR<Self>;

    fn neg(self) -> ValR<Self> {
        match &self {
            Self::Num(number) => Ok(Self::Num(match number.strip_prefix('-') {
                Some(positive) => positive.into(),
                None => format!("-{number}").into(),
            })),
            _ => Err(error("the filter counts with what is no number")),
        }
    }
}
