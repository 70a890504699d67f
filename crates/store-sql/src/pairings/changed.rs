//! Records that changed and are to be looked at.

use std::collections::BTreeSet;
use std::time::Duration;

use tieline_core::{Error, ErrorKind, Key, Result};
use tieline_store::pairings::{ChangedRecord, PairSide, PairingId};
use tieline_store::plan::check_text;

use super::number;
use crate::records::{KEYS, lock_connection, step_connection};
use crate::sql::{Bulk, Column, Sql};
use crate::time::{after, now};
use crate::tx::{Tx, all, args};

/// Stores changed records of a side and moves its cursor: see
/// [`PairingStore::note_changes`](tieline_store::pairings::PairingStore::note_changes).
///
/// # Errors
///
/// As the database fails.
pub async fn note_changes(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    side: PairSide,
    keys: &[Key],
    (from, to): (Option<&str>, Option<&str>),
) -> Result<bool> {
    static LEFT: Sql = Sql::new(
        "UPDATE tieline.pairings SET left_cursor = $4
         WHERE tenant = $1 AND synced_id = $2 AND left_cursor IS NOT DISTINCT FROM $3",
    );
    static RIGHT: Sql = Sql::new(
        "UPDATE tieline.pairings SET right_cursor = $4
         WHERE tenant = $1 AND synced_id = $2 AND right_cursor IS NOT DISTINCT FROM $3",
    );
    let (synced_id, sequence) = step_connection(tx, &pairing.connection(), 1).await?;
    let moved = match side {
        PairSide::Left => &LEFT,
        PairSide::Right => &RIGHT,
    };
    if tx.run(moved, args![synced_id, from, to]).await? == 0 {
        return Ok(false);
    }
    let at = now(tx).await?;
    note(tx, synced_id, side, keys, (sequence, at)).await?;
    Ok(true)
}

/// Stores changed records that are due at a time.
async fn note(
    tx: &mut dyn Tx,
    synced_id: i64,
    side: PairSide,
    keys: &[Key],
    (sequence, at): (i64, i64),
) -> Result<()> {
    static ADD: Bulk = Bulk::new(
        "tieline.changed_records (tenant, synced_id, side, sequence, not_before, key)",
        5,
        &["text"],
        "ON CONFLICT (synced_id, side, key) DO UPDATE SET sequence = excluded.sequence, not_before = excluded.not_before",
    );
    let keys: BTreeSet<&str> = keys.iter().map(Key::as_str).collect();
    let keys: Vec<&str> = keys.into_iter().collect();
    for key in &keys {
        check_text("key", key)?;
    }
    for chunk in keys.chunks(KEYS) {
        let columns = [Column::Texts(chunk.to_vec())];
        tx.insert(&ADD, args![synced_id, side.as_str(), sequence, at], &columns).await?;
    }
    Ok(())
}

/// Stores records that are to be looked at again after a wait.
pub(super) async fn again(
    tx: &mut dyn Tx,
    (synced_id, sequence): (i64, i64),
    records: &[(PairSide, Key, Duration)],
) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let at = now(tx).await?;
    for (side, key, wait) in records {
        note(tx, synced_id, *side, std::slice::from_ref(key), (sequence, after(at, *wait))).await?;
    }
    Ok(())
}

/// Returns changed records that are due: see
/// [`PairingStore::changed_records`](tieline_store::pairings::PairingStore::changed_records).
///
/// # Errors
///
/// As the database fails.
pub async fn changed_records(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    after: Option<&ChangedRecord>,
    limit: u32,
) -> Result<Vec<ChangedRecord>> {
    static PAGE: Sql = Sql::new(
        "SELECT side, key, sequence FROM tieline.changed_records
         WHERE tenant = $1 AND synced_id = $2 AND (sequence, side, key) > ($3, $4, $5) AND not_before <= {now}
         ORDER BY sequence, side, key LIMIT $6",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let (sequence, side, key) =
        after.map_or((0, "", ""), |after| (after.sequence, after.side.as_str(), after.key.as_str()));
    let rows: Vec<(String, String, u64)> =
        all(tx, &PAGE, args![synced_id, sequence, side, key, limit]).await?;
    rows.into_iter()
        .map(|(side, key, sequence)| {
            let side = PairSide::parse(&side).ok_or_else(unreadable)?;
            Ok(ChangedRecord::new(side, Key::from(key), sequence))
        })
        .collect()
}

/// Removes changed records that did not change since.
///
/// # Errors
///
/// As the database fails.
pub async fn forget_changes(tx: &mut dyn Tx, pairing: &PairingId, handled: &[ChangedRecord]) -> Result<()> {
    let Some(synced_id) = lock_connection(tx, &pairing.connection()).await? else { return Ok(()) };
    forget(tx, synced_id, handled).await
}

pub(super) async fn forget(tx: &mut dyn Tx, synced_id: i64, handled: &[ChangedRecord]) -> Result<()> {
    static FORGET: Sql = Sql::new(
        "DELETE FROM tieline.changed_records
         WHERE tenant = $1 AND synced_id = $2 AND side = $3 AND key = $4 AND sequence <= $5",
    );
    for record in handled {
        let of = args![synced_id, record.side.as_str(), record.key.as_str(), record.sequence];
        tx.run(&FORGET, of).await?;
    }
    Ok(())
}

/// The error of a word that this version did not write.
pub(super) fn unreadable() -> Error {
    Error::new(ErrorKind::Internal, "what is stored of a pairing cannot be read")
        .with_advice("update the crate: a newer version may have stored it")
}
