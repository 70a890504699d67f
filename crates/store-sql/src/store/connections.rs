//! The store as the host's keeper of connections.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_store::connections::{
    Actor, AuditEntry, Connection, ConnectionChange, ConnectionFilter, ConnectionStore, Consent,
    ConsentState, ConsentStore, Fence, Lease, LeaseStore, NewConnection, PutSecret, Reconnection, RenewalDue,
    RunReport, SecretInfo, SecretName, SecretStore, StoredSecret,
};
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::Sealed;

use super::{SqlStore, transact};
use crate::connections as concern;
use crate::engine::Database;

#[async_trait]
impl<D: Database> ConnectionStore for SqlStore<D> {
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
        transact!(self, Durable, "making a connection", |tx| { concern::create(tx, new, secrets, by, now) })
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        transact!(self, Read, "reading a connection", |tx| concern::connection(tx, id))
    }

    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
        transact!(self, Read, "listing connections", |tx| concern::connections(tx, filter, limit))
    }

    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        transact!(self, Write, "changing a connection", |tx| { concern::change(tx, id, change, by, now) })
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
        let connection = transact!(self, Durable, "reconnecting a connection", |tx| {
            concern::reconnect(tx, id, (name, put), reconnection, by, now)
        })?;
        self.finish_erasures().await?;
        Ok(connection)
    }

    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
        transact!(self, Write, "noting the end of a run", |tx| concern::report(tx, id, report, by))
    }

    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
        let removed =
            transact!(self, Durable, "removing a connection", |tx| concern::remove(tx, id, by, now))?;
        self.finish_erasures().await?;
        Ok(removed)
    }

    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        transact!(self, Read, "reading the audit log", |tx| concern::audit(tx, connection, after, limit))
    }
}

#[async_trait]
impl<D: Database> SecretStore for SqlStore<D> {
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>> {
        transact!(self, Read, "reading a secret", |tx| concern::secret(tx, connection, name))
    }

    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>> {
        transact!(self, Read, "listing secrets", |tx| concern::secrets(tx, after, limit))
    }

    async fn put_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        transact!(self, Durable, "storing a secret", |tx| {
            concern::put_secret(tx, connection, name, put, by, now)
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
        transact!(self, Durable, "beginning a renewal", |tx| {
            concern::begin_renewal(tx, connection, name, generation, fence, now)
        })
    }

    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()> {
        transact!(self, Durable, "taking a renewal back", |tx| {
            concern::cancel_renewal(tx, connection, name, generation, fence)
        })
    }

    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        transact!(self, Durable, "noting that a secret was refused", |tx| {
            concern::refuse_secret(tx, connection, name, generation, now)
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
        transact!(self, Durable, "rewrapping a secret", |tx| {
            concern::rewrap_secret(tx, connection, name, generation, sealed, (by, now))
        })
    }

    async fn delete_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        transact!(self, Durable, "deleting a secret", |tx| {
            concern::delete_secret(tx, connection, name, by, now)
        })
    }

    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>> {
        transact!(self, Read, "listing renewals", |tx| concern::renewals_due(tx, before, after, limit))
    }

    async fn key_check(&self) -> Result<Option<Sealed>> {
        transact!(self, Read, "reading the key check", |tx| concern::key_check(tx))
    }

    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool> {
        transact!(self, Durable, "storing the key check", |tx| {
            concern::put_key_check(tx, replaces, &key_check)
        })
    }
}

#[async_trait]
impl<D: Database> LeaseStore for SqlStore<D> {
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>> {
        transact!(self, Durable, "taking a lease", |tx| concern::lease(tx, connection, name, life))
    }

    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool> {
        transact!(self, Durable, "prolonging a lease", |tx| {
            concern::prolong(tx, connection, name, fence, life)
        })
    }

    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
        transact!(self, Durable, "giving a lease back", |tx| {
            concern::release(tx, connection, name, fence)
        })
    }
}

#[async_trait]
impl<D: Database> ConsentStore for SqlStore<D> {
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()> {
        transact!(self, Durable, "keeping a consent", |tx| concern::begin_consent(tx, consent, now))
    }

    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        transact!(self, Read, "reading a consent", |tx| concern::consent(tx, state))
    }

    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        transact!(self, Durable, "taking a consent", |tx| concern::take_consent(tx, state))
    }
}
