//! What the host decides about the figures.

use chrono::NaiveDate;
use tieline_core::{Error, ErrorKind, Result};

/// What the figures are about: a currency, a day, a number of months.
///
/// ```
/// use chrono::NaiveDate;
/// use tieline_insights::{Figures, Rules};
///
/// let today = NaiveDate::from_ymd_opt(2026, 4, 15).unwrap_or_default();
/// assert!(Figures::new(Rules::new("SEK", today).with_months(3)).is_ok());
/// assert!(Figures::new(Rules::new("SEK", today).with_months(0)).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// The currency of all figures, as three letters (ISO 4217): the one that the books are kept in.
    pub currency: String,
    /// Today, as the calendar shows it in the zone that the books are kept in. There is no clock inside: the host says
    /// which day it is, so that figures can be made again for any day.
    pub today: NaiveDate,
    /// How many complete months the figures cover: the N of MRR. From 1 to 120; 12 unless set.
    pub months: u32,
    /// How many customers are listed. 10 unless set.
    pub top: usize,
    /// The decimals that amounts are rounded to, at the very end. From 0 to 6; 2 unless set.
    pub decimals: u32,
}

impl Rules {
    /// Figures of the last 12 complete months before `today`.
    pub fn new(currency: impl Into<String>, today: NaiveDate) -> Self {
        Self { currency: currency.into(), today, months: 12, top: 10, decimals: 2 }
    }

    /// Sets how many complete months the figures cover.
    #[must_use]
    pub fn with_months(mut self, months: u32) -> Self {
        self.months = months;
        self
    }

    /// Sets how many customers are listed.
    #[must_use]
    pub fn with_top(mut self, customers: usize) -> Self {
        self.top = customers;
        self
    }

    /// Sets the decimals that amounts are rounded to.
    #[must_use]
    pub fn with_decimals(mut self, decimals: u32) -> Self {
        self.decimals = decimals;
        self
    }

    /// Fails with `Config` for what cannot be.
    pub(crate) fn checked(self) -> Result<Self> {
        let refuse =
            |what: String, advice: &'static str| Err(Error::new(ErrorKind::Config, what).with_advice(advice));
        let Some(currency) = currency_code(&self.currency) else {
            return refuse(
                format!("{:?} is no currency code", self.currency.chars().take(16).collect::<String>()),
                "write it as three letters, such as SEK",
            );
        };
        if !(1..=120).contains(&self.months) {
            return refuse(
                format!("figures cannot cover {} months", self.months),
                "choose from 1 to 120; 12 is usual",
            );
        }
        if self.decimals > 6 {
            return refuse(
                format!("amounts cannot be rounded to {} decimals", self.decimals),
                "choose from 0 to 6; most currencies have 2",
            );
        }
        Ok(Self { currency, ..self })
    }
}

/// A currency code in capitals, or `None` when the text cannot be one.
pub(crate) fn currency_code(text: &str) -> Option<String> {
    let text = text.trim();
    (text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_alphabetic()))
        .then(|| text.to_ascii_uppercase())
}
