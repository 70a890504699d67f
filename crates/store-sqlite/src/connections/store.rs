//! The store as one of connections.

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

use super::{
    Hand, audit, connection as connections, consent as consents, lease as leases, secret as secrets,
};
use crate::SqliteStore;

#[async_trait]
impl ConnectionStore for SqliteStore {
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
        let mut turn = self.durable_turn().await?;
        let hand = Hand { by, now };
        let outcome = connections::create(&mut turn.connection, &self.tenant, new, secrets, hand).await;
        turn.finish(outcome, "making a connection").await
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        self.explain(connections::one(&self.pool, self.scope(id)).await, "reading a connection")
    }

    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
        let outcome = connections::list(&self.pool, &self.tenant, filter, limit).await;
        self.explain(outcome, "listing connections")
    }

    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        by.check()?;
        let mut turn = self.durable_turn().await?;
        let hand = Hand { by, now };
        let outcome = connections::change(&mut turn.connection, self.scope(id), change, hand).await;
        turn.finish(outcome, "changing a connection").await
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
        let mut turn = self.durable_turn().await?;
        let (scope, hand, secret) = (self.scope(id), Hand { by, now }, (name, &put));
        let outcome = connections::reconnect(&mut turn.connection, scope, secret, reconnection, hand).await;
        turn.finish(outcome, "reconnecting a connection").await
    }

    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
        by.check()?;
        let mut turn = self.turn().await?;
        let outcome = connections::report(&mut turn.connection, self.scope(id), report, by).await;
        turn.finish(outcome, "noting a run").await
    }

    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
        by.check()?;
        let mut turn = self.durable_turn().await?;
        let outcome = connections::remove(&mut turn.connection, self.scope(id), Hand { by, now }).await;
        turn.finish(outcome, "removing a connection").await
    }

    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        let outcome = audit::list(&self.pool, &self.tenant, connection, after, limit).await;
        self.explain(outcome, "reading the audit log")
    }
}

#[async_trait]
impl SecretStore for SqliteStore {
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>> {
        self.explain(secrets::one(&self.pool, self.scope(connection), name).await, "reading a secret")
    }

    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>> {
        self.explain(secrets::list(&self.pool, &self.tenant, after, limit).await, "listing secrets")
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
        let mut turn = self.durable_turn().await?;
        let scope = self.scope(connection);
        let outcome = secrets::put(&mut turn.connection, scope, name, &put, Hand { by, now }).await;
        turn.finish(outcome, "storing a secret").await
    }

    async fn begin_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut turn = self.durable_turn().await?;
        let (scope, guard) = (self.scope(connection), (generation, fence));
        let outcome = secrets::begin_renewal(&mut turn.connection, scope, name, guard, now).await;
        turn.finish(outcome, "storing that a secret is to be renewed").await
    }

    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()> {
        let mut turn = self.durable_turn().await?;
        let (scope, guard) = (self.scope(connection), (generation, fence));
        let outcome = secrets::cancel_renewal(&mut turn.connection, scope, name, guard).await;
        turn.finish(outcome, "storing that a secret was not renewed").await
    }

    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut turn = self.durable_turn().await?;
        let scope = self.scope(connection);
        let outcome = secrets::refuse(&mut turn.connection, scope, name, generation, now).await;
        turn.finish(outcome, "noting that a secret was refused").await
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
        let mut turn = self.durable_turn().await?;
        let (scope, hand) = (self.scope(connection), Hand { by, now });
        let outcome = secrets::rewrap(&mut turn.connection, scope, name, generation, &sealed, hand).await;
        turn.finish(outcome, "storing a rewrapped secret").await
    }

    async fn delete_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        by.check()?;
        let mut turn = self.durable_turn().await?;
        let scope = self.scope(connection);
        let outcome = secrets::delete(&mut turn.connection, scope, name, Hand { by, now }).await;
        turn.finish(outcome, "deleting a secret").await
    }

    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>> {
        let outcome = secrets::renewals_due(&self.pool, &self.tenant, before, after, limit).await;
        self.explain(outcome, "listing secrets to be renewed")
    }

    async fn key_check(&self) -> Result<Option<Sealed>> {
        self.explain(secrets::key_check(&self.pool).await, "reading the key check")
    }

    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool> {
        let mut turn = self.durable_turn().await?;
        let outcome = secrets::put_key_check(&mut turn.connection, replaces, &key_check).await;
        turn.finish(outcome, "storing the key check").await
    }
}

#[async_trait]
impl LeaseStore for SqliteStore {
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>> {
        check_name("connection id", connection.as_str())?;
        check_name("name of the lease", name)?;
        let scope = self.scope(connection);
        // Those who wait for it ask without disturbing writers.
        let held = leases::is_held(&self.pool, self.clock.now(), scope, name).await;
        if self.explain(held, "reading a lease")? {
            return Ok(None);
        }
        let mut turn = self.durable_turn().await?;
        let outcome = leases::take(&mut turn.connection, &*self.clock, scope, name, life).await;
        turn.finish(outcome, "taking a lease").await
    }

    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool> {
        let mut turn = self.turn().await?;
        let scope = self.scope(connection);
        let outcome = leases::set_end(&mut turn.connection, &*self.clock, scope, name, fence, life).await;
        turn.finish(outcome, "prolonging a lease").await
    }

    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
        let mut turn = self.turn().await?;
        let (scope, now) = (self.scope(connection), Duration::ZERO);
        let outcome = leases::set_end(&mut turn.connection, &*self.clock, scope, name, fence, now).await;
        turn.finish(outcome.map(drop), "releasing a lease").await
    }
}

#[async_trait]
impl ConsentStore for SqliteStore {
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()> {
        consent.check()?;
        let mut turn = self.turn().await?;
        let outcome = consents::begin(&mut turn.connection, &self.tenant, &consent, now).await;
        turn.finish(outcome, "storing a consent").await
    }

    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        let outcome = consents::one(&self.pool, &self.tenant, state).await;
        self.explain(outcome, "reading a consent")
    }

    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        let mut turn = self.durable_turn().await?;
        let outcome = consents::take(&mut turn.connection, &self.tenant, state).await;
        turn.finish(outcome, "taking a consent").await
    }
}
