//! One operation in the outbox.

use std::fmt;

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, Key, MarkerField, Operation, Partition, Text, WriteOp};

/// The longest note, in bytes.
const NOTE: usize = 2_000;

/// The place that operations go to: an entity, or a part of it.
///
/// ```
/// use tieline_store::outbox::Destination;
///
/// let invoices = Destination::from("invoices");
/// let lines = Destination::from("invoice_lines").with_partition("1001");
/// assert_ne!(invoices, lines);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Destination {
    /// The entity.
    pub entity: EntityName,
    /// Its part, where the entity has [`partitions`](tieline_core::Connector::partitions).
    pub partition: Option<Partition>,
}

impl Destination {
    /// A whole entity.
    pub fn new(entity: impl Into<EntityName>) -> Self {
        Self { entity: entity.into(), partition: None }
    }

    /// Names the part of the entity: the parent, the company, the mailbox.
    #[must_use]
    pub fn with_partition(mut self, partition: impl Into<Partition>) -> Self {
        self.partition = Some(partition.into());
        self
    }
}

impl<E: Into<EntityName>> From<E> for Destination {
    fn from(entity: E) -> Self {
        Self::new(entity)
    }
}

/// An operation in the outbox, with what became of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the outbox. Operations go out in this order. Never reused.
    pub number: u64,
    /// The entity that is written to.
    pub entity: EntityName,
    /// The part of the entity that is written to, where the entity has parts.
    pub partition: Option<Partition>,
    /// What to do.
    pub operation: Operation,
    /// How far it is.
    pub status: Status,
    /// The last failure, or the question, in words for a person. Free of secrets, like every
    /// [`Error`](tieline_core::Error).
    pub note: Option<String>,
    /// How many times it was sent.
    pub attempts: u32,
    /// How the last attempt is found again when its answer was lost: the entity's marker when it was sent.
    pub marker: Option<MarkerField>,
    /// When it was stored.
    pub enqueued_at: DateTime<Utc>,
    /// When it was last sent.
    pub attempted_at: Option<DateTime<Utc>>,
    /// When its status last changed.
    pub changed_at: DateTime<Utc>,
    /// For stores: counts the changes of its status.
    pub revision: u64,
}

impl Entry {
    /// For stores: an operation that was just stored.
    pub fn new(number: u64, to: Destination, operation: Operation, now: DateTime<Utc>) -> Self {
        Self {
            number,
            entity: to.entity,
            partition: to.partition,
            operation,
            status: Status::Pending { not_before: now },
            note: None,
            attempts: 0,
            marker: None,
            enqueued_at: now,
            attempted_at: None,
            changed_at: now,
            revision: 0,
        }
    }

    /// Whether it goes to the same part of the same entity, so that one request may carry both.
    pub fn goes_with(&self, other: &Self) -> bool {
        self.entity == other.entity && self.partition == other.partition
    }

    /// Returns the entry's revision now, for a change that must not be made to a later one.
    pub fn at_revision(&self) -> EntryRevision {
        EntryRevision { number: self.number, revision: self.revision }
    }

    /// The value that the entity's marker field gets when the operation is sent: the create's own marker, else the
    /// operation's id. `None` for what is no create, and while the entity has no marker.
    pub fn marker_value(&self) -> Option<Text> {
        match &self.operation.op {
            WriteOp::Create { marker, .. } if self.marker.is_some() => {
                Some(marker.clone().unwrap_or_else(|| Text::new(&self.operation.id)))
            }
            _ => None,
        }
    }

    /// The record whose operations keep their order. `None` for creates and for actions without a record.
    pub fn record(&self) -> Option<&Key> {
        record(&self.operation.op)
    }
}

pub(super) fn record(op: &WriteOp) -> Option<&Key> {
    match op {
        WriteOp::Update { key, .. } | WriteOp::Delete { key, .. } => Some(key),
        WriteOp::Invoke { key, .. } => key.as_ref(),
        _ => None,
    }
}

