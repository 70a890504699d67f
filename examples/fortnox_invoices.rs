//! A year of invoices and their customers from Fortnox into a SQLite file: with a progress bar that says when it waits
//! and for what, and a second run that asks for what changed.
//!
//! A sandbox on this machine plays a small company, and keeps Fortnox's limit. A real one is connected by consent, as in
//! the example `oauth_axum`; the rest stays as it is here.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;
use tieline::fortnox::{FortnoxConfig, FortnoxFactory, Invoice, RestConnector};
use tieline::sqlite::SqliteStore;
use tieline::sync::{Event, StreamPlan};
use tieline::{Bearer, CheckRequest, Connector, OpenConnection, Provider, Tieline};
use tieline_sandbox::fortnox::{Entity, Fortnox as Model};
use tieline_sandbox::{Object, Server};
use tracing::Subscriber;
use tracing::span::Id;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

type Outcome<T> = Result<T, Box<dyn Error>>;

const DATABASE: &str = "tieline.db";
/// Invoices of the sandbox's year.
const YEAR: u32 = 60;
/// What Fortnox allows an app for each company: so many requests in so many seconds. Source:
/// <https://www.fortnox.se/developer/guides-and-good-to-know/rate-limits-for-fortnox-api>
const LIMIT: (u64, u64) = (25, 5);

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Outcome<()> {
    let pace = Pace::default();
    tracing_subscriber::registry().with(pace.clone()).try_init()?;

    let sandbox = Model::builder().invoices(YEAR).build().serve().await?;
    println!("A sandbox serves a company in Fortnox at {}", sandbox.base_url());
    let there = Provider::new(FortnoxFactory::default()).with_base_url(sandbox.base_url().parse()?);
    // This machine's own addresses are refused unless the application allows them by name.
    let app = Tieline::builder().provider(there).allow_network("127.0.0.1/32");
    let app = app.store(Arc::new(SqliteStore::open(DATABASE).await?)).build().await?;
    let connection = app.connection("main", "fortnox-sandbox");
    let books = connection.open_with(FortnoxConfig::new(), Bearer::new(sandbox.token()))?;
    println!("Connected to {}", books.check(CheckRequest::default()).await?.name);
    // Each sandbox is a new company; what an earlier one left does not belong to it.
    books.store().erase(books.id()).await?;

    println!(
        "\nFirst run, into {DATABASE}: Fortnox's list of invoices lacks their rows, so each costs a request"
    );
    sync(&books, &pace).await?;
    show_totals(&books).await?;
    // A page of 500 begins with the last record of the page before.
    let requests = 5_000 + 5_000_u64.div_ceil(499);
    println!("  A year of 5,000 invoices is {requests} requests: {} at least", told(least(requests)));

    people_work(&sandbox)?;
    println!("\nSecond run, after people changed a customer, credited an invoice, and made one");
    sync(&books, &pace).await?;
    show_totals(&books).await?;
    println!("\nFortnox refused {} requests for their pace", sandbox.usage().refused);
    Ok(())
}

async fn sync(books: &OpenConnection<RestConnector>, pace: &Pace) -> Outcome<()> {
    // Shown on a terminal, silent in a pipe.
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template("  [{bar:20}] {pos} of {len} {msg}")?.progress_chars("=> "));
    let (shown, waits) = (bar.clone(), tokio::spawn(show_waits(bar.clone(), pace.clone())));
    let begun = Instant::now();
    pace.start();

    let run = books.sync(|run| {
        // Small batches, so that the bar moves and a run that is cut off asks for little twice.
        run.stream(StreamPlan::mirror("customers").page_size(20))
            .stream(StreamPlan::mirror("invoices").page_size(20))
            .on_event(move |event| match event {
                Event::Started { entity } => {
                    shown.set_prefix(entity.to_string());
                    shown.unset_length();
                    shown.set_position(0);
                }
                Event::Committed { read, total, .. } => {
                    shown.set_length(total.unwrap_or(read));
                    shown.set_position(read);
                }
                _ => {}
            })
    });
    let report = run.await;
    waits.abort();
    bar.finish_and_clear();

    let report = report?.into_result()?;
    for stream in &report.streams {
        println!("  {stream}");
    }
    let Seen { requests, waited, .. } = *pace.seen();
    print!("  {requests} requests in {:.1} s", begun.elapsed().as_secs_f32());
    if !waited.is_zero() {
        let (most, seconds) = LIMIT;
        print!(", of which {:.1} s waiting: Fortnox allows {most} in {seconds} s", waited.as_secs_f32());
    }
    println!();
    Ok(())
}

