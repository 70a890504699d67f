//! A connection and a mapping as a side: read by one-way sync, written through the outbox.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{
    Batch, Change, Connector, Direction, EntityName, Error, ErrorKind, FieldMapping, FieldPath, Key, Lookup,
    LookupRequest, MappingContext, Operation, OperationId, RawJson, Record, RecordLookup, Result, WriteOp,
};
use tieline_mapping::new_record;
use tieline_store::outbox::{Destination, Status};
use tieline_store::pairings::RowChangeStore;
use tieline_store::{Commit, ConnectionId, OutboxStore, StreamId, SyncStore, TargetName};
use tieline_sync::{OneWaySync, Outbox, StreamPlan};

use crate::fields::Fields;
use crate::rules::MergeRules;
use crate::side::{Seen, Side, SideChanges, SideRecord, SideWrite, WriteKind, WriteOutcome};

/// A store that keeps records, their rows and the outbox of a connection.
pub trait ProviderStore: SyncStore + OutboxStore + RowChangeStore {}

impl<S: SyncStore + OutboxStore + RowChangeStore + ?Sized> ProviderStore for S {}

/// An entity of a connection as a side of a pairing. One-way sync reads it into a target of its own; writes go through
/// the connection's outbox.
pub struct ProviderSide {
    connector: Arc<dyn Connector>,
    store: Arc<dyn ProviderStore>,
    connection: ConnectionId,
    entity: EntityName,
    target: TargetName,
    mapping: Arc<dyn FieldMapping>,
    paths: Vec<FieldPath>,
    mirrors: Vec<EntityName>,
}

impl ProviderSide {
    /// An entity of a connection, mapped into a target. The mapping must work in both directions for the fields of the
    /// rules.
    pub fn new(
        connector: Arc<dyn Connector>,
        store: Arc<dyn ProviderStore>,
        connection: impl Into<ConnectionId>,
        (entity, target): (impl Into<EntityName>, impl Into<TargetName>),
        mapping: Arc<dyn FieldMapping>,
        rules: &MergeRules,
    ) -> Self {
        Self {
            connector,
            store,
            connection: connection.into(),
            entity: entity.into(),
            target: target.into(),
            mapping,
            paths: rules.paths().cloned().collect(),
            mirrors: Vec::new(),
        }
    }

    /// Reads another entity too, before this one: one that the mapping looks up.
    #[must_use]
    pub fn with_mirror(mut self, entity: impl Into<EntityName>) -> Self {
        self.mirrors.push(entity.into());
        self
    }

    /// Maps mirrored records.
    async fn shown(&self, records: &[Record]) -> Result<Vec<Seen>> {
        let needs: Vec<Vec<RecordLookup>> =
            records.iter().map(|record| self.mapping.needs(Direction::Forward, record)).collect();
        let given = self.resolve(needs.into_iter().flatten().collect()).await?;
        let seen = records.iter().map(|record| {
            let Ok(mapped) = self.mapping.forward(record, &given) else { return Seen::Hidden };
            let Some(row) = &mapped.fields else { return Seen::Hidden };
            let Ok(mut fields) = Fields::of(row, &self.paths) else { return Seen::Hidden };
            // A field with a fault is not seen, which is not null.
            let faults = mapped.issues.iter().filter_map(|issue| issue.path.as_ref()).chain(&mapped.unseen);
            for fault in faults {
                fields.remove(fault);
            }
            let changed_at = record.changed_at.as_ref().and_then(|text| instant(text.as_str()));
            let version = record.version.clone().or_else(|| record.changed_at.clone());
            Seen::Live(SideRecord::new(fields).with_version(version).with_changed_at(changed_at))
        });
        Ok(seen.collect())
    }

    async fn shown_one(&self, record: &Record) -> Result<Option<SideRecord>> {
        let seen = self.shown(std::slice::from_ref(record)).await?;
        Ok(seen.into_iter().find_map(|seen| match seen {
            Seen::Live(record) => Some(record),
            _ => None,
        }))
    }

    async fn resolve(&self, mut needs: Vec<RecordLookup>) -> Result<MappingContext> {
        let mut distinct = std::collections::HashSet::new();
        needs.retain(|need| distinct.insert(need.clone()));
        match needs.as_slice() {
            [] => Ok(MappingContext::default()),
            needs => self.store.resolve(&self.connection, needs).await,
        }
    }

