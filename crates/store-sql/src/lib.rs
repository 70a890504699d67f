#![doc = include_str!("../README.md")]

mod column_type;
pub mod connections;
pub mod directory;
mod engine;
pub mod erase;
pub mod events;
pub mod inbox;
mod log;
pub mod outbox;
pub mod pairings;
mod queue;
pub mod records;
mod schema;
mod sink;
mod sql;
mod sql_sink;
mod store;
mod tables;
mod time;
mod tx;
mod value;
mod wake;
pub mod webhooks;

#[cfg(feature = "testing")]
pub mod testing;

pub use column_type::ColumnType;
pub use engine::{Access, Database, Transaction};
pub use records::{RowCursor, RowsPage};
pub use schema::{Run, Script};
pub use sink::{RowChange, RowSink};
pub use sql::{Arg, Bulk, Column, Dialect, Sql};
pub use sql_sink::{OnDelete, SqlSink};
pub use store::SqlStore;
pub use tables::{Owner, Rights, TABLES, Table};
pub use tx::Tx;
pub use value::{FromRow, FromValue, Row, Value};
pub use wake::RowWaiter;

/// A store in SQLite: one file, one writer at a time.
#[cfg(feature = "sqlite")]
pub mod sqlite {
    pub use crate::engine::sqlite::{HostTx, Sqlite};

    /// A store in SQLite, as one tenant sees it.
    pub type SqliteStore = crate::SqlStore<Sqlite>;
}

/// A store in PostgreSQL 15 or newer, for several processes, each tenant behind row-level security.
#[cfg(feature = "postgres")]
pub mod postgres {
    pub use crate::engine::postgres::{HostTx, Postgres};
    pub use crate::store::PostgresOptions;

    /// A store in PostgreSQL, as one tenant sees it.
    pub type PostgresStore = crate::SqlStore<Postgres>;
}
