//! The outbox: sends what is stored, and settles what is not known.

mod report;
mod send;
mod settle;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::{
    Connector, DiscoverRequest, EntityName, Error, ErrorKind, MarkerField, OperationId, Result,
};
use tieline_store::ConnectionId;
use tieline_store::outbox::{Entry, OutboxStore, Status, StatusKind};

pub use report::OutboxReport;

/// How long an operation waits after its first deferral, and at most. Each deferral doubles the wait.
const FIRST_WAIT: Duration = Duration::from_secs(30);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// How many operations go without a definite answer before a run ends.
const LONGEST_SILENCE: u32 = 3;

/// An id for a new operation (a UUID of version 7). Store it with whatever the operation is about, before enqueuing:
/// an id that is made anew for each try is no protection against doing something twice.
///
/// ```
/// assert_ne!(tieline_sync::new_operation_id(), tieline_sync::new_operation_id());
/// ```
pub fn new_operation_id() -> OperationId {
    OperationId::new(uuid::Uuid::now_v7().to_string())
}

/// Sends the operations of one connection's outbox, and settles those whose outcome is not known.
///
/// The promise is: at most once, or a question; never twice.
///
/// - Operations are marked as being sent, durably, before the connector sees them. Each outcome is stored as it comes.
/// - What the connector says was not done is sent again later ([`Outcome::Deferred`](tieline_core::Outcome)), and
///   nothing else is.
/// - A create whose answer was lost is looked for by its marker: found, it is done; not found, it is sent again;
///   found more than once, a person is asked. The same where a process died while it was sending.
/// - Everything else that may have happened becomes a question, to be answered with
///   [`OutboxStore::answer`](tieline_store::OutboxStore::answer).
///
/// All times are the store's, so that processes whose clocks differ agree. Several may run the same outbox. Dropping the future of a run is like the end of its process: what it was
/// sending is settled by a later run, after the lease.
pub struct Outbox {
    connector: Arc<dyn Connector>,
    store: Arc<dyn OutboxStore>,
    connection: ConnectionId,
    chunk: u32,
    lease: Duration,
    grace: Duration,
}

impl Outbox {
    /// The outbox of one connection.
    pub fn new(
        connector: Arc<dyn Connector>,
        store: Arc<dyn OutboxStore>,
        connection: impl Into<ConnectionId>,
    ) -> Self {
        Self {
            connector,
            store,
            connection: connection.into(),
            chunk: 20,
            lease: Duration::from_secs(900),
            grace: Duration::from_secs(60),
        }
    }

    /// Sets how many operations the connector gets at once; 20 by default. A process that dies leaves at most so many
    /// of unknown outcome. Connectors that write in bulk are faster with more.
    #[must_use]
    pub fn chunk_size(mut self, operations: u32) -> Self {
        self.chunk = operations.max(1);
        self
    }

    /// Sets for how long operations count as being sent when nobody says more; 15 minutes by default. It must outlast
    /// one operation with all its attempts and waits, and any pause of the process.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// Sets how long a provider may still work on a request whose answer was lost; a minute by default. A create is
    /// looked for after this time and the entity's [search delay](MarkerField::search_delay).
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Settles what earlier runs left open, then sends what is due when the run begins. What is enqueued or deferred
    /// meanwhile is left to the next run, so a run ends.
    ///
    /// It ends early, with the error in the report, when a failure concerns all operations (a refused credential, a
    /// limit, a fault of the store), and when the provider gives no definite answer to three operations in a row: asking
    /// on would only put more of them into doubt.
    pub async fn run(&self) -> OutboxReport {
        let mut run = Run {
            outbox: self,
            start: DateTime::<Utc>::MIN_UTC,
            markers: HashMap::new(),
            silence: 0,
            report: OutboxReport::default(),
        };
        run.report.error = run.run().await.err();
        run.report
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("connector", &self.connector)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// A run under way.
struct Run<'o> {
    outbox: &'o Outbox,
    start: DateTime<Utc>,
    /// What creates are found again by, as the catalog says now.
    markers: HashMap<EntityName, MarkerField>,
    /// Operations since the last definite answer.
    silence: u32,
    report: OutboxReport,
}

impl Run<'_> {
    /// Fails with what ends the run early.
    async fn run(&mut self) -> Result<()> {
        self.start = self.now().await?;
        self.settle().await?;
        let (store, connection) = (&self.outbox.store, &self.outbox.connection);
        if store.entries(connection, Some(StatusKind::Pending), None, 1).await?.is_empty() {
            return Ok(());
        }
        let catalog = self.outbox.connector.discover(DiscoverRequest::names()).await?;
        let markers = catalog.entities.into_iter().filter_map(|entity| Some((entity.name, entity.marker?)));
        self.markers = markers.collect();
        self.send().await
    }

