//! Sums that lose no digit, so that the order of invoices cannot matter.

use rust_decimal::{Decimal, RoundingStrategy};

/// The decimals that an amount is kept with. A converted amount with more is rounded to this, half to even.
pub(crate) const DECIMALS: u32 = 14;
/// An amount has at most this many digits before the decimal point.
pub(crate) const DIGITS: u32 = 15;

/// An amount or a sum of amounts, as a whole number of 10⁻¹⁴.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exact(i128);

impl Exact {
    #[cfg(test)]
    pub(crate) const MAX: Self = Self(i128::MAX);

    /// The amount; `None` when it is too large to be an amount of one invoice.
    pub(crate) fn of(amount: Decimal) -> Option<Self> {
        let amount = amount.round_dp_with_strategy(DECIMALS, RoundingStrategy::MidpointNearestEven);
        if amount.trunc().mantissa().unsigned_abs() >= 10_u128.pow(DIGITS) {
            return None;
        }
        amount.mantissa().checked_mul(10_i128.pow(DECIMALS.saturating_sub(amount.scale()))).map(Self)
    }

    pub(crate) fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    pub(crate) fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The amount as it counts on a credit note: always a deduction.
    pub(crate) fn credited(self) -> Self {
        // The magnitude of `of` is bounded, so its negation is there.
        Self(self.0.saturating_abs().saturating_neg())
    }

    pub(crate) fn is_positive(self) -> bool {
        self.0 > 0
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// `self × times ÷ by`, rounded once to `decimals`, half away from zero. `None` when it does not fit a decimal.
    pub(crate) fn rounded(self, times: u32, by: u32, decimals: u32) -> Option<Decimal> {
        let step = 10_i128.checked_pow(DECIMALS.checked_sub(decimals)?)?.checked_mul(by.into())?;
        let units = quotient(self.0.checked_mul(times.into())?, step)?;
        Decimal::try_from_i128_with_scale(units, decimals).ok()
    }

    /// `self ÷ whole`, rounded to `decimals`, half away from zero. `None` when it does not fit.
    pub(crate) fn share_of(self, whole: Self, decimals: u32) -> Option<Decimal> {
        let units = quotient(self.0.checked_mul(10_i128.checked_pow(decimals)?)?, whole.0)?;
        Decimal::try_from_i128_with_scale(units, decimals).ok()
    }
}

/// `a ÷ b` for a positive `b`, rounded half away from zero.
fn quotient(a: i128, b: i128) -> Option<i128> {
    let (whole, rest) = (a.checked_div(b)?, a.checked_rem(b)?.unsigned_abs());
    let up = rest >= b.unsigned_abs().checked_sub(rest)?;
    whole.checked_add(if up { a.signum() } else { 0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(text: &str) -> Exact {
        Exact::of(text.parse().unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_kept_to_the_last_digit_or_refused() {
        for (text, decimals) in [
            ("0.01", 2),
            ("-999999999999999.99", 2),
            ("0.00000000000001", DECIMALS),
            ("1000.50", 1),
            ("123456789012.34567890123456", DECIMALS),
        ] {
            let (kept, amount) = (exact(text).rounded(1, 1, decimals), text.parse::<Decimal>());
            assert_eq!(kept, amount.ok(), "{text}");
        }
        for text in ["1000000000000000", "-1000000000000000", "79228162514264337593543950335"] {
            assert_eq!(Exact::of(text.parse().unwrap()), None, "{text}");
        }
    }

    #[test]
    fn rounding_is_half_away_from_zero_and_happens_once() {
        for (text, times, by, decimals, expected) in [
            ("1", 1, 3, 2, "0.33"),
            ("2", 1, 3, 2, "0.67"),
            ("0.005", 1, 1, 2, "0.01"),
            ("-0.005", 1, 1, 2, "-0.01"),
            ("0.00499999999999", 1, 1, 2, "0.00"),
            ("100", 12, 12, 2, "100.00"),
            ("100", 1, 12, 2, "8.33"),
            ("-1", 1, 3, 0, "0"),
        ] {
            let rounded = exact(text).rounded(times, by, decimals).unwrap();
            assert_eq!(rounded.to_string(), expected, "{text} × {times} ÷ {by}");
        }
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let most = Exact::MAX;
        assert_eq!(most.plus(Exact(1)), None);
        assert_eq!(Exact(i128::MIN).minus(Exact(1)), None);
        assert_eq!(most.rounded(12, 1, 2), None);
        assert_eq!(most.rounded(1, 1, DECIMALS), None);
        assert_eq!(most.share_of(Exact(1), 4), None);
        assert_eq!(exact("1").share_of(Exact(0), 4), None);
    }
}
