//! The schema in PostgreSQL: scripts, policies and grants.

use std::fmt::Write;
use std::time::{Duration, Instant};

use tieline_core::{Error, ErrorKind, Result};

use super::{Run, SCRIPTS, Script, Stored, note, pending, text, versions};
use crate::engine::postgres::{Postgres, Turn};
use crate::sql::{Dialect, Sql};
use crate::tables::TABLES;
use crate::tx::{Tx, args, one};

/// A number that nobody else locks: `tieline` as bytes.
const LOCK: i64 = 0x0074_6965_6c69_6e65;

/// The longest wait for a process that prepares the tables, and the pause between two looks.
const PATIENCE: Duration = Duration::from_secs(3_600);
const PAUSE: Duration = Duration::from_millis(50);

const DOING: &str = "preparing its tables";

/// Makes the tables, or brings them up to date. Looks only, when there is nothing to do, so that it needs no more
/// rights than reading.
pub(crate) async fn migrate(database: &Postgres) -> Result<()> {
    migrate_with(database, SCRIPTS).await
}

pub(crate) async fn migrate_with(database: &Postgres, scripts: &[Script]) -> Result<()> {
    let place = format!("{database:?}");
    let mut turn = database.bare(DOING).await?;
    let mut lacking = pending(stored(&mut turn).await?, scripts, &place)?.len();
    turn.rollback().await;
    let begun = Instant::now();
    while lacking > 0 {
        let mut turn = database.bare(DOING).await?;
        // A script may take longer than any other statement.
        turn.control("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
        if !taken(&mut turn).await? {
            turn.rollback().await;
            if begun.elapsed() > PATIENCE {
                return Err(Error::new(
                    ErrorKind::Unavailable,
                    "another process is still preparing the tables",
                )
                .with_advice("look for what keeps it, and start again; nothing was changed")
                .with_context("database", place));
            }
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let steps = pending(stored(&mut turn).await?, scripts, &place)?;
        let Some((version, script)) = steps.first() else {
            turn.rollback().await;
            return Ok(());
        };
        if *version == 1 {
            check_encoding(&mut turn).await?;
            turn.control(SCHEMA).await?;
        }
        if script.run == Run::Alone {
            // On a connection of its own, while this one holds the lock.
            database.alone(text(script, Dialect::Postgres), DOING).await?;
        } else {
            turn.batch(text(script, Dialect::Postgres)).await?;
        }
        turn.batch(policies()).await?;
        turn.batch(versions(Dialect::Postgres)).await?;
        turn.batch(note(*version, script.min_reader, Dialect::Postgres)).await?;
        turn.commit().await?;
        lacking = steps.len() - 1;
    }
    Ok(())
}

/// Whether this transaction may prepare the tables, which no other may until it ends. It does not wait: a waiting statement
/// would hold up `CREATE INDEX CONCURRENTLY`, which waits for all statements that run, for ever.
async fn taken(turn: &mut Turn) -> Result<bool> {
    let take = Sql::built(format!("SELECT pg_try_advisory_xact_lock({LOCK}) WHERE $1::text = ''"));
    let turn: &mut dyn Tx = turn;
    Ok(one::<(bool,)>(turn, &take, args![]).await?.0)
}

/// Not `IF NOT EXISTS`, which needs the right to make it even where it is there.
const SCHEMA: &str = "DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'tieline') THEN CREATE SCHEMA tieline; END IF;
END $$";

/// All scripts as one text, for hosts with a migrator of their own.
pub(crate) fn print() -> String {
    let mut all = format!("{SCHEMA};\n\n");
    for (version, script) in (1..).zip(SCRIPTS) {
        let _ = writeln!(all, "-- Version {version}.\n{}\n", text(script, Dialect::Postgres));
        let _ = writeln!(
            all,
            "{};\n{};\n",
            versions(Dialect::Postgres),
            note(version, script.min_reader, Dialect::Postgres)
        );
    }
    all.push_str(&policies());
    all
}

async fn stored(turn: &mut Turn) -> Result<Stored> {
    // Not by `to_regclass`: a session remembers that there was no such table while it waits for the lock.
    static MADE: Sql = Sql::new(
        "SELECT count(*) FROM pg_class WHERE relname = 'schema' AND $1::text = ''
             AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'tieline')",
    );
    static NEWEST: Sql = Sql::new(
        "SELECT coalesce(max(version), 0), coalesce(max(min_reader), 0) FROM tieline.schema WHERE $1::text = ''",
    );
    let turn: &mut dyn Tx = turn;
    let (made,): (i64,) = one(turn, &MADE, args![]).await?;
    if made == 0 {
        return Ok(Stored::default());
    }
    let (version, min_reader) = one(turn, &NEWEST, args![]).await?;
    Ok(Stored { version, min_reader })
}

/// Another encoding could not hold what providers send.
async fn check_encoding(turn: &mut Turn) -> Result<()> {
    static ENCODING: Sql = Sql::new("SELECT current_setting('server_encoding') WHERE $1::text = ''");
    let (encoding,): (String,) = one(turn, &ENCODING, args![]).await?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("the database's encoding is {encoding}, not UTF8"))
        .with_advice("make the database with ENCODING 'UTF8'"))
}

