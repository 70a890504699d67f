//! `sheets`: what rows of Google Sheets cost on the way from Google's answers to records, against a bare loop over the same
//! answers that makes the same JSON text of the cells' values.

mod answers;
mod bare;
mod ours;

use std::process::ExitCode;

use crate::Result;
use crate::harness::{self, LEAST_ROUNDS, Report};
use answers::Answers;

/// The most that our side may take of the time of the bare one.
const LIMIT: f64 = 1.5;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// The number of rows of the tab.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    rows: u64,
    /// The number of runs of each side, after one to warm up.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// The sums of a read, so that both sides must have read the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Read {
    rows: usize,
    /// Bytes of all keys.
    keys: usize,
    /// Members of all records, by their commas.
    commas: usize,
}

impl Read {
    fn take(&mut self, key: &str, payload: &str) {
        self.rows += 1;
        self.keys += key.len();
        self.commas += payload.bytes().filter(|byte| *byte == b',').count();
    }
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let answers = Answers::new(options.rows);
    println!(
        "sheets answers: {} rows of {} cells, {} bytes",
        options.rows,
        answers::COLUMNS,
        answers.bytes()
    );
    let ours = ours::Side::new(answers.clone())?;
    let expected = bare::read(&answers)?;
    let same = |read: Read| {
        if read == expected { Ok(()) } else { Err(format!("{read:?} was read, not {expected:?}").into()) }
    };
    let rounds = harness::alternate(options.rounds, || same(ours.read()?), || same(bare::read(&answers)?))?;
    let mut report = Report::default();
    report.compare_times("sheets", &rounds, LIMIT)?;
    Ok(report.exit_code())
}
