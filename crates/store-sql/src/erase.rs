//! Erasure: marked first, which makes everything of a connection invisible, then deleted in batches, each a transaction
//! of its own, so that nobody waits for it. Of a tenant, likewise. An erasure that was cut off goes on with the next one of the tenant.

use std::sync::LazyLock;

use tieline_core::Result;

use crate::sql::Sql;
use crate::tables::{Owner, TABLES};
use crate::tx::{Tx, all, args, first};

/// The most rows that a batch deletes.
pub const BATCH: u64 = 2_000;

/// The statements that delete rows which hang on what sync keeps of a connection.
static DELETE: LazyLock<Vec<(Owner, Sql)>> = LazyLock::new(|| {
    let hanging = TABLES.iter().filter_map(|table| {
        let column = match table.owner {
            Owner::Synced => "synced_id",
            Owner::Entity => "entity_id",
            Owner::Target => "target_id",
            _ => return None,
        };
        let (name, key) = (table.name, table.key.join(", "));
        let text = format!(
            "DELETE FROM tieline.{name} WHERE tenant = $1 AND ({key}) IN (
                 SELECT {key} FROM tieline.{name} WHERE tenant = $1 AND {column} {{in $2}} LIMIT $3
             )"
        );
        Some((table.owner, Sql::built(text)))
    });
    hanging.collect()
});

/// Deletes up to [`BATCH`] rows of one connection of the tenant that is marked as erased. Returns whether there is more
/// to delete.
///
/// # Errors
///
/// As the database fails.
pub async fn erase_batch(tx: &mut dyn Tx) -> Result<bool> {
    static NEXT: Sql =
        Sql::new("SELECT id FROM tieline.synced WHERE tenant = $1 AND erased ORDER BY id LIMIT 1 {skip}");
    static ENTITIES: Sql = Sql::new("SELECT id FROM tieline.entities WHERE tenant = $1 AND synced_id = $2");
    static TARGETS: Sql = Sql::new("SELECT id FROM tieline.targets WHERE tenant = $1 AND synced_id = $2");
    static END: Sql = Sql::new("DELETE FROM tieline.synced WHERE tenant = $1 AND id = $2 AND erased");
    let Some((synced_id,)) = first::<(i64,)>(tx, &NEXT, args![]).await? else { return Ok(false) };
    let ids = |rows: Vec<(i64,)>| rows.into_iter().map(|(id,)| id).collect::<Vec<i64>>();
    let entities = ids(all(tx, &ENTITIES, args![synced_id]).await?);
    let targets = ids(all(tx, &TARGETS, args![synced_id]).await?);
    let mut left = BATCH;
    for (owner, delete) in DELETE.iter() {
        let owners: &[i64] = match owner {
            Owner::Entity => &entities,
            Owner::Target => &targets,
            _ => std::slice::from_ref(&synced_id),
        };
        if owners.is_empty() {
            continue;
        }
        left = left.saturating_sub(tx.run(delete, args![owners, left]).await?);
        if left == 0 {
            return Ok(true);
        }
    }
    tx.run(&END, args![synced_id]).await?;
    Ok(true)
}

/// The statements that delete rows which hang on connections of the tenant, and may be.
static DELETE_TENANT: LazyLock<Vec<Sql>> = LazyLock::new(|| {
    let hanging = TABLES.iter().filter(|table| matches!(table.owner, Owner::Connection(_)));
    let delete = hanging.map(|table| {
        let (name, key) = (table.name, table.key.join(", "));
        Sql::built(format!(
            "DELETE FROM tieline.{name} WHERE tenant = $1 AND ({key}) IN (
                 SELECT {key} FROM tieline.{name} WHERE tenant = $1 LIMIT $2
             )"
        ))
    });
    delete.collect()
});

/// Marks everything that sync keeps of the tenant as erased, and deletes up to [`BATCH`] rows of its connections: accounts,
/// secrets, leases, consents and the directory. The audit log stays. Returns whether there may be more to delete.
///
/// # Errors
///
/// As the database fails.
pub async fn erase_tenant_batch(tx: &mut dyn Tx) -> Result<bool> {
    static MARK: Sql = Sql::new("UPDATE tieline.synced SET erased = TRUE WHERE tenant = $1 AND NOT erased");
    tx.run(&MARK, args![]).await?;
    let mut left = BATCH;
    for delete in DELETE_TENANT.iter() {
        left = left.saturating_sub(tx.run(delete, args![left]).await?);
        if left == 0 {
            return Ok(true);
        }
    }
    Ok(false)
}
