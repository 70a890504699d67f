//! The database that records are kept in: a SQLite file, or PostgreSQL at an address.

use std::path::Path;
use std::sync::Arc;

use tieline::postgres::PostgresStore;
use tieline::sqlite::SqliteStore;
use tieline::store::{ConnectionId, SyncStore, TargetName};
use tieline::store_sql::{Database, RowCursor, RowsPage, SqlSink, SqlStore};
use tieline::{Error, ErrorKind, Result};
use url::Url;

use crate::failure::{Failure, Outcome};

/// A database, as one tenant sees it.
#[derive(Debug)]
pub(crate) enum Kept {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// Returns the address, where a place is no file.
pub(crate) fn address(place: &Path) -> Outcome<Option<&str>> {
    let is_address = |text: &&str| text.starts_with("postgres://") || text.starts_with("postgresql://");
    let Some(address) = place.to_str().filter(is_address) else { return Ok(None) };
    match Url::parse(address) {
        Ok(url) if url.password().is_some() => Err(Failure::Usage(
            "an address with a password shows in the list of processes: leave it out, and set PGPASSWORD or use a \
             .pgpass file"
                .to_owned(),
        )),
        _ => Ok(Some(address)),
    }
}

impl Kept {
    /// Opens a database. A file is made when `make` says so and it is not there.
    pub(crate) async fn open(place: &Path, tenant: &str, make: bool) -> Outcome<Self> {
        if let Some(address) = address(place)? {
            return Ok(Self::Postgres(PostgresStore::connect(address).await?.for_tenant(tenant.into())));
        }
        if !make && !place.exists() {
            let error = Error::new(ErrorKind::Config, format!("there is no database at {place:?}"))
                .with_advice("name the file that `tieline sync --into` made");
            return Err(error.into());
        }
        Ok(Self::Sqlite(SqliteStore::open(place).await?.for_tenant(tenant.into())))
    }

    /// Returns the store with sinks into tables of the user's own, which are made where they are missing.
    pub(crate) async fn with_sinks(self, sinks: Vec<SqlSink>) -> Result<Arc<dyn SyncStore>> {
        match self {
            Self::Sqlite(store) => with_sinks(store, sinks).await,
            Self::Postgres(store) => with_sinks(store, sinks).await,
        }
    }

    /// Returns the store.
    pub(crate) fn store(&self) -> Arc<dyn SyncStore> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// Returns the changes of a target's rows since a cursor.
    pub(crate) async fn rows_since(
        &self,
        connection: &ConnectionId,
        target: &TargetName,
        since: &RowCursor,
        limit: u32,
    ) -> Result<RowsPage> {
        match self {
            Self::Sqlite(store) => store.rows_since(connection, target, since, limit).await,
            Self::Postgres(store) => store.rows_since(connection, target, since, limit).await,
        }
    }
}

async fn with_sinks<D: Database>(mut store: SqlStore<D>, sinks: Vec<SqlSink>) -> Result<Arc<dyn SyncStore>> {
    if !sinks.is_empty() {
        let mut tx = store.begin().await?;
        for sink in &sinks {
            sink.prepare(&mut tx).await?;
        }
        tx.commit().await?;
    }
    for sink in sinks {
        store = store.with_sink(Arc::new(sink));
    }
    Ok(Arc::new(store))
}
