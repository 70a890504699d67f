//! Notifications: events on their way to a subscriber.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tieline_core::Text;

/// The status of a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotificationStatus {
    /// To be sent, when it is due.
    Pending,
    /// A sender has it until its lease ends.
    Sending,
    /// The subscriber took it.
    Delivered,
    /// Given up after three days.
    Dead,
}

impl NotificationStatus {
    /// All statuses.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sending, Self::Delivered, Self::Dead];

    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    /// Returns the status of a stored word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A notification as it was seen: a change is made only to one that did not change since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NotificationRevision {
    /// The number of the notification.
    pub number: u64,
    /// The count of its changes.
    pub revision: u64,
}

impl NotificationRevision {
    /// For whoever writes a store.
    pub fn new(number: u64, revision: u64) -> Self {
        Self { number, revision }
    }
}

/// An event on its way to a subscriber. Its `Debug` shows nothing of the event's facts.
#[derive(Clone)]
#[non_exhaustive]
pub struct Notification {
    /// The number, in the order of the events, and the count of changes.
    pub revision: NotificationRevision,
    /// The subscriber.
    pub subscriber: Text,
    /// The number of the event in the tenant's log.
    pub event: u64,
    /// The kind of the event.
    pub kind: String,
    /// The body, the same in each attempt.
    pub body: String,
    /// The status.
    pub status: NotificationStatus,
    /// When it is due, or when the lease of its sender ends; by the store's clock.
    pub due: DateTime<Utc>,
    /// The number of attempts that failed since it was made, or replayed.
    pub failed: u32,
    /// When it was made, by the store's clock.
    pub created_at: DateTime<Utc>,
}

impl Notification {
    /// For whoever writes a store: a notification that waits.
    pub fn new(
        revision: NotificationRevision,
        subscriber: impl Into<Text>,
        event: u64,
        (kind, body): (String, String),
        created_at: DateTime<Utc>,
    ) -> Self {
        let (subscriber, status) = (subscriber.into(), NotificationStatus::Pending);
        Self { revision, subscriber, event, kind, body, status, due: created_at, failed: 0, created_at }
    }

    /// Returns the id that the subscriber sees: the same in each attempt, and after a replay.
    pub fn message_id(&self) -> String {
        format!("{}_{}", self.subscriber, self.event)
    }
}

impl fmt::Debug for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notification")
            .field("revision", &self.revision)
            .field("subscriber", &self.subscriber)
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// The end of an attempt at a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotificationEnd {
    /// The subscriber took it.
    Delivered,
    /// It failed, and is tried again after this.
    Retry(Duration),
    /// It was not tried, and waits for this: the subscriber fails at the moment.
    Postponed(Duration),
    /// It failed for three days: it is given up, and its subscriber is paused.
    GivenUp,
}

/// An attempt to be noted in the log of a subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewAttempt {
    /// The HTTP status of the response; absent when there was none.
    pub http_status: Option<u16>,
    /// How long it took.
    pub took: Duration,
    /// Why it failed, without a word of the response's body.
    pub note: Option<String>,
}

impl NewAttempt {
    /// An attempt that got a response, or none.
    pub fn new(http_status: Option<u16>, took: Duration, note: Option<String>) -> Self {
        Self { http_status, took, note }
    }
}

/// An attempt of the delivery log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// The number, in the order of the attempts.
    pub number: u64,
    /// The notification.
    pub notification: u64,
    /// When it ended, by the store's clock.
    pub at: DateTime<Utc>,
    /// What happened.
    pub attempt: NewAttempt,
}

impl Attempt {
    /// For whoever writes a store: an attempt of the log.
    pub fn new(number: u64, notification: u64, at: DateTime<Utc>, attempt: NewAttempt) -> Self {
        Self { number, notification, at, attempt }
    }
}
