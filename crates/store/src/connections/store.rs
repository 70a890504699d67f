//! The traits. Each method is one transaction, and writes its line of the audit log in it. What is refused, and what the
//! lines say, is decided in [`rules`](super::rules), so that all stores agree.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;
use tieline_vault::Sealed;

use super::{
    Actor, AuditEntry, Connection, ConnectionChange, ConnectionFilter, Consent, ConsentState, Fence, Lease,
    NewConnection, PutSecret, Reconnection, RenewalDue, RunReport, SecretInfo, SecretName, StoredSecret,
};
use crate::{ConnectionId, TenantId};

/// Where a host keeps connections.
#[async_trait]
pub trait ConnectionStore: Debug + Send + Sync {
    /// Whose rows this handle sees.
    fn tenant(&self) -> &TenantId;

    /// Makes a connection and its first secrets, all or none. Fails with `Conflict` when the id is taken, and with
    /// `Rejected` when a text is empty, too long or holds what cannot be kept.
    async fn create(
        &self,
        new: NewConnection,
        secrets: Vec<(String, PutSecret)>,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection>;

    /// One connection.
    async fn connection(&self, id: &ConnectionId) -> Result<Option<Connection>>;

    /// Connections by id.
    async fn connections(&self, filter: &ConnectionFilter, limit: u32) -> Result<Vec<Connection>>;

    /// Changes a connection. Fails with `NotFound`. What changes nothing is not written, nor told in the audit log.
    async fn change(
        &self,
        id: &ConnectionId,
        change: ConnectionChange,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection>;

    /// Puts a new secret and changes the connection for it, all or nothing: after it the connection works with the new
    /// secret and settings, or is as it was.
    ///
    /// # Errors
    ///
    /// `NotFound` without such a connection. `Conflict` when the account is not the stored one, or is not known while one
    /// is stored, and the reconnection does not replace it; and as for [`put_secret`](SecretStore::put_secret).
    async fn reconnect(
        &self,
        id: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        reconnection: Reconnection,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<Connection>;

    /// Notes how a run ended; the audit log tells only changes of health. An unknown connection is passed over, and a
    /// report about a secret of another generation than the stored one.
    async fn report(&self, id: &ConnectionId, report: RunReport, by: &Actor) -> Result<()>;

    /// Removes a connection with its secrets, consents, leases and everything that sync keeps of it. The audit log
    /// stays, and a lease that is taken later still has a greater number. Answers whether there was one.
    async fn remove(&self, id: &ConnectionId, by: &Actor, now: DateTime<Utc>) -> Result<bool>;

    /// The audit log in order, after a number; of one connection, or of all.
    async fn audit(
        &self,
        connection: Option<&ConnectionId>,
        after: Option<u64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>>;
}

/// Where sealed secrets are kept. What was answered survives a loss of power.
#[async_trait]
pub trait SecretStore: Debug + Send + Sync {
    /// A secret.
    async fn secret(&self, connection: &ConnectionId, name: &SecretName) -> Result<Option<StoredSecret>>;

    /// Secrets by connection and name, after one; of all connections.
    async fn secrets(
        &self,
        after: Option<(&ConnectionId, &SecretName)>,
        limit: u32,
    ) -> Result<Vec<SecretInfo>>;

    /// Stores a secret and forgets the intent. Answers its generation. A connection that needs to be reconnected is
    /// [`Untried`](super::Health::Untried) again when a person gave the secret.
    ///
    /// Fails with `NotFound` without such a connection, and with `Conflict`, changing nothing, when the generation is
    /// not the one that it replaces, or the fence is not that of the latest lease of the same name of this connection.
    /// A lease that ended or was released is the latest until another is taken.
    async fn put_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        put: PutSecret,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<u64>;

    /// Writes that the secret of this generation is about to be renewed. An intent that is there already stays: what
    /// became of that renewal is still open. Fails with `Conflict` as [`put_secret`](Self::put_secret) does.
    async fn begin_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
        now: DateTime<Utc>,
    ) -> Result<()>;

    /// Takes the intent of this lease back, because the request certainly did not reach the provider. One of an
    /// earlier lease stays. Fails with `Conflict` as [`put_secret`](Self::put_secret) does.
    async fn cancel_renewal(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        fence: Fence,
    ) -> Result<()>;

    /// Notes that the provider refused the secret of this generation for good, and forgets the intent: what became of a
    /// renewal no longer matters. Storing another secret forgets the refusal. Returns whether the generation was still
    /// this one; otherwise nothing is changed. A refusal that is noted already stays.
    async fn refuse_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        now: DateTime<Utc>,
    ) -> Result<bool>;

    /// Puts the same secret under another key. Answers whether the generation was still this one; otherwise nothing
    /// is changed.
    async fn rewrap_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        generation: u64,
        sealed: Sealed,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool>;

    /// Deletes a secret. Answers whether there was one.
    async fn delete_secret(
        &self,
        connection: &ConnectionId,
        name: &SecretName,
        by: &Actor,
        now: DateTime<Utc>,
    ) -> Result<bool>;

    /// Secrets that must be renewed before a time, the earliest first, after one: of connections that are active and
    /// do not wait for their customer to reconnect. Pages keep those that fail today from hiding the others.
    async fn renewals_due(
        &self,
        before: DateTime<Utc>,
        after: Option<&RenewalDue>,
        limit: u32,
    ) -> Result<Vec<RenewalDue>>;

    /// What the vault's keys are checked with at start, for all tenants of the database.
    async fn key_check(&self) -> Result<Option<Sealed>>;

    /// Stores it in place of one that is still as it was read. Answers whether it was.
    async fn put_key_check(&self, replaces: Option<&Sealed>, key_check: Sealed) -> Result<bool>;
}

/// Where processes agree who does something alone. Time is the store's own, not the caller's, so processes whose
/// clocks differ agree too.
#[async_trait]
pub trait LeaseStore: Debug + Send + Sync {
    /// Takes the lease of a name of a connection, when nobody holds it. Each lease has a greater number than all before.
    /// The connection need not be in the [`ConnectionStore`].
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>>;

    /// Prolongs a lease from now on. Answers whether it is still the latest.
    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool>;

    /// Gives a lease back. One that is no longer the latest is left alone.
    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()>;
}

/// Where the host keeps whom it sent to a provider to consent.
#[async_trait]
pub trait ConsentStore: Debug + Send + Sync {
    /// Keeps a consent, and forgets those that ended. Fails with `Conflict` when the state is taken.
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()>;

    /// A consent, which stays: to check a callback before it uses the consent up.
    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>>;

    /// Takes a consent: whoever asks first gets it, once, also when it has ended since.
    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>>;
}
