//! `tieline write` through an outbox: each operation is stored before it is sent, so that the same input can be given again
//! after anything, and nothing is done twice.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tieline::sqlite::SqliteStore;
use tieline::store::ConnectionId;
use tieline::store::outbox::{Destination, Entry, OutboxStore, Status};
use tieline::sync::Outbox;
use tieline::{Connector, Error, ErrorKind, Operation, Result};

use crate::commands::operations::{Parsed, parse_named};
use crate::commands::outcomes::describe_malformed;
use crate::commands::stdin::{Content, Numbered, too_long};
use crate::failure::{Failure, Outcome};
use crate::lines::{Line, Lines};

/// For how long an operation counts as being sent when its process says no more, beside the waits of its requests.
const LEASE: Duration = Duration::from_secs(120);
/// How many waits of a request the lease outlasts.
const WAITS: u32 = 6;

/// The outbox of one connection.
pub(crate) struct Durable {
    outbox: Outbox,
    store: Arc<dyn OutboxStore>,
    connection: ConnectionId,
    to: Destination,
    all_done: bool,
}

/// A line that waits for its answer.
enum Waiting {
    Stored(Operation),
    Malformed(Error),
    /// Its id is taken by another operation.
    Refused(Operation, Error),
}

impl Durable {
    /// Opens the outbox in a file, which is made when it is not there.
    pub(crate) async fn open(
        file: &Path,
        tenant: &str,
        connection: ConnectionId,
        entity: &str,
        connector: Arc<dyn Connector>,
        max_wait: Duration,
    ) -> Result<Self> {
        let store = SqliteStore::open(file).await?.for_tenant(tenant.into());
        let store: Arc<dyn OutboxStore> = Arc::new(store);
        let outbox = Outbox::new(connector, store.clone(), connection.clone())
            .lease(LEASE.saturating_add(max_wait.saturating_mul(WAITS)));
        Ok(Self { outbox, store, connection, to: entity.into(), all_done: true })
    }

    /// Whether each line so far was done.
    pub(crate) fn end(&self) -> Outcome {
        if self.all_done { Ok(()) } else { Err(Failure::Incomplete) }
    }

    /// Stores the operations of a piece, sends what is due, and answers each line of the piece in its order.
    pub(crate) async fn carry_out<W: std::io::Write>(
        &mut self,
        lines: &mut Lines<W>,
        piece: Vec<Numbered>,
    ) -> Outcome {
        let mut waiting = Vec::with_capacity(piece.len());
        for Numbered { number, content } in piece {
            waiting.push((number, self.store_line(number, content).await?));
        }
        let stop = self.outbox.run().await.error;
        for (number, line) in waiting {
            match line {
                Waiting::Malformed(error) => {
                    self.all_done = false;
                    lines.put(|line| describe_malformed(line, number, &error))?;
                }
                Waiting::Refused(operation, error) => {
                    self.all_done = false;
                    lines.put(|line| {
                        line.json("line", &number).text("id", &operation.id).text("outcome", "rejected");
                        line.text("note", error.message());
                    })?;
                }
                Waiting::Stored(operation) => {
                    let entry = self.store.entry(&self.connection, &operation.id).await?;
                    self.all_done &= entry.as_ref().is_some_and(|entry| {
                        matches!(entry.status, Status::Applied { .. } | Status::Unchanged)
                    });
                    lines.put(|line| {
                        line.json("line", &number).text("id", &operation.id);
                        match &entry {
                            Some(entry) => describe_entry(line, entry),
                            None => _ = line.text("outcome", "unknown"),
                        }
                    })?;
                }
            }
        }
        lines.flush()?;
        stop.map_or(Ok(()), |error| Err(error.into()))
    }

    async fn store_line(&self, number: u64, content: Content) -> Result<Waiting> {
        let parsed = match content {
            Content::Line(line) => parse_named(&line, number),
            Content::TooLong => Err(too_long(number)),
        };
        let operation = match parsed {
            Err(error) => return Ok(Waiting::Malformed(error)),
            Ok(Parsed { named: false, .. }) => return Ok(Waiting::Malformed(without_id(number))),
            Ok(Parsed { operation, .. }) => operation,
        };
        let stored = self.store.enqueue(&self.connection, &self.to, std::slice::from_ref(&operation)).await;
        match stored {
            Ok(_) => Ok(Waiting::Stored(operation)),
            Err(error) if error.kind() == ErrorKind::Conflict => Ok(Waiting::Refused(operation, error)),
            Err(error) => Err(error),
        }
    }
}

fn without_id(number: u64) -> Error {
    Error::new(ErrorKind::Rejected, format!("line {number} is an operation without an \"id\""))
        .with_advice(
            "give each operation an id of yours, the same one whenever you send it again: by it the outbox knows what was \
             done; nothing was sent for this line",
        )
}

/// The members of a line that say how far an operation in the outbox is.
fn describe_entry(line: &mut Line, entry: &Entry) {
    let word = match &entry.status {
        Status::Applied { .. } => "applied",
        Status::Unchanged => "unchanged",
        Status::Partial => "partial",
        Status::Conflict => "conflict",
        Status::Rejected => "rejected",
        Status::Accepted { .. } => "accepted",
        Status::Pending { .. } => "deferred",
        Status::NeedsReview => "needs_review",
        _ => "unknown",
    };
    line.text("outcome", word);
    if let Status::Applied { key: Some(key) } = &entry.status {
        line.text("key", key);
    }
    if let Status::Accepted { ticket, .. } = &entry.status {
        line.text("ticket", ticket);
    }
    if let Some(due) = entry.status.due() {
        line.json("not_before", &due);
    }
    match (&entry.status, &entry.note) {
        (Status::Sending { .. }, _) => {
            line.text(
                "note",
                "a process is sending it, or ended while it did: run the same again after that time",
            );
        }
        (_, note) => _ = line.maybe("note", note.as_ref()),
    }
}
