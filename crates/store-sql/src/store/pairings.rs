//! The store as two-way sync sees it.

use async_trait::async_trait;
use tieline_core::{Key, Result};
use tieline_store::pairings::{
    ChangedRecord, Conflict, Link, LinkChange, LinkId, LinkRevision, LinkState, MatchValues, NewTask,
    PairSide, PairingCounts, PairingId, PairingPosition, PairingStore, RowChangeKeys, RowChangeStore, Task,
    TaskDecision, TaskStatus,
};
use tieline_store::{ConnectionId, TargetName};

use super::{SqlStore, transact};
use crate::engine::Database;
use crate::pairings;
use crate::records::RowCursor;

#[async_trait]
impl<D: Database> PairingStore for SqlStore<D> {
    async fn open_pairing(
        &self,
        pairing: &PairingId,
        sides: [Option<&ConnectionId>; 2],
        fingerprint: &str,
    ) -> Result<PairingPosition> {
        transact!(self, Write, "opening a pairing", |tx| pairings::open(tx, pairing, sides, fingerprint))
    }

    async fn confirm_pairing(&self, pairing: &PairingId) -> Result<()> {
        transact!(self, Write, "confirming a pairing", |tx| pairings::confirm(tx, pairing))
    }

    async fn note_changes(
        &self,
        pairing: &PairingId,
        side: PairSide,
        keys: &[Key],
        cursor: (Option<&str>, Option<&str>),
    ) -> Result<bool> {
        transact!(self, Write, "noting changed records", |tx| {
            pairings::note_changes(tx, pairing, side, keys, cursor)
        })
    }

    async fn changed_records(
        &self,
        pairing: &PairingId,
        after: Option<&ChangedRecord>,
        limit: u32,
    ) -> Result<Vec<ChangedRecord>> {
        transact!(self, Read, "listing changed records", |tx| {
            pairings::changed_records(tx, pairing, after, limit)
        })
    }

    async fn forget_changes(&self, pairing: &PairingId, handled: &[ChangedRecord]) -> Result<()> {
        transact!(self, Write, "forgetting changed records", |tx| {
            pairings::forget_changes(tx, pairing, handled)
        })
    }

    async fn put_match_values(
        &self,
        pairing: &PairingId,
        side: PairSide,
        values: &[MatchValues],
    ) -> Result<()> {
        transact!(self, Write, "storing match values", |tx| {
            pairings::put_match_values(tx, pairing, side, values)
        })
    }

    async fn matching_records(
        &self,
        pairing: &PairingId,
        side: PairSide,
        value: (u32, &str),
        limit: u32,
    ) -> Result<Vec<Key>> {
        transact!(self, Read, "matching records", |tx| {
            pairings::matching_records(tx, pairing, side, value, limit)
        })
    }

    async fn links_of(&self, pairing: &PairingId, side: PairSide, keys: &[Key]) -> Result<Vec<Link>> {
        transact!(self, Read, "reading links", |tx| pairings::links_of(tx, pairing, side, keys))
    }

    async fn link(&self, pairing: &PairingId, link: LinkId) -> Result<Option<Link>> {
        transact!(self, Read, "reading a link", |tx| pairings::link(tx, pairing, link))
    }

    async fn links_in(
        &self,
        pairing: &PairingId,
        state: LinkState,
        after: Option<LinkId>,
        limit: u32,
    ) -> Result<Vec<Link>> {
        transact!(self, Read, "listing links", |tx| pairings::links_in(tx, pairing, state, after, limit))
    }

    async fn store_link(&self, pairing: &PairingId, change: LinkChange) -> Result<Option<Link>> {
        transact!(self, Durable, "storing a link", |tx| pairings::store_link(tx, pairing, &change))
    }

    async fn decide_task(
        &self,
        pairing: &PairingId,
        decision: &TaskDecision,
        change: Option<LinkChange>,
    ) -> Result<bool> {
        transact!(self, Durable, "deciding a task", |tx| {
            pairings::decide_task(tx, pairing, decision, change.as_ref())
        })
    }

    async fn add_task(&self, pairing: &PairingId, about: Option<LinkRevision>, task: NewTask) -> Result<()> {
        transact!(self, Write, "storing a task", |tx| pairings::add_task(tx, pairing, about, &task))
    }

    async fn tasks(
        &self,
        pairing: &PairingId,
        status: Option<TaskStatus>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Task>> {
        transact!(self, Read, "listing tasks", |tx| pairings::tasks(tx, pairing, status, after, limit))
    }

    async fn task(&self, pairing: &PairingId, number: u64) -> Result<Option<Task>> {
        transact!(self, Read, "reading a task", |tx| pairings::task(tx, pairing, number))
    }

    async fn conflicts(&self, pairing: &PairingId, after: Option<u64>, limit: u32) -> Result<Vec<Conflict>> {
        transact!(self, Read, "listing conflicts", |tx| pairings::conflicts(tx, pairing, after, limit))
    }

    async fn pairing_counts(&self, pairing: &PairingId) -> Result<PairingCounts> {
        transact!(self, Read, "counting links", |tx| pairings::counts(tx, pairing))
    }
}

#[async_trait]
impl<D: Database> RowChangeStore for SqlStore<D> {
    async fn changed_rows(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        after: Option<&str>,
        limit: u32,
    ) -> Result<RowChangeKeys> {
        let since: RowCursor = after.map_or_else(|| Ok(RowCursor::default()), str::parse)?;
        let page = self.rows_since(connection, target, &since, limit).await?;
        let keys = page.changes.into_iter().map(|change| change.key).collect();
        Ok(RowChangeKeys::new(keys, page.next.to_string(), page.more))
    }
}
