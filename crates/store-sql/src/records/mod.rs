//! The mirror of the provider's records, the rows that mappings make of them, and the states of streams.
//!
//! Every write first locks its connection's row in `tieline.synced`, so that writes of one connection follow each other
//! and none of them fails half way for another one's sake.

mod changes;
mod commit;
mod index;
mod manage;
mod mirror;
mod pending;
mod read;
mod rows;
mod stale;
mod sweep;

use tieline_core::{EntityName, Partition, Result};
use tieline_store::ConnectionId;

use crate::sql::Sql;
use crate::tx::{Tx, args, first, one};

pub use changes::{RowCursor, RowsPage, forget_deleted, rows_since};
pub use commit::{commit, commit_with};
pub use index::{build_index, missing_indexes};
pub use manage::{drop_target, mark_erased, open_target, reset};
pub use pending::{pending, pending_counts};
pub use read::{counts, load, position, read_version, records, resolve, rows, rows_of, stale};

/// How many keys go into one statement at most.
pub(crate) const KEYS: usize = 1_000;

/// Returns the number of a connection and its count of commits, after `step` more, and makes it where it is new. Locks
/// it.
pub(crate) async fn step_connection(tx: &mut dyn Tx, name: &ConnectionId, step: i64) -> Result<(i64, i64)> {
    static STEP: Sql = Sql::new(
        "INSERT INTO tieline.synced AS c (tenant, connection, sequence) VALUES ($1, $2, $3)
         ON CONFLICT (tenant, connection) WHERE NOT erased DO UPDATE SET sequence = c.sequence + $3
         RETURNING id, sequence",
    );
    one(tx, &STEP, args![name.as_str(), step]).await
}

/// Returns the number of a connection that is there, and locks it.
pub(crate) async fn lock_connection(tx: &mut dyn Tx, name: &ConnectionId) -> Result<Option<i64>> {
    static LOCK: Sql =
        Sql::new("SELECT id FROM tieline.synced WHERE tenant = $1 AND connection = $2 AND NOT erased {lock}");
    Ok(first::<(i64,)>(tx, &LOCK, args![name.as_str()]).await?.map(|(id,)| id))
}

/// Returns the number of an entity that is there.
pub(crate) async fn entity(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &EntityName,
) -> Result<Option<i64>> {
    static FIND: Sql = Sql::new(
        "SELECT e.id FROM tieline.synced c JOIN tieline.entities e ON e.tenant = $1 AND e.synced_id = c.id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND e.name = $3",
    );
    Ok(first::<(i64,)>(tx, &FIND, args![connection.as_str(), name.as_str()]).await?.map(|(id,)| id))
}

/// Returns the number of an entity, whether records of it are pending, and whether rows looked records of it up; makes it
/// where it is new.
async fn made_entity(tx: &mut dyn Tx, synced_id: i64, name: &EntityName) -> Result<(i64, bool, bool)> {
    static FIND: Sql = Sql::new(
        "SELECT e.id, EXISTS (SELECT 1 FROM tieline.pending p WHERE p.tenant = $1 AND p.entity_id = e.id),
             EXISTS (SELECT 1 FROM tieline.needs n WHERE n.tenant = $1 AND n.entity_id = e.id)
         FROM tieline.entities e WHERE e.tenant = $1 AND e.synced_id = $2 AND e.name = $3",
    );
    static MAKE: Sql =
        Sql::new("INSERT INTO tieline.entities (tenant, synced_id, name) VALUES ($1, $2, $3) RETURNING id");
    let stored: Option<(i64, bool, bool)> = first(tx, &FIND, args![synced_id, name.as_str()]).await?;
    match stored {
        Some(stored) => Ok(stored),
        None => Ok((one::<(i64,)>(tx, &MAKE, args![synced_id, name.as_str()]).await?.0, false, false)),
    }
}

/// A partition as it is stored: an empty name is a partition too, and not the whole entity.
pub(crate) fn partition_name(partition: Option<&Partition>) -> String {
    partition.map_or(String::new(), |partition| format!("={partition}"))
}
