//! `xmlrpc`: what decoding an answer of Odoo into records costs on top of a scan that reads nothing, and beside a
//! decoder into a tree.

mod partners;

use std::hint::black_box;
use std::process::ExitCode;

use dxr::{MethodResponse, Value};
use quick_xml::Reader;
use quick_xml::events::Event;
use tieline_odoo_xmlrpc::xmlrpc::{Answer, FieldRules, read_rows};

use crate::Result;
use crate::harness::{self, LEAST_ROUNDS, Report, Round};

/// The most that our side may take of the time of a bare scan of the same bytes.
const SCAN_LIMIT: f64 = 2.0;

/// The most that our side may take of the time of the `dxr` crate.
const DXR_LIMIT: f64 = 0.34;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How many partners the answer holds.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
    /// How often a run decodes the answer.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    repeat: u64,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Options { records, rounds, repeat } = *options;
    let answer = partners::answer(records);
    let (rules, records) = (partners::rules(), usize::try_from(records)?);
    println!("xmlrpc answer: {records} partners, {} bytes", answer.len());
    let times = |side: &dyn Fn() -> Result<()>| (0..repeat).try_for_each(|_| side());
    let ours = || times(&|| exactly(records, ours(&answer, &rules)?));

    let mut report = Report::default();
    let scans = harness::alternate(rounds, ours, || times(&|| scan(&answer)))?;
    compare("xmlrpc/scan", &scans, repeat, SCAN_LIMIT, &mut report)?;
    let trees = harness::alternate(rounds, ours, || times(&|| exactly(records, tree(&answer)?)))?;
    compare("xmlrpc/dxr", &trees, repeat, DXR_LIMIT, &mut report)?;
    Ok(report.exit_code())
}

/// Everything between the bytes of an answer and its records, with key and time of change.
fn ours(answer: &str, rules: &FieldRules) -> Result<usize> {
    let mut records = Vec::new();
    let read = read_rows(answer.as_bytes(), rules, |row| {
        records.extend(row.record().filter(|record| record.changed_at.is_some()));
        Ok(())
    })?;
    let records = black_box(records);
    match read {
        Answer::Returned(_) => Ok(records.len()),
        Answer::Fault(_) => Err("the answer is a fault".into()),
    }
}

/// What quick-xml needs to see every event of the same bytes.
fn scan(answer: &str) -> Result<()> {
    let mut reader = Reader::from_reader(answer.as_bytes());
    while !matches!(black_box(reader.read_event()?), Event::Eof) {}
    Ok(())
}

/// The answer as a tree of the crate `dxr`.
fn tree(answer: &str) -> Result<usize> {
    match black_box(MethodResponse::from_xml(answer).map_err(|_| "dxr does not read the answer")?).value {
        Value::Array(rows) => Ok(rows.len()),
        _ => Err("the answer is no list".into()),
    }
}

/// A side that did less than all of the work must not count.
fn exactly(records: usize, found: usize) -> Result<()> {
    if found == records {
        Ok(())
    } else {
        Err(format!("{found} records were read instead of {records}").into())
    }
}

fn compare(name: &str, rounds: &[Round], repeat: u64, limit: f64, report: &mut Report) -> Result<()> {
    let ratio = harness::ratio(rounds, |cost| Some(cost.wall.as_secs_f64())).ok_or("there were no rounds")?;
    let median =
        |side: fn(&Round) -> f64| harness::median(rounds.iter().map(side).collect()).unwrap_or(f64::NAN);
    let (ours, other) =
        (median(|round| round.ours.wall.as_secs_f64()), median(|round| round.bare.wall.as_secs_f64()));
    #[allow(clippy::cast_precision_loss)]
    let each = 1e3 / repeat as f64;
    println!("{name}: ours {:.2} ms, other {:.2} ms, {} rounds", ours * each, other * each, rounds.len());
    report.compare(name, ratio, limit);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_decoders_read_the_same_records() {
        let answer = partners::answer(20);
        let rules = FieldRules::new("id", "write_date");
        let mut rows = Vec::new();
        read_rows(answer.as_bytes(), &rules, |row| {
            rows.push(serde_json::from_str::<serde_json::Value>(row.json).unwrap());
            Ok(())
        })
        .unwrap();
        let tree = MethodResponse::from_xml(&answer).unwrap().value;
        assert_eq!(json(&tree), serde_json::Value::Array(rows));
    }

    fn json(value: &Value) -> serde_json::Value {
        match value {
            Value::Integer(number) => (*number).into(),
            Value::Boolean(flag) => (*flag).into(),
            Value::String(text) => text.as_str().into(),
            Value::Double(number) => (*number).into(),
            Value::Array(values) => values.iter().map(json).collect(),
            Value::Struct(members) => {
                members.iter().map(|(name, value)| (name.clone(), json(value))).collect()
            }
            other => panic!("{other:?}"),
        }
    }
}
