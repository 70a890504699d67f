//! Where the connection is kept.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tieline_auth::CredentialStore;
use tieline_store_sql::postgres::PostgresStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_store_sql::testing::{Role, TestDatabase};

use crate::Result;

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Place {
    pub(crate) fn sqlite(path: &Path) -> Self {
        Self::Sqlite(path.to_owned())
    }

    /// The database must outlive it.
    pub(crate) fn postgres(database: &TestDatabase) -> Self {
        Self::Postgres(database.url(Role::Owner))
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// The place as an argument of another process.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Sqlite(path) => format!("sqlite:{}", path.display()),
            Self::Postgres(url) => url.clone(),
        }
    }

    pub(crate) fn parse(address: &str) -> Self {
        match address.strip_prefix("sqlite:") {
            Some(path) => Self::Sqlite(path.into()),
            None => Self::Postgres(address.to_owned()),
        }
    }

    pub(crate) async fn open(&self) -> Result<Arc<dyn CredentialStore>> {
        Ok(match self {
            Self::Sqlite(path) => Arc::new(SqliteStore::open(path).await?),
            Self::Postgres(url) => Arc::new(PostgresStore::connect(url).await?),
        })
    }
}
