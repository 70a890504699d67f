//! The audit log.

use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, AuditAction, AuditEntry};
use tieline_store::plan::unreadable;

use crate::log;
use crate::sql::{Bulk, Column, Sql};
use crate::time::{micros, time};
use crate::tx::{Tx, all, args};

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
        Self { connection, by, at, actions: Vec::new(), details: Vec::new() }
    }

    pub(super) fn tell(&mut self, action: AuditAction, detail: impl Into<String>) {
        self.actions.push(action.as_str());
        self.details.push(detail.into());
    }

    pub(super) async fn write(self, tx: &mut dyn Tx) -> Result<()> {
        static ADD: Bulk = Bulk::new(
            "tieline.audit (tenant, at, actor, connection, number, action, detail)",
            4,
            &["bigint", "text", "text"],
            "",
        );
        if self.actions.is_empty() {
            return Ok(());
        }
        let before = log::number(tx, "audit", self.actions.len()).await?;
        let columns = [
            Column::Ints((before + 1..).take(self.actions.len()).collect()),
            Column::Texts(self.actions),
            Column::Texts(self.details.iter().map(String::as_str).collect()),
        ];
        let same = args![micros(self.at), self.by.as_str(), self.connection.as_str()];
        tx.insert(&ADD, same, &columns).await.map(drop)
    }
}

/// Returns the audit log in order, after a number; of one connection, or of all.
///
/// # Errors
///
/// `Internal` for a line that this version cannot read; otherwise as the database fails.
pub async fn audit(
    tx: &mut dyn Tx,
    connection: Option<&ConnectionId>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditEntry>> {
    static ALL: Sql = Sql::new(
        "SELECT number, at, actor, connection, action, detail FROM tieline.audit
         WHERE tenant = $1 AND number > $2 ORDER BY number LIMIT $3",
    );
    static OF_ONE: Sql = Sql::new(
        "SELECT number, at, actor, connection, action, detail FROM tieline.audit
         WHERE tenant = $1 AND number > $2 AND connection = $4 ORDER BY number LIMIT $3",
    );
    type Stored = (u64, i64, String, String, String, String);
    let after = after.unwrap_or(0);
    let stored: Vec<Stored> = match connection {
        None => all(tx, &ALL, args![after, limit]).await?,
        Some(connection) => all(tx, &OF_ONE, args![after, limit, connection.as_str()]).await?,
    };
    let mut entries = Vec::with_capacity(stored.len());
    for (number, at, actor, connection, action, detail) in stored {
        let action = AuditAction::parse(&action).ok_or_else(|| unreadable("audit action", &action))?;
        entries.push(AuditEntry::new(number, time(at), Actor::new(actor), connection.into(), action, detail));
    }
    Ok(entries)
}