    /// The store's time, which leases and waits are by.
    async fn now(&self) -> Result<DateTime<Utc>> {
        self.outbox.store.now().await
    }

    /// Stores what became of an entry, unless somebody else decided meanwhile.
    async fn advance(&mut self, entry: &Entry, to: Status, note: Option<String>) -> Result<Option<Entry>> {
        let (store, connection) = (&self.outbox.store, &self.outbox.connection);
        let kind = to.kind();
        let mut changed = store.advance(connection, entry.at_revision(), to.clone(), note.clone()).await?;
        if changed.is_none() && !matches!(kind, StatusKind::Unknown | StatusKind::NeedsReview) {
            // The answer came after the lease. It is still the answer to this attempt, while there was no other.
            let current = store.entry(connection, &entry.operation.id).await?;
            if let Some(current) = current.filter(|current| is_in_doubt_about(current, entry)) {
                changed = store.advance(connection, current.at_revision(), to, note).await?;
            }
        }
        if changed.is_some() {
            self.report.count(kind);
        }
        Ok(changed)
    }

    /// An operation that may have happened: to be looked for, when it can be, else a question. It was last known to be
    /// under way at `last`.
    async fn doubt(
        &mut self,
        entry: &Entry,
        marked: Marked,
        last: DateTime<Utc>,
        why: Why<'_>,
    ) -> Result<Option<Entry>> {
        let marker = entry.marker.as_ref().filter(|_| marked != Marked::No && entry.marker_value().is_some());
        let Some(marker) = marker else {
            return self.advance(entry, Status::NeedsReview, Some(words::question(entry, why.brief))).await;
        };
        let not_before = after(last, marker.search_delay.saturating_add(self.outbox.grace));
        let conclusive = marked == Marked::Yes || marker.always;
        self.advance(entry, Status::Unknown { not_before, conclusive }, Some(why.full)).await
    }
}

/// Why an outcome is not known: for a question, and with all facts.
struct Why<'e> {
    brief: &'e str,
    full: String,
}

impl<'e> From<&'e Error> for Why<'e> {
    fn from(error: &'e Error) -> Self {
        Self { brief: error.message(), full: error.to_string() }
    }
}

impl From<&'static str> for Why<'static> {
    fn from(text: &'static str) -> Self {
        Self { brief: text, full: text.to_owned() }
    }
}

/// Whether a create that was asked to carried its marker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marked {
    Yes,
    No,
    /// There was no outcome to say so.
    Untold,
}

/// Whether nothing is known of the attempt that `sent` is about.
fn is_in_doubt_about(current: &Entry, sent: &Entry) -> bool {
    current.number == sent.number
        && current.attempts == sent.attempts
        && matches!(current.status, Status::Unknown { .. } | Status::NeedsReview)
}

fn after(time: DateTime<Utc>, wait: Duration) -> DateTime<Utc> {
    let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    time.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// How long to wait before asking a provider again, given how long it was asked already.
fn wait(error: Option<&Error>, patience: Duration) -> Duration {
    let told = error.and_then(Error::retry_after);
    // Never at once: a run must end.
    told.unwrap_or(patience.clamp(FIRST_WAIT, LONGEST_WAIT)).max(Duration::from_secs(1))
}

/// Whether the provider, or the way to it, is down: whatever is sent now is sent into doubt.
fn is_outage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Timeout | ErrorKind::Transport)
}

/// Whether asking again cannot help.
fn is_refusal(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Rejected | ErrorKind::NotFound | ErrorKind::Unsupported)
}

/// Whether every other operation would fare the same: the connection must be mended, or left alone for a while.
fn concerns_all(error: &Error) -> bool {
    crate::run::concerns_all(error) || error.kind() == ErrorKind::Config
}

fn ends_the_run(error: &Error) -> bool {
    concerns_all(error) || is_outage(error)
}
