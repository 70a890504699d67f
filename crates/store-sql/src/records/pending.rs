//! Undecided records: those that a read was refused, and those that are gone and whose deletion is held.

use std::collections::BTreeMap;

use tieline_core::{EntityName, Error, ErrorKind, Key, Result};
use tieline_store::plan::GONE;
use tieline_store::{DeleteThreshold, PendingCounts, PendingKind, PendingRecord, StreamId, SweepRefused};

use super::commit::Work;
use super::{KEYS, partition_name};
use crate::sql::{Bulk, Column, Sql};
use crate::time::{now, time};
use crate::tx::{Tx, all, args, one};

/// The undecided records `p` of the stream `$3`, `$4` of the connection `$2`.
macro_rules! of_stream {
    ($select:literal, $then:literal) => {
        Sql::new(concat!(
            "SELECT ",
            $select,
            " FROM tieline.synced c
             JOIN tieline.streams s ON s.tenant = $1 AND s.synced_id = c.id
             JOIN tieline.pending p ON p.tenant = $1 AND p.stream_id = s.id
             JOIN tieline.entities e ON e.tenant = $1 AND e.id = p.entity_id
             WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND s.entity = $3 AND s.partition = $4 ",
            $then
        ))
    };
}

/// Returns undecided records of a stream, those that were tried least first.
///
/// # Errors
///
/// As the database fails.
pub async fn pending(tx: &mut dyn Tx, stream: &StreamId, limit: u32) -> Result<Vec<PendingRecord>> {
    static PAGE: Sql = of_stream!(
        "e.name, p.key, p.kind, p.why, p.first_at, p.tries",
        "ORDER BY p.tries, p.key, e.name LIMIT $5"
    );
    type Stored = (String, String, String, String, i64, u64);
    let partition = partition_name(stream.partition.as_ref());
    let page = args![stream.connection.as_str(), stream.entity.as_str(), &partition, limit];
    let stored: Vec<Stored> = all(tx, &PAGE, page).await?;
    let read = |(entity, key, kind, why, first_at, tries): Stored| {
        let kind = PendingKind::parse(&kind).ok_or_else(|| {
            Error::new(ErrorKind::Internal, "a pending record is of a kind that this version does not know")
                .with_advice("update the crate: a newer version may have stored it")
                .with_context("stream", stream)
        })?;
        let tries = u32::try_from(tries).unwrap_or(u32::MAX);
        Ok(PendingRecord::new(entity, key, kind, why, time(first_at)).with_tries(tries))
    };
    stored.into_iter().map(read).collect()
}

/// Returns how many undecided records a stream has.
///
/// # Errors
///
/// As the database fails.
pub async fn pending_counts(tx: &mut dyn Tx, stream: &StreamId) -> Result<PendingCounts> {
    static COUNT: Sql =
        of_stream!("count(*) FILTER (WHERE p.kind = 'refused'), count(*) FILTER (WHERE p.kind = 'gone')", "");
    let partition = partition_name(stream.partition.as_ref());
    let key = args![stream.connection.as_str(), stream.entity.as_str(), &partition];
    let (refused, gone): (u64, u64) = one(tx, &COUNT, key).await?;
    Ok(PendingCounts::new(refused, gone))
}

impl Work<'_> {
    pub(super) async fn note_refused(
        &mut self,
        entity: &EntityName,
        refused: &BTreeMap<Key, String>,
        stream: i64,
    ) -> Result<()> {
        let entity_id = self.entity_id(entity).await?;
        let refused: Vec<(&str, &str)> =
            refused.iter().map(|(key, why)| (key.as_str(), why.as_str())).collect();
        for chunk in refused.chunks(KEYS) {
            let (keys, whys) = chunk.iter().copied().unzip();
            self.note(entity_id, stream, PendingKind::Refused, keys, whys).await?;
        }
        Ok(())
    }

    pub(super) async fn note_gone(&mut self, entity_id: i64, stream: i64, keys: &[&str]) -> Result<()> {
        self.note(entity_id, stream, PendingKind::Gone, keys.to_vec(), vec![GONE; keys.len()]).await
    }

    async fn note(
        &mut self,
        entity_id: i64,
        stream: i64,
        kind: PendingKind,
        keys: Vec<&str>,
        whys: Vec<&str>,
    ) -> Result<()> {
        static NOTE: Bulk = Bulk::new(
            "tieline.pending AS p (tenant, entity_id, stream_id, kind, first_at, tries, key, why)",
            6,
            &["text", "text"],
            "ON CONFLICT (entity_id, key) DO UPDATE SET stream_id = excluded.stream_id, kind = excluded.kind,
                 why = excluded.why, tries = p.tries + 1",
        );
        self.pending.insert(entity_id);
        let first_at = now(self.tx).await?;
        let same = args![entity_id, stream, kind.as_str(), first_at, 1_i64];
        self.tx.insert(&NOTE, same, &[Column::Texts(keys), Column::Texts(whys)]).await.map(drop)
    }

    /// Forgets keys that are decided, and those of keys that are there which were gone.
    pub(super) async fn decide_pending(
        &mut self,
        entity_id: i64,
        decided: &[&str],
        there: &[&str],
    ) -> Result<()> {
        static DECIDED: Sql =
            Sql::new("DELETE FROM tieline.pending WHERE tenant = $1 AND {keys entity_id = $2, key in $3}");
        static THERE: Sql = Sql::new(
            "DELETE FROM tieline.pending WHERE tenant = $1 AND {keys entity_id = $2, key in $3} AND kind = 'gone'",
        );
        if !self.pending.contains(&entity_id) {
            return Ok(());
        }
        for (statement, keys) in [(&DECIDED, decided), (&THERE, there)] {
            if !keys.is_empty() {
                self.tx.run(statement, args![entity_id, keys]).await?;
            }
        }
        Ok(())
    }

    /// Deletes the records of a stream whose deletion was held, unless the brake holds.
    pub(super) async fn delete_held(&mut self, stream: i64, brake: DeleteThreshold) -> Result<()> {
        static GONE_COUNT: Sql = Sql::new(
            "SELECT count(*) FROM tieline.pending WHERE tenant = $1 AND stream_id = $2 AND kind = 'gone'",
        );
        static OF: Sql =
            Sql::new("SELECT count(*) FROM tieline.records WHERE tenant = $1 AND stream_id = $2");
        static PAGE: Sql = Sql::new(
            "SELECT entity_id, key FROM tieline.pending
             WHERE tenant = $1 AND stream_id = $2 AND kind = 'gone' ORDER BY tries, key LIMIT $3",
        );
        let (gone,): (u64,) = one(self.tx, &GONE_COUNT, args![stream]).await?;
        if gone == 0 {
            return Ok(());
        }
        let (of,): (u64,) = one(self.tx, &OF, args![stream]).await?;
        if brake.holds(gone, of) {
            self.tally.deletions_refused = Some(SweepRefused::new(gone, of));
            return Ok(());
        }
        loop {
            let page: Vec<(i64, String)> = all(self.tx, &PAGE, args![stream, KEYS as u64]).await?;
            if page.is_empty() {
                return Ok(());
            }
            self.tally.mirror.deleted += page.len() as u64;
            let mut keys: BTreeMap<i64, Vec<Key>> = BTreeMap::new();
            for (entity, key) in page {
                keys.entry(entity).or_default().push(Key::from(key));
            }
            for (entity, keys) in keys {
                // This takes them off the list.
                self.pending.insert(entity);
                self.delete(entity, &keys.iter().collect::<Vec<_>>()).await?;
            }
        }
    }
}
