//! For whoever writes a store: a commit, checked and reduced to one outcome per key, so that all stores agree.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use tieline_core::{
    Change, DeletionScope, EntityName, Error, ErrorKind, FieldPath, Key, PassEnd, RawJson, ReadMode, Record,
    RecordLookup, Result, comparable_value,
};

pub use crate::connections::rules::{
    Guard, MAX_NAME, MAX_SECRETS, MAX_SETTINGS, Reconnected, check_name, lease_end, rewrapped, state_taken,
    taken, unknown_connection, unreadable,
};
use crate::outbox::shortened;
pub use crate::outbox::{Queued, unknown_operation};
pub use crate::pending::GONE;
use crate::{
    Commit, ConnectionId, DeleteThreshold, ReadVersion, StreamCommit, StreamId, StreamRevision, TargetChange,
    TargetName,
};

/// A commit, checked and reduced.
#[derive(Debug)]
#[non_exhaustive]
pub struct CommitPlan {
    /// The connection.
    pub connection: ConnectionId,
    /// The stream that moves on.
    pub stream: Option<StreamUpdate>,
    /// What happens to each record, by entity and key.
    pub entities: BTreeMap<EntityName, BTreeMap<Key, Effect>>,
    /// What happens to each row, by target and key.
    pub targets: BTreeMap<TargetName, BTreeMap<Key, RowEffect>>,
    /// When the rows were mapped.
    pub mapped_at: Option<ReadVersion>,
    /// Whether rows that the mapping leaves out now stay, as stale ones.
    pub hold_removals: bool,
}

/// How a stream moves on.
#[derive(Debug)]
#[non_exhaustive]
pub struct StreamUpdate {
    /// The stream.
    pub id: StreamId,
    /// The new state, as text.
    pub state: String,
    /// What the pass walks over.
    pub pass: ReadMode,
    /// Whether the pass ends.
    pub end: Option<PassEnd>,
    /// Whether the run began without state.
    pub fresh: bool,
    /// Where the stream must stand.
    pub expected: Option<StreamRevision>,
    /// The threshold of a sweep, and of held deletions.
    pub brake: DeleteThreshold,
    /// Records that were refused and that the commit does not bring otherwise, with the reason.
    pub refused: BTreeMap<EntityName, BTreeMap<Key, String>>,
    /// Whether held deletions are made.
    pub make_held_deletions: bool,
    /// The fields on request that the stream's records are read with, as JSON; `None` leaves them as they are.
    pub fields: Option<String>,
}

/// What happens to a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It has this content and belongs to the stream.
    Upsert(Record),
    /// It goes.
    Delete,
    /// It is gone at the provider and stays for the time being.
    Hold,
    /// It goes if it belongs to the stream.
    DeleteFromStream,
    /// It was seen: when it is stored, it belongs to the stream.
    Present,
}

/// What a mapping looked up: the record of an entity with a key, or the one with a value in a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct LookedUp {
    /// The entity.
    pub entity: EntityName,
    /// The field; `None` for the key.
    pub by: Option<FieldPath>,
    /// The key, or the value as [`lookup_value`] writes it.
    pub value: Key,
}

/// What happens to a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowEffect {
    /// Its fields; `None` when it goes.
    pub fields: Option<RawJson>,
    /// What its mapping looked up.
    pub looked_up: BTreeSet<LookedUp>,
}

impl CommitPlan {
    /// Checks and reduces a commit.
    pub fn new(commit: Commit) -> Result<Self> {
        check_text("connection", commit.connection.as_str())?;
        let mut plan = Self {
            connection: commit.connection,
            stream: None,
            entities: BTreeMap::new(),
            targets: BTreeMap::new(),
            mapped_at: commit.mapped_at,
            hold_removals: commit.hold_removals,
        };
        if let Some(stream) = commit.stream {
            if stream.id.connection != plan.connection {
                return Err(Error::new(
                    ErrorKind::Internal,
                    "a commit for one connection holds a stream of another",
                )
                .with_advice("make commits with Commit::batch")
                .with_context("stream", &stream.id));
            }
            plan.add_stream(stream)?;
        }
        for target in commit.targets {
            check_text("target", target.target.as_str())?;
            let rows = plan.targets.entry(target.target).or_default();
            for change in target.changes {
                let (key, effect) = row_effect(change)?;
                rows.insert(key, effect);
            }
        }
        Ok(plan)
    }

    fn add_stream(&mut self, commit: StreamCommit) -> Result<()> {
        let StreamCommit { id, partition, groups, state, pass, end, fresh, expected, brake, .. } = commit;
        let make_held_deletions = commit.make_held_deletions;
        check_text("entity", id.entity.as_str())?;
        check_text("partition", id.partition.as_ref().map_or("", |partition| partition.as_str()))?;
        if partition.is_some() && partition != id.partition {
            return Err(Error::new(
                ErrorKind::Decode,
                "the batch belongs to another partition than the stream it is committed to",
            )
            .with_advice("report it to the authors of the connector")
            .with_context("stream", &id));
        }
        for group in groups {
            check_text("entity", group.entity.as_str())?;
            let effects = self.entities.entry(group.entity).or_default();
            for change in group.changes {
                check_text("key", change.key().as_str())?;
                add_change(effects, change, commit.hold_deletions)?;
            }
        }
        let mut refused: BTreeMap<EntityName, BTreeMap<Key, String>> = BTreeMap::new();
        for (entity, key, why) in commit.refused {
            check_text("entity", entity.as_str())?;
            check_text("key", key.as_str())?;
            if self.entities.get(&entity).is_none_or(|effects| !effects.contains_key(&key)) {
                refused.entry(entity).or_default().insert(key, shortened(why));
            }
        }
        let fields = commit.fields.map(|fields| RawJson::of(&fields.into_iter().collect::<BTreeSet<_>>()));
        let fields = fields.transpose()?.map(|fields| fields.to_string());
        let state = state.to_text()?;
        self.stream = Some(StreamUpdate {
            id,
            state,
            pass,
            end,
            fresh,
            expected,
            brake,
            refused,
            make_held_deletions,
            fields,
        });
        Ok(())
    }

