//! Key figures from a Fortnox company: syncs its invoices through the ready mapping `docs/mappings/fortnox-invoice.yaml`
//! into a store, and prints revenue by month, MRR, ARR, growth and the largest customers.
//!
//! It reads a sandbox on this machine: a year of 500 invented invoices, with credit notes, cancelled ones, drafts and
//! other currencies. Fortnox's limit is left out, so that it takes seconds; `fortnox_invoices` shows the honest waits.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::NaiveDate;
use chrono_tz::Europe::Stockholm;
use rust_decimal::{Decimal, RoundingStrategy};
use tieline::fortnox::{FortnoxConfig, FortnoxFactory};
use tieline::mapping::{Format, Mapping};
use tieline::store::{ConnectionId, MemoryStore, SyncStore};
use tieline::sync::StreamPlan;
use tieline::{Bearer, CheckRequest, Connector, Provider, Tieline};
use tieline_insights::{Figures, Report, Rules};
use tieline_sandbox::Sandbox;
use tieline_sandbox::fortnox::Limits;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The months that the figures cover: half of the sandbox's year, so that there is a half before it to compare with.
const MONTHS: u32 = 6;
const INVOICES: &str = "invoices";

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
    let sandbox = Sandbox::fortnox();
    sandbox.set_limits(Limits::none());
    let sandbox = sandbox.serve().await?;
    let there = Provider::new(FortnoxFactory::default()).with_base_url(sandbox.base_url().parse()?);
    let app = Tieline::builder()
        .store(Arc::new(MemoryStore::new()))
        .provider(there.with_limits(Vec::new()))
        // This machine's own addresses are refused unless the application allows them by name.
        .allow_network("127.0.0.1/32")
        .build()
        .await?;
    let connection = app.connection("main", "fortnox-sandbox");
    let books = connection.open_with(FortnoxConfig::new(), Bearer::new(sandbox.token()))?;
    println!("Connected to {}", books.check(CheckRequest::default()).await?.name);

    let mapping = Mapping::load(include_str!("../docs/mappings/fortnox-invoice.yaml"), Format::Yaml)?;
    let stream = StreamPlan::mapped(INVOICES, INVOICES, Arc::new(mapping));
    let report = books.sync(|run| run.stream(stream)).await?.into_result()?;
    for stream in &report.streams {
        println!("  {stream}");
    }

    // Today, where the books are kept.
    let today = sandbox.now().with_timezone(&Stockholm).date_naive();
    println!("Key figures as of {today}");
    show(&figures(&**books.store(), books.id(), today).await?);
    Ok(())
}

/// The figures of the stored rows, page by page: the invoices are never in memory together.
async fn figures(store: &dyn SyncStore, connection: &ConnectionId, today: NaiveDate) -> Outcome<Report> {
    let mut figures = Figures::new(Rules::new("SEK", today).with_months(MONTHS).with_top(8))?;
    let mut after = None;
    loop {
        let rows = store.rows(connection, &INVOICES.into(), after.as_ref(), 500).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.key.clone());
        for row in &rows {
            figures.add_json(&row.key, &row.fields);
        }
    }
    Ok(figures.report()?)
}

fn show(report: &Report) {
    let currency = &report.currency;
    println!("\nNet invoiced revenue, {currency}");
    table(
        &["Month", "Revenue", "Growth"],
        report
            .months
            .iter()
            .map(|month| [month.month.to_string(), grouped(month.revenue), percent(month.growth)])
            .chain([["together".to_owned(), grouped(report.revenue), percent(report.growth)]]),
    );
    println!("  (growth: each month against the one before, together against the {MONTHS} months before)");

    println!("\nKey figures, {currency}");
    let (mrr, arr) = (grouped(report.mrr), grouped(report.arr));
    let width = mrr.chars().count().max(arr.chars().count());
    println!("  MRR  {mrr:>width$}  revenue ÷ {MONTHS} complete months");
    println!("  ARR  {arr:>width$}  12 × MRR");

    println!("\nLargest customers, {currency}");
    table(
        &["Customer", "Revenue", "Share"],
        report.top_customers.iter().map(|customer| {
            let name = customer.name.as_deref().or(customer.id.as_deref()).unwrap_or("(not named)");
            [name.to_owned(), grouped(customer.revenue), percent(customer.share)]
        }),
    );

    let counts = report.counts;
    println!(
        "\n{} invoices and {} credit notes counted; {} cancelled and {} drafts left out; {} in the months before, {} outside",
        counts.invoices,
        counts.credit_notes,
        counts.cancelled,
        counts.drafts,
        counts.previous,
        counts.outside
    );
    for aside in &report.set_aside {
        println!("set aside: {} invoices in {}, {} net", aside.invoices, aside.currency, grouped(aside.net));
    }
    for issue in &report.issues {
        println!("not counted: {issue}");
    }
}

/// Columns as wide as what stands in them, the second and third to the right.
fn table(head: &[&str; 3], rows: impl IntoIterator<Item = [String; 3]>) {
    let rows: Vec<[String; 3]> = rows.into_iter().collect();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|title| title.chars().count())).max().unwrap_or_default()
    };
    let (first, second, third) = (width(0), width(1), width(2));
    let [a, b, c] = head;
    println!("  {a:<first$}  {b:>second$}  {c:>third$}");
    for [a, b, c] in &rows {
        println!("  {a:<first$}  {b:>second$}  {c:>third$}");
    }
}

/// A fraction as a percentage: `0.1234` as `12.3 %`.
fn percent(fraction: Option<Decimal>) -> String {
    let Some(fraction) = fraction else { return "–".to_owned() };
    let percent = fraction * Decimal::ONE_HUNDRED;
    format!("{:.1} %", percent.round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero))
}

/// `1234567.5` as `1 234 567.50`.
fn grouped(amount: Decimal) -> String {
    let text = format!("{:.2}", amount.abs());
    let (whole, cents) = text.split_once('.').unwrap_or((&text, "00"));
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    format!("{}{grouped}.{cents}", if amount.is_sign_negative() { "-" } else { "" })
}
