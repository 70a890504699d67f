//! Writing back: operations are stored first, sent once, and settled when an answer is lost.
//!
//! A sandbox on this machine plays a Pipedrive account, and misbehaves on request. Nothing here reaches a real one.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tieline::pipedrive::{PipedriveConfig, PipedriveFactory};
use tieline::sqlite::SqliteStore;
use tieline::store::outbox::{Answer, Status, StatusKind};
use tieline::sync::OutboxReport;
use tieline::{
    ApiKey, ConnectionOutbox, FieldPatch, FieldPath, Key, Operation, Patch, Provider, RawJson, Tieline,
    WriteOp,
};
use tieline_sandbox::pipedrive::{COMPANY, Entity, Pipedrive as Model, keys};
use tieline_sandbox::{Fault, FaultRule, Sandbox};
use tieline_store::contract::Elapse;

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
    let sandbox = Sandbox::pipedrive().serve().await?;
    println!("A sandbox serves a Pipedrive account at {}", sandbox.base_url());
    let store = SqliteStore::open(DATABASE).await?;
    let there = Provider::new(PipedriveFactory::default()).with_base_url(sandbox.base_url().parse()?);
    // This machine's own addresses are refused unless the application allows them by name.
    let app = Tieline::builder().store(Arc::new(store.clone())).provider(there).allow_network("127.0.0.1/32");
    let app = app.build().await?;
    // A text field of the account that carries the markers of deals.
    let config = PipedriveConfig::company(COMPANY).with_marker("deals", keys::DEAL_REFERENCE);
    let connection = app.connection("main", "pipedrive-sandbox-writes");
    let crm = connection.open_with(config, ApiKey::new(sandbox.token()))?;
    // Each sandbox is a new account; what an earlier one left does not belong to it.
    crm.store().erase(crm.id()).await?;
    let outbox = crm.outbox();

    println!("\n1. Five operations are stored, each under an id of our own");
    let deal =
        sandbox.create(Entity::Deals, tieline_sandbox::Object::default().with("title", "Serviceavtal"))?;
    let deals = [
        create("order-1001", r#"{"title":"Ny pump till Åkeri AB","value":18250.50,"currency":"SEK"}"#)?,
        update("price-7", deal, "/value", "99500.10")?,
        create("order-1002", r#"{"title":"Reservdelar","value":"a lot"}"#)?,
        create("order-1003", r#"{"title":"Montering i Lund","value":7400}"#)?,
    ];
    let activities = [create("visit-12", r#"{"subject":"Besök på plats","type":"meeting"}"#)?];
    for twice in 0..2 {
        let mut new = outbox.enqueue("deals", &deals).await?;
        new += outbox.enqueue("activities", &activities).await?;
        let word = if twice == 0 { "stored" } else { "stored again by a caller who was not sure" };
        println!("  {word}: {new} new");
    }

    println!("\n2. They are sent. Two answers are lost on the way, after Pipedrive did what was asked");
    for title in ["Montering i Lund", "Besök på plats"] {
        sandbox.inject(
            FaultRule::new(Fault::ResetBeforeAnswer).on("POST", "/api/").body(title).takes_effect(true),
        );
    }
    println!("  {}", send(&outbox).await?);
    show(&outbox).await?;

    println!(
        "\n3. Another run, two minutes later: a deal carries its operation's id as a marker, and can be looked for"
    );
    // An example does not wait: what is due in the database moves nearer, as in tests.
    store.elapse(Duration::from_secs(121)).await;
    println!("  {}", send(&outbox).await?);
    show(&outbox).await?;

    println!("\n4. An activity cannot carry one, so a person looks at Pipedrive, finds it, and answers");
    for question in outbox.entries(Some(StatusKind::NeedsReview), None, 100).await? {
        let found = find(&sandbox, Entity::Activities, "subject", "Besök på plats").first().copied();
        let answer = found.map_or(Answer::NotDone, |id| Answer::Done { key: Some(Key::from(id)) });
        let entry = outbox.answer(&question.operation.id, answer).await?;
        println!("  {} is {}", entry.operation.id, told(&entry.status));
    }
    println!("  {}", send(&outbox).await?);

    println!("\nIn Pipedrive, by its own count");
    for (entity, field, title) in [
        (Entity::Deals, "title", "Ny pump till Åkeri AB"),
        (Entity::Deals, "title", "Reservdelar"),
        (Entity::Deals, "title", "Montering i Lund"),
        (Entity::Activities, "subject", "Besök på plats"),
    ] {
        println!("  {} × {title}", find(&sandbox, entity, field, title).len());
    }
    let value =
        sandbox.record(Entity::Deals, deal).and_then(|deal| deal.get("value").map(ToString::to_string));
    println!("  Serviceavtal is worth {}", value.unwrap_or_default());
    Ok(())
}

fn create(id: &str, fields: &str) -> Outcome<Operation> {
    Ok(Operation::new(id, WriteOp::create(RawJson::parse(fields)?)))
}

fn update(id: &str, key: i64, field: &str, value: &str) -> Outcome<Operation> {
    let patch = Patch(vec![(FieldPath::parse(field)?, FieldPatch::Set(RawJson::parse(value)?))]);
    Ok(Operation::new(id, WriteOp::update(key, patch)))
}

async fn send(outbox: &ConnectionOutbox) -> Outcome<OutboxReport> {
    Ok(outbox.run(|outbox| outbox).await?.into_result()?)
}

/// The outbox as a settings page would show it.
async fn show(outbox: &ConnectionOutbox) -> Outcome<()> {
    for entry in outbox.entries(None, None, 100).await? {
        println!("  {:<11} {}", entry.operation.id, told(&entry.status));
        if let Some(note) = &entry.note {
            println!("              {note}");
        }
    }
    Ok(())
}

fn told(status: &Status) -> String {
    match status {
        Status::Applied { key: Some(key) } => format!("applied, as record {key}"),
        status => status.kind().to_string(),
    }
}

/// What a person would see in Pipedrive.
fn find(sandbox: &Sandbox<Model>, entity: Entity, field: &str, text: &str) -> Vec<i64> {
    let is_it = |id: &i64| {
        let record = sandbox.record(entity, *id);
        record.is_some_and(|record| record.get(field).and_then(|value| value.as_str()) == Some(text))
    };
    (1..2_000).filter(is_it).collect()
}
