//! `mapping` and `read-mapped`: what a mapping as data costs against structs written by hand, and against not mapping.

mod by_hand;
mod fields;

use std::future::Future;
use std::hint::black_box;
use std::process::ExitCode;

use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::{FieldMapping as _, MappingContext, RawJson, Record};
use tieline_mapping::CompiledMapping;

use crate::Result;
use crate::harness::{self, Cost, LEAST_ROUNDS, Report};
use crate::read::{Bare, Ours};
use crate::server::{self, Server};

/// The most that the mapping may take of the time of structs written by hand.
const LIMIT: f64 = 0.65;
/// The most that reading and mapping may take of the time of reading alone.
const READ_LIMIT: f64 = 2.9;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many deals a run maps.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct ReadOptions {
    /// How many deals a run reads and maps.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// Compares the CPU time of mapping; wall time where the system does not tell it.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let records = deals(options.records)?;
    let plan = fields::plan().compile()?;
    agree(&plan, &records)?;
    let given = MappingContext::default();
    let rounds = harness::alternate(
        options.rounds,
        || {
            for record in &records {
                let mapped = plan.forward(record, &given)?;
                if !mapped.issues.is_empty() {
                    return Err("a record could not be mapped".into());
                }
                black_box(mapped.fields.ok_or("a record was left out")?);
            }
            Ok(())
        },
        || {
            for record in &records {
                black_box(by_hand::map(record.payload.get())?);
            }
            Ok(())
        },
    )?;
    let time = |cost: &Cost| Some(cost.cpu.unwrap_or(cost.wall).as_secs_f64());
    let each = |side: fn(&harness::Round) -> &Cost| {
        let times = rounds.iter().filter_map(|round| time(side(round))).collect();
        Some(harness::median(times)? / options.records as f64 * 1e6)
    };
    let (ours, by_hand) = each(|round| &round.ours).zip(each(|round| &round.bare)).ok_or("no rounds")?;
    println!("mapping time: ours {ours:.2} us, by hand {by_hand:.2} us a record, {} rounds", rounds.len());
    let mut report = Report::default();
    report.compare("mapping", harness::ratio(&rounds, time).ok_or("there were no rounds")?, LIMIT);
    Ok(report.exit_code())
}

/// Compares the time of reading and mapping with the bare loop of `read`.
pub(crate) fn run_read(options: &ReadOptions) -> Result<ExitCode> {
    let ReadOptions { records, rounds } = *options;
    let server = Server::start(records, records)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (ours, bare) = (Ours::new(server.url())?, Bare::new(server.url())?);
    let (plan, given) = (fields::plan().compile()?, MappingContext::default());
    let map = |record: &Record| -> Result<usize> {
        let mapped = plan.begin(record).forward(&given)?;
        if !mapped.issues.is_empty() {
            return Err("a record could not be mapped".into());
        }
        Ok(black_box(mapped.fields.ok_or("a record was left out")?).get().len())
    };
    let rounds = harness::alternate(
        rounds,
        || runtime.block_on(exactly(records, ours.read(map))),
        || runtime.block_on(exactly(records, bare.read())),
    )?;
    let mut report = Report::default();
    let wall = |cost: &Cost| Some(cost.wall.as_secs_f64());
    let cpu = |cost: &Cost| cost.cpu.as_ref().map(std::time::Duration::as_secs_f64);
    let mut larger = harness::ratio(&rounds, wall).ok_or("there were no rounds")?;
    println!("read-mapped wall: {larger:.2}");
    match harness::ratio(&rounds, cpu) {
        Some(ratio) => {
            println!("read-mapped cpu: {ratio:.2}");
            larger = larger.max(ratio);
        }
        None => println!("read-mapped cpu: not measured, this system does not tell"),
    }
    report.compare("read-mapped", larger, READ_LIMIT);
    Ok(report.exit_code())
}

async fn exactly(records: u64, read: impl Future<Output = Result<u64>>) -> Result<()> {
    let found = read.await?;
    if found == records {
        Ok(())
    } else {
        Err(format!("{found} records were read instead of {records}").into())
    }
}

/// The deals of the bench `read`, as records.
fn deals(count: u64) -> Result<Vec<Record>> {
    #[derive(serde::Deserialize)]
    struct Page {
        data: Vec<Box<RawValue>>,
    }
    let mut records = Vec::new();
    for page in 0..server::deals_pages(count) {
        let page: Page = serde_json::from_str(&server::deals_page(page, count))?;
        records.extend(page.data.iter().map(|raw| Record::new("1", RawJson::from_raw(raw))));
    }
    Ok(records)
}

/// A side that does something else must not count.
fn agree(plan: &CompiledMapping, records: &[Record]) -> Result<()> {
    for record in records.iter().take(1000) {
        let mapped = plan.forward(record, &MappingContext::default())?;
        let ours: Value = mapped.fields.ok_or("a record was left out")?.view()?;
        let by_hand: Value = serde_json::from_str(&by_hand::map(record.payload.get())?)?;
        if ours != by_hand || !mapped.issues.is_empty() {
            return Err(format!("the sides do not agree:\n{ours}\n{by_hand}").into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_map_thirty_fields_alike() {
        let records = deals(600).unwrap();
        assert_eq!((records.len(), fields::plan().fields.len()), (600, 30));
        agree(&fields::plan().compile().unwrap(), &records).unwrap();
    }
}
