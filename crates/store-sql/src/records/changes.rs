//! What became of a target's rows, in the order of commits: for readers that follow it.

use std::fmt;
use std::str::FromStr;

use tieline_core::{Error, ErrorKind, Key, RawJson, Result};
use tieline_store::{ConnectionId, TargetName};

use super::lock_connection;
use super::read::target;
use crate::sink::RowChange;
use crate::sql::Sql;
use crate::tx::{Tx, all, args, first};

/// How far a reader has followed a target's rows. Write it down as text, with whatever was made of the rows; the default
/// is the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowCursor {
    /// The number of the connection's life, which is never reused.
    life: u64,
    /// The commit, and the last key of it that was read; `None` when all of them were.
    commit: u64,
    after: Option<Key>,
}

impl fmt::Display for RowCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.life, self.commit)?;
        match &self.after {
            Some(key) => write!(f, ".{key}"),
            None => Ok(()),
        }
    }
}

impl FromStr for RowCursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut parts = text.splitn(3, '.');
        let mut number = || parts.next()?.parse().ok();
        match (number(), number(), parts.next()) {
            (Some(life), Some(commit), after) => Ok(Self { life, commit, after: after.map(Key::from) }),
            _ => Err(Error::new(ErrorKind::StateInvalid, "the cursor of rows cannot be read")
                .with_advice("begin anew with the default cursor, and replace what was read before")),
        }
    }
}

/// What became of rows since a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowsPage {
    /// Rows that were put or went, each as it is now. A row that changed twice comes once.
    pub changes: Vec<RowChange>,
    /// Where to go on from.
    pub next: RowCursor,
    /// Whether the reader is too far behind, or the connection was erased since: the page begins at the beginning, and
    /// what was read before is to be forgotten.
    pub restarted: bool,
    /// Whether there is more already.
    pub more: bool,
}

/// Returns what became of a target's rows since a cursor, at most `limit` rows. An unknown target has none.
///
/// # Errors
///
/// As the database fails.
pub async fn rows_since(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
    since: &RowCursor,
    limit: u32,
) -> Result<RowsPage> {
    static STANDS: Sql = Sql::new(
        "SELECT c.id, t.id, t.forgotten_in FROM tieline.synced c
         JOIN tieline.targets t ON t.tenant = $1 AND t.synced_id = c.id
         WHERE c.tenant = $1 AND c.connection = $2 AND NOT c.erased AND t.name = $3",
    );
    static PAGE: Sql = Sql::new(
        "SELECT key, fields, changed_in FROM tieline.rows
         WHERE tenant = $1 AND target_id = $2 AND (changed_in, key) > ($3, $4)
         ORDER BY changed_in, key LIMIT $5",
    );
    let stands: Option<(u64, i64, u64)> =
        first(tx, &STANDS, args![connection.as_str(), name.as_str()]).await?;
    let Some((life, target, forgotten_in)) = stands else {
        let restarted = since.life != 0;
        return Ok(RowsPage { changes: Vec::new(), next: RowCursor::default(), restarted, more: false });
    };
    let behind = since.life != life || since.commit < forgotten_in;
    let restarted = behind && since.life != 0;
    let begin = if behind { RowCursor { life, ..RowCursor::default() } } else { since.clone() };
    // Nothing is greater than a key that is NULL, so without one the page begins with the next commit.
    let page = args![target, begin.commit, begin.after.as_ref().map(Key::as_str), u64::from(limit) + 1];
    let rows: Vec<(String, Option<String>, u64)> = all(tx, &PAGE, page).await?;
    let more = rows.len() > limit as usize;
    let mut next = begin;
    let mut changes = Vec::with_capacity(rows.len());
    for (key, fields, changed_in) in rows.into_iter().take(limit as usize) {
        let key = Key::from(key);
        next = RowCursor { life, commit: changed_in, after: Some(key.clone()) };
        changes.push(match fields {
            Some(fields) => RowChange::put(key, RawJson::from_checked(&fields)),
            None => RowChange::removed(key),
        });
    }
    Ok(RowsPage { changes, next, restarted, more })
}

/// Forgets which rows of a target went, up to a cursor that every reader has followed. A reader that is behind it begins
/// anew. Returns how many.
///
/// # Errors
///
/// As the database fails.
pub async fn forget_deleted(
    tx: &mut dyn Tx,
    connection: &ConnectionId,
    name: &TargetName,
    read: &RowCursor,
) -> Result<u64> {
    static FORGET: Sql = Sql::new(
        "DELETE FROM tieline.rows
         WHERE tenant = $1 AND target_id = $2 AND fields IS NULL AND changed_in < $3",
    );
    static NOTE: Sql = Sql::new(
        "UPDATE tieline.targets SET forgotten_in = $3
         WHERE tenant = $1 AND id = $2 AND forgotten_in < $3",
    );
    let Some(id) = lock_connection(tx, connection).await? else { return Ok(0) };
    let Some(target) = target(tx, connection, name).await? else { return Ok(0) };
    if read.life != id.cast_unsigned() {
        return Ok(0);
    }
    tx.run(&NOTE, args![target, read.commit]).await?;
    tx.run(&FORGET, args![target, read.commit]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_written_down_as_text() {
        let cursor = RowCursor { life: 3, commit: 17, after: Some("a.b".into()) };
        for cursor in [RowCursor::default(), RowCursor { after: None, ..cursor.clone() }, cursor] {
            assert_eq!(cursor.to_string().parse::<RowCursor>().unwrap(), cursor);
        }
        assert_eq!("x".parse::<RowCursor>().unwrap_err().kind(), ErrorKind::StateInvalid);
    }
}
