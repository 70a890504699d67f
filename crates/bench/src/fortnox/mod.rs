//! `fortnox`: what a year of invoices costs on the way from Fortnox's answers to records that are read, against borrowed
//! serde structs that read the same of the same answers.

mod answers;
mod bare;
mod ours;

use std::process::ExitCode;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::Result;
use crate::harness::{self, LEAST_ROUNDS, Report};
use answers::Answers;

/// The most that our side may take of the time of the bare one.
const LIMIT: f64 = 3.0;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many invoices the company has.
    #[arg(long, default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(1..=100_000))]
    invoices: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// What is read of the invoices, so that both sides must have read the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Books {
    invoices: usize,
    /// Bytes of all keys.
    keys: usize,
    latest: Option<NaiveDate>,
    total: Decimal,
}

impl Books {
    fn take(&mut self, key: &str, date: NaiveDate, total: Decimal) {
        self.invoices += 1;
        self.keys += key.len();
        self.latest = self.latest.max(Some(date));
        self.total += total;
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let answers = Answers::new(usize::try_from(options.invoices)?);
    println!("fortnox answers: {} invoices, {} bytes", options.invoices, answers.bytes());
    let ours = ours::Side::new(answers.clone())?;
    let expected = bare::read(&answers)?;
    if expected.invoices != answers.count() {
        return Err(format!("{} invoices were read of {}", expected.invoices, answers.count()).into());
    }
    let same = |books: Books| {
        if books == expected { Ok(()) } else { Err(format!("{books:?} was read, not {expected:?}").into()) }
    };
    let rounds = harness::alternate(options.rounds, || same(ours.read()?), || same(bare::read(&answers)?))?;
    let mut report = Report::default();
    report.compare_times("fortnox", &rounds, LIMIT)?;
    Ok(report.exit_code())
}
