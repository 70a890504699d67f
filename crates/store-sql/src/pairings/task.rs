//! Tasks for people, and the log of conflicts.

use tieline_core::{FieldPath, RawJson, Result};
use tieline_store::pairings::{
    Conflict, ConflictWinner, LinkChange, LinkId, LinkRevision, NewConflict, NewTask, PairingId, Task,
    TaskDecision, TaskKind, TaskStatus,
};
use tieline_store::plan::check_text;

use super::changed::unreadable;
use super::link::put_link;
use super::number;
use crate::records::step_connection;
use crate::sql::Sql;
use crate::time::{now, time};
use crate::tx::{Tx, all, args, first};
use crate::value::{FromRow, Row};

struct StoredTask(Task);

impl FromRow for StoredTask {
    fn from_row(mut row: Row) -> Result<Self> {
        let (number, kind): (u64, String) = (row.take()?, row.take()?);
        let (link, link_revision): (u64, u64) = (row.take()?, row.take()?);
        let (subject, status): (String, String) = (row.take()?, row.take()?);
        let (detail, created_at): (String, i64) = (row.take()?, row.take()?);
        let kind = TaskKind::parse(&kind).ok_or_else(unreadable)?;
        let status = TaskStatus::parse(&status).ok_or_else(unreadable)?;
        let link = (link != 0).then(|| LinkId::new(link));
        let new = NewTask::new(kind, subject, RawJson::from_checked(&detail));
        let mut task = Task::new(number, (link, link_revision), new, status, time(created_at));
        task.decided_at = row.take::<Option<i64>>()?.map(time);
        task.decided_by = row.take()?;
        Ok(Self(task))
    }
}

