//! Sinks: what is told of mapped rows in the transaction that stores them.

use std::fmt::Debug;

use async_trait::async_trait;
use tieline_core::{Key, RawJson, Result};
use tieline_store::{ConnectionId, RowIssue, TargetName};

use crate::tx::Tx;

/// What became of a mapped row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowChange {
    /// The key of the record that the row is mapped from.
    pub key: Key,
    /// The fields, as a JSON object; `None` when the row went.
    pub fields: Option<RawJson>,
}

impl RowChange {
    /// A row that is new or has other fields.
    pub fn put(key: impl Into<Key>, fields: RawJson) -> Self {
        Self { key: key.into(), fields: Some(fields) }
    }

    /// A row that went.
    pub fn removed(key: impl Into<Key>) -> Self {
        Self { key: key.into(), fields: None }
    }
}

/// Takes the rows of one target as they change, in the transaction of the commit.
///
/// What a sink writes into the same database is stored exactly once: with the rows and the state that they belong to,
/// or not at all. A sink that writes elsewhere is called at least once for each change: when the commit fails
/// afterwards, the same rows come again. Its writes must therefore be upserts and deletes by key.
#[async_trait]
pub trait RowSink: Debug + Send + Sync {
    /// Whose rows it takes.
    fn target(&self) -> &TargetName;

    /// Takes changes of one connection's rows, each key once. Several calls may be made in one transaction. Returns what
    /// was wrong with single rows; an issue needs no entity.
    ///
    /// # Errors
    ///
    /// Whatever keeps all of the rows from being written; the whole commit is then rolled back.
    async fn apply(
        &self,
        tx: &mut dyn Tx,
        connection: &ConnectionId,
        changes: &[RowChange],
    ) -> Result<Vec<RowIssue>>;
}
