//! The request structs and answers of [`Connector`](crate::Connector). Each is built by a builder and may grow.

use std::pin::Pin;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_core::Stream;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    Batch, Choice, Deletion, EntityName, FieldPath, Key, Operation, Partition, RawJson, Record, Result,
    State, Text,
};

/// A lazy stream of batches. Dropping it cancels the read.
pub type BatchStream = Pin<Box<dyn Stream<Item = Result<Batch>> + Send>>;

/// For [`Connector::check`](crate::Connector::check).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CheckRequest {}

/// Who a credential is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// The account's id at the provider.
    pub id: Option<Text>,
    /// The account's name for people: the company.
    pub name: String,
    /// The user that the credential belongs to.
    pub user: Option<String>,
    /// That user's id at the provider, as its notifications about the connection itself name it.
    pub user_id: Option<Text>,
    /// The granted scopes, when the provider tells.
    pub scopes: Vec<Text>,
    /// Other accounts that the credential reaches: companies, tenants.
    pub others: Vec<Choice>,
    /// What works but may surprise: a user who does not see everything, a plan that ends.
    pub warnings: Vec<String>,
}

impl Account {
    /// An account of that name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }
}

/// For [`Connector::discover`](crate::Connector::discover).
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DiscoverRequest {
    /// Only these; all when empty.
    pub entities: Vec<EntityName>,
    /// Whether to describe fields and schemas too, which costs requests.
    pub schemas: bool,
}

impl DiscoverRequest {
    /// The names of all entities.
    pub fn names() -> Self {
        Self::default()
    }

    /// All entities with their fields and schemas.
    pub fn schemas() -> Self {
        Self { schemas: true, ..Self::default() }
    }

    /// Only this entity, and others added so.
    #[must_use]
    pub fn only(mut self, entity: impl Into<EntityName>) -> Self {
        self.entities.push(entity.into());
        self
    }
}

/// For [`Connector::read`](crate::Connector::read).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ReadRequest {
    /// The entity, or the group of entities that share a state.
    pub entity: EntityName,
    /// What to read.
    pub mode: ReadMode,
    /// A part of the entity.
    pub partition: Option<Partition>,
    /// Where an earlier read stopped.
    pub state: Option<State>,
    /// Only these fields, where the provider can; all when empty.
    pub fields: Vec<FieldPath>,
    /// Only records whose field has this value, where the connector can; refused otherwise.
    pub filters: Vec<Filter>,
    /// Records per page; the provider's best by default. Bounded by what the provider allows.
    pub page_size: Option<u32>,
    /// End after so many records. The pass is then partial.
    pub max_records: Option<u64>,
}

impl ReadRequest {
    /// Reads what changed since the state; everything without one.
    pub fn changes(entity: impl Into<EntityName>) -> Self {
        Self {
            entity: entity.into(),
            mode: ReadMode::Changes,
            partition: None,
            state: None,
            fields: Vec::new(),
            filters: Vec::new(),
            page_size: None,
            max_records: None,
        }
    }

    /// Reads everything. A state resumes a full pass that was interrupted; a finished one begins anew.
    pub fn full(entity: impl Into<EntityName>) -> Self {
        Self { mode: ReadMode::Full, ..Self::changes(entity) }
    }

    /// Reads the keys of everything.
    pub fn keys(entity: impl Into<EntityName>) -> Self {
        Self { mode: ReadMode::Keys, ..Self::changes(entity) }
    }

    /// Goes on from a state.
    #[must_use]
    pub fn with_state(mut self, state: Option<State>) -> Self {
        self.state = state;
        self
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Sets the fields.
    #[must_use]
    pub fn with_fields(mut self, fields: impl IntoIterator<Item = FieldPath>) -> Self {
        self.fields = fields.into_iter().collect();
        self
    }

    /// Adds a filter.
    #[must_use]
    pub fn with_filter(mut self, field: FieldPath, equals: RawJson) -> Self {
        self.filters.push(Filter { field, equals });
        self
    }

    /// Sets the page size.
    #[must_use]
    pub fn with_page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }

    /// Ends after so many records.
    #[must_use]
    pub fn with_max_records(mut self, records: u64) -> Self {
        self.max_records = Some(records);
        self
    }
}

/// The extent of a read, and of the pass that a batch belongs to. Written as `full`, `changes` and `keys`; the words are
/// part of stored states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadMode {
    /// All records of the entity. At the complete end of such a pass, a key that was not seen is gone.
    Full,
    /// What changed since the state. A request without a state reads everything, and its batches belong to a full pass.
    Changes,
    /// The keys of all records. At the complete end of such a pass, a key that was not seen is gone.
    Keys,
}

/// A field and the value it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The field.
    pub field: FieldPath,
    /// Its value.
    pub equals: RawJson,
}

