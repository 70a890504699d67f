//! Records, rows and a host's table stored by the store, against upserts written by hand.

mod bare;
mod ours;

use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use tieline_core::{Batch, Change, PassEnd, RawJson, ReadMode, Record, State};
use tieline_store::{Commit, StreamId, TargetChange};
use tieline_store_sql::testing::TestServer;

use crate::Result;
use crate::harness::{Report, median};

/// The most that the store may take of the time of the upserts, and an unchanged pass of the time of the first.
const SQLITE: f64 = 1.5;
const POSTGRES: f64 = 1.3;
const UNCHANGED: f64 = 0.4;

/// How many records a transaction stores.
pub(crate) const PER_COMMIT: usize = 500;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many records.
    #[arg(long, default_value_t = 100_000)]
    records: usize,
    /// How often both sides take turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Only this database: sqlite or postgres.
    #[arg(long)]
    only: Option<String>,
}

/// What is stored of a deal: its key, the provider's JSON, and the row that is mapped from it.
pub(crate) struct Deal {
    pub(crate) key: String,
    pub(crate) payload: RawJson,
    pub(crate) title: String,
    pub(crate) value: String,
    pub(crate) fields: RawJson,
}

impl Deal {
    fn new(number: usize) -> Result<Self> {
        let (title, value) = (format!("Ny order {number}"), format!("{}.{:02}", number * 7, number % 100));
        let filler = "x".repeat(900);
        let payload = format!(
            r#"{{"id":{number},"title":"{title}","value":{value},"currency":"SEK","status":"open","note":"{filler}"}}"#
        );
        let fields = format!(r#"{{"title":"{title}","value":"{value}"}}"#);
        Ok(Self {
            key: number.to_string(),
            payload: RawJson::parse(payload)?,
            title,
            value,
            fields: RawJson::parse(fields)?,
        })
    }
}

/// The commits of a full pass.
pub(crate) fn commits(deals: &[Deal]) -> Result<Vec<Commit>> {
    let mut commits = Vec::new();
    for (n, chunk) in deals.chunks(PER_COMMIT).enumerate() {
        let changes =
            chunk.iter().map(|deal| Change::Upsert(Record::new(deal.key.as_str(), deal.payload.clone())));
        let mut batch = Batch::new("deals", changes.collect(), State::new(1, &n)?).with_pass(ReadMode::Full);
        if (n + 1) * PER_COMMIT >= deals.len() {
            batch = batch.with_end(PassEnd::Complete);
        }
        let rows =
            chunk.iter().map(|deal| TargetChange::put(deal.key.as_str(), deal.fields.clone(), Vec::new()));
        commits
            .push(Commit::batch(StreamId::new("acme", "deals"), batch).with_target("copy", rows.collect()));
    }
    Ok(commits)
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let deals: Vec<Deal> = (0..options.records).map(Deal::new).collect::<Result<_>>()?;
    let mut report = Report::default();
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| only == name);
    if wanted("sqlite") {
        let (mut ratios, mut unchanged) = (Vec::new(), Vec::new());
        for round in 0..options.rounds {
            let folder = tempfile::tempdir()?;
            runtime.block_on(async {
                let ours = async || ours::sqlite(&folder.path().join("ours.db"), &deals).await;
                let bare = async || bare::sqlite(&folder.path().join("bare.db"), &deals).await;
                measure(round, ours, bare, &mut ratios, &mut unchanged).await
            })?;
        }
        judge(&mut report, "sqlite", ratios, unchanged, SQLITE);
    }
    if wanted("postgres")
        && let Some(server) = TestServer::shared()
    {
        let (mut ratios, mut unchanged) = (Vec::new(), Vec::new());
        for round in 0..options.rounds {
            runtime.block_on(async {
                let (first, second) = (server.database().await, server.database().await);
                let ours = async || ours::postgres(&first, &deals).await;
                let bare = async || bare::postgres(&second, &deals).await;
                measure(round, ours, bare, &mut ratios, &mut unchanged).await
            })?;
        }
        judge(&mut report, "postgres", ratios, unchanged, POSTGRES);
    }
    Ok(report.exit_code())
}

/// The seconds of a first pass and of the same pass again: of CPU time in SQLite, which does all in this process, and by the
/// clock in PostgreSQL.
pub(crate) struct Passes {
    pub(crate) first: f64,
    pub(crate) again: f64,
}

async fn measure(
    round: usize,
    ours: impl AsyncFn() -> Result<Passes>,
    bare: impl AsyncFn() -> Result<f64>,
    ratios: &mut Vec<f64>,
    unchanged: &mut Vec<f64>,
) -> Result<()> {
    let (ours, bare) = if round.is_multiple_of(2) {
        let ours = ours().await?;
        (ours, bare().await?)
    } else {
        let bare = bare().await?;
        (ours().await?, bare)
    };
    println!("  round {round}: {:.2} s, by hand {bare:.2} s, unchanged {:.2} s", ours.first, ours.again);
    ratios.push(ours.first / bare);
    unchanged.push(ours.again / ours.first);
    Ok(())
}

fn judge(report: &mut Report, name: &str, ratios: Vec<f64>, unchanged: Vec<f64>, limit: f64) {
    report.compare(&format!("sync/{name}/first"), median(ratios).unwrap_or(f64::NAN), limit);
    report.compare(&format!("sync/{name}/unchanged"), median(unchanged).unwrap_or(f64::NAN), UNCHANGED);
}

/// Whatever is at a path is gone.
pub(crate) fn fresh(path: &Path) -> Result<()> {
    if path.exists() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}
