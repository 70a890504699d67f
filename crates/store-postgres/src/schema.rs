//! The tables, and how older ones become newer ones.

use sqlx::PgPool;
use tieline_core::{Error, ErrorKind};

use crate::fault::Fault;
use crate::turn::Turn;

/// One script per version, each run once. A released script never changes.
const SCRIPTS: &[&str] = &[include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// A number that nobody else locks: `tieline` as bytes.
const LOCK: i64 = 0x0074_6965_6c69_6e65;

/// Makes the tables, or brings them up to date. Looks only, when there is nothing to do, so that it needs no more
/// rights than reading.
pub(crate) async fn migrate(pool: &PgPool) -> Result<(), Fault> {
    let mut turn = Turn::bare(pool).await?;
    let outcome = bring_up_to_date(&mut turn).await;
    turn.finish(outcome).await
}

async fn bring_up_to_date(turn: &mut Turn) -> Result<(), Fault> {
    if pending(stored_version(turn).await?)?.is_empty() {
        return Ok(());
    }
    // Ends with the transaction. Processes that start at the same time wait for the first of them.
    sqlx::query("SELECT pg_advisory_xact_lock($1)").persistent(false).bind(LOCK).execute(turn.on()).await?;
    let version = stored_version(turn).await?;
    let pending = pending(version)?;
    if !pending.is_empty() {
        check_encoding(turn).await?;
    }
    for (script, version) in pending.iter().zip(version + 1..) {
        sqlx::raw_sql(*script).execute(turn.on()).await?;
        sqlx::raw_sql("CREATE TABLE IF NOT EXISTS tieline_schema (version BIGINT PRIMARY KEY)")
            .execute(turn.on())
            .await?;
        sqlx::query("INSERT INTO tieline_schema (version) VALUES ($1)")
            .persistent(false)
            .bind(version)
            .execute(turn.on())
            .await?;
    }
    Ok(())
}

/// 0 for a database without our tables.
async fn stored_version(turn: &mut Turn) -> Result<i64, Fault> {
    // Not by `to_regclass`: a session remembers that there was no such table while it waits for the lock.
    let made: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM pg_class WHERE relname = 'tieline_schema' AND pg_table_is_visible(oid))",
    )
    .persistent(false)
    .fetch_one(turn.on())
    .await?;
    if !made {
        return Ok(0);
    }
    Ok(sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM tieline_schema")
        .persistent(false)
        .fetch_one(turn.on())
        .await?)
}

fn pending(version: i64) -> Result<&'static [&'static str], Fault> {
    let done = usize::try_from(version).ok();
    done.and_then(|done| SCRIPTS.get(done..)).ok_or(Fault::Newer { stored: version, known: SCRIPTS.len() })
}

/// Another encoding could not hold what providers send.
async fn check_encoding(turn: &mut Turn) -> Result<(), Fault> {
    let encoding: String = sqlx::query_scalar("SELECT current_setting('server_encoding')")
        .persistent(false)
        .fetch_one(turn.on())
        .await?;
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("the database's encoding is {encoding}, not UTF8"))
        .with_advice("make the database with ENCODING 'UTF8'")
        .into())
}

/// What a role needs that is neither superuser nor the owner of the tables. The role is in a setting, because statements
/// of this kind take no parameters.
const GRANT: &str = "
DO $grant$
DECLARE
    role TEXT := current_setting('tieline.grantee');
    relation RECORD;
BEGIN
    FOR relation IN
        SELECT oid::regclass AS name, relkind AS kind, relname AS plain, relnamespace::regnamespace AS schema
        FROM pg_class
        WHERE relname LIKE 'tieline\\_%' AND relkind IN ('r', 'S') AND pg_table_is_visible(oid)
    LOOP
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', relation.schema, role);
        IF relation.plain = 'tieline_fences' THEN
            EXECUTE format('GRANT USAGE ON SEQUENCE %s TO %I', relation.name, role);
        ELSIF relation.plain = 'tieline_schema' THEN
            EXECUTE format('GRANT SELECT ON %s TO %I', relation.name, role);
        ELSIF relation.kind = 'r' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', relation.name, role);
        END IF;
    END LOOP;
END $grant$
";

pub(crate) async fn grant(pool: &PgPool, role: &str) -> Result<(), Fault> {
    let mut turn = Turn::bare(pool).await?;
    let outcome = grant_to(&mut turn, role).await;
    turn.finish(outcome).await
}

async fn grant_to(turn: &mut Turn, role: &str) -> Result<(), Fault> {
    sqlx::query("SELECT set_config('tieline.grantee', $1, TRUE)")
        .persistent(false)
        .bind(role)
        .execute(turn.on())
        .await?;
    sqlx::raw_sql(GRANT).execute(turn.on()).await?;
    Ok(())
}
