//! A store that goes away, for a while or for certain calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::*;
use tieline_store::{ConnectionId, MemoryStore, TenantId};
use tieline_vault::Sealed;

#[derive(Clone, Debug)]
pub struct Flaky {
    pub inner: MemoryStore,
    /// Nothing is answered.
    pub away: Arc<AtomicBool>,
    /// Leases are not prolonged.
    pub stiff: Arc<AtomicBool>,
    /// The next put is done, and its answer lost.
    pub deaf: Arc<AtomicBool>,
}

impl Flaky {
    pub fn new(inner: MemoryStore) -> Self {
        Self { inner, away: Arc::default(), stiff: Arc::default(), deaf: Arc::default() }
    }

    fn here(&self) -> Result<&MemoryStore> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "the database does not answer"));
        }
        Ok(&self.inner)
    }
}

#[async_trait]
impl ConnectionStore for Flaky {
    fn tenant(&self) -> &TenantId {
        self.inner.tenant()
    }

    async fn create(
        &self,
        new: NewConnection,
        secrets: Vec<(String, PutSecret)>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        self.here()?.create(new, secrets, by, now).await
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>> {
        self.here()?.connection(id).await
    }

    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>> {
        self.here()?.connections(filter, limit).await
    }

    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection> {
        self.here()?.change(id, change, by, now).await
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
        self.here()?.reconnect(id, name, put, reconnection, by, now).await
    }

    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()> {
        self.here()?.report(id, report, by).await
    }

    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool> {
        self.here()?.remove(id, by, now).await
    }

    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>> {
        self.here()?.audit(connection, after, limit).await
    }
}

#[async_trait]
impl SecretStore for Flaky {
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>> {
        self.here()?.secret(connection, name).await
    }

    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>> {
        self.here()?.secrets(after, limit).await
    }

    async fn put_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64> {
        let generation = self.here()?.put_secret(connection, name, put, by, now).await?;
        if self.deaf.swap(false, Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "the database connection broke"));
        }
        Ok(generation)
    }

    async fn begin_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<()> {
        self.here()?.begin_renewal(connection, name, generation, fence, now).await
    }

    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()> {
        self.here()?.cancel_renewal(connection, name, generation, fence).await
    }

    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.here()?.refuse_secret(connection, name, generation, now).await
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
        self.here()?.rewrap_secret(connection, name, generation, sealed, by, now).await
    }

    async fn delete_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        self.here()?.delete_secret(connection, name, by, now).await
    }

    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>> {
        self.here()?.renewals_due(before, after, limit).await
    }

    async fn key_check(&self) -> Result<Option<Sealed>> {
        self.here()?.key_check().await
    }

    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool> {
        self.here()?.put_key_check(replaces, key_check).await
    }
}

#[async_trait]
impl LeaseStore for Flaky {
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>> {
        self.here()?.lease(connection, name, life).await
    }

    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool> {
        if self.stiff.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "the database does not answer"));
        }
        self.here()?.prolong(connection, name, fence, life).await
    }

    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
        self.here()?.release(connection, name, fence).await
    }
}

#[async_trait]
impl ConsentStore for Flaky {
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()> {
        self.here()?.begin_consent(consent, now).await
    }

    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        self.here()?.consent(state).await
    }

    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        self.here()?.take_consent(state).await
    }
}