    /// Whether the commit itself brings the record that a row is mapped from.
    pub fn brings(&self, entity: &EntityName, key: &Key) -> bool {
        matches!(self.entities.get(entity).and_then(|effects| effects.get(key)), Some(Effect::Upsert(_)))
    }
}

/// The outcome is that of applying the changes one by one.
fn add_change(effects: &mut BTreeMap<Key, Effect>, change: Change, hold: bool) -> Result<()> {
    let (key, effect) = match change {
        Change::Upsert(record) => {
            for text in [&record.changed_at, &record.version].into_iter().flatten() {
                check_text("time or version of a record", text.as_str())?;
            }
            (record.key.clone(), Effect::Upsert(record))
        }
        Change::Present(key) => {
            effects.entry(key).or_insert(Effect::Present);
            return Ok(());
        }
        Change::Merged { from, into, .. } if from == into => return Ok(()),
        Change::Merged { from, .. } => (from, Effect::Delete),
        Change::Delete(deletion) => {
            let effect = match (deletion.scope, effects.get(&deletion.key)) {
                // The record belongs to the stream by what came before, wherever it is stored now.
                (DeletionScope::Partition, Some(Effect::Upsert(_) | Effect::Present | Effect::Delete)) => {
                    Effect::Delete
                }
                (DeletionScope::Partition, Some(Effect::Hold)) => Effect::Hold,
                (DeletionScope::Partition, _) => Effect::DeleteFromStream,
                _ if hold => Effect::Hold,
                _ => Effect::Delete,
            };
            (deletion.key, effect)
        }
        _ => {
            return Err(Error::new(ErrorKind::Unsupported, "this store does not know this kind of change")
                .with_advice("use versions of the Tieline crates that belong together"));
        }
    };
    effects.insert(key, effect);
    Ok(())
}

fn row_effect(change: TargetChange) -> Result<(Key, RowEffect)> {
    let (key, fields, needs) = match change {
        TargetChange::Put { key, fields, needs } => (key, Some(fields), needs),
        TargetChange::Remove { key, needs } => (key, None, needs),
    };
    check_text("key", key.as_str())?;
    let mut looked_up = BTreeSet::new();
    for RecordLookup { entity, key: value, by, .. } in needs {
        check_text("entity", entity.as_str())?;
        check_text("key", value.as_str())?;
        check_text("field", by.as_ref().map_or("", |by| by.as_str()))?;
        looked_up.insert(LookedUp { entity, by, value });
    }
    Ok((key, RowEffect { fields, looked_up }))
}

/// Refuses what databases cannot keep or compare alike.
///
/// # Errors
///
/// `Rejected` for a text with a NUL character.
pub fn check_text(what: &'static str, text: &str) -> Result<()> {
    if text.contains('\0') {
        return Err(Error::new(
            ErrorKind::Rejected,
            format!("a {what} holds a NUL character, which cannot be stored"),
        )
        .with_advice("report it to the authors of the connector"));
    }
    Ok(())
}

/// Returns the fields on request of a stream as they are stored; none for a text that cannot be read.
pub fn stored_fields(stored: Option<&str>) -> Vec<FieldPath> {
    stored.and_then(|fields| RawJson::from_checked(fields).view().ok()).unwrap_or_default()
}

/// The error of a commit to a stream that stands elsewhere.
pub fn moved_on(stream: &StreamId) -> Error {
    Error::new(ErrorKind::Conflict, "the stream moved on since this run read its position")
        .with_advice("let one run at a time read a stream; start over from the stored position")
        .with_context("stream", stream)
}

/// The error of a commit to a target that was not opened.
pub fn not_opened(target: &TargetName) -> Error {
    Error::new(ErrorKind::Config, "rows are committed to a target that was not opened")
        .with_advice("call open_target first")
        .with_context("target", target)
}

/// The error of opening a target for another entity.
pub fn of_another_entity(target: &TargetName, stored: &EntityName, asked: &EntityName) -> Error {
    Error::new(ErrorKind::Config, format!("the target holds rows of {stored}, not of {asked}"))
        .with_advice("choose another name for it, or drop the target first")
        .with_context("target", target)
}

/// The longest value that records are looked up by, in bytes. Longer ones find nothing.
pub const MAX_LOOKUP_VALUE: usize = 1_000;

/// Returns the value that a record is found by in a field, as [`comparable_value`] writes it; `None` also for one that is
/// longer than [`MAX_LOOKUP_VALUE`] or holds a NUL character.
pub fn lookup_value(payload: &str, field: &str) -> Option<String> {
    let value = comparable_value(tieline_core::json::at(payload, field).ok()??)?;
    (value.len() <= MAX_LOOKUP_VALUE && !value.contains('\0')).then_some(value)
}

/// A short digest of a text: equal for equal texts, and in practice for no others.
pub fn content_hash(text: &str) -> [u8; 16] {
    let mut hash = [0; 16];
    for (to, from) in hash.iter_mut().zip(Sha256::digest(text.as_bytes())) {
        *to = from;
    }
    hash
}
