//! Pairings: links, changed records, conflicts and tasks. Every change locks the pairing's own row in `tieline.synced`, so
//! that changes of one pairing follow each other.

mod changed;
mod link;
mod matching;
mod task;

use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::pairings::{LinkState, PairingCounts, PairingId, PairingPosition};

use crate::records::step_connection;
use crate::sql::Sql;
use crate::tx::{Tx, args, first, one};

pub use changed::{changed_records, forget_changes, note_changes};
pub use link::{link, links_in, links_of, store_link};
pub use matching::{matching_records, put_match_values};
pub use task::{add_task, conflicts, decide_task, task, tasks};

/// Returns the number of a pairing that is there, without a lock.
async fn number(tx: &mut dyn Tx, pairing: &PairingId) -> Result<Option<i64>> {
    static FIND: Sql =
        Sql::new("SELECT id FROM tieline.synced WHERE tenant = $1 AND connection = $2 AND NOT erased");
    let connection = pairing.connection();
    Ok(first::<(i64,)>(tx, &FIND, args![connection.as_str()]).await?.map(|(id,)| id))
}

/// Opens a pairing: see [`PairingStore::open_pairing`](tieline_store::pairings::PairingStore::open_pairing).
///
/// # Errors
///
/// `Config` when it was made of other connections; otherwise as the database fails.
pub async fn open(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    sides: [Option<&ConnectionId>; 2],
    fingerprint: &str,
) -> Result<PairingPosition> {
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.pairings (tenant, synced_id, left_connection, right_connection, fingerprint)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (synced_id) DO NOTHING",
    );
    static READ: Sql = Sql::new(
        "SELECT left_connection, right_connection, left_cursor, right_cursor, confirmed, fingerprint
         FROM tieline.pairings WHERE tenant = $1 AND synced_id = $2",
    );
    static STORE: Sql =
        Sql::new("UPDATE tieline.pairings SET fingerprint = $3 WHERE tenant = $1 AND synced_id = $2");
    type Stored = (Option<String>, Option<String>, Option<String>, Option<String>, bool, String);
    let (synced_id, _) = step_connection(tx, &pairing.connection(), 0).await?;
    let [left, right] = sides.map(|side| side.map(ConnectionId::as_str));
    tx.run(&MAKE, args![synced_id, left, right, fingerprint]).await?;
    let stored: Stored = one(tx, &READ, args![synced_id]).await?;
    let (stored_left, stored_right, left_cursor, right_cursor, confirmed, before) = stored;
    if stored_left.as_deref() != left || stored_right.as_deref() != right {
        return Err(Error::new(ErrorKind::Config, "the pairing was made of other connections")
            .with_advice("give a pairing of other connections another name, or erase this one first")
            .with_context("pairing", pairing));
    }
    if before != fingerprint {
        tx.run(&STORE, args![synced_id, fingerprint]).await?;
    }
    let mut position = PairingPosition::default();
    position.left = left_cursor;
    position.right = right_cursor;
    position.confirmed = confirmed;
    position.fingerprint = before;
    Ok(position)
}

/// Notes that a dry run was confirmed.
///
/// # Errors
///
/// As the database fails.
pub async fn confirm(tx: &mut dyn Tx, pairing: &PairingId) -> Result<()> {
    static CONFIRM: Sql =
        Sql::new("UPDATE tieline.pairings SET confirmed = TRUE WHERE tenant = $1 AND synced_id = $2");
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(()) };
    tx.run(&CONFIRM, args![synced_id]).await.map(drop)
}

/// Returns how much is stored of a pairing.
///
/// # Errors
///
/// As the database fails.
pub async fn counts(tx: &mut dyn Tx, pairing: &PairingId) -> Result<PairingCounts> {
    static LINKS: Sql = Sql::new(
        "SELECT state, count(*) FROM tieline.links WHERE tenant = $1 AND synced_id = $2 GROUP BY state",
    );
    static CHANGED: Sql =
        Sql::new("SELECT count(*) FROM tieline.changed_records WHERE tenant = $1 AND synced_id = $2");
    static TASKS: Sql = Sql::new(
        "SELECT count(*) FROM tieline.tasks WHERE tenant = $1 AND synced_id = $2 AND status = 'open'",
    );
    static CONFLICTS: Sql =
        Sql::new("SELECT count(*) FROM tieline.conflicts WHERE tenant = $1 AND synced_id = $2");
    let mut counts = PairingCounts::default();
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(counts) };
    for mut row in tx.rows(&LINKS, args![synced_id]).await? {
        let (state, count): (String, u64) = (row.take()?, row.take()?);
        let own = match LinkState::parse(&state) {
            Some(LinkState::Unlinked | LinkState::Ended) => continue,
            Some(LinkState::Writing) => Some(&mut counts.writing),
            Some(LinkState::Held) => Some(&mut counts.held),
            Some(LinkState::Parked) => Some(&mut counts.parked),
            _ => None,
        };
        if let Some(own) = own {
            *own = count;
        }
        counts.links += count;
    }
    counts.changed = one::<(u64,)>(tx, &CHANGED, args![synced_id]).await?.0;
    counts.open_tasks = one::<(u64,)>(tx, &TASKS, args![synced_id]).await?.0;
    counts.conflicts = one::<(u64,)>(tx, &CONFLICTS, args![synced_id]).await?.0;
    Ok(counts)
}
