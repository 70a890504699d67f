//! Decimal numbers as the digits that write them: any length, nothing rounded unless it is asked for.

use std::cmp::Ordering;

use crate::step::Rounding;

/// Numbers whose exponent would write more zeros than this are refused.
const MOST_ZEROS: i64 = 400;

/// A number as its digits before and after the point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    pub(crate) negative: bool,
    /// At least one digit, and no zero before others.
    whole: String,
    fraction: String,
}

impl Digits {
    /// Reads a number as JSON writes it; also with a plus, with zeros before it, or without a digit on one side of the
    /// point, as texts have it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => {
                let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
                let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                (mantissa, if is_number { exponent.parse::<i64>().ok()? } else { return None })
            }
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
            return None;
        }
        let plain = Self { negative, whole: whole.to_owned(), fraction: fraction.to_owned() };
        plain.shifted(exponent)
    }

    /// The number times ten to the power of `places`.
    pub(crate) fn shifted(mut self, places: i64) -> Option<Self> {
        if places.abs() > MOST_ZEROS {
            let zero = self.whole.bytes().chain(self.fraction.bytes()).all(|digit| digit == b'0');
            return zero.then(|| Self { whole: "0".to_owned(), fraction: String::new(), ..self });
        }
        let count = usize::try_from(places.unsigned_abs()).ok()?;
        if places > 0 {
            for _ in 0..count {
                self.whole.push(if self.fraction.is_empty() { '0' } else { self.fraction.remove(0) });
            }
        } else {
            for _ in 0..count {
                self.fraction.insert(0, self.whole.pop().unwrap_or('0'));
            }
        }
        let kept = self.whole.trim_start_matches('0');
        self.whole = if kept.is_empty() { "0".to_owned() } else { kept.to_owned() };
        Some(self)
    }

    /// How many digits stand after the point.
    pub(crate) fn scale(&self) -> usize {
        self.fraction.len()
    }

    /// The shortest way to write the same number.
    pub(crate) fn trimmed(mut self) -> Self {
        self.fraction.truncate(self.fraction.trim_end_matches('0').len());
        self.negative &= !self.is_zero();
        self
    }

    /// Which of two numbers is greater.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        let (one, other) = (self.clone().trimmed(), other.clone().trimmed());
        if one.negative != other.negative {
            return other.negative.cmp(&one.negative);
        }
        // No zeros before or after, so the longer whole part is greater, and fractions compare as texts.
        let size = |digits: &Self| (digits.whole.len(), digits.whole.clone(), digits.fraction.clone());
        let magnitude = size(&one).cmp(&size(&other));
        if one.negative { magnitude.reverse() } else { magnitude }
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.whole == "0" && self.fraction.bytes().all(|digit| digit == b'0')
    }

    /// The number with exactly `scale` digits after the point; `None` when the rounding does not allow it.
    pub(crate) fn rounded(mut self, scale: usize, rounding: Rounding) -> Option<Self> {
        while self.fraction.len() < scale {
            self.fraction.push('0');
        }
        let dropped = self.fraction.split_off(scale);
        let first = dropped.bytes().next().unwrap_or(b'0');
        let rest_is_zero = dropped.bytes().skip(1).all(|digit| digit == b'0');
        let is_zero = first == b'0' && rest_is_zero;
        let last = self.fraction.bytes().last().or(self.whole.bytes().last()).unwrap_or(b'0');
        let up = match rounding {
            Rounding::Exact if !is_zero => return None,
            Rounding::Exact | Rounding::Down => false,
            Rounding::Up => !is_zero,
            Rounding::HalfUp => first >= b'5',
            Rounding::HalfEven => first > b'5' || (first == b'5' && (!rest_is_zero || last % 2 == 1)),
        };
        if up {
            self.increment();
        }
        self.negative &= !self.is_zero();
        Some(self)
    }

    /// Adds one to the last digit.
    fn increment(&mut self) {
        let scale = self.fraction.len();
        let mut digits: Vec<u8> = self.whole.bytes().chain(self.fraction.bytes()).collect();
        let mut carry = true;
        for digit in digits.iter_mut().rev() {
            if !carry {
                break;
            }
            carry = *digit == b'9';
            *digit = if carry { b'0' } else { *digit + 1 };
        }
        let mut whole: String = if carry { "1".to_owned() } else { String::new() };
        let split = digits.len() - scale;
        whole.extend(digits.iter().take(split).map(|digit| char::from(*digit)));
        self.whole = whole;
        self.fraction = digits.iter().skip(split).map(|digit| char::from(*digit)).collect();
    }

    /// As JSON writes it, without an exponent.
    pub(crate) fn write(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{sign}{}{point}{}", self.whole, self.fraction)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(text: &str) -> Option<String> {
        Digits::parse(text).map(|digits| digits.write())
    }

    #[test]
    fn numbers_keep_every_digit() {
        for (text, expected) in [
            ("12345678901234567890.12345678901234567890", "12345678901234567890.12345678901234567890"),
            ("1.5e3", "1500"),
            ("-1.5E-3", "-0.0015"),
            ("007", "7"),
            (".5", "0.5"),
            ("+5.", "5"),
            ("0e999999", "0"),
            ("1e-400", &format!("0.{}1", "0".repeat(399))),
        ] {
            assert_eq!(written(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["", ".", "-", "1e", "1e+", "e1", "1 2", "1_0", "1e401", "NaN", "1e99999999999999999999"]
        {
            assert_eq!(written(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_compare_by_their_value() {
        use std::cmp::Ordering::*;
        for (one, other, expected) in [
            ("9.5", "10.5", Less),
            ("999.5", "1000", Less),
            ("1e2", "100.0", Equal),
            ("-5.5", "1000", Less),
            ("-10", "-9.5", Less),
            ("0.25", "0.5", Less),
            ("-0", "0.0", Equal),
            ("9223372036854775808", "1000", Greater),
        ] {
            let parsed = |text| Digits::parse(text).unwrap();
            assert_eq!(parsed(one).compare(&parsed(other)), expected, "{one} {other}");
        }
    }

    #[test]
    fn rounding_is_decimal() {
        use Rounding::*;
        for (text, rounding, expected) in [
            ("1.005", HalfEven, "1.00"),
            ("1.015", HalfEven, "1.02"),
            ("1.0050001", HalfEven, "1.01"),
            ("1.005", HalfUp, "1.01"),
            ("-1.005", HalfUp, "-1.01"),
            ("9.999", Up, "10.00"),
            ("9.999", Down, "9.99"),
            ("-0.001", Down, "0.00"),
            ("1.1", Exact, "1.10"),
        ] {
            let rounded = Digits::parse(text).and_then(|digits| digits.rounded(2, rounding));
            assert_eq!(rounded.map(|digits| digits.write()).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(Digits::parse("1.001").and_then(|digits| digits.rounded(2, Exact)), None);
    }

    proptest! {
        #[test]
        fn rounding_agrees_with_rust_decimal(whole in -99_999i64..99_999, scale in 0u32..6, to in 0u32..6) {
            use rust_decimal::{Decimal, RoundingStrategy::*};
            let decimal = Decimal::new(whole, scale);
            for (ours, theirs) in [
                (Rounding::HalfEven, MidpointNearestEven),
                (Rounding::HalfUp, MidpointAwayFromZero),
                (Rounding::Down, ToZero),
                (Rounding::Up, AwayFromZero),
            ] {
                let mut expected = decimal.round_dp_with_strategy(to, theirs);
                expected.rescale(to);
                let expected = if expected.is_zero() { expected.abs() } else { expected };
                let rounded = Digits::parse(&decimal.to_string()).unwrap().rounded(to as usize, ours).unwrap();
                prop_assert_eq!(rounded.write(), expected.to_string());
            }
        }
    }
}
