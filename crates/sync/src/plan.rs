//! What a run reads, and what becomes of it.

use std::sync::Arc;

use tieline_core::{EntityName, FieldMapping, Partition, ReadMode};
use tieline_store::{ConnectionId, StreamId, TargetName};
use tracing::{Span, info_span};

/// One entity (or one partition of it) of a run.
#[derive(Clone, Debug)]
pub struct StreamPlan {
    pub(crate) entity: EntityName,
    pub(crate) partition: Option<Partition>,
    pub(crate) mode: ReadMode,
    pub(crate) page_size: Option<u32>,
    pub(crate) target: Option<Target>,
}

/// Where mapped rows go.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) name: TargetName,
    pub(crate) mapping: Arc<dyn FieldMapping>,
}

impl StreamPlan {
    /// Keeps the provider's records as they are.
    pub fn mirror(entity: impl Into<EntityName>) -> Self {
        Self {
            entity: entity.into(),
            partition: None,
            mode: ReadMode::Changes,
            page_size: None,
            target: None,
        }
    }

    /// Keeps the provider's records, and the rows that a mapping makes of them.
    pub fn mapped(
        entity: impl Into<EntityName>,
        target: impl Into<TargetName>,
        mapping: Arc<dyn FieldMapping>,
    ) -> Self {
        Self { target: Some(Target { name: target.into(), mapping }), ..Self::mirror(entity) }
    }

    /// The stream that the store keeps a position of.
    pub(crate) fn stream_id(&self, connection: &ConnectionId) -> StreamId {
        StreamId::new(connection.clone(), self.entity.clone()).with_partition(self.partition.clone())
    }

    /// Whether reading this reads what the other reads.
    pub(crate) fn reads_as(&self, other: &Self) -> bool {
        self.entity == other.entity && self.partition == other.partition && self.mode == other.mode
    }

    pub(crate) fn span(&self) -> Span {
        let target = self.target.as_ref().map(|target| target.name.as_str());
        info_span!("sync.stream", tieline.entity = %self.entity, tieline.target = target, tieline.mode = ?self.mode)
    }

    /// Reads everything: the backstop for what increments cannot see. A pass that was interrupted goes on.
    #[must_use]
    pub fn full(mut self) -> Self {
        self.mode = ReadMode::Full;
        self
    }

    /// Reads the keys of everything, so that deletions show.
    #[must_use]
    pub fn keys(mut self) -> Self {
        self.mode = ReadMode::Keys;
        self
    }

    /// Reads one partition.
    #[must_use]
    pub fn partition(mut self, partition: impl Into<Partition>) -> Self {
        self.partition = Some(partition.into());
        self
    }

    /// Asks for pages of this many records; the provider's best by default.
    #[must_use]
    pub fn page_size(mut self, records: u32) -> Self {
        self.page_size = Some(records);
        self
    }
}
