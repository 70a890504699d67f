//! The store, with a sink into the host's table.

use std::path::Path;
use std::sync::Arc;

use tieline_store::SyncStore;
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_store_sql::testing::{Role, TestDatabase};
use tieline_store_sql::{ColumnType, Database, SqlSink, SqlStore};

use super::{Deal, Passes, commits, fresh};
use crate::Result;
use crate::harness::Stopwatch;

pub(super) fn sink() -> SqlSink {
    SqlSink::new("copy", "host_deals", "crm_id")
        .column("title", ColumnType::Text)
        .column("value", ColumnType::Decimal)
}

pub(super) async fn prepare<D: Database>(store: &SqlStore<D>) -> Result<SqlStore<D>> {
    let mut tx = store.begin().await?;
    sink().prepare(&mut tx).await?;
    tx.commit().await?;
    store.open_target(&"acme".into(), &"copy".into(), &"deals".into(), "1").await?;
    Ok(store.clone().with_sink(Arc::new(sink())))
}

async fn pass<D: Database>(store: &SqlStore<D>, deals: &[Deal], cpu: bool) -> Result<f64> {
    let commits = commits(deals)?;
    let watch = Stopwatch::start();
    for commit in commits {
        store.commit(commit).await?;
    }
    Ok(if cpu { watch.cpu() } else { watch.wall() })
}

pub(super) async fn sqlite(path: &Path, deals: &[Deal]) -> Result<Passes> {
    fresh(path)?;
    let store = SqliteStore::open(path).await?;
    let store = prepare(&store).await?;
    let passes = Passes { first: pass(&store, deals, true).await?, again: pass(&store, deals, true).await? };
    store.close().await;
    Ok(passes)
}

pub(super) async fn postgres(database: &TestDatabase, deals: &[Deal]) -> Result<Passes> {
    let store = PostgresStore::connect(&database.url(Role::Owner)).await?;
    let store = prepare(&store).await?;
    let passes =
        Passes { first: pass(&store, deals, false).await?, again: pass(&store, deals, false).await? };
    store.close().await;
    Ok(passes)
}
