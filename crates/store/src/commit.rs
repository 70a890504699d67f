//! What is stored in one transaction.

use tieline_core::{
    Batch, EntityChanges, EntityName, FieldPath, Key, Partition, PassEnd, RawJson, ReadMode, RecordLookup,
    State,
};

use crate::{ConnectionId, ReadVersion, StreamId, StreamRevision, TargetName};

/// What is stored in one transaction: all of it, or nothing.
///
/// ```
/// use tieline_core::{Batch, Change, ReadMode, RawJson, Record, State};
/// use tieline_store::{Commit, StreamId, TargetChange, StreamRevision};
///
/// let record = Record::new(7_u64, RawJson::parse(r#"{"id":7,"title":"Ny order"}"#)?);
/// let batch = Batch::new("deals", vec![Change::Upsert(record)], State::new(1, "page-2")?).with_pass(ReadMode::Full);
/// let row = TargetChange::put(7_u64, RawJson::parse(r#"{"name":"Ny order"}"#)?, Vec::new());
///
/// let commit = Commit::batch(StreamId::new("acme", "deals"), batch)
///     .expecting(StreamRevision::default())
///     .with_target("opportunities", vec![row]);
/// assert_eq!(commit.connection.as_str(), "acme");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit {
    /// The connection.
    pub connection: ConnectionId,
    /// The batch of a read; `None` when rows are mapped again from what is stored.
    pub stream: Option<StreamCommit>,
    /// Mapped rows.
    pub targets: Vec<TargetChanges>,
    /// When the records that the rows were mapped from, and what they looked up, were read from the store.
    pub mapped_at: Option<ReadVersion>,
    /// Whether rows that the mapping leaves out now stay for the time being.
    pub hold_removals: bool,
}

/// The part of a commit that moves a stream on.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StreamCommit {
    /// The stream.
    pub id: StreamId,
    /// The partition that the batch says it is of.
    pub partition: Option<Partition>,
    /// The changes, by entity.
    pub groups: Vec<EntityChanges>,
    /// Where to go on from afterwards.
    pub state: State,
    /// What the pass walks over.
    pub pass: ReadMode,
    /// Whether this ends the pass.
    pub end: Option<PassEnd>,
    /// Whether this is the first batch of a run that was started without state although there was one.
    pub fresh: bool,
    /// The revision that the stream must have for the commit to hold.
    pub expected: Option<StreamRevision>,
    /// The threshold of deletions that are suspiciously many.
    pub brake: DeleteThreshold,
    /// Records that the read was refused, each with the reason.
    pub refused: Vec<(EntityName, Key, String)>,
    /// Whether records that are gone at the provider stay for the time being.
    pub hold_deletions: bool,
    /// Whether the deletions that were held are made.
    pub make_held_deletions: bool,
    /// The fields on request that the batch was read with; `None` leaves those of the stream as they are.
    pub fields: Option<Vec<FieldPath>>,
}

impl Commit {
    /// The batch of a read.
    pub fn batch(stream: StreamId, batch: Batch) -> Self {
        Self {
            connection: stream.connection.clone(),
            stream: Some(StreamCommit {
                id: stream,
                partition: batch.partition,
                groups: batch.groups,
                state: batch.state,
                pass: batch.pass,
                end: batch.end,
                fresh: false,
                expected: None,
                brake: DeleteThreshold::default(),
                refused: Vec::new(),
                hold_deletions: false,
                make_held_deletions: false,
                fields: None,
            }),
            targets: Vec::new(),
            mapped_at: None,
            hold_removals: false,
        }
    }

    /// Rows that were mapped again from stored records. No stream moves. Take the moment before loading them.
    pub fn remap(connection: impl Into<ConnectionId>, mapped_at: ReadVersion) -> Self {
        Self {
            connection: connection.into(),
            stream: None,
            targets: Vec::new(),
            mapped_at: Some(mapped_at),
            hold_removals: false,
        }
    }

