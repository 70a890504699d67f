//! The audit log.

use chrono::{DateTime, Utc};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, AuditAction, AuditEntry};
use tieline_store::plan::unreadable;

use super::kept;
use crate::fault::Fault;
use crate::lists;
use crate::turn::Turn;

/// Lines about one connection, to be written together at the end of a transaction.
pub(super) struct Lines<'a> {
    connection: &'a ConnectionId,
    by: &'a Actor,
    at: DateTime<Utc>,
    actions: Vec<&'static str>,
    details: Vec<String>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(connection: &'a ConnectionId, by: &'a Actor, at: DateTime<Utc>) -> Self {
        Self { connection, by, at: kept(at), actions: Vec::new(), details: Vec::new() }
    }

    pub(super) fn tell(&mut self, action: AuditAction, detail: impl Into<String>) {
        self.actions.push(action.as_str());
        self.details.push(detail.into());
    }

    /// The count is a row that one transaction at a time has, so that whoever has read up to a number misses none that
    /// comes later.
    pub(super) async fn write(self, turn: &mut Turn) -> Result<(), Fault> {
        if self.actions.is_empty() {
            return Ok(());
        }
        let count = i64::try_from(self.actions.len()).unwrap_or(i64::MAX);
        turn.query(
            "WITH counted AS (
                 INSERT INTO tieline_tenants AS t (tenant, audited) VALUES ($1, $2)
                 ON CONFLICT (tenant) DO UPDATE SET audited = t.audited + $2
                 RETURNING t.audited - $2 AS before
             )
             INSERT INTO tieline_audit (tenant, number, at, actor, connection, action, detail)
             SELECT $1, counted.before + u.place, $3, $4, $5, u.action, u.detail
             FROM counted, unnest($6::text[], $7::text[]) WITH ORDINALITY AS u (action, detail, place)",
        )
        .bind(count)
        .bind(self.at)
        .bind(self.by.as_str())
        .bind(self.connection.as_str())
        .bind(self.actions)
        .bind(self.details)
        .execute(turn.on())
        .await?;
        Ok(())
    }
}

pub(super) async fn audit(
    turn: &mut Turn,
    connection: Option<&ConnectionId>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Fault> {
    type Stored = (i64, DateTime<Utc>, String, String, String, String);
    let query = match connection {
        None => turn.rows::<Stored>(
            "SELECT number, at, actor, connection, action, detail FROM tieline_audit
             WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3",
        ),
        Some(_) => turn.rows::<Stored>(
            "SELECT number, at, actor, connection, action, detail FROM tieline_audit
             WHERE tenant = $1 AND number > $2 AND connection = $4 ORDER BY number LIMIT $3",
        ),
    };
    let query = query.bind(lists::number(after.unwrap_or(0))).bind(i64::from(limit));
    let query = match connection {
        None => query,
        Some(connection) => query.bind(connection.as_str()),
    };
    let mut entries = Vec::new();
    for (number, at, actor, connection, action, detail) in query.fetch_all(turn.on()).await? {
        let action = AuditAction::parse(&action).ok_or_else(|| unreadable("audit action", &action))?;
        let number = number.cast_unsigned();
        entries.push(AuditEntry::new(number, at, Actor::new(actor), connection.into(), action, detail));
    }
    Ok(entries)
}