/// The shortest time that the limit lets so many requests through in.
fn least(requests: u64) -> Duration {
    let (requests_each, seconds) = LIMIT;
    Duration::from_secs(requests.div_ceil(requests_each).saturating_sub(1) * seconds)
}

fn told(time: Duration) -> String {
    match (time.as_secs() / 60, time.as_secs() % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}

/// What the HTTP stack tells: each request is a span named `http`, which ends with its answer.
#[derive(Clone, Default)]
struct Pace(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    requests: u64,
    last: Option<Instant>,
    waited: Duration,
}

/// A gap between two answers of a provider that is not slow.
const WAIT: Duration = Duration::from_millis(500);

impl Pace {
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self) {
        *self.seen() = Seen { last: Some(Instant::now()), ..Seen::default() };
    }
}

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Pace {
    fn on_close(&self, id: Id, context: Context<'_, S>) {
        if context.span(&id).is_some_and(|span| span.name() == "http") {
            let mut seen = self.seen();
            let gap = seen.last.replace(Instant::now()).map(|last| last.elapsed()).unwrap_or_default();
            seen.requests += 1;
            seen.waited += if gap >= WAIT { gap } else { Duration::ZERO };
        }
    }
}

/// Says beside the bar what it stands still for.
async fn show_waits(bar: ProgressBar, pace: Pace) {
    loop {
        let (requests, still) = {
            let seen = pace.seen();
            (seen.requests, seen.last.is_some_and(|last| last.elapsed() >= WAIT))
        };
        let why = if still {
            format!(", waiting for room among {} in {} s", LIMIT.0, LIMIT.1)
        } else {
            String::new()
        };
        bar.set_message(format!("{}, {requests} requests{why}", bar.prefix()));
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[derive(Default)]
struct Totals {
    invoices: u32,
    credit_notes: u32,
    cancelled: u32,
    net: Decimal,
}

/// What the file holds, by currency: amounts are decimals, and credit notes count against the rest.
async fn show_totals(books: &OpenConnection<RestConnector>) -> Outcome<()> {
    let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
    let mut after = None;
    loop {
        let records = books.store().records(books.id(), &"invoices".into(), after.as_ref(), 500).await?;
        let Some(last) = records.last() else { break };
        after = Some(last.key.clone());
        for record in &records {
            let invoice: Invoice = record.payload.view()?;
            let total = totals.entry(invoice.currency.unwrap_or_default()).or_default();
            match (invoice.cancelled, invoice.credit) {
                (true, _) => total.cancelled += 1,
                (_, true) => total.credit_notes += 1,
                _ => total.invoices += 1,
            }
            if !invoice.cancelled {
                let net = invoice.net.unwrap_or_default();
                total.net = total.net.checked_add(net).ok_or("a sum is too large")?;
            }
        }
    }
    println!("  {:<8} {:>8} {:>12} {:>9} {:>16}", "currency", "invoices", "credit notes", "cancelled", "net");
    for (currency, Totals { invoices, credit_notes, cancelled, net }) in totals {
        println!("  {currency:<8} {invoices:>8} {credit_notes:>12} {cancelled:>9} {net:>16.2}");
    }
    Ok(())
}

/// What colleagues do in Fortnox while we look away.
fn people_work(sandbox: &Server<Model>) -> Outcome<()> {
    sandbox.advance(Duration::from_secs(3600));
    sandbox.update(Entity::Customers, "1001", Object::default().with("Comments", "Ringer på måndagar"))?;
    sandbox.create(Entity::Invoices, Object::default().with("CustomerNumber", "1001"))?;
    let creditable = |key: &String| sandbox.act(Entity::Invoices, key, "credit").is_ok();
    sandbox.keys(Entity::Invoices).iter().find(|key| creditable(key)).ok_or("no invoice can be credited")?;
    Ok(())
}
