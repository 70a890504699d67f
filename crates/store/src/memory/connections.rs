//! Connections and their audit log.

use std::ops::Bound;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;

use super::MemoryStore;
use super::tenant::Tenant;
use crate::connections::{
    Actor, AuditAction, AuditEntry, Connection, ConnectionChange, ConnectionFilter, ConnectionStore,
    NewConnection, PutSecret, Reconnection, RunReport, SecretName,
};
use crate::plan::{taken, unknown_connection};
use crate::{ConnectionId, TenantId};

#[async_trait]
impl ConnectionStore for MemoryStore {
    fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    async fn create(
        &self,
        new: NewConnection,
        secrets: Vec<(String, PutSecret)>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        by.check()?;
        new.check(&secrets)?;
        self.write(|tenant, numbers| {
            let connection = Connection::new(new, by, now);
            let id = &connection.id;
            if tenant.connections.contains_key(id) {
                return Err(taken(id));
            }
            for (name, put) in &secrets {
                tenant.check_put(id, name, put)?;
            }
            tenant.connections.insert(id.clone(), connection.clone());
            tenant.tell(numbers, (now, by), id, AuditAction::Created, connection.provider.clone());
            for (name, put) in secrets {
                tenant.put(numbers, id, &name, put, (now, by));
            }
            Ok(connection)
        })
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        self.read(|tenant| Ok(tenant.connections.get(id).cloned()))
    }

    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
        self.read(|tenant| {
            let from = filter.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let range = tenant.connections.range::<ConnectionId, _>((from, Bound::Unbounded));
            let wanted = range.map(|(_, connection)| connection).filter(|connection| {
                filter.provider.as_ref().is_none_or(|provider| connection.provider == *provider)
                    && filter.active.is_none_or(|active| connection.active == active)
            });
            Ok(wanted.take(limit as usize).cloned().collect())
        })
    }

    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        by.check()?;
        self.write(|tenant, numbers| {
            let mut connection = tenant.connections.get(id).cloned().ok_or_else(|| unknown_connection(id))?;
            if let Some(detail) = connection.apply(change, by, now)? {
                tenant.connections.insert(id.clone(), connection.clone());
                tenant.tell(numbers, (now, by), id, AuditAction::Changed, detail);
            }
            Ok(connection)
        })
    }

    async fn reconnect(
        &self,
        id: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        reconnection: Reconnection,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        by.check()?;
        put.check(name)?;
        self.write(|tenant, numbers| {
            let mut connection = tenant.connections.get(id).cloned().ok_or_else(|| unknown_connection(id))?;
            let reconnected = connection.reconnect(reconnection, by, now)?;
            tenant.check_put(id, name, &put)?;
            tenant.connections.insert(id.clone(), connection);
            if reconnected.erases {
                tenant.synced.remove(id);
                tenant.tell(numbers, (now, by), id, AuditAction::AccountReplaced, String::new());
            }
            if let Some(detail) = reconnected.detail {
                tenant.tell(numbers, (now, by), id, AuditAction::Changed, detail);
            }
            tenant.put(numbers, id, name, put, (now, by));
            tenant.connections.get(id).cloned().ok_or_else(|| unknown_connection(id))
        })
    }

    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
        by.check()?;
        self.write(|tenant, numbers| {
            let at = report.at;
            if let Some((name, generation)) = &report.secret
                && tenant.generation(id, name) != *generation
            {
                return Ok(());
            }
            let connection = tenant.connections.get_mut(id);
            if let Some(health) = connection.and_then(|connection| connection.note(report)) {
                tenant.tell(numbers, (at, by), id, AuditAction::HealthChanged, health.as_str().to_owned());
            }
            Ok(())
        })
    }

    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
        by.check()?;
        self.write(|tenant, numbers| {
            let removed = tenant.connections.remove(id).is_some();
            tenant.clear(id);
            if removed {
                tenant.tell(numbers, (now, by), id, AuditAction::Removed, String::new());
            }
            Ok(removed)
        })
    }

    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        self.read(|tenant| {
            let first =
                tenant.audit.partition_point(|entry| after.is_some_and(|after| entry.number <= after));
            let wanted = tenant.audit.iter().skip(first);
            let wanted = wanted.filter(|entry| connection.is_none_or(|id| entry.connection == *id));
            Ok(wanted.take(limit as usize).cloned().collect())
        })
    }
}

impl Tenant {
    /// Forgets what hangs on a connection.
    fn clear(&mut self, id: &ConnectionId) {
        self.synced.remove(id);
        for ((connection, _), secret) in &mut self.secrets {
            if connection == id {
                secret.value = None;
            }
        }
        self.leases.retain(|(connection, _), _| connection != id);
        self.consents.retain(|_, consent| consent.connection != *id);
    }
}
