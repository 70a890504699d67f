//! The main job from end to end: connect a Pipedrive account, look at it, keep its deals in a SQLite file with the
//! names of their organization, person and owner, and print the pipeline.
//!
//! Without an account it starts a sandbox on this machine. With `PIPEDRIVE_COMPANY` and `PIPEDRIVE_API_TOKEN` in the
//! environment it reads the real one; it never writes there.

use std::collections::BTreeMap;
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rust_decimal::Decimal;
use serde::Deserialize;
use tieline::mapping::{Format, Mapping};
use tieline::pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory};
use tieline::sqlite::SqliteStore;
use tieline::sync::{Event, Report, StreamPlan};
use tieline::{
    ApiKey, CheckRequest, Connector, DiscoverRequest, FieldMapping, OpenConnection, Provider, Tieline,
};
use tieline_sandbox::pipedrive::{COMPANY, Entity, Pipedrive as Model};
use tieline_sandbox::{Object, Sandbox, Server};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DATABASE: &str = "tieline.db";

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
    let (crm, sandbox) = connect().await?;
    let who = crm.check(CheckRequest::default()).await?;
    println!("Connected to {} as {}", who.name, who.user.unwrap_or_default());
    for warning in who.warnings {
        println!("  warning: {warning}");
    }

    show_catalog(&crm).await?;

    println!("\nFirst run, into {DATABASE}");
    show_report(&sync(&crm).await?);
    show_pipeline(&crm).await?;

    if let Some(sandbox) = &sandbox {
        let rows = crm.store().rows(crm.id(), &"deals".into(), None, 4).await?;
        let deals = rows.iter().map(|row| row.key.as_str().parse()).collect::<Result<Vec<i64>, _>>()?;
        people_work(sandbox, &deals)?;
        println!("\nSecond run, after people changed three deals, added one and deleted one");
    } else {
        println!("\nSecond run, right after the first");
    }
    show_report(&sync(&crm).await?);
    show_pipeline(&crm).await
}

/// Your account, or the one of a sandbox on this machine.
async fn connect() -> Outcome<(OpenConnection<Pipedrive>, Option<Server<Model>>)> {
    let get = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let app = Tieline::builder().store(Arc::new(SqliteStore::open(DATABASE).await?));
    match (get("PIPEDRIVE_COMPANY"), get("PIPEDRIVE_API_TOKEN")) {
        (Some(company), Some(token)) => {
            let connection = app.build().await?.connection("main", format!("pipedrive-{company}"));
            Ok((connection.open_with(PipedriveConfig::company(company), ApiKey::new(token))?, None))
        }
        (None, None) => {
            let sandbox = Sandbox::pipedrive().serve().await?;
            println!("No account given, so a sandbox serves one at {}", sandbox.base_url());
            println!("(set PIPEDRIVE_COMPANY and PIPEDRIVE_API_TOKEN to read your own)\n");
            let there = Provider::new(PipedriveFactory::default()).with_base_url(sandbox.base_url().parse()?);
            // This machine's own addresses are refused unless the application allows them by name.
            let app = app.provider(there).allow_network("127.0.0.1/32").build().await?;
            let connection = app.connection("main", "pipedrive-sandbox");
            let crm =
                connection.open_with(PipedriveConfig::company(COMPANY), ApiKey::new(sandbox.token()))?;
            // Each sandbox is a new account; what an earlier one left does not belong to it.
            crm.store().erase(crm.id()).await?;
            Ok((crm, Some(sandbox)))
        }
        _ => Err("set both PIPEDRIVE_COMPANY and PIPEDRIVE_API_TOKEN, or neither for the sandbox".into()),
    }
}

async fn show_catalog(crm: &Pipedrive) -> Outcome<()> {
    let catalog = crm.discover(DiscoverRequest::schemas()).await?;
    println!("\nDiscovered");
    for entity in &catalog.entities {
        let custom: Vec<_> =
            entity.fields.iter().filter(|field| field.custom).map(|field| field.title.as_str()).collect();
        print!("  {:<14} {:>3} fields", entity.name, entity.fields.len());
        if custom.is_empty() {
            println!();
        } else {
            println!(", of your own: {}", custom.join(", "));
        }
    }
    Ok(())
}