/// Refuses a role that row-level security does not hold.
pub(crate) async fn check_role(database: &Postgres) -> Result<()> {
    static ROLE: Sql = Sql::new(
        "SELECT CAST(current_user AS text), rolsuper OR rolbypassrls FROM pg_roles
         WHERE rolname = current_user AND $1::text = ''",
    );
    let mut turn = database.bare("checking its role").await?;
    let role: Result<(String, bool)> = one(&mut turn, &ROLE, args![]).await;
    turn.rollback().await;
    match role? {
        (_, false) => Ok(()),
        (role, true) => Err(Error::new(
            ErrorKind::Config,
            "the role passes row-level security, so only the statements themselves would keep tenants apart",
        )
        .with_advice(
            "connect as a role that is neither superuser nor BYPASSRLS, or allow it with \
             PostgresOptions::allow_bypassing_rls",
        )
        .with_context("role", role)),
    }
}

/// A row is there for its own tenant and for nobody else, the owner of the tables included. The setting is read once a
/// statement, not once a row; without it, or after the transaction that it was for, it is NULL or empty, and no tenant
/// has an empty name. Repeating this does no harm.
pub(super) fn policies() -> String {
    let mut all = String::new();
    for table in TABLES {
        let condition = if table.has_tenant() {
            "tenant <> '' AND tenant = (SELECT current_setting('tieline.tenant', TRUE))"
        } else {
            "(SELECT current_setting('tieline.tenant', TRUE)) <> ''"
        };
        let name = table.name;
        let _ = writeln!(
            all,
            "ALTER TABLE tieline.{name} ENABLE ROW LEVEL SECURITY;
ALTER TABLE tieline.{name} FORCE ROW LEVEL SECURITY;
DROP POLICY IF EXISTS tieline_tenant ON tieline.{name};
CREATE POLICY tieline_tenant ON tieline.{name} USING ({condition}) WITH CHECK ({condition});"
        );
    }
    all
}

/// What a role needs that is neither superuser nor the owner of the tables.
fn grants(role: &str) -> String {
    let mut all = format!(
        "GRANT USAGE ON SCHEMA tieline TO {role};\nGRANT SELECT ON tieline.schema, tieline.rows_json TO {role};\n"
    );
    for table in TABLES {
        let (name, privileges) = (table.name, table.rights.privileges());
        let _ = writeln!(
            all,
            "REVOKE ALL ON tieline.{name} FROM {role};\nGRANT {privileges} ON tieline.{name} TO {role};"
        );
    }
    all
}

/// What a role needs that looks across tenants for what is due, and at nothing else.
fn dispatcher_grants(role: &str) -> String {
    let mut all =
        format!("GRANT USAGE ON SCHEMA tieline TO {role};\nGRANT SELECT ON tieline.schema TO {role};\n");
    for table in TABLES.iter().filter(|table| table.directory) {
        let name = table.name;
        let _ = writeln!(
            all,
            "GRANT SELECT ON tieline.{name} TO {role};
DROP POLICY IF EXISTS tieline_directory ON tieline.{name};
CREATE POLICY tieline_directory ON tieline.{name} FOR SELECT TO {role} USING (TRUE);"
        );
    }
    all
}

pub(crate) async fn grant(database: &Postgres, role: &str, dispatcher: bool) -> Result<()> {
    let role = quoted(role)?;
    let mut turn = database.bare("granting rights").await?;
    turn.batch(if dispatcher { dispatcher_grants(&role) } else { grants(&role) }).await?;
    turn.commit().await
}

/// A name as SQL writes it.
fn quoted(name: &str) -> Result<String> {
    if name.is_empty() || name.contains('\0') {
        return Err(Error::new(ErrorKind::Config, "the name of the role is empty or holds a NUL character")
            .with_advice("name a role of the database"));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

#[cfg(all(test, unix, feature = "testing"))]
#[allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
mod tests {
    use super::*;
    use crate::testing::{Role, TestDatabase, TestServer};

    /// The schema, then an index that is made while others write, then one more step.
    static STEPS: [Script; 3] = [
        Script::new(include_str!("1.sql"), 1).with_postgres(include_str!("1.postgres.sql")),
        Script::new(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS tieline_due_what ON tieline.due (tenant, what)",
            1,
        )
        .alone(),
        Script::new("ALTER TABLE tieline.due ADD COLUMN note TEXT", 1),
    ];

    async fn database() -> Option<TestDatabase> {
        Some(TestServer::shared()?.database().await)
    }

    async fn versions(database: &TestDatabase) -> Vec<i64> {
        let pool = database.pool(Role::Owner, 1);
        sqlx::query_scalar("SELECT version FROM tieline.schema ORDER BY 1").fetch_all(&pool).await.unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn ten_processes_make_an_index_concurrently_and_once() {
        let Some(database) = database().await else { return };
        let starts: Vec<_> = (0..10)
            .map(|_| {
                let pool = database.pool(Role::Owner, 1);
                tokio::spawn(async move { migrate_with(&Postgres::with_pool(pool), &STEPS).await })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
        assert_eq!(versions(&database).await, [1, 2, 3]);
        let valid: bool = sqlx::query_scalar(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 'tieline.tieline_due_what'::regclass",
        )
        .fetch_one(&database.pool(Role::Owner, 1))
        .await
        .unwrap();
        assert!(valid);
    }

    #[tokio::test]
    async fn a_step_that_fails_leaves_the_steps_before_it() {
        let Some(database) = database().await else { return };
        let [first, second, _] = STEPS;
        let wrong = [first, second, Script::new("CREATE TABLE tieline.half (a TEXT); SELECT 1 / 0;", 1)];
        let owner = Postgres::with_pool(database.pool(Role::Owner, 1));
        migrate_with(&owner, &wrong).await.unwrap_err();
        assert_eq!(versions(&database).await, [1, 2]);
        migrate_with(&owner, &STEPS).await.unwrap();
        assert_eq!(versions(&database).await, [1, 2, 3]);
    }
}