    /// Returns the record as the provider has it now, and keeps it in the mirror. `None` when the provider does not say.
    async fn fresh(&self, key: &Key) -> Result<Option<Record>> {
        let request = LookupRequest::keys(self.entity.clone(), [key.clone()]);
        let answers = match self.connector.lookup(request).await {
            Ok(lookups) => lookups.answers,
            Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(Lookup::Record(record)) = answers.into_iter().next() else { return Ok(None) };
        let stream = StreamId::new(self.connection.clone(), self.entity.clone());
        let position = self.store.position(&stream).await?;
        if let Some(state) = position.state {
            let batch = Batch::new(self.entity.clone(), vec![Change::Upsert(record.clone())], state);
            match self.store.commit(Commit::batch(stream, batch).expecting(position.revision)).await {
                Ok(_) => {}
                // A run that goes on at the same time brings it.
                Err(error) if error.kind() == ErrorKind::Conflict => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(record))
    }

    async fn mirrored(&self, key: &Key) -> Result<Option<Record>> {
        let keys = std::slice::from_ref(key);
        Ok(self.store.load(&self.connection, &self.entity, keys).await?.into_iter().next())
    }

    async fn operation(&self, write: &SideWrite) -> Result<Step> {
        let Some(key) = &write.key else {
            let wanted = write.fields.record("new")?;
            let given = self.resolve(self.mapping.needs(Direction::Backward, &wanted)).await?;
            let patch = self.mapping.backward(&wanted, None, &given)?;
            return Ok(Step::Send(WriteOp::create(new_record(&patch)?)));
        };
        if write.kind == WriteKind::Delete {
            return Ok(Step::Send(WriteOp::delete(key.clone())));
        }
        // Read again, so that what a person changed meanwhile is not overwritten.
        let current = match self.fresh(key).await? {
            Some(record) => Some(record),
            None => self.mirrored(key).await?,
        };
        let Some(current) = current else { return Ok(Step::Moved) };
        let Some(shown) = self.shown_one(&current).await? else { return Ok(Step::Moved) };
        if write.before.iter().any(|(path, before)| shown.fields.get(path) != Some(before)) {
            return Ok(Step::Moved);
        }
        let wanted = write.fields.record(key.clone())?;
        let mut needs = self.mapping.needs(Direction::Backward, &wanted);
        needs.extend(self.mapping.needs(Direction::Forward, &current));
        let given = self.resolve(needs).await?;
        let patch = self.mapping.backward(&wanted, Some(&current), &given)?;
        if patch.is_empty() {
            return Ok(Step::Nothing(Box::new(shown)));
        }
        Ok(Step::Send(WriteOp::update(key.clone(), patch)))
    }

    /// The end of a write that is done: the record as it is now.
    async fn written(&self, key: Key, write: &SideWrite) -> Result<WriteOutcome> {
        if write.kind == WriteKind::Delete {
            return Ok(WriteOutcome::written(key, None));
        }
        let fresh = match self.fresh(&key).await {
            Err(error) if is_of_one_record(&error) => None,
            fresh => fresh?,
        };
        let shown = match fresh {
            Some(record) => self.shown_one(&record).await?,
            None => None,
        };
        // The mirror still has the record of before. Where the provider does not show the new one, it is taken as sent; its
        // own form of a value is a change of the next read.
        let shown = shown.unwrap_or_else(|| SideRecord::new(write.fields.clone()));
        Ok(WriteOutcome::written(key, Some(shown)))
    }
}

/// The next step of a write.
enum Step {
    Send(WriteOp),
    Nothing(Box<SideRecord>),
    Moved,
}

#[async_trait]
impl Side for ProviderSide {
    fn connection(&self) -> Option<&ConnectionId> {
        Some(&self.connection)
    }

    async fn pull(&self) -> Result<()> {
        let mut run =
            OneWaySync::new(Arc::clone(&self.connector), self.store.clone(), self.connection.clone());
        for entity in &self.mirrors {
            run = run.stream(StreamPlan::mirror(entity.clone()));
        }
        let (entity, target) = (self.entity.clone(), self.target.clone());
        let run = run.stream(StreamPlan::mapped(entity, target, Arc::clone(&self.mapping)));
        Box::pin(run.run()).await.into_result().map(drop)
    }

    async fn changed(&self, after: Option<&str>, limit: u32) -> Result<SideChanges> {
        let page = self.store.changed_rows(&self.connection, &self.target, after, limit).await?;
        Ok(SideChanges::new(page.keys, Some(page.next), page.more))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Seen>> {
        let records = self.store.load(&self.connection, &self.entity, keys).await?;
        let seen = self.shown(&records).await?;
        let mut found: std::collections::HashMap<Key, Seen> =
            records.into_iter().map(|record| record.key).zip(seen).collect();
        Ok(keys.iter().map(|key| found.remove(key).unwrap_or(Seen::Gone)).collect())
    }

    async fn write(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        // A process that died may have stored it already.
        if self.store.entry(&self.connection, id).await?.is_some() {
            return Ok(WriteOutcome::Queued);
        }
        let step = match self.operation(write).await {
            Ok(step) => step,
            // One record that cannot be written stops no other.
            Err(error) if is_of_one_record(&error) => return Ok(WriteOutcome::Refused(error.to_string())),
            Err(error) => return Err(error),
        };
        match step {
            Step::Send(op) => {
                let operation = Operation::new(id.clone(), op);
                let to = Destination::new(self.entity.clone());
                self.store.enqueue(&self.connection, &to, &[operation]).await?;
                Ok(WriteOutcome::Queued)
            }
            Step::Nothing(shown) => {
                let key = write.key.clone().unwrap_or_else(|| Key::new(""));
                Ok(WriteOutcome::Written { key, shown: Some(shown) })
            }
            Step::Moved => Ok(WriteOutcome::Moved),
        }
    }

    async fn send(&self) -> Result<()> {
        let outbox = Outbox::new(Arc::clone(&self.connector), self.store.clone(), self.connection.clone());
        Box::pin(outbox.run()).await.into_result().map(drop)
    }

    async fn outcome(&self, id: &OperationId, write: &SideWrite) -> Result<WriteOutcome> {
        let Some(entry) = self.store.entry(&self.connection, id).await? else {
            let lost = "the outbox no longer has the operation: look whether the record has the new values";
            return Ok(WriteOutcome::Question(lost.to_owned()));
        };
        let note = || entry.note.clone().unwrap_or_else(|| entry.status.kind().to_string());
        Ok(match &entry.status {
            Status::Applied { key } => match key.clone().or_else(|| write.key.clone()) {
                Some(key) => self.written(key, write).await?,
                None => WriteOutcome::Question("the record was made, and its key is not known".to_owned()),
            },
            Status::Unchanged | Status::Partial => match write.key.clone() {
                Some(key) => self.written(key, write).await?,
                None => WriteOutcome::Question(note()),
            },
            Status::Conflict => WriteOutcome::Moved,
            Status::Rejected => WriteOutcome::Refused(note()),
            Status::NeedsReview => WriteOutcome::Question(note()),
            _ => WriteOutcome::Queued,
        })
    }
}

impl fmt::Debug for ProviderSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSide")
            .field("connection", &self.connection)
            .field("entity", &self.entity)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

/// Whether a failure is about the record, so that others may fare better.
fn is_of_one_record(error: &Error) -> bool {
    use ErrorKind::{Config, Decode, Forbidden, NotFound, Rejected, Unsupported};
    matches!(error.kind(), Config | Decode | Forbidden | NotFound | Rejected | Unsupported)
}

/// The instant of a provider's time of change, where it names a zone.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    text.parse::<DateTime<chrono::FixedOffset>>().ok().map(|time| time.to_utc())
}

/// Checks that a mapping gives the fields of a pairing and takes them back, by the record of a sample.
///
/// # Errors
///
/// `Config` for a field that the mapping has in one direction only.
pub fn check_two_way(mapping: &dyn FieldMapping, rules: &MergeRules, sample: &Record) -> Result<()> {
    let given = MappingContext::default();
    let row = mapping.forward(sample, &given)?.fields.unwrap_or(RawJson::parse("{}")?);
    for rule in &rules.fields {
        if row.at(rule.path.as_str())?.is_none() {
            return Err(Error::new(ErrorKind::Config, "the mapping has no such field")
                .with_advice("map the field in both directions, or take it out of the pairing")
                .with_context("field", &rule.path));
        }
    }
    Ok(())
}
