//! `read`: what the connector and the whole HTTP stack cost on top of a loop that reads nothing.

mod bare;
pub(crate) mod memory;
mod ours;

use std::future::Future;
use std::process::ExitCode;
use std::time::Duration;

pub(crate) use self::bare::Bare;
pub(crate) use self::ours::Ours;
use crate::Result;
use crate::harness::{self, Cost, LEAST_ROUNDS, Report, Round};
use crate::server::Server;

/// The most that our side may take of the bare side's time.
const LIMIT: f64 = 1.25;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many deals a run reads.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// Compares times, then peaks of memory.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut report = Report::default();
    times(options, &mut report)?;
    memory::compare(options.records, &mut report)?;
    Ok(report.exit_code())
}

fn times(options: &Options, report: &mut Report) -> Result<()> {
    let Options { records, rounds } = *options;
    let server = Server::start(records, records)?;
    // One thread, for both sides, so that CPU time holds no work of passing tasks around.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ours, bare) = (Ours::new(server.url())?, Bare::new(server.url())?);
    let rounds = harness::alternate(
        rounds,
        || runtime.block_on(exactly(records, ours.read(ours::key_and_time))),
        || runtime.block_on(exactly(records, bare.read())),
    )?;

    let wall = |cost: &Cost| Some(cost.wall.as_secs_f64());
    let cpu = |cost: &Cost| cost.cpu.as_ref().map(Duration::as_secs_f64);
    let mut larger = detail("wall", &rounds, wall).ok_or("there were no rounds")?;
    match detail("cpu", &rounds, cpu) {
        Some(ratio) => larger = larger.max(ratio),
        None => println!("read cpu: not measured, this system does not tell"),
    }
    report.compare("read", larger, LIMIT);
    Ok(())
}

/// The ratio of one measure, after a line that tells where it comes from.
fn detail(name: &str, rounds: &[Round], of: impl Fn(&Cost) -> Option<f64>) -> Option<f64> {
    let ratio = harness::ratio(rounds, &of)?;
    let median = |side: fn(&Round) -> &Cost| {
        harness::median(rounds.iter().filter_map(|round| of(side(round))).collect())
    };
    let (ours, bare) = (median(|round| &round.ours)? * 1e3, median(|round| &round.bare)? * 1e3);
    println!("read {name}: {ratio:.2} (ours {ours:.0} ms, bare {bare:.0} ms, {} rounds)", rounds.len());
    Some(ratio)
}

/// A side that did less than all of the work must not count.
async fn exactly(records: u64, read: impl Future<Output = Result<u64>>) -> Result<()> {
    let found = read.await?;
    if found == records {
        Ok(())
    } else {
        Err(format!("{found} records were read instead of {records}").into())
    }
}
