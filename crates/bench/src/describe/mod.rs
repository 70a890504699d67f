//! `describe`: Pipedrive's deals by a description against the reader that was written by hand, and how long a description
//! takes to compile.

mod by_hand;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use tieline_auth::ApiKey;
use tieline_core::http::HttpClient;
use tieline_core::{
    BuildContext, Category, Change, Connector as _, ConnectorFactory as _, IntoCredential as _, PassEnd,
    ReadRequest, Record,
};
use tieline_http::{ClientOptions, HttpStack};
use tieline_rest::{RestConnector, RestFactory};
use url::Url;

use self::by_hand::ByHand;
use crate::Result;
use crate::harness::{self, Cost, LEAST_ROUNDS, Report};
use crate::server::Server;

/// The most that the description may take of the time of the reader written by hand.
const LIMIT: f64 = 1.05;
/// The longest that a description of an ordinary size may take to compile.
const COMPILE: Duration = Duration::from_millis(2);
/// Never reached, as in `read`.
const QUOTA: u32 = 1_000_000;

const DEALS: &str = include_str!("deals.yaml");
const CHATWOOT: &str = include_str!("../../../connectors/chatwoot/chatwoot.yaml");

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// The number of deals that a run reads.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How often each side runs, after one run to warm up.
    #[arg(long, default_value_t = 9, value_parser = clap::value_parser!(u64).range(LEAST_ROUNDS..))]
    rounds: u64,
}

/// Compares the times of reading, then a description's time of compiling with its bound.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let Options { records, rounds } = *options;
    let mut report = Report::default();
    let server = Server::start(records, records)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let factory = RestFactory::shipped("pipedrive", "deals.yaml", DEALS, Category::Crm)?;
    let (http, clock) = client(&factory, server.url())?;
    let by_hand = ByHand::new(http.clone(), server.url().clone())?;
    let described =
        factory.connect(BuildContext::new(serde_json::Value::Null, server.url().clone(), http, clock))?;
    let rounds = harness::alternate(
        rounds,
        || runtime.block_on(exactly(records, read(&described, key_and_time))),
        || runtime.block_on(exactly(records, by_hand.read(key_and_time))),
    )?;
    let wall = |cost: &Cost| Some(cost.wall.as_secs_f64());
    let cpu = |cost: &Cost| cost.cpu.as_ref().map(Duration::as_secs_f64);
    let ratio = harness::ratio(&rounds, cpu).or_else(|| harness::ratio(&rounds, wall));
    report.compare("describe", ratio.ok_or("there were no rounds")?, LIMIT);
    let compile = compile()?;
    println!(
        "describe compile: {:.2} ms for {} lines",
        compile.as_secs_f64() * 1e3,
        CHATWOOT.lines().count()
    );
    report.compare("describe/compile", compile.as_secs_f64() / COMPILE.as_secs_f64(), 1.0);
    Ok(report.exit_code())
}

/// The median time of compiling a shipped description.
fn compile() -> Result<Duration> {
    let mut times = Vec::new();
    for _ in 0..51 {
        let begun = Instant::now();
        RestFactory::shipped("chatwoot", "chatwoot.yaml", CHATWOOT, Category::Support)?;
        times.push(begun.elapsed().as_secs_f64());
    }
    Ok(Duration::from_secs_f64(harness::median(times).ok_or("there were no rounds")?))
}

/// The whole stack, with the provider's own limits in kind and number, each with room for all.
fn client(factory: &RestFactory, server: &Url) -> Result<(HttpClient, Arc<dyn tieline_core::Clock>)> {
    let mut limits = factory.spec().limits.clone();
    for limit in &mut limits {
        limit.quota = QUOTA;
    }
    let key =
        ApiKey::new("0123456789abcdef0123456789abcdef01234567").into_credential(&factory.spec().auth)?;
    let host = HttpStack::builder().allow_network("127.0.0.1/32").build()?;
    let options = ClientOptions::new(Arc::new(factory.clone()), server.clone())
        .with_credential(key)
        .with_account("bench")
        .with_limits(limits);
    Ok((host.client(options)?, host.clock()))
}

async fn read(connector: &RestConnector, sink: impl Fn(&Record) -> Result<usize>) -> Result<u64> {
    let mut batches = connector.read(ReadRequest::full("deals"))?;
    let (mut records, mut read, mut end) = (0, 0, None);
    while let Some(batch) = batches.try_next().await? {
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            let Change::Upsert(record) = change else { return Err("a full read yields records only".into()) };
            read += sink(record)?;
            records += 1;
        }
        end = batch.end;
    }
    std::hint::black_box(read);
    if end == Some(PassEnd::Complete) { Ok(records) } else { Err("the pass is not complete".into()) }
}

fn key_and_time(record: &Record) -> Result<usize> {
    let changed_at = record.changed_at.as_ref().ok_or("a record has no time of change")?;
    Ok(record.key.as_str().len() + changed_at.as_str().len())
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
