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
use tieline_store::plan::check_name;
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::Sealed;

use super::{audit, connection, lease, secret};
use crate::PostgresStore;
use crate::store::transact;

#[async_trait]
impl ConnectionStore for PostgresStore {
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
        transact!(self, Durable, "making a connection", |turn| {
            connection::create(turn, new, secrets, by, now)
        })
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        transact!(self, Read, "reading a connection", |turn| connection::connection(turn, id))
    }

    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
        transact!(self, Read, "listing connections", |turn| connection::connections(turn, filter, limit))
    }

    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        by.check()?;
        transact!(self, Write, "changing a connection", |turn| {
            connection::change(turn, id, change, by, now)
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
        transact!(self, Durable, "reconnecting a connection", |turn| {
            connection::reconnect(turn, id, (name, put), reconnection, by, now)
        })
    }

    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
        by.check()?;
        transact!(self, Write, "noting the end of a run", |turn| connection::report(turn, id, report, by))
    }

    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
        by.check()?;
        transact!(self, Durable, "removing a connection", |turn| connection::remove(turn, id, by, now))
    }

    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        transact!(self, Read, "reading the audit log", |turn| audit::audit(turn, connection, after, limit))
    }
}

#[async_trait]
impl SecretStore for PostgresStore {
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>> {
        transact!(self, Read, "reading a secret", |turn| secret::secret(turn, connection, name))
    }

    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>> {
        transact!(self, Read, "listing secrets", |turn| secret::secrets(turn, after, limit))
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
        transact!(self, Durable, "storing a secret", |turn| {
            secret::put_secret(turn, connection, name, put, by, now)
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
        transact!(self, Durable, "beginning a renewal", |turn| {
            secret::begin_renewal(turn, connection, name, generation, fence, now)
        })
    }

    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()> {
        transact!(self, Durable, "taking a renewal back", |turn| {
            secret::cancel_renewal(turn, connection, name, generation, fence)
        })
    }

    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        transact!(self, Durable, "noting that a secret was refused", |turn| {
            secret::refuse_secret(turn, connection, name, generation, now)
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
        transact!(self, Durable, "rewrapping a secret", |turn| {
            secret::rewrap_secret(turn, connection, name, generation, sealed, (by, now))
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
        transact!(self, Durable, "deleting a secret", |turn| {
            secret::delete_secret(turn, connection, name, by, now)
        })
    }

    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>> {
        transact!(self, Read, "listing renewals", |turn| secret::renewals_due(turn, before, after, limit))
    }

    async fn key_check(&self) -> Result<Option<Sealed>> {
        transact!(self, Read, "reading the key check", |turn| secret::key_check(turn))
    }

    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool> {
        transact!(self, Durable, "storing the key check", |turn| {
            secret::put_key_check(turn, replaces, &key_check)
        })
    }
}

#[async_trait]
impl LeaseStore for PostgresStore {
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>> {
        check_name("connection id", connection.as_str())?;
        check_name("name of the lease", name)?;
        let now = self.clock.as_ref().map(|clock| clock.now());
        transact!(self, Durable, "taking a lease", |turn| lease::lease(turn, connection, name, life, now))
    }

    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool> {
        let now = self.clock.as_ref().map(|clock| clock.now());
        transact!(self, Durable, "prolonging a lease", |turn| {
            lease::prolong(turn, connection, name, fence, life, now)
        })
    }

    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
        let now = self.clock.as_ref().map(|clock| clock.now());
        transact!(self, Durable, "giving a lease back", |turn| {
            lease::release(turn, connection, name, fence, now)
        })
    }
}

#[async_trait]
impl ConsentStore for PostgresStore {
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()> {
        consent.check()?;
        transact!(self, Durable, "keeping a consent", |turn| lease::begin_consent(turn, consent, now))
    }

    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        transact!(self, Read, "reading a consent", |turn| lease::consent(turn, state))
    }

    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        transact!(self, Durable, "taking a consent", |turn| lease::take_consent(turn, state))
    }
}
