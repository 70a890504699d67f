//! Values by which records that are not linked yet are matched.

use tieline_core::{Key, Result};
use tieline_store::pairings::{MatchValues, PairSide, PairingId};
use tieline_store::plan::check_text;

use super::number;
use crate::records::lock_connection;
use crate::sql::{Bulk, Column, Sql};
use crate::tx::{Tx, all, args};

/// Stores match values: see [`PairingStore::put_match_values`](tieline_store::pairings::PairingStore::put_match_values).
///
/// # Errors
///
/// As the database fails.
pub async fn put_match_values(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    side: PairSide,
    values: &[MatchValues],
) -> Result<()> {
    static ADD: Bulk = Bulk::new(
        "tieline.match_values (tenant, synced_id, side, key, rule, value)",
        3,
        &["text", "bigint", "text"],
        "ON CONFLICT (synced_id, side, key, rule) DO UPDATE SET value = excluded.value",
    );
    let Some(synced_id) = lock_connection(tx, &pairing.connection()).await? else { return Ok(()) };
    for record in values {
        forget_values(tx, synced_id, side, &record.key).await?;
        for (_, value) in &record.values {
            check_text("value to match by", value)?;
        }
        if record.values.is_empty() {
            continue;
        }
        let columns = [
            Column::Texts(vec![record.key.as_str(); record.values.len()]),
            Column::Ints(record.values.iter().map(|(rule, _)| i64::from(*rule)).collect()),
            Column::Texts(record.values.iter().map(|(_, value)| value.as_str()).collect()),
        ];
        tx.insert(&ADD, args![synced_id, side.as_str()], &columns).await?;
    }
    Ok(())
}

pub(super) async fn forget_values(tx: &mut dyn Tx, synced_id: i64, side: PairSide, key: &Key) -> Result<()> {
    static FORGET: Sql = Sql::new(
        "DELETE FROM tieline.match_values WHERE tenant = $1 AND synced_id = $2 AND side = $3 AND key = $4",
    );
    tx.run(&FORGET, args![synced_id, side.as_str(), key.as_str()]).await.map(drop)
}

/// Returns the unlinked records of a side with a value.
///
/// # Errors
///
/// As the database fails.
pub async fn matching_records(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    side: PairSide,
    (rule, value): (u32, &str),
    limit: u32,
) -> Result<Vec<Key>> {
    static FIND: Sql = Sql::new(
        "SELECT key FROM tieline.match_values
         WHERE tenant = $1 AND synced_id = $2 AND side = $3 AND rule = $4 AND value = $5 ORDER BY key LIMIT $6",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let rows: Vec<(String,)> = all(tx, &FIND, args![synced_id, side.as_str(), rule, value, limit]).await?;
    Ok(rows.into_iter().map(|(key,)| Key::from(key)).collect())
}
