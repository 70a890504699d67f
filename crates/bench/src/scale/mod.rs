//! A database of many tenants: what the busy statements take in it against a nearly empty one, and what a long erasure
//! costs another tenant.

mod fill;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use tieline_store::SyncStore;
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_store_sql::testing::{Role, TestServer};
use tieline_store_sql::{Database, SqlStore};

use crate::Result;
use crate::harness::{Report, median};

/// The most that a step may take of its time in a nearly empty database. A walk over a table would take hundreds of times
/// as long; a deeper index and a colder cache take a little.
const GROWN: f64 = 3.0;

/// The most that another tenant's slowest hundredth of commits may take during an erasure, of its time without one.
const DISTURBED: f64 = 3.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The number of records in all.
    #[arg(long, default_value_t = 200_000)]
    records: usize,
    /// The number of tenants that they are spread over.
    #[arg(long, default_value_t = 100)]
    tenants: usize,
    /// The number of connections of each tenant.
    #[arg(long, default_value_t = 10)]
    connections: usize,
    /// The number of times that each step is measured.
    #[arg(long, default_value_t = 100)]
    repeat: usize,
    /// Only this database: sqlite or postgres.
    #[arg(long)]
    only: Option<String>,
}

pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut report = Report::default();
    let wanted = |name: &str| options.only.as_ref().is_none_or(|only| only == name);
    if wanted("sqlite") {
        let folder = tempfile::tempdir()?;
        runtime.block_on(async {
            let store = SqliteStore::open(folder.path().join("scale.db")).await?;
            measure("sqlite", &store, options, &mut report).await?;
            store.close().await;
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
    }
    if wanted("postgres")
        && let Some(server) = TestServer::shared()
    {
        runtime.block_on(async {
            let database = server.database().await;
            let store = PostgresStore::connect(&database.url(Role::Owner)).await?;
            measure("postgres", &store, options, &mut report).await?;
            store.close().await;
            Ok::<_, Box<dyn std::error::Error>>(())
        })?;
    }
    Ok(report.exit_code())
}

async fn measure<D: Database>(
    name: &str,
    store: &SqlStore<D>,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let small = store.for_tenant("first".into());
    fill::connection(&small, "acme", 500).await?;
    // Once to warm up.
    steps::measure(&small, "acme", options.repeat / 4 + 1, 0).await?;
    let before = steps::measure(&small, "acme", options.repeat, 1).await?;

    let start = Instant::now();
    let large = options.records / 10;
    let each = (options.records - large) / (options.tenants * options.connections).max(1);
    for tenant in 0..options.tenants {
        let store = store.for_tenant(format!("tenant-{tenant}").into());
        for connection in 0..options.connections {
            fill::connection(&store, &format!("connection-{connection}"), each).await?;
        }
    }
    let erased = store.for_tenant("erased".into());
    fill::connection(&erased, "large", large).await?;
    fill::tidy(store).await?;
    println!(
        "  {name}: {} records of {} connections stored in {:.1} s",
        options.records,
        options.tenants * options.connections + 1,
        start.elapsed().as_secs_f64()
    );

    let within = store.for_tenant(format!("tenant-{}", options.tenants / 2).into());
    steps::measure(&within, "connection-0", options.repeat / 4 + 1, 0).await?;
    let after = steps::measure(&within, "connection-0", options.repeat, 1).await?;
    for ((step, small), (_, large)) in before.into_iter().zip(after) {
        let (small, large) = (middle(small), middle(large));
        println!("  {name}/{step}: {:.2} ms, {:.2} ms before", large * 1e3, small * 1e3);
        report.compare(&format!("scale/{name}/{step}"), large / small, GROWN);
    }

    let undisturbed = steps::commits(&within, "connection-1", options.repeat * 10, || false).await?;
    let start = Instant::now();
    let erasing = tokio::spawn(async move {
        let done = erased.erase(&"large".into()).await;
        (done, start.elapsed())
    });
    let disturbed = steps::commits(&within, "connection-2", 1_000_000, || erasing.is_finished()).await?;
    let (done, took) = erasing.await?;
    done?;
    println!(
        "  {name}: {large} records erased in {:.1} s beside {} commits",
        took.as_secs_f64(),
        disturbed.len()
    );
    let (undisturbed, disturbed) = (slowest_hundredth(undisturbed), slowest_hundredth(disturbed));
    println!("  {name}/p99 of a commit: {:.2} ms, {:.2} ms undisturbed", disturbed * 1e3, undisturbed * 1e3);
    report.compare(&format!("scale/{name}/erasure"), disturbed / undisturbed, DISTURBED);
    Ok(())
}

fn middle(times: Vec<Duration>) -> f64 {
    median(times.iter().map(Duration::as_secs_f64).collect()).unwrap_or(f64::NAN)
}

fn slowest_hundredth(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times.get(times.len() * 99 / 100).map_or(f64::NAN, Duration::as_secs_f64)
}
