//! The invented company: it sells warehouse systems, and this is its year.

mod accounts;
mod invoices;
mod names;
mod parties;
mod sales;
mod supplies;

use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};

use super::local_time;
use super::schema::Entity;
use super::state::State;
use crate::Object;
use crate::lcg::Lcg;

/// The moment at which the invented company was frozen, in RFC 3339.
pub const EPOCH: &str = "2026-11-02T08:00:00Z";

pub(crate) fn epoch() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(EPOCH).map(|time| time.to_utc()).unwrap_or_default()
}

/// The days that the invoices of the year spread over, up to yesterday.
const DAYS: i64 = 365;

/// Where the seed takes its times and its chance from.
struct Soil {
    /// The epoch, moved by whole days to the last one before the clock's time.
    now: DateTime<Utc>,
    chance: Lcg,
}

impl Soil {
    /// A day in Stockholm, some days ago.
    fn day(&self, days_ago: i64) -> NaiveDate {
        let today = local_time::today(self.now);
        today.checked_sub_days(Days::new(days_ago.max(0).unsigned_abs())).unwrap_or(today)
    }

    /// Within the working hours of a day, and never ahead of the clock.
    fn at_work(&mut self, day: NaiveDate) -> DateTime<Utc> {
        let second = self.chance.below(9 * 3600);
        let morning = day.and_hms_opt(7, 0, 0).map(|time| time.and_utc()).unwrap_or(self.now);
        (morning + TimeDelta::seconds(second)).min(self.now - TimeDelta::minutes(5))
    }
}

pub(crate) fn company(state: &mut State, invoices: u32, now: DateTime<Utc>) {
    let days = (now - epoch()).num_seconds().div_euclid(86_400);
    let mut soil = Soil { now: epoch() + TimeDelta::days(days), chance: Lcg::new(20_261_103) };
    years(state, &soil);
    accounts::accounts(state, &soil);
    parties::registers(state, &mut soil);
    parties::articles(state, &mut soil);
    parties::customers(state, &mut soil, invoices);
    supplies::suppliers(state, &mut soil);
    invoices::invoices(state, &mut soil, invoices);
    supplies::invoices(state, &mut soil, invoices / 5 + 4);
    sales::offers(state, &mut soil, i64::from(invoices / 20).clamp(6, 24));
    sales::orders(state, &mut soil, i64::from(invoices / 16).clamp(10, 30));
    sales::salaries(state, &mut soil);
    accounts::carry_forward(state);
}

/// The financial years that the data touches: calendar years, with ids as if the company had begun in 2022.
fn years(state: &mut State, soil: &Soil) {
    for year in soil.day(DAYS + 40).year()..=soil.day(0).year() {
        let record = Object::default()
            .with("Id", i64::from(year) - 2021)
            .with("FromDate", format!("{year}-01-01"))
            .with("ToDate", format!("{year}-12-31"))
            .with("AccountingMethod", "ACCRUAL")
            .with("AccountChartType", "BAS 2026");
        state.put(Entity::FinancialYears, record, soil.now - TimeDelta::days(700));
    }
}