/// Returns tasks by number.
///
/// # Errors
///
/// As the database fails.
pub async fn tasks(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    status: Option<TaskStatus>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Task>> {
    static ALL: Sql = Sql::new(
        "SELECT id, kind, link_id, link_revision, subject, status, detail, created_at, decided_at, decided_by
         FROM tieline.tasks WHERE tenant = $1 AND synced_id = $2 AND id > $3 ORDER BY id LIMIT $4",
    );
    static OF: Sql = Sql::new(
        "SELECT id, kind, link_id, link_revision, subject, status, detail, created_at, decided_at, decided_by
         FROM tieline.tasks WHERE tenant = $1 AND synced_id = $2 AND id > $3 AND status = $5
         ORDER BY id LIMIT $4",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let after = after.unwrap_or(0);
    let stored: Vec<StoredTask> = match status {
        None => all(tx, &ALL, args![synced_id, after, limit]).await?,
        Some(status) => all(tx, &OF, args![synced_id, after, limit, status.as_str()]).await?,
    };
    Ok(stored.into_iter().map(|stored| stored.0).collect())
}

/// Returns a task.
///
/// # Errors
///
/// As the database fails.
pub async fn task(tx: &mut dyn Tx, pairing: &PairingId, task: u64) -> Result<Option<Task>> {
    static FIND: Sql = Sql::new(
        "SELECT id, kind, link_id, link_revision, subject, status, detail, created_at, decided_at, decided_by
         FROM tieline.tasks WHERE tenant = $1 AND synced_id = $2 AND id = $3",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(None) };
    Ok(first::<StoredTask>(tx, &FIND, args![synced_id, task]).await?.map(|stored| stored.0))
}

/// Stores a task.
///
/// # Errors
///
/// As the database fails.
pub async fn add_task(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    about: Option<LinkRevision>,
    task: &NewTask,
) -> Result<()> {
    let (synced_id, _) = step_connection(tx, &pairing.connection(), 0).await?;
    put_tasks(tx, synced_id, about, std::slice::from_ref(task)).await
}

pub(super) async fn put_tasks(
    tx: &mut dyn Tx,
    synced_id: i64,
    about: Option<LinkRevision>,
    tasks: &[NewTask],
) -> Result<()> {
    static REPLACE: Sql = Sql::new(
        "UPDATE tieline.tasks SET status = 'superseded', decided_at = $6
         WHERE tenant = $1 AND synced_id = $2 AND link_id = $3 AND kind = $4 AND subject = $5 AND status = 'open'",
    );
    static ADD: Sql = Sql::new(
        "INSERT INTO tieline.tasks (tenant, synced_id, kind, link_id, link_revision, subject, status, detail, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'open', $7, $8)",
    );
    if tasks.is_empty() {
        return Ok(());
    }
    let at = now(tx).await?;
    let (link, revision) = about.map_or((0, 0), |about| (about.link.number(), about.revision));
    for task in tasks {
        check_text("subject", task.subject.as_str())?;
        check_text("detail", task.detail.get())?;
        let (kind, subject) = (task.kind.as_str(), task.subject.as_str());
        tx.run(&REPLACE, args![synced_id, link, kind, subject, at]).await?;
        tx.run(&ADD, args![synced_id, kind, link, revision, subject, task.detail.get(), at]).await?;
    }
    Ok(())
}

/// Closes open tasks about a link.
pub(super) async fn supersede(
    tx: &mut dyn Tx,
    synced_id: i64,
    link: LinkId,
    kinds: &[TaskKind],
) -> Result<()> {
    static CLOSE: Sql = Sql::new(
        "UPDATE tieline.tasks SET status = 'superseded', decided_at = $5
         WHERE tenant = $1 AND synced_id = $2 AND link_id = $3 AND kind = $4 AND status = 'open'",
    );
    if kinds.is_empty() {
        return Ok(());
    }
    let at = now(tx).await?;
    for kind in kinds {
        tx.run(&CLOSE, args![synced_id, link.number(), kind.as_str(), at]).await?;
    }
    Ok(())
}

/// Decides a task: see [`PairingStore::decide_task`](tieline_store::pairings::PairingStore::decide_task). Nothing is
/// stored when this returns false.
///
/// # Errors
///
/// As the database fails.
pub async fn decide_task(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    decision: &TaskDecision,
    change: Option<&LinkChange>,
) -> Result<bool> {
    static DECIDE: Sql = Sql::new(
        "UPDATE tieline.tasks SET status = $4, decided_by = $5, decided_at = $6
         WHERE tenant = $1 AND synced_id = $2 AND id = $3",
    );
    static OPEN: Sql = Sql::new(
        "SELECT id FROM tieline.tasks WHERE tenant = $1 AND synced_id = $2 AND id = $3 AND status = 'open'",
    );
    check_text("name of who decides", &decision.by)?;
    let (synced_id, sequence) = step_connection(tx, &pairing.connection(), 1).await?;
    if first::<(u64,)>(tx, &OPEN, args![synced_id, decision.number]).await?.is_none() {
        return Ok(false);
    }
    // The link goes first: nothing of a change that is not stored must be left. It may supersede the task with its like.
    if let Some(change) = change
        && put_link(tx, (synced_id, sequence), change).await?.is_none()
    {
        return Ok(false);
    }
    let at = now(tx).await?;
    let decided = args![synced_id, decision.number, decision.status.as_str(), &decision.by, at];
    Ok(tx.run(&DECIDE, decided).await? > 0)
}

pub(super) async fn log_conflicts(
    tx: &mut dyn Tx,
    synced_id: i64,
    link: LinkId,
    conflicts: &[NewConflict],
) -> Result<()> {
    static ADD: Sql = Sql::new(
        "INSERT INTO tieline.conflicts (tenant, synced_id, link_id, field, base_value, left_value, right_value, policy, winner, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, {now})",
    );
    for conflict in conflicts {
        let value = |value: &Option<RawJson>| value.as_ref().map(|value| value.get().to_owned());
        let (base, left, right) = (value(&conflict.base), value(&conflict.left), value(&conflict.right));
        let logged = args![
            synced_id,
            link.number(),
            conflict.field.as_str(),
            base.as_deref(),
            left.as_deref(),
            right.as_deref(),
            conflict.policy.as_str(),
            conflict.winner.as_str(),
        ];
        tx.run(&ADD, logged).await?;
    }
    Ok(())
}

struct StoredConflict(Conflict);

impl FromRow for StoredConflict {
    fn from_row(mut row: Row) -> Result<Self> {
        let (number, link, field): (u64, u64, String) = (row.take()?, row.take()?, row.take()?);
        let mut value = || -> Result<Option<RawJson>> {
            Ok(row.take::<Option<String>>()?.map(|text| RawJson::from_checked(&text)))
        };
        let (base, left, right) = (value()?, value()?, value()?);
        let (policy, winner, at): (String, String, i64) = (row.take()?, row.take()?, row.take()?);
        let winner = ConflictWinner::parse(&winner).ok_or_else(unreadable)?;
        // The empty path is the record as a whole.
        let field = if field.is_empty() { FieldPath::field("") } else { FieldPath::parse(&field)? };
        let mut conflict = NewConflict::new(field, policy, winner);
        (conflict.base, conflict.left, conflict.right) = (base, left, right);
        Ok(Self(Conflict::new(number, LinkId::new(link), conflict, time(at))))
    }
}

/// Returns conflicts by number.
///
/// # Errors
///
/// As the database fails.
pub async fn conflicts(
    tx: &mut dyn Tx,
    pairing: &PairingId,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<Conflict>> {
    static PAGE: Sql = Sql::new(
        "SELECT id, link_id, field, base_value, left_value, right_value, policy, winner, at FROM tieline.conflicts
         WHERE tenant = $1 AND synced_id = $2 AND id > $3 ORDER BY id LIMIT $4",
    );
    let Some(synced_id) = number(tx, pairing).await? else { return Ok(Vec::new()) };
    let stored: Vec<StoredConflict> = all(tx, &PAGE, args![synced_id, after.unwrap_or(0), limit]).await?;
    Ok(stored.into_iter().map(|stored| stored.0).collect())
}