    /// Says that this is the first batch of a run that was started without state although there was one. Only the
    /// first: what earlier batches of a pass saw must count at its end. After a reset it goes without saying.
    #[must_use]
    pub fn fresh(mut self) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.fresh = true;
        }
        self
    }

    /// Holds only when the stream still stands there, so that two runs cannot interleave.
    #[must_use]
    pub fn expecting(mut self, revision: StreamRevision) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.expected = Some(revision);
        }
        self
    }

    /// Sets what stops a sweep, and held deletions.
    #[must_use]
    pub fn with_brake(mut self, brake: DeleteThreshold) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.brake = brake;
        }
        self
    }

    /// Notes records that the provider lists and refused to show, each with a reason that holds nothing of the record. They
    /// are [pending](crate::SyncStore::pending) until they come, or are deleted.
    #[must_use]
    pub fn with_refused(mut self, refused: impl IntoIterator<Item = (EntityName, Key, String)>) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.refused.extend(refused);
        }
        self
    }

    /// Holds deletions: a stored record that the batch says is gone at the provider stays, and is
    /// [pending](crate::SyncStore::pending). Records that were merged away, or that left the stream's partition, go all the
    /// same.
    #[must_use]
    pub fn holding_deletions(mut self) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.hold_deletions = true;
        }
        self
    }

    /// Makes the deletions of the stream that this commit and earlier ones held: all of them, or none when the
    /// [brake](Self::with_brake) holds.
    #[must_use]
    pub fn making_held_deletions(mut self) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.make_held_deletions = true;
        }
        self
    }

    /// Sets the fields on request that the batch was read with, which the [position](crate::Position::fields) shows from
    /// then on.
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = FieldPath>) -> Self {
        if let Some(stream) = &mut self.stream {
            stream.fields = Some(fields.into_iter().collect());
        }
        self
    }

    /// Adds mapped rows. The target must have been opened.
    #[must_use]
    pub fn with_target(mut self, target: impl Into<TargetName>, changes: Vec<TargetChange>) -> Self {
        self.targets.push(TargetChanges { target: target.into(), changes });
        self
    }

    /// Holds removals: a row that is there and that the mapping leaves out now stays, becomes stale, and counts as
    /// [held](crate::CommitStats::held). Rows of records that are gone go all the same.
    #[must_use]
    pub fn holding_removals(mut self) -> Self {
        self.hold_removals = true;
        self
    }

    /// Sets when the records that the rows looked up were read from the store. Without it, a record that another run
    /// changes between the look-up and this commit leaves a row that is out of date and not stale.
    #[must_use]
    pub fn mapped_at(mut self, moment: ReadVersion) -> Self {
        self.mapped_at = Some(moment);
        self
    }
}

/// Mapped rows of one target.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetChanges {
    /// The target.
    pub target: TargetName,
    /// What becomes of its rows.
    pub changes: Vec<TargetChange>,
}

/// What becomes of a mapped row. Rows of records that are deleted, merged away or swept go by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TargetChange {
    /// It has these fields.
    Put {
        /// The key of the record that it is mapped from.
        key: Key,
        /// The fields, as a JSON object.
        fields: RawJson,
        /// What the mapping looked up.
        needs: Vec<RecordLookup>,
    },
    /// The mapping leaves the record out.
    Remove {
        /// The key of the record.
        key: Key,
        /// What the mapping looked up; when that changes, the record may no longer be left out.
        needs: Vec<RecordLookup>,
    },
}

impl TargetChange {
    /// A row.
    pub fn put(key: impl Into<Key>, fields: RawJson, needs: Vec<RecordLookup>) -> Self {
        Self::Put { key: key.into(), fields, needs }
    }

    /// A record that the mapping leaves out.
    pub fn remove(key: impl Into<Key>, needs: Vec<RecordLookup>) -> Self {
        Self::Remove { key: key.into(), needs }
    }

    /// The key.
    pub fn key(&self) -> &Key {
        match self {
            Self::Put { key, .. } | Self::Remove { key, .. } => key,
        }
    }
}

/// What stops a change that would delete suspiciously much: more than `share` of a stream's records or of a target's rows,
/// and more than `min` of them.
///
/// ```
/// use tieline_store::DeleteThreshold;
///
/// let brake = DeleteThreshold::default();
/// assert!(brake.holds(51, 100) && !brake.holds(50, 100), "more than half");
/// assert!(!brake.holds(20, 20), "a small stream may empty");
/// assert!(!DeleteThreshold::OFF.holds(100, 100));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DeleteThreshold {
    /// The share of the records or rows, from 0 to 1.
    pub share: f64,
    /// A number of them that may always go.
    pub min: u64,
}

impl DeleteThreshold {
    /// Stops nothing: for deletions that a person has confirmed.
    pub const OFF: Self = Self { share: 1.0, min: u64::MAX };

    /// Whether the deletion of so many is stopped.
    pub fn holds(&self, would_delete: u64, of: u64) -> bool {
        // A share that is not a number holds.
        let within = would_delete as f64 <= self.share * of as f64;
        would_delete > self.min && !within
    }
}

impl Default for DeleteThreshold {
    fn default() -> Self {
        Self { share: 0.5, min: 20 }
    }
}
