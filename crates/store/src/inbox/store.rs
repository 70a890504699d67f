//! The storage contract of an inbox.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::webhook::WebhookEvent;
use tieline_core::{RawJson, Result, Text};

use super::EventKind;
use crate::ConnectionId;
use crate::plan::check_text;

/// A verified delivery, to be stored.
#[derive(Clone)]
#[non_exhaustive]
pub struct NewDelivery {
    /// The endpoint that received it.
    pub endpoint: Text,
    /// The identity by which a repeated delivery is recognised, when anything about it is signed.
    pub identity: Option<[u8; 32]>,
    /// Whether the identity is that of one delivery: a signed id or a signed time is in it. Without it, a second
    /// delivery of hints with the same identity may tell of a later change and is looked up again.
    pub is_exact: bool,
    /// The kind of its event.
    pub kind: EventKind,
    /// Its event, as [`encode_event`](super::encode_event) writes it.
    pub event: RawJson,
}

impl fmt::Debug for NewDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDelivery")
            .field("endpoint", &self.endpoint)
            .field("is_exact", &self.is_exact)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl NewDelivery {
    /// A delivery that nothing identifies.
    pub fn new(endpoint: impl Into<Text>, kind: EventKind, event: RawJson) -> Self {
        Self { endpoint: endpoint.into(), identity: None, is_exact: false, kind, event }
    }

    /// For whoever writes a store: checks that it can be kept.
    ///
    /// # Errors
    ///
    /// `Rejected` for a NUL character.
    pub fn check(&self) -> Result<()> {
        check_text("endpoint", self.endpoint.as_str())?;
        check_text("event", self.event.get())
    }

    /// Sets the identity.
    #[must_use]
    pub fn with_identity(mut self, identity: [u8; 32], is_exact: bool) -> Self {
        self.identity = Some(identity);
        self.is_exact = is_exact;
        self
    }
}

/// The result of storing a delivery. The provider gets the same response for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// It is stored under this number.
    Stored(u64),
    /// It was stored before under this number, and nothing changed.
    Repeated(u64),
    /// One with the same content was stored before under this number, and is handled again.
    Again(u64),
}

/// The status of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeliveryStatus {
    /// To be handled, when it is due.
    Pending,
    /// A worker has it until its lease ends.
    Working,
    /// Handled.
    Done,
    /// Given up after many attempts, for a person to look at.
    Dead,
}

impl DeliveryStatus {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Working, Self::Done, Self::Dead];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Working => "working",
            Self::Done => "done",
            Self::Dead => "dead",
        }
    }
}

/// A delivery as it was seen: a change is made only to one that did not change since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeliveryRevision {
    /// The number of the delivery.
    pub number: u64,
    /// The count of its changes.
    pub revision: u64,
}

impl DeliveryRevision {
    /// For whoever writes a store.
    pub fn new(number: u64, revision: u64) -> Self {
        Self { number, revision }
    }
}

/// A stored delivery. Its `Debug` shows nothing of the records.
#[derive(Clone)]
#[non_exhaustive]
pub struct Delivery {
    /// The number, in the order of arrival, and the count of changes.
    pub revision: DeliveryRevision,
    /// The endpoint that received it.
    pub endpoint: Text,
    /// The status.
    pub status: DeliveryStatus,
    /// When it is due, or when the lease of its worker ends; by the store's clock.
    pub due: DateTime<Utc>,
    /// The number of times that a worker took it.
    pub attempts: u32,
    /// The event.
    pub event: WebhookEvent,
    /// The last failure, without a word of any record.
    pub note: Option<String>,
    /// When it arrived, by the store's clock.
    pub received_at: DateTime<Utc>,
}

impl Delivery {
    /// For whoever writes a store: a delivery that waits.
    pub fn new(
        revision: DeliveryRevision,
        endpoint: impl Into<Text>,
        event: WebhookEvent,
        received_at: DateTime<Utc>,
    ) -> Self {
        Self {
            revision,
            endpoint: endpoint.into(),
            status: DeliveryStatus::Pending,
            due: received_at,
            attempts: 0,
            event,
            note: None,
            received_at,
        }
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("revision", &self.revision)
            .field("endpoint", &self.endpoint)
            .field("status", &self.status)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}

/// A worker's wish for deliveries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboxClaim {
    /// The most that it takes.
    pub limit: u32,
    /// The time for which they are its own; another worker may take them afterwards.
    pub lease: Duration,
}

impl InboxClaim {
    /// So many, for so long.
    pub fn new(limit: u32, lease: Duration) -> Self {
        Self { limit, lease }
    }
}

/// The end of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Settlement {
    /// It is handled.
    Done,
    /// It is tried again after a while.
    #[non_exhaustive]
    Retry {
        /// The while.
        after: Duration,
        /// The failure, without a word of any record.
        note: String,
    },
    /// It is given up.
    #[non_exhaustive]
    Dead {
        /// The failure, without a word of any record.
        note: String,
    },
}

impl Settlement {
    /// Tried again after a while.
    pub fn retry(after: Duration, note: impl Into<String>) -> Self {
        Self::Retry { after, note: note.into() }
    }

    /// Given up.
    pub fn dead(note: impl Into<String>) -> Self {
        Self::Dead { note: note.into() }
    }
}

/// A store of verified deliveries, which keeps them until they are handled. All times are the store's.
#[async_trait]
pub trait InboxStore: Send + Sync {
    /// Stores a delivery, once. When this returns it is durable, and the provider may be answered.
    ///
    /// # Errors
    ///
    /// `Rejected` for what cannot be kept; otherwise as the store fails: the provider gets 503 and sends again.
    async fn receive(&self, connection: &ConnectionId, delivery: NewDelivery) -> Result<Received>;

    /// Takes deliveries that are due, the oldest first, and those whose worker's lease ended.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn claim_deliveries(&self, connection: &ConnectionId, claim: &InboxClaim) -> Result<Vec<Delivery>>;

    /// Ends an attempt at a delivery that is still as it was taken. Returns whether it was: another worker may have it,
    /// or the provider notified of a later change.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn settle_delivery(
        &self,
        connection: &ConnectionId,
        from: DeliveryRevision,
        to: Settlement,
    ) -> Result<bool>;

    /// Returns deliveries by number, those after one.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn deliveries(
        &self,
        connection: &ConnectionId,
        status: Option<DeliveryStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>>;

    /// Makes deliveries of a status that arrived since a time due again, at most `limit`: dead ones after what was wrong
    /// is mended, or all that were handled. Returns how many.
    ///
    /// # Errors
    ///
    /// `Config` for a status in which they are not at rest; otherwise as the store fails.
    async fn replay_deliveries(
        &self,
        connection: &ConnectionId,
        status: DeliveryStatus,
        since: Option<DateTime<Utc>>,
        limit: u32,
    ) -> Result<u64>;

    /// Removes deliveries that are at rest for so long. Returns how many.
    ///
    /// # Errors
    ///
    /// As the store fails.
    async fn prune_deliveries(&self, connection: &ConnectionId, at_rest_for: Duration) -> Result<u64>;
}
