//! One transaction of one tenant.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnection, PgRow};
use sqlx::query::{Query, QueryAs, QueryScalar};
use sqlx::{FromRow, PgPool, Postgres};
use tieline_core::{Error, ErrorKind};
use tieline_store::TenantId;

use crate::fault::Fault;

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Sees one state of the database, whatever is committed meanwhile. Works on a standby, too.
    Read,
    /// Sees with each statement what others have committed. Every write first locks the row that what it changes hangs
    /// on, so that no two of them wait for each other.
    Write,
    /// A write that survives a loss of power as soon as it is answered, whatever the pool's `synchronous_commit`.
    Durable,
}

/// A transaction under way.
pub(crate) struct Turn {
    connection: PoolConnection<Postgres>,
    tenant: Arc<str>,
    named: bool,
    /// Whether the transaction may be open.
    open: bool,
}

impl Turn {
    /// Begins a transaction that sees the tenant's rows only. The setting ends with the transaction, so that the
    /// connection carries nothing over, behind a pooler either.
    pub(crate) async fn begin(
        pool: &PgPool,
        named: bool,
        tenant: &TenantId,
        access: Access,
    ) -> Result<Self, Fault> {
        let name = tenant.as_str();
        if name.is_empty() || name.contains('\0') {
            return Err(Error::new(ErrorKind::Config, "the tenant's name is empty or holds a NUL character")
                .with_advice("name each tenant by a text that never changes, such as its id")
                .into());
        }
        let mut turn = Self::open(pool, named, name.into(), access).await?;
        let settings = match access {
            Access::Durable => DURABLE,
            Access::Read | Access::Write => LOCAL,
        };
        if let Err(error) = turn.query(settings).execute(turn.on()).await {
            return turn.finish(Err(error.into())).await;
        }
        Ok(turn)
    }

    /// Begins a transaction without tenant, for what belongs to none.
    pub(crate) async fn bare(pool: &PgPool) -> Result<Self, Fault> {
        Self::open(pool, false, "".into(), Access::Write).await
    }

    async fn open(pool: &PgPool, named: bool, tenant: Arc<str>, access: Access) -> Result<Self, Fault> {
        let begin = match access {
            Access::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            Access::Write | Access::Durable => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let connection = pool.acquire().await?;
        let mut turn = Self { connection, tenant, named, open: true };
        sqlx::raw_sql(begin).execute(turn.on()).await?;
        Ok(turn)
    }

    /// What statements are run on.
    pub(crate) fn on(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// A statement. `$1` is the tenant in every one of them.
    pub(crate) fn query<'q>(&self, sql: &'static str) -> Query<'q, Postgres, PgArguments> {
        debug_assert!(sql.contains("$1"), "a statement forgets the tenant: {sql}");
        sqlx::query(sql).persistent(self.named).bind(self.tenant.to_string())
    }

    /// A statement that answers rows.
    pub(crate) fn rows<'q, O: for<'r> FromRow<'r, PgRow>>(
        &self,
        sql: &'static str,
    ) -> QueryAs<'q, Postgres, O, PgArguments> {
        debug_assert!(sql.contains("$1"), "a statement forgets the tenant: {sql}");
        sqlx::query_as(sql).persistent(self.named).bind(self.tenant.to_string())
    }

    /// A statement that answers one value a row.
    pub(crate) fn values<'q, O>(&self, sql: &'static str) -> QueryScalar<'q, Postgres, O, PgArguments>
    where
        (O,): for<'r> FromRow<'r, PgRow>,
    {
        debug_assert!(sql.contains("$1"), "a statement forgets the tenant: {sql}");
        sqlx::query_scalar(sql).persistent(self.named).bind(self.tenant.to_string())
    }

    /// Commits what went well, else takes it back.
    pub(crate) async fn finish<T>(mut self, outcome: Result<T, Fault>) -> Result<T, Fault> {
        match outcome {
            Ok(value) => {
                sqlx::raw_sql("COMMIT").execute(self.on()).await.map_err(Fault::Commit)?;
                self.open = false;
                Ok(value)
            }
            Err(fault) => {
                self.open = sqlx::raw_sql("ROLLBACK").execute(self.on()).await.is_err();
                Err(fault)
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if self.open {
            // Abandoned, or broken. The server takes back what a closed connection left open.
            self.connection.close_on_drop();
        }
    }
}

/// A process that was stopped in the middle must not keep its locks for ever.
macro_rules! settings {
    ($more:literal) => {
        concat!(
            "SELECT set_config('tieline.tenant', $1, TRUE),
                 set_config('idle_in_transaction_session_timeout',
                     CASE current_setting('idle_in_transaction_session_timeout')
                         WHEN '0' THEN '60s' ELSE current_setting('idle_in_transaction_session_timeout')
                     END, TRUE)",
            $more
        )
    };
}

const LOCAL: &str = settings!("");

/// `on` also waits for a synchronous standby, where there is one.
const DURABLE: &str = settings!(
    ", set_config('synchronous_commit',
         CASE WHEN current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')
             THEN 'on' ELSE current_setting('synchronous_commit')
         END, TRUE)"
);
