//! The audit log.

use sqlx::{SqliteConnection, SqlitePool};
use tieline_core::Result as Told;
use tieline_store::connections::{Actor, AuditAction, AuditEntry};
use tieline_store::plan::unreadable;
use tieline_store::{ConnectionId, TenantId};

use super::Hand;
use crate::fault::Fault;
use crate::scope::{Scope, number};
use crate::time::{micros, time};

/// Writes a line.
pub(super) async fn tell(
    connection: &mut SqliteConnection,
    scope: Scope<'_>,
    hand: Hand<'_>,
    action: AuditAction,
    detail: &str,
) -> Result<(), Fault> {
    sqlx::query(
        "INSERT INTO tieline_audit (tenant, connection, at, actor, action, detail) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(scope.tenant.as_str())
    .bind(scope.connection.as_str())
    .bind(micros(hand.now))
    .bind(hand.by.as_str())
    .bind(action.as_str())
    .bind(detail)
    .execute(connection)
    .await?;
    Ok(())
}

type Stored = (i64, i64, String, String, String, String);

pub(super) async fn list(
    pool: &SqlitePool,
    tenant: &TenantId,
    of: Option<&ConnectionId>,
    after: Option<u64>,
    limit: u32,
) -> Result<Vec<AuditEntry>, Fault> {
    let after = number(after.unwrap_or(0));
    let query = match of {
        None => sqlx::query_as(
            "SELECT id, at, actor, connection, action, detail FROM tieline_audit
             WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        ),
        Some(_) => sqlx::query_as(
            "SELECT id, at, actor, connection, action, detail FROM tieline_audit
             WHERE tenant = ?1 AND connection = ?4 AND id > ?2 ORDER BY id LIMIT ?3",
        ),
    };
    let mut query = query.bind(tenant.as_str()).bind(after).bind(limit);
    if let Some(of) = of {
        query = query.bind(of.as_str());
    }
    let stored: Vec<Stored> = query.fetch_all(pool).await?;
    Ok(stored.into_iter().map(entry).collect::<Told<_>>()?)
}

fn entry((id, at, actor, connection, action, detail): Stored) -> Told<AuditEntry> {
    let action =
        AuditAction::parse(&action).ok_or_else(|| unreadable("action of an audit log's line", &action))?;
    Ok(AuditEntry::new(id.cast_unsigned(), time(at), Actor::new(actor), connection.into(), action, detail))
}
