//! The tables, and how older ones become newer ones.

use sqlx::{Connection, SqliteConnection};

use crate::fault::Fault;

/// One script per version, each run once. A released script never changes.
const SCRIPTS: &[&str] = &[
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
    include_str!("schema/4.sql"),
];

/// Makes the tables, or brings them up to date.
pub(crate) async fn migrate(connection: &mut SqliteConnection) -> Result<(), Fault> {
    // Looking first keeps a read-only database readable.
    if pending(stored_version(connection).await?)?.is_empty() {
        return Ok(());
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    // Another process may have been quicker.
    let version = stored_version(&mut transaction).await?;
    for (script, version) in pending(version)?.iter().zip(version + 1..) {
        sqlx::raw_sql(*script).execute(&mut *transaction).await?;
        sqlx::query("CREATE TABLE IF NOT EXISTS tieline_schema (version INTEGER PRIMARY KEY) STRICT")
            .execute(&mut *transaction)
            .await?;
        sqlx::query("INSERT INTO tieline_schema (version) VALUES (?)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// 0 for a database without our tables.
async fn stored_version(connection: &mut SqliteConnection) -> Result<i64, Fault> {
    let made: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'tieline_schema'")
        .fetch_one(&mut *connection)
        .await?;
    if made == 0 {
        return Ok(0);
    }
    Ok(sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM tieline_schema")
        .fetch_one(connection)
        .await?)
}

fn pending(version: i64) -> Result<&'static [&'static str], Fault> {
    let done = usize::try_from(version).ok();
    done.and_then(|done| SCRIPTS.get(done..)).ok_or(Fault::Newer { stored: version, known: SCRIPTS.len() })
}
