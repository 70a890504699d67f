//! Sealed secrets.

use std::ops::Bound;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_vault::Sealed;

use super::tenant::{Tenant, Value};
use super::{MemoryStore, Numbers};
use crate::ConnectionId;
use crate::connections::{
    Actor, AuditAction, Fence, Health, Intent, PutSecret, RenewalDue, SecretInfo, SecretName, SecretStore,
    StoredSecret,
};
use crate::plan::{Guard, rewrapped, unknown_connection};

#[async_trait]
impl SecretStore for MemoryStore {
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>> {
        self.read(|tenant| {
            let secret = tenant.secrets.get(&(connection.clone(), name.to_owned()));
            Ok(secret.and_then(|secret| {
                let value = secret.value.as_ref()?;
                let stored = StoredSecret::new(value.sealed.clone(), secret.last_generation, value.intent);
                Some(stored.with_refused_at(value.refused_at))
            }))
        })
    }

    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>> {
        self.read(|tenant| {
            let after = after.map(|(connection, name)| (connection.clone(), name.to_owned()));
            let from = after.map_or(Bound::Unbounded, Bound::Excluded);
            let secrets = tenant.secrets.range((from, Bound::Unbounded));
            let infos = secrets.filter_map(|((connection, name), secret)| {
                let value = secret.value.as_ref()?;
                let key = value.sealed.key_id().as_str().to_owned();
                Some(SecretInfo::new(
                    connection.clone(),
                    name.clone(),
                    secret.last_generation,
                    key,
                    value.stored_at,
                    value.renew_by,
                ))
            });
            Ok(infos.take(limit as usize).collect())
        })
    }

    async fn put_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        by.check()?;
        put.check(name)?;
        self.write(|tenant, numbers| {
            if !tenant.connections.contains_key(connection) {
                return Err(unknown_connection(connection));
            }
            tenant.check_put(connection, name, &put)?;
            Ok(tenant.put(numbers, connection, name, put, (now, by)))
        })
    }

    async fn begin_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.write(|tenant, _| {
            tenant.check(connection, name, Guard { generation: Some(generation), fence: Some(fence) })?;
            if let Some(value) = tenant.value_mut(connection, name) {
                value.intent.get_or_insert(Intent::new(fence, now));
            }
            Ok(())
        })
    }

    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()> {
        self.write(|tenant, _| {
            tenant.check(connection, name, Guard { generation: Some(generation), fence: Some(fence) })?;
            if let Some(value) = tenant.value_mut(connection, name) {
                value.intent.take_if(|intent| intent.fence == fence);
            }
            Ok(())
        })
    }

    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.write(|tenant, _| {
            if tenant.generation(connection, name) != generation {
                return Ok(false);
            }
            let Some(value) = tenant.value_mut(connection, name) else { return Ok(false) };
            value.intent = None;
            value.refused_at.get_or_insert(now);
            Ok(true)
        })
    }

    async fn rewrap_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        sealed: Sealed,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        by.check()?;
        self.write(|tenant, numbers| {
            if tenant.generation(connection, name) != generation {
                return Ok(false);
            }
            let Some(value) = tenant.value_mut(connection, name) else { return Ok(false) };
            let detail = rewrapped(name, sealed.key_id());
            value.sealed = sealed;
            tenant.tell(numbers, (now, by), connection, AuditAction::SecretRewrapped, detail);
            Ok(true)
        })
    }

    async fn delete_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        by.check()?;
        self.write(|tenant, numbers| {
            let secret = tenant.secrets.get_mut(&(connection.clone(), name.to_owned()));
            let deleted = secret.and_then(|secret| secret.value.take()).is_some();
            if deleted {
                tenant.tell(numbers, (now, by), connection, AuditAction::SecretDeleted, name.to_owned());
            }
            Ok(deleted)
        })
    }

    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>> {
        self.read(|tenant| {
            let renewable = |connection: &ConnectionId| {
                tenant.connections.get(connection).is_some_and(|connection| {
                    connection.active && connection.health != Health::NeedsReconnect
                })
            };
            let mut due: Vec<RenewalDue> = tenant
                .secrets
                .iter()
                .filter_map(|((connection, name), secret)| {
                    let renew_by = secret.value.as_ref()?.renew_by.filter(|renew_by| *renew_by < before)?;
                    renewable(connection).then(|| RenewalDue::new(connection.clone(), name.clone(), renew_by))
                })
                .filter(|due| after.is_none_or(|after| due > after))
                .collect();
            due.sort_unstable();
            due.truncate(limit as usize);
            Ok(due)
        })
    }

    async fn key_check(&self) -> Result<Option<Sealed>> {
        Ok(self.lock().key_check.clone())
    }

    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool> {
        let mut data = self.lock();
        let as_read = data.key_check.as_ref() == replaces;
        if as_read {
            data.key_check = Some(key_check);
        }
        Ok(as_read)
    }
}

impl Tenant {
    /// 0 where there is no secret.
    pub(super) fn generation(&self, connection: &ConnectionId, name: &str) -> u64 {
        let secret = self.secrets.get(&(connection.clone(), name.to_owned()));
        secret.filter(|secret| secret.value.is_some()).map_or(0, |secret| secret.last_generation)
    }

    fn value_mut(&mut self, connection: &ConnectionId, name: &str) -> Option<&mut Value> {
        self.secrets.get_mut(&(connection.clone(), name.to_owned()))?.value.as_mut()
    }

    fn check(&self, connection: &ConnectionId, name: &str, guard: Guard) -> Result<()> {
        let latest = self.leases.get(&(connection.clone(), name.to_owned())).map(|held| held.fence);
        guard.hold(connection, name, self.generation(connection, name), latest)
    }

    pub(super) fn check_put(&self, connection: &ConnectionId, name: &str, put: &PutSecret) -> Result<()> {
        self.check(connection, name, Guard { generation: put.replaces, fence: put.fence })
    }

    /// Stores a checked secret. Answers its generation.
    pub(super) fn put(
        &mut self,
        numbers: &mut Numbers,
        connection: &ConnectionId,
        name: &str,
        put: PutSecret,
        (now, by): (DateTime<Utc>, &Actor),
    ) -> u64 {
        let secret = self.secrets.entry((connection.clone(), name.to_owned())).or_default();
        secret.last_generation += 1;
        let generation = secret.last_generation;
        let (action, detail) = (put.action, put.detail(name, generation));
        let reconnects = put.reconnects();
        secret.value = Some(Value {
            sealed: put.sealed,
            stored_at: now,
            renew_by: put.renew_by,
            intent: None,
            refused_at: None,
        });
        self.tell(numbers, (now, by), connection, action, detail);
        let waiting = self.connections.get_mut(connection);
        if let Some(waiting) =
            waiting.filter(|waiting| reconnects && waiting.health == Health::NeedsReconnect)
        {
            waiting.health = Health::Untried;
            let detail = Health::Untried.as_str().to_owned();
            self.tell(numbers, (now, by), connection, AuditAction::HealthChanged, detail);
        }
        generation
    }
}
