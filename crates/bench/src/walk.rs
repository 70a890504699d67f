//! `walk`: a page of deals by a layout known at run time, against the same page by a type known at compile time.

use std::process::ExitCode;

use serde::Deserialize;
use tieline_kit::{HeadFlag, HeadKey, HeadText, PageLayout, parse_page};

use crate::Result;
use crate::harness::{self, LEAST_ROUNDS, Report};
use crate::server::deals;

/// The most that the layout may take of the type's time.
const LIMIT: f64 = 1.0;
/// Deals of the page.
const DEALS: u64 = 500;

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
    /// How often a run walks the page.
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u64).range(1..))]
    repeat: u64,
}

#[derive(Deserialize)]
struct Head<'a> {
    id: HeadKey,
    #[serde(borrow)]
    update_time: HeadText<'a>,
    #[serde(borrow)]
    status: HeadText<'a>,
    is_deleted: HeadFlag,
}

/// What is read of the deals, so that both sides must have read the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Seen {
    keys: usize,
    times: usize,
    statuses: usize,
    deleted: usize,
    bytes: usize,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let text = deals::page(0, DEALS);
    println!("walk page: {DEALS} deals, {} bytes", text.len());
    let mut layout = PageLayout::new(&"data".parse()?);
    for head in ["id", "update_time", "status", "is_deleted"] {
        layout = layout.with_head(&head.parse()?)?;
    }
    let layout = layout.with_member(&"/additional_data/next_cursor".parse()?)?;
    let expected = by_type(&text)?;
    let same = |seen: Seen| {
        if seen == expected { Ok(()) } else { Err(format!("{seen:?} was read, not {expected:?}").into()) }
    };
    let rounds = harness::alternate(
        options.rounds,
        || (0..options.repeat).try_for_each(|_| same(by_layout(&layout, &text)?)),
        || (0..options.repeat).try_for_each(|_| same(by_type(&text)?)),
    )?;
    let wall = harness::ratio(&rounds, |cost| Some(cost.wall.as_secs_f64())).ok_or("no round was run")?;
    let cpu = harness::ratio(&rounds, |cost| Some(cost.cpu?.as_secs_f64()));
    println!("walk wall={wall:.2} cpu={:.2}", cpu.unwrap_or(f64::NAN));
    let mut report = Report::default();
    report.compare("walk", cpu.unwrap_or(wall), LIMIT);
    Ok(report.exit_code())
}

fn by_layout(layout: &PageLayout, text: &str) -> Result<Seen> {
    let mut seen = Seen::default();
    layout.walk(text, |record| {
        seen.keys += record.head(0).and_then(|id| id.key()).map_or(0, |key| key.as_str().len());
        seen.times += record.head(1).and_then(|time| time.text()).map_or(0, |time| time.len());
        seen.statuses += record.head(2).and_then(|status| status.text()).map_or(0, |status| status.len());
        seen.deleted += usize::from(record.head(3).and_then(|flag| flag.flag()) == Some(true));
        seen.bytes += record.text().len();
        Ok(())
    })?;
    Ok(seen)
}

fn by_type(text: &str) -> Result<Seen> {
    let mut seen = Seen::default();
    parse_page(text, &["data"], |head: Head<'_>, raw| {
        seen.keys += head.id.0.as_ref().map_or(0, |key| key.as_str().len());
        seen.times += head.update_time.get().map_or(0, str::len);
        seen.statuses += head.status.get().map_or(0, str::len);
        seen.deleted += usize::from(head.is_deleted.0 == Some(true));
        seen.bytes += raw.len();
        Ok(())
    })?;
    Ok(seen)
}
