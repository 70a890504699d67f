//! Links, and the changes that are stored with them.

use tieline_core::{Key, RawJson, Result};
use tieline_store::pairings::{Link, LinkChange, LinkId, LinkRevision, LinkState, PairSide, PairingId};
use tieline_store::plan::check_text;

use super::changed::{again, forget, unreadable};
use super::matching::forget_values;
use super::number;
use super::task::{log_conflicts, put_tasks, supersede};
use crate::records::step_connection;
use crate::sql::Sql;
use crate::time::now;
use crate::tx::{Tx, all, args, first};

type Stored = (u64, u64, Option<String>, Option<String>, String, String);

fn read((id, revision, left, right, state, body): Stored) -> Result<Link> {
    let state = LinkState::parse(&state).ok_or_else(unreadable)?;
    let at = LinkRevision::new(LinkId::new(id), revision);
    Ok(Link::new(at, [left.map(Key::from), right.map(Key::from)], state, RawJson::from_checked(&body)))
}

/// Returns the links of records of a side.
///
/// # Errors
///
/// As the database fails.
pub async fn links_of(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    side: PairSide,
    keys: &[Key],
) -> Result<Vec<Link>> {
    static LEFT: Sql = Sql::new(
        "SELECT id, revision, left_key, right_key, state, body FROM tieline.links
         WHERE tenant = $1 AND {keys synced_id = $2, left_key in $3}",
    );
    static RIGHT: Sql = Sql::new(
        "SELECT id, revision, left_key, right_key, state, body FROM tieline.links
         WHERE tenant = $1 AND {keys synced_id = $2, right_key in $3}",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let sql = match side {
        PairSide::Left => &LEFT,
        PairSide::Right => &RIGHT,
    };
    let mut links = Vec::new();
    for chunk in keys.chunks(crate::records::KEYS) {
        let keys: Vec<&str> = chunk.iter().map(Key::as_str).collect();
        let stored: Vec<Stored> = all(tx, sql, args![synced_id, &keys]).await?;
        for row in stored {
            links.push(read(row)?);
        }
    }
    Ok(links)
}

/// Returns a link.
///
/// # Errors
///
/// As the database fails.
pub async fn link(tx: &mut dyn Tx, pairing: &PairingId, link: LinkId) -> Result<Option<Link>> {
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(None) };
    find(tx, synced_id, link).await
}

async fn find(tx: &mut dyn Tx, synced_id: i64, link: LinkId) -> Result<Option<Link>> {
    static FIND: Sql = Sql::new(
        "SELECT id, revision, left_key, right_key, state, body FROM tieline.links
         WHERE tenant = $1 AND synced_id = $2 AND id = $3",
    );
    first::<Stored>(tx, &FIND, args![synced_id, link.number()]).await?.map(read).transpose()
}

/// Returns links in a state by number.
///
/// # Errors
///
/// As the database fails.
pub async fn links_in(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    state: LinkState,
    after: Option<LinkId>,
    limit: u32,
) -> Result<Vec<Link>> {
    static PAGE: Sql = Sql::new(
        "SELECT id, revision, left_key, right_key, state, body FROM tieline.links
         WHERE tenant = $1 AND synced_id = $2 AND state = $3 AND id > $4 ORDER BY id LIMIT $5",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let page = args![synced_id, state.as_str(), after.map_or(0, LinkId::number), limit];
    all::<Stored>(tx, &PAGE, page).await?.into_iter().map(read).collect()
}

/// Stores a change of a link: see [`PairingStore::store_link`](tieline_store::pairings::PairingStore::store_link).
///
/// # Errors
///
/// As the database fails.
pub async fn store_link(tx: &mut dyn Tx, pairing: &PairingId, change: &LinkChange) -> Result<Option<Link>> {
    let (synced_id, sequence) = step_connection(tx, &pairing.connection(), 1).await?;
    put_link(tx, (synced_id, sequence), change).await
}

/// Stores a change of a link of a pairing that is locked.
pub(super) async fn put_link(
    tx: &mut dyn Tx,
    (synced_id, sequence): (i64, i64),
    change: &LinkChange,
) -> Result<Option<Link>> {
    static MAKE: Sql = Sql::new(
        "INSERT INTO tieline.links (tenant, synced_id, left_key, right_key, state, revision, body, changed_at)
         VALUES ($1, $2, $3, $4, $5, 1, $6, $7) RETURNING id",
    );
    static CHANGE: Sql = Sql::new(
        "UPDATE tieline.links
         SET left_key = $5, right_key = $6, state = $7, revision = revision + 1, body = $8, changed_at = $9
         WHERE tenant = $1 AND synced_id = $2 AND id = $3 AND revision = $4 RETURNING id",
    );
    static LEFT_TAKEN: Sql = Sql::new(
        "SELECT id FROM tieline.links WHERE tenant = $1 AND synced_id = $2 AND left_key = $3 AND id <> $4",
    );
    static RIGHT_TAKEN: Sql = Sql::new(
        "SELECT id FROM tieline.links WHERE tenant = $1 AND synced_id = $2 AND right_key = $3 AND id <> $4",
    );
    check_text("state of a link", change.body.get())?;
    let own = change.from.map_or(0, |from| from.link.number());
    for (key, taken) in [(&change.left, &LEFT_TAKEN), (&change.right, &RIGHT_TAKEN)] {
        let Some(key) = key else { continue };
        check_text("key", key.as_str())?;
        if first::<(u64,)>(tx, taken, args![synced_id, key.as_str(), own]).await?.is_some() {
            return Ok(None);
        }
    }
    let at = now(tx).await?;
    let (left, right) = (change.left.as_ref().map(Key::as_str), change.right.as_ref().map(Key::as_str));
    let (state, body) = (change.state.as_str(), change.body.get());
    let stored: Option<(u64,)> = match change.from {
        None => first(tx, &MAKE, args![synced_id, left, right, state, body, at]).await?,
        Some(from) => {
            let revised = args![synced_id, from.link.number(), from.revision, left, right, state, body, at];
            first(tx, &CHANGE, revised).await?
        }
    };
    let Some((id,)) = stored else { return Ok(None) };
    let at_revision = LinkRevision::new(LinkId::new(id), change.from.map_or(1, |from| from.revision + 1));
    for (side, key) in [(PairSide::Left, &change.left), (PairSide::Right, &change.right)] {
        if let Some(key) = key {
            forget_values(tx, synced_id, side, key).await?;
        }
    }
    supersede(tx, synced_id, at_revision.link, &change.supersedes).await?;
    put_tasks(tx, synced_id, Some(at_revision), &change.tasks).await?;
    log_conflicts(tx, synced_id, at_revision.link, &change.conflicts).await?;
    forget(tx, synced_id, &change.handled).await?;
    again(tx, (synced_id, sequence), &change.again).await?;
    let keys = [change.left.clone(), change.right.clone()];
    Ok(Some(Link::new(at_revision, keys, change.state, change.body.clone())))
}
