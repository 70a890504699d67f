//! What a store is asked about: connections, streams and targets.

use std::fmt;

use tieline_core::{EntityName, Partition, Text, text_newtype};

text_newtype! {
    /// The host's name for one of its customers. A store is a handle of one tenant, and a host without tenants has the
    /// one called `main`.
    TenantId(Text)
}

impl Default for TenantId {
    fn default() -> Self {
        Self::new("main")
    }
}

text_newtype! {
    /// The host's name for a connection: one account of one customer at one provider. Nothing of one connection is
    /// ever visible through another.
    ConnectionId(Text)
}

text_newtype! {
    /// The host's name for what an entity is mapped to: `deals`, `crm_contacts`. One target holds the rows of one
    /// entity.
    TargetName(Text)
}

/// What is read with one state: an entity of a connection (or a group of entities that share a state), or one
/// partition of it.
///
/// ```
/// use tieline_store::StreamId;
///
/// let stream = StreamId::new("acme", "comments").with_partition(Some("task-7".into()));
/// assert_eq!(stream.to_string(), "acme/comments/task-7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct StreamId {
    /// The connection.
    pub connection: ConnectionId,
    /// The entity, or the group of entities, as it is asked for in a read.
    pub entity: EntityName,
    /// The partition.
    pub partition: Option<Partition>,
}

impl StreamId {
    /// The stream of a whole entity.
    pub fn new(connection: impl Into<ConnectionId>, entity: impl Into<EntityName>) -> Self {
        Self { connection: connection.into(), entity: entity.into(), partition: None }
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Option<Partition>) -> Self {
        self.partition = partition;
        self
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.connection, self.entity)?;
        if let Some(partition) = &self.partition {
            write!(f, "/{partition}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fill_a_column() {
        assert_eq!(format!("{:<6}|{:>6}|", ConnectionId::new("crm"), TenantId::default()), "crm   |  main|");
    }
}
