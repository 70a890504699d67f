//! Partitions: the parts of an entity that are read with a state each.

use serde::{Deserialize, Serialize};

use crate::{EntityName, Partition, State, Text};

/// For [`Connector::partitions`](crate::Connector::partitions).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PartitionsRequest {
    /// The entity.
    pub entity: EntityName,
    /// The end of the page before: its [`Partitions::next`].
    pub after: Option<Text>,
    /// The state of an earlier listing: only partitions that changed since are wanted, where the connector can tell.
    pub state: Option<State>,
}

impl PartitionsRequest {
    /// The first page of an entity's partitions.
    pub fn new(entity: impl Into<EntityName>) -> Self {
        Self { entity: entity.into(), after: None, state: None }
    }

    /// Goes on after a page.
    #[must_use]
    pub fn with_after(mut self, after: Option<Text>) -> Self {
        self.after = after;
        self
    }

    /// Asks for what changed since an earlier listing.
    #[must_use]
    pub fn with_state(mut self, state: Option<State>) -> Self {
        self.state = state;
        self
    }
}

/// A page of an entity's partitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Partitions {
    /// Each is read with a state of its own.
    pub partitions: Vec<PartitionEntry>,
    /// The beginning of the next page; `None` on the last page.
    pub next: Option<Text>,
    /// The state of this listing, on its last page, for a connector that can list what changed since.
    pub state: Option<State>,
}

impl Partitions {
    /// A page, which is the last one.
    pub fn new<E: Into<PartitionEntry>>(partitions: impl IntoIterator<Item = E>) -> Self {
        Self { partitions: partitions.into_iter().map(Into::into).collect(), next: None, state: None }
    }

    /// Says where the next page begins.
    #[must_use]
    pub fn with_next(mut self, next: Option<Text>) -> Self {
        self.next = next;
        self
    }

    /// Sets the state of the listing.
    #[must_use]
    pub fn with_state(mut self, state: Option<State>) -> Self {
        self.state = state;
        self
    }
}

/// A partition, and when it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PartitionEntry {
    /// The partition.
    pub partition: Partition,
    /// When it, or something in it, changed, in the provider's own words. A caller that stored the same text may skip it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_at: Option<Text>,
}

impl PartitionEntry {
    /// A partition that does not say when it changed.
    pub fn new(partition: impl Into<Partition>) -> Self {
        Self { partition: partition.into(), changed_at: None }
    }

    /// Sets when it changed.
    #[must_use]
    pub fn with_changed_at(mut self, changed_at: impl Into<Text>) -> Self {
        self.changed_at = Some(changed_at.into());
        self
    }
}

impl From<Partition> for PartitionEntry {
    fn from(partition: Partition) -> Self {
        Self::new(partition)
    }
}

impl From<&str> for PartitionEntry {
    fn from(partition: &str) -> Self {
        Self::new(partition)
    }
}