/// The ready mapping of a standard deal: names instead of ids, one of six standard stages. Lost ones are left out here.
fn standard_deal() -> tieline::Result<Arc<dyn FieldMapping>> {
    let plan = Mapping::parse(include_str!("../docs/mappings/pipedrive-deal.yaml"), Format::Yaml)?;
    Ok(Arc::new(plan.exclude("status", ["lost"]).compile()?))
}

async fn sync(crm: &OpenConnection<Pipedrive>) -> Outcome<Report> {
    let deals = standard_deal()?;
    // Shown on a terminal, silent in a pipe.
    let bar = ProgressBar::new(5);
    bar.set_style(
        ProgressStyle::with_template("  [{bar:20}] {pos} of {len} entities, {msg}")?.progress_chars("=> "),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    let shown = bar.clone();

    let run = crm.sync(|run| {
        run.stream(StreamPlan::mirror("users"))
            .stream(StreamPlan::mirror("stages"))
            .stream(StreamPlan::mirror("organizations"))
            .stream(StreamPlan::mirror("persons"))
            .stream(StreamPlan::mapped("deals", "deals", deals))
            .on_event(move |event| match event {
                Event::Started { entity } => shown.set_message(entity.to_string()),
                Event::Committed { entity, read, .. } => shown.set_message(format!("{entity}: {read} read")),
                Event::Finished { .. } => shown.inc(1),
                _ => {}
            })
    });
    let report = run.await?;
    bar.finish_and_clear();
    Ok(report.into_result()?)
}

fn show_report(report: &Report) {
    for stream in &report.streams {
        println!("  {stream}");
        for issue in stream.issues.iter().take(5) {
            println!("    {issue}");
        }
    }
}

#[derive(Deserialize)]
struct StandardDeal {
    #[serde(default, with = "tieline::exact::option")]
    value: Option<Decimal>,
    currency: Option<String>,
    stage: Option<String>,
}

/// Counts and sums, in decimals, per stage and currency.
async fn show_pipeline(crm: &OpenConnection<Pipedrive>) -> Outcome<()> {
    const STAGES: [&str; 6] = ["lead", "qualified", "proposal", "negotiation", "won", "(no standard stage)"];
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut sums: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    let mut after = None;
    loop {
        let rows = crm.store().rows(crm.id(), &"deals".into(), after.as_ref(), 500).await?;
        let Some(last) = rows.last() else { break };
        after = Some(last.key.clone());
        for row in &rows {
            let deal: StandardDeal = row.fields.view()?;
            let stage = deal.stage.unwrap_or_else(|| "(no standard stage)".to_owned());
            *counts.entry(stage.clone()).or_default() += 1;
            let sum = sums.entry((deal.currency.unwrap_or_default(), stage)).or_default();
            *sum = sum.checked_add(deal.value.unwrap_or_default()).ok_or("a sum is too large")?;
        }
    }
    let mut currencies: Vec<&str> = sums.keys().map(|(currency, _)| currency.as_str()).collect();
    currencies.dedup();

    print!("\n  {:<20} {:>6}", "Stage", "Deals");
    currencies.iter().for_each(|currency| print!(" {currency:>26}"));
    println!();
    for stage in STAGES {
        let Some(count) = counts.get(stage) else { continue };
        print!("  {stage:<20} {count:>6}");
        for currency in &currencies {
            let sum = sums.get(&((*currency).to_owned(), stage.to_owned()));
            print!(" {:>26}", sum.map(|sum| grouped(*sum)).unwrap_or_default());
        }
        println!();
    }
    Ok(())
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

/// What colleagues do in Pipedrive while we look away.
fn people_work(sandbox: &Sandbox<Model>, deals: &[i64]) -> Outcome<()> {
    let [raised, moved, renamed, dropped, ..] = *deals else {
        return Err("the sandbox has too few deals".into());
    };
    let fields = Object::default;
    sandbox.advance(Duration::from_secs(3600));
    sandbox.update(Entity::Deals, raised, fields().with("value", 99_500))?;
    sandbox.update(Entity::Deals, moved, fields().with("stage_id", 3))?;
    sandbox.update(Entity::Deals, renamed, fields().with("title", "Ramavtal 2027"))?;
    sandbox.create(Entity::Deals, fields().with("title", "Ny förfrågan").with("value", 18_000))?;
    sandbox.delete(Entity::Deals, dropped)?;
    Ok(())
}
