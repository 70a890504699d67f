//! The peak of memory of a process that runs only our side, for a list and for one ten times as long.

use std::process::Stdio;

use url::Url;

use super::exactly;
use super::ours::Ours;
use crate::Result;
use crate::harness::{LEAST_ROUNDS, Report, median};
use crate::server::{Server, this_program};

/// A read holds one page at a time, whatever the length of the list. Pages differ a little, and so do peaks.
const LIMIT: f64 = 1.25;

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Options {
    /// The server to read from.
    #[arg(long)]
    server: Url,
    /// How many deals it has.
    #[arg(long)]
    records: u64,
}

/// Reads once, then prints this process's peak in KiB, or nothing where the system does not tell.
pub(crate) fn run(options: &Options) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let ours = Ours::new(&options.server)?;
    runtime.block_on(exactly(options.records, ours.read(super::ours::key_and_time)))?;
    if let Some(peak) = peak() {
        println!("{peak}");
    }
    Ok(())
}

/// The most memory that was ever resident, in KiB (Linux).
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// Compares the peaks of reading `records` and ten times as many.
pub(crate) fn compare(records: u64, report: &mut Report) -> Result<()> {
    /// Pages that both servers have ready; more would only fill the machine.
    const RENDERED: u64 = 100_000;
    let more = records.saturating_mul(10);
    let (short, long) = (Server::start(records, RENDERED)?, Server::start(more, RENDERED)?);
    let (mut shorts, mut longs) = (Vec::new(), Vec::new());
    for _ in 0..LEAST_ROUNDS {
        let (Some(one), Some(other)) = (child(&short, records)?, child(&long, more)?) else {
            println!("memory: not measured, this system does not tell a process its peak");
            return Ok(());
        };
        shorts.push(one);
        longs.push(other);
    }
    let (Some(short), Some(long)) = (median(shorts), median(longs)) else {
        return Err("there were no rounds".into());
    };
    println!("memory {records}={short:.1}MiB {more}={long:.1}MiB");
    report.compare("memory", long / short, LIMIT);
    Ok(())
}

/// The peak of a process of its own, in MiB.
fn child(server: &Server, records: u64) -> Result<Option<f64>> {
    let output = this_program()?
        .args(["memory", "--server", server.url().as_str(), "--records", &records.to_string()])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        return Err("the process that reads for the measure of memory failed".into());
    }
    match String::from_utf8(output.stdout)?.trim() {
        "" => Ok(None),
        kibibytes => Ok(Some(kibibytes.parse::<f64>()? / 1024.0)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn the_peak_is_found() {
        assert!(super::peak().unwrap() > 0);
    }
}
