//! The catalog of an account: its entities, their fields and what can be done with them.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{EntityName, FieldPath, Text};

/// The entities that were discovered in an account.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Catalog {
    /// The entities.
    pub entities: Vec<Entity>,
}

impl Catalog {
    /// A catalog of these.
    pub fn new(entities: Vec<Entity>) -> Self {
        Self { entities }
    }

    /// The entity of that name.
    pub fn entity(&self, name: &str) -> Option<&Entity> {
        self.entities.iter().find(|entity| entity.name == name)
    }
}

/// A collection of records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Entity {
    /// Its name in requests.
    pub name: EntityName,
    /// Its name for people.
    pub title: String,
    /// The lifetime of its keys.
    pub keys: KeyKind,
    /// The way in which deletions show.
    pub deletes: Deletes,
    /// The capabilities.
    pub capabilities: Capabilities,
    /// The field that says when a record changed.
    pub cursor_field: Option<FieldPath>,
    /// The entity whose records are its partitions: it is read, looked up and written for one parent at a time.
    pub parent: Option<EntityName>,
    /// Entities that are read in one stream with this one, sharing its state.
    pub group: Option<Text>,
    /// The fields. Empty in a catalog of names.
    pub fields: Vec<EntityField>,
    /// The JSON Schema (2020-12) of a record. `None` in a catalog of names.
    pub schema: Option<Value>,
    /// The actions that can be invoked on it.
    pub actions: Vec<Action>,
    /// How a create is found again when its answer was lost. Without it, a lost answer is a question for a person. In
    /// a catalog of names too.
    pub marker: Option<MarkerField>,
}

/// The external reference that a create carries, so that an unknown outcome can be settled by looking for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarkerField {
    /// The field to look it up by, with [`LookupRequest::field`](crate::LookupRequest::field).
    pub field: FieldPath,
    /// The time by which the provider's search may lag behind its writes. Looking earlier proves nothing.
    pub search_delay: Duration,
    /// Whether every create carries it, whatever its fields. When not, an outcome says so with
    /// [`unmarked`](crate::OperationOutcome::unmarked), and where there is no outcome, because the process ended, not
    /// finding the marker proves nothing.
    pub always: bool,
}

impl MarkerField {
    /// A marker that is found at once, and that some creates may not carry.
    pub fn new(field: FieldPath) -> Self {
        Self { field, search_delay: Duration::ZERO, always: false }
    }

    /// Says that every create carries it.
    #[must_use]
    pub fn always(mut self) -> Self {
        self.always = true;
        self
    }

    /// Sets how long the search may lag.
    #[must_use]
    pub fn with_search_delay(mut self, delay: Duration) -> Self {
        self.search_delay = delay;
        self
    }
}

impl Entity {
    /// An entity with stable keys that can be read in full.
    pub fn new(name: impl Into<EntityName>, title: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            keys: KeyKind::Stable,
            deletes: Deletes::Never,
            capabilities: Capabilities::default(),
            cursor_field: None,
            parent: None,
            group: None,
            fields: Vec::new(),
            schema: None,
            actions: Vec::new(),
            marker: None,
        }
    }
}

/// The lifetime of an entity's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyKind {
    /// A key names the same record for ever.
    Stable,
    /// A key is a position (a sheet's row number): never synced both ways.
    Positional,
    /// There are no keys.
    None,
}

/// The way in which deletions show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Deletes {
    /// A read of changes yields them.
    Feed,
    /// Only a complete pass over all records or keys shows what is missing.
    Sweep,
    /// They cannot be seen, or do not happen.
    Never,
}

/// The capabilities of an entity. All false by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capabilities {
    /// Reads of what changed since a state.
    pub changes: bool,
    /// Passes over keys only that cost less than a full read.
    pub keys_only: bool,
    /// Reads restricted to some fields.
    pub projection: bool,
    /// Look-ups by key.
    pub lookup: bool,
    /// Creates.
    pub create: bool,
    /// Updates.
    pub update: bool,
    /// Deletes.
    pub delete: bool,
    /// Upserts by a field's value.
    pub upsert: bool,
}

impl Capabilities {
    /// Readable in full, nothing else.
    pub const READ: Self = Self {
        changes: false,
        keys_only: false,
        projection: false,
        lookup: false,
        create: false,
        update: false,
        delete: false,
        upsert: false,
    };

    /// Adds reads of changes.
    #[must_use]
    pub const fn with_changes(mut self) -> Self {
        self.changes = true;
        self
    }

    /// Adds look-ups by key.
    #[must_use]
    pub const fn with_lookup(mut self) -> Self {
        self.lookup = true;
        self
    }

    /// Adds creates, updates and deletes.
    #[must_use]
    pub const fn with_writes(mut self) -> Self {
        self.create = true;
        self.update = true;
        self.delete = true;
        self
    }
}

/// A field of an entity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EntityField {
    /// Its path in a record.
    pub path: FieldPath,
    /// Its name for people: for a custom field the label that the account gave it.
    pub title: String,
    /// The provider's word for its type.
    pub provider_type: Text,
    /// Whether the account added it.
    pub custom: bool,
    /// Whether a create must give it.
    pub required: bool,
    /// Whether a create can give it.
    pub creatable: bool,
    /// Whether an update can change it.
    pub updatable: bool,
    /// Whether a read leaves it out unless [`ReadRequest::with_fields`](crate::ReadRequest::with_fields) names it.
    pub on_request: bool,
    /// Whether no two records have the same value.
    pub unique: bool,
    /// The most characters that its text can have.
    pub max_length: Option<u32>,
    /// The values it can take, when they are a list.
    pub choices: Vec<Choice>,
    /// The entities that it can point to.
    pub references: Vec<EntityName>,
}

impl EntityField {
    /// A field.
    pub fn new(path: FieldPath, title: impl Into<String>, provider_type: impl Into<Text>) -> Self {
        Self {
            path,
            title: title.into(),
            provider_type: provider_type.into(),
            custom: false,
            required: false,
            creatable: false,
            updatable: false,
            on_request: false,
            unique: false,
            max_length: None,
            choices: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Whether a create or an update can give it.
    pub fn is_writable(&self) -> bool {
        self.creatable || self.updatable
    }

    /// Says whether creates and updates can give it.
    #[must_use]
    pub fn with_writable(mut self, writable: bool) -> Self {
        self.creatable = writable;
        self.updatable = writable;
        self
    }
}

/// A value with its label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The value as the provider writes it.
    pub value: Text,
    /// The label that people read.
    pub label: String,
}

/// Something a provider does that is no record write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Action {
    /// Its name in an `Invoke`.
    pub name: Text,
    /// Its name for people.
    pub title: String,
    /// The JSON Schema of its input.
    pub input: Value,
    /// Whether doing it twice does no harm.
    pub idempotent: bool,
}

impl Action {
    /// An action that must not be done twice.
    pub fn new(name: impl Into<Text>, title: impl Into<String>, input: Value) -> Self {
        Self { name: name.into(), title: title.into(), input, idempotent: false }
    }
}
