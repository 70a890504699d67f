//! Partitions in PostgreSQL: tables of records by hash, where a host wants it, and logs by month.

use std::fmt::Write;

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use tieline_core::Result;

use super::postgres::policies;
use crate::engine::postgres::Postgres;
use crate::log::logs;
use crate::sql::Sql;
use crate::time::micros;
use crate::tx::{Tx, all, args};

/// Turns the tables of records and rows into ones that are partitioned by a hash, with all that is in them. Tables that are
/// partitioned stay as they are.
///
/// Partitions are made for the number that a connection's entity or target has, not for the key: each statement names it,
/// so that the server looks into one partition only.
pub(crate) async fn by_hash(database: &Postgres, partitions: u32) -> Result<()> {
    let mut turn = database.bare("making partitions").await?;
    turn.control("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0").await?;
    let text = include_str!("partitions.sql").replace("{partitions}", &partitions.max(1).to_string());
    turn.batch(text).await?;
    turn.batch(policies()).await?;
    turn.commit().await
}

/// The first day of a month, so many months after that of a time.
fn month(of: DateTime<Utc>, later: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(of.year(), of.month(), 1)?.checked_add_months(Months::new(later))
}

fn begin(day: NaiveDate) -> i64 {
    micros(day.and_time(chrono::NaiveTime::MIN).and_utc())
}

/// Makes the partitions of logs for this month and so many after it. Entries of months without a partition go to the
/// default one; such a month gets none later.
pub(crate) async fn of_months(database: &Postgres, now: DateTime<Utc>, months: u32) -> Result<()> {
    let mut text = String::new();
    for log in logs() {
        for later in 0..=months {
            let (Some(from), Some(to)) = (month(now, later), month(now, later + 1)) else { continue };
            let (name, from, to) = (from.format("%Y_%m"), begin(from), begin(to));
            let _ = writeln!(
                text,
                "DO $$ BEGIN
    IF to_regclass('tieline.{log}_{name}') IS NULL
        AND NOT EXISTS (SELECT FROM tieline.{log}_default WHERE at >= {from} AND at < {to}) THEN
        CREATE TABLE tieline.{log}_{name} PARTITION OF tieline.{log} FOR VALUES FROM ({from}) TO ({to});
        ALTER TABLE tieline.{log}_{name} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE tieline.{log}_{name} FORCE ROW LEVEL SECURITY;
    END IF;
END $$;"
            );
        }
    }
    let mut turn = database.bare("making partitions").await?;
    let mut seen = String::new();
    for log in logs() {
        // Its owner sees what is in it for as long as this transaction lasts.
        let _ = writeln!(seen, "ALTER TABLE tieline.{log}_default NO FORCE ROW LEVEL SECURITY;");
        let _ = writeln!(text, "ALTER TABLE tieline.{log}_default FORCE ROW LEVEL SECURITY;");
    }
    turn.batch(seen + &text).await?;
    turn.commit().await
}

/// Drops the partitions of logs whose entries are all older than this, and deletes older ones from the default partition.
/// Returns the names of the partitions that went.
pub(crate) async fn drop_before(database: &Postgres, before: DateTime<Utc>) -> Result<Vec<String>> {
    static PARTITIONS: Sql = Sql::new(
        "SELECT CAST(c.relname AS text) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
         WHERE i.inhparent = to_regclass('tieline.' || $2) AND $1::text = '' ORDER BY 1",
    );
    let mut turn = database.bare("pruning logs").await?;
    let mut gone = Vec::new();
    let mut text = String::new();
    for log in logs() {
        let tx: &mut dyn Tx = &mut turn;
        let names: Vec<(String,)> = all(tx, &PARTITIONS, args![log]).await?;
        for (name,) in names {
            let month = name.strip_prefix(log).and_then(|month| month.strip_prefix('_'));
            let day =
                month.and_then(|month| NaiveDate::parse_from_str(&format!("{month}_01"), "%Y_%m_%d").ok());
            let end = day.and_then(|day| day.checked_add_months(Months::new(1))).map(begin);
            if end.is_some_and(|end| end <= micros(before)) {
                let _ = writeln!(text, "DROP TABLE tieline.{name};");
                gone.push(name);
            }
        }
        let _ = writeln!(
            text,
            "ALTER TABLE tieline.{log}_default NO FORCE ROW LEVEL SECURITY;
DELETE FROM tieline.{log}_default WHERE at < {};
ALTER TABLE tieline.{log}_default FORCE ROW LEVEL SECURITY;",
            micros(before)
        );
    }
    turn.batch(text).await?;
    turn.commit().await?;
    Ok(gone)
}
