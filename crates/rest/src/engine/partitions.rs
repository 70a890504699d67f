//! The parents of a child entity, each read with a state of its own.

use futures_util::TryStreamExt as _;
use tieline_core::{
    Change, Error, Key, Partition, PartitionEntry, Partitions, PartitionsRequest, ReadRequest, Result, Text,
};

use super::client::Client;
use super::plan::entity;
use super::read::read;

/// The most parents that are listed.
const MAX_PARENTS: usize = 1_000_000;

pub(crate) async fn partitions(client: &Client, request: PartitionsRequest) -> Result<Partitions> {
    let child = entity(&client.description, request.entity.as_str())?;
    let Some(parent) = &child.parent else {
        return Err(Error::unsupported(format!("partitions of {}", request.entity)));
    };
    let mut keys: Vec<String> = Vec::new();
    let mut changed: Vec<Option<Text>> = Vec::new();
    // Grandparents first: each of their partitions lists some parents.
    let above = match entity(&client.description, &parent.entity)?.parent {
        Some(_) => {
            let request = PartitionsRequest::new(parent.entity.as_str());
            let listed = Box::pin(partitions(client, request)).await?;
            listed.partitions.into_iter().map(|entry| Some(entry.partition)).collect()
        }
        None => vec![None],
    };
    for partition in above {
        let mut request = ReadRequest::full(parent.entity.as_str());
        if let Some(partition) = partition {
            request = request.with_partition(partition);
        }
        let mut batches = read(client, request)?;
        while let Some(batch) = batches.try_next().await? {
            for change in batch.groups.into_iter().flat_map(|group| group.changes) {
                if let Change::Upsert(record) = change
                    && child.parent_when.iter().all(|condition| condition.fits(record.payload.get()))
                {
                    keys.push(record.key.as_str().to_owned());
                    changed.push(record.changed_at);
                }
            }
            if keys.len() > MAX_PARENTS {
                return Err(Error::unsupported(format!("more than {MAX_PARENTS} parents")));
            }
        }
    }
    let group = usize::try_from(parent.group).unwrap_or(1).max(1);
    if child.follows {
        // A partition that says when its parent changed is read again when that text is another one.
        let entries = keys.into_iter().zip(changed).map(|(key, changed)| {
            let entry = PartitionEntry::new(partition_of(&[key]));
            match changed {
                Some(at) => entry.with_changed_at(at),
                None => entry,
            }
        });
        return Ok(Partitions::new(entries));
    }
    Ok(Partitions::new(keys.chunks(group).map(partition_of)))
}

/// Keys of parents in a partition, which is written as a composite key is.
pub(crate) fn parents_of(partition: &str) -> Vec<String> {
    Key::new(partition).parts().map(|part| part.into_owned()).collect()
}

/// The partition of some parents.
pub(crate) fn partition_of(parents: &[String]) -> Partition {
    Partition::new(Key::from_parts(parents).as_str())
}
