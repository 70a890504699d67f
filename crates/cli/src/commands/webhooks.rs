//! `tieline webhooks`: deliveries of providers that are kept, those that were given up, and handling them again.

use std::io;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use tieline::Error;
use tieline::ErrorKind;
use tieline::store::ConnectionId;
use tieline::store::inbox::{Delivery, DeliveryStatus};
use tieline::webhook::WebhookEvent;

use crate::failure::Outcome;
use crate::keeping;
use crate::lines::stdout;
use crate::store_arguments::StoreArgs;
use crate::table::Table;
use crate::text::{Paint, clean};

/// Deliveries that are read, or handled again, at once.
const PAGE: u32 = 100;

#[derive(Args, Debug)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    command: WebhooksCommand,
}

#[derive(Debug, Subcommand)]
enum WebhooksCommand {
    /// List the deliveries of a connection that are kept, the oldest first.
    List(InboxArgs),
    /// List the deliveries of a connection that were given up, with what went wrong.
    Dead(InboxArgs),
    /// Have the deliveries that were given up handled again, after what was wrong is mended.
    Replay(InboxArgs),
}

/// An inbox.
#[derive(Args, Debug)]
struct InboxArgs {
    /// The connection's id, from `tieline connections`.
    id: String,
    #[command(flatten)]
    store: StoreArgs,
}

pub(crate) async fn webhooks(arguments: WebhooksArgs, json: bool) -> Outcome {
    match arguments.command {
        WebhooksCommand::List(inbox) => list(inbox, None, json).await,
        WebhooksCommand::Dead(inbox) => list(inbox, Some(DeliveryStatus::Dead), json).await,
        WebhooksCommand::Replay(inbox) => replay(inbox, json).await,
    }
}

async fn list(arguments: InboxArgs, status: Option<DeliveryStatus>, json: bool) -> Outcome {
    let store = inbox(&arguments).await?;
    let connection = ConnectionId::new(arguments.id.as_str());
    let mut out = stdout();
    let mut table = Table::new(&["NUMBER", "RECEIVED", "STATUS", "WHAT", "ATTEMPTS", "LAST FAILURE"]);
    let (mut after, mut found) = (None, false);
    loop {
        let page = store.deliveries(&connection, status, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.revision.number);
        for delivery in &page {
            found = true;
            if json {
                out.value(&as_json(delivery))?;
            } else {
                table.row(cells(delivery));
            }
        }
    }
    if !json {
        let none = format!("No deliveries of {}\n", clean(&arguments.id));
        out.text(&if found { table.show("", Paint::on(&io::stdout())) } else { none })?;
    }
    out.flush()
}

async fn replay(arguments: InboxArgs, json: bool) -> Outcome {
    let store = inbox(&arguments).await?;
    let connection = ConnectionId::new(arguments.id.as_str());
    let mut replayed = 0;
    loop {
        let more = store.replay_deliveries(&connection, DeliveryStatus::Dead, None, PAGE).await?;
        replayed += more;
        if more < u64::from(PAGE) {
            break;
        }
    }
    let mut out = stdout();
    if json {
        out.value(&json!({ "replayed": replayed }))?;
    } else {
        let number = if replayed == 1 { "1 delivery".to_owned() } else { format!("{replayed} deliveries") };
        out.text(&format!("{number} will be handled again\n"))?;
    }
    out.flush()
}

async fn inbox(arguments: &InboxArgs) -> Outcome<std::sync::Arc<dyn tieline::store::WebhookStore>> {
    let store = keeping::store(&arguments.store, false).await?;
    let connection = ConnectionId::new(arguments.id.as_str());
    if store.connection(&connection).await?.is_none() {
        return Err(Error::new(ErrorKind::NotFound, "there is no such connection")
            .with_advice("`tieline connections` lists them")
            .with_context("connection", &connection)
            .into());
    }
    let missing = || Error::new(ErrorKind::Config, "this store keeps no deliveries");
    Ok(store.webhooks().ok_or_else(missing)?)
}

fn as_json(delivery: &Delivery) -> Value {
    json!({
        "number": delivery.revision.number,
        "endpoint": delivery.endpoint.as_str(),
        "received_at": delivery.received_at,
        "status": delivery.status.as_str(),
        "event": what(&delivery.event),
        "attempts": delivery.attempts,
        "due": delivery.due,
        "note": delivery.note,
    })
}

fn cells(delivery: &Delivery) -> [String; 6] {
    [
        delivery.revision.number.to_string(),
        delivery.received_at.format("%Y-%m-%d %H:%M UTC").to_string(),
        delivery.status.as_str().to_owned(),
        clean(&what(&delivery.event)).to_string(),
        delivery.attempts.to_string(),
        clean(delivery.note.as_deref().unwrap_or_default()).to_string(),
    ]
}

/// The content of a delivery, without a word of any record.
fn what(event: &WebhookEvent) -> String {
    match event {
        WebhookEvent::Hints(hints) => match hints.hints.as_slice() {
            [one] => match &one.key {
                Some(key) => format!("{} {key}", one.entity),
                None => one.entity.to_string(),
            },
            many => format!("{} changes", many.len()),
        },
        WebhookEvent::Records(records) => {
            format!("{} records", records.changes.iter().map(|group| group.changes.len()).sum::<usize>())
        }
        WebhookEvent::Disconnected(_) => "disconnected".to_owned(),
        WebhookEvent::Missed(_) => "missed".to_owned(),
        _ => "other".to_owned(),
    }
}