/// The revision of an entry. A change made with it fails when the entry changed since: two processes cannot both
/// decide what becomes of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryRevision {
    /// The entry.
    pub number: u64,
    /// The change that it had seen.
    pub revision: u64,
}

/// How far an operation is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Status {
    /// To be sent, not before this time. It did not happen, or it is safe to send again.
    Pending {
        /// The time.
        not_before: DateTime<Utc>,
    },
    /// A process may be sending it until this time. When the time is over and nobody said what became of it, the
    /// process is dead, and it is not known whether the operation happened.
    Sending {
        /// The end of the lease.
        until: DateTime<Utc>,
    },
    /// The provider took it as a job, to be asked for not before this time.
    Accepted {
        /// The job.
        ticket: Text,
        /// The time.
        not_before: DateTime<Utc>,
    },
    /// It may have happened. To be looked for not before this time.
    Unknown {
        /// The time.
        not_before: DateTime<Utc>,
        /// Whether finding nothing proves that it did not happen. It does not when the process ended before the
        /// connector could say whether the create carried its marker.
        conclusive: bool,
    },
    /// It may have happened, and only a person can say. The [note](Entry::note) says what to look at.
    NeedsReview,
    /// It happened.
    Applied {
        /// The record.
        key: Option<Key>,
    },
    /// Nothing needed doing.
    Unchanged,
    /// Some of it happened. The note says what, and why the rest did not.
    Partial,
    /// It did not happen, because the record has another version by now.
    Conflict,
    /// It did not happen and will not. The note says why.
    Rejected,
}

impl Status {
    /// The status without its facts.
    pub fn kind(&self) -> StatusKind {
        match self {
            Self::Pending { .. } => StatusKind::Pending,
            Self::Sending { .. } => StatusKind::Sending,
            Self::Accepted { .. } => StatusKind::Accepted,
            Self::Unknown { .. } => StatusKind::Unknown,
            Self::NeedsReview => StatusKind::NeedsReview,
            Self::Applied { .. } => StatusKind::Applied,
            Self::Unchanged => StatusKind::Unchanged,
            Self::Partial => StatusKind::Partial,
            Self::Conflict => StatusKind::Conflict,
            Self::Rejected => StatusKind::Rejected,
        }
    }

    /// When something is to be done about it.
    pub fn due(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::Pending { not_before }
            | Self::Accepted { not_before, .. }
            | Self::Unknown { not_before, .. }
            | Self::Sending { until: not_before } => Some(*not_before),
            _ => None,
        }
    }
}

/// How far an operation is, as a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum StatusKind {
    /// To be sent.
    Pending,
    /// Being sent.
    Sending,
    /// A job at the provider.
    Accepted,
    /// It may have happened; to be looked for.
    Unknown,
    /// It may have happened; a person is asked.
    NeedsReview,
    /// It happened.
    Applied,
    /// Nothing needed doing.
    Unchanged,
    /// Some of it happened.
    Partial,
    /// The record had another version.
    Conflict,
    /// It did not happen and will not.
    Rejected,
}

impl StatusKind {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::Sending,
        Self::Accepted,
        Self::Unknown,
        Self::NeedsReview,
        Self::Applied,
        Self::Unchanged,
        Self::Partial,
        Self::Conflict,
        Self::Rejected,
    ];

    /// Whether something may still become of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Sending | Self::Accepted | Self::Unknown | Self::NeedsReview)
    }

    /// A stable snake_case word, for databases, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Unknown => "unknown",
            Self::NeedsReview => "needs_review",
            Self::Applied => "applied",
            Self::Unchanged => "unchanged",
            Self::Partial => "partial",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
        }
    }

    /// The kind of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

impl fmt::Display for StatusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A note for a person as it can be kept: not too long, and without what some databases refuse.
pub(crate) fn shortened(note: String) -> String {
    let mut note = if note.contains('\0') { note.replace('\0', "\u{fffd}") } else { note };
    if note.len() > NOTE {
        let end = (0..=NOTE).rev().find(|end| note.is_char_boundary(*end)).unwrap_or(0);
        note.truncate(end);
        note.push('…');
    }
    note
}