/// For [`Connector::lookup`](crate::Connector::lookup).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRequest {
    /// The entity.
    pub entity: EntityName,
    /// Which records.
    pub by: LookupBy,
}

impl LookupRequest {
    /// By keys, any number of them; the connector cuts them into the provider's chunks.
    pub fn keys(entity: impl Into<EntityName>, keys: impl IntoIterator<Item = Key>) -> Self {
        Self { entity: entity.into(), by: LookupBy::Keys(keys.into_iter().collect()) }
    }

    /// By a field's value: all records that have it.
    pub fn field(entity: impl Into<EntityName>, field: FieldPath, value: RawJson) -> Self {
        Self { entity: entity.into(), by: LookupBy::Field { field, value } }
    }
}

/// Which records to look up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupBy {
    /// These keys.
    Keys(Vec<Key>),
    /// All that have this value.
    Field {
        /// The field.
        field: FieldPath,
        /// The value.
        value: RawJson,
    },
}

/// What was looked up: one answer per key, in the order asked; or all records with the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lookups {
    /// The answers.
    pub answers: Vec<Lookup>,
}

impl Lookups {
    /// These answers.
    pub fn new(answers: Vec<Lookup>) -> Self {
        Self { answers }
    }

    /// The records among the answers.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.answers.iter().filter_map(|answer| match answer {
            Lookup::Record(record) => Some(record),
            _ => None,
        })
    }
}

/// What became of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// Here it is.
    Record(Record),
    /// There is none.
    Missing(Key),
    /// There was one.
    Deleted(Deletion),
    /// It exists, and this credential may not see it.
    Forbidden(Key),
}

/// For [`Connector::partitions`](crate::Connector::partitions).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartitionsRequest {
    /// The entity.
    pub entity: EntityName,
}

impl PartitionsRequest {
    /// The partitions of an entity.
    pub fn new(entity: impl Into<EntityName>) -> Self {
        Self { entity: entity.into() }
    }
}

/// The partitions of an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partitions {
    /// Each is read with a state of its own.
    pub partitions: Vec<Partition>,
}

impl Partitions {
    /// These partitions.
    pub fn new(partitions: Vec<Partition>) -> Self {
        Self { partitions }
    }
}

/// For [`Connector::choices`](crate::Connector::choices).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ChoicesRequest {
    /// The field of the settings or of an action's input.
    pub field: Text,
}

impl ChoicesRequest {
    /// The values that a field of a form can take in this account.
    pub fn new(field: impl Into<Text>) -> Self {
        Self { field: field.into() }
    }
}

/// Values for a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Choices {
    /// The values.
    pub choices: Vec<Choice>,
}

impl Choices {
    /// These values.
    pub fn new(choices: Vec<Choice>) -> Self {
        Self { choices }
    }
}

/// For [`Connector::subscriptions`](crate::Connector::subscriptions).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum SubscriptionsRequest {
    /// Make sure that the provider notifies this address of changes to these entities.
    Ensure {
        /// The host's address.
        callback: Url,
        /// The entities.
        entities: Vec<EntityName>,
    },
    /// Renew what would end before that time.
    Renew {
        /// The time.
        before: DateTime<Utc>,
    },
    /// Remove all subscriptions that call this address.
    Remove {
        /// The host's address.
        callback: Url,
    },
}

/// The subscriptions that stand afterwards.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Subscriptions {
    /// Each with the time at which it ends.
    pub active: Vec<(Text, Option<DateTime<Utc>>)>,
}

/// For [`Connector::poll`](crate::Connector::poll).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PollRequest {
    /// The job, from [`Outcome::Accepted`](crate::Outcome::Accepted).
    pub ticket: Text,
    /// The operations that went into it.
    pub operations: Vec<Operation>,
}

impl PollRequest {
    /// Asks for a job.
    pub fn new(ticket: impl Into<Text>, operations: Vec<Operation>) -> Self {
        Self { ticket: ticket.into(), operations }
    }
}

/// For [`Connector::content`](crate::Connector::content).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContentRequest {
    /// The entity.
    pub entity: EntityName,
    /// The record whose file is wanted.
    pub key: Key,
    /// From this byte, so that a broken download resumes.
    pub offset: u64,
}

impl ContentRequest {
    /// A file from its beginning.
    pub fn new(entity: impl Into<EntityName>, key: impl Into<Key>) -> Self {
        Self { entity: entity.into(), key: key.into(), offset: 0 }
    }
}

/// The bytes of a file.
#[non_exhaustive]
pub struct Content {
    /// The media type, as the provider says.
    pub media_type: Option<Text>,
    /// The length of the whole file.
    pub length: Option<u64>,
    /// The bytes.
    pub bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>,
}

impl Content {
    /// A file.
    pub fn new(bytes: Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>) -> Self {
        Self { media_type: None, length: None, bytes }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content")
            .field("media_type", &self.media_type)
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
