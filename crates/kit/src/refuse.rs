use tieline_core::{EntityName, Error, Partition, Result};

use crate::excerpt;

/// Refuses a partition of an entity that has none: what was meant for one part must not reach another.
///
/// # Errors
///
/// `Unsupported`, when there is a partition.
pub fn refuse_partition(entity: &EntityName, partition: Option<&Partition>) -> Result<()> {
    let Some(partition) = partition else { return Ok(()) };
    Err(Error::unsupported("a partition of this entity")
        .with_advice("leave the partition out")
        .with_context("entity", excerpt(entity.as_str(), 80))
        .with_context("partition", excerpt(partition.as_str(), 64)))
}
