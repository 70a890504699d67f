//! A small world for the laws of connections: two tenants of one store, a vault.

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::{Error, ErrorKind};
use tieline_vault::{Context, Key, KeyRing, Sealed, Vault};

use crate::connections::{
    Actor, AuditEntry, Connection, ConnectionFilter, Fence, NewConnection, PutSecret, SecretInfo,
    StoredSecret,
};
use crate::{ConnectionId, ConnectionStore, ConsentStore, LeaseStore, OutboxStore, SecretStore, SyncStore};

/// What must never be seen in clear: a part of every secret that the laws seal.
pub const CANARY: &str = "canary-5dGz8Qe1";

/// A store whose time passes when a test says so.
#[async_trait]
pub trait Elapse: Send + Sync {
    /// Moves everything of the handle's tenant that is due, ends or was finished at a time back by so much, as if that
    /// time had passed since. The store's clock stays as it is.
    async fn elapse(&self, by: Duration);
}

/// An outbox whose time passes when a test says so.
pub trait TimedOutbox: OutboxStore + Elapse {}

impl<S: OutboxStore + Elapse> TimedOutbox for S {}

/// A store of everything.
pub trait WholeStore:
    SyncStore + OutboxStore + ConnectionStore + SecretStore + LeaseStore + ConsentStore + Elapse
{
}

impl<S> WholeStore for S where
    S: SyncStore + OutboxStore + ConnectionStore + SecretStore + LeaseStore + ConsentStore + Elapse
{
}

/// Two handles of one store, for two tenants.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tenants<'s> {
    /// One tenant's.
    pub store: &'s dyn WholeStore,
    /// Another's.
    pub other: &'s dyn WholeStore,
}

impl<'s> Tenants<'s> {
    /// Of an empty store.
    pub fn new(store: &'s dyn WholeStore, other: &'s dyn WholeStore) -> Self {
        Self { store, other }
    }
}

pub(super) fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap()
}

pub(super) fn anna() -> Actor {
    Actor::new("anna")
}

pub(super) fn sync() -> Actor {
    Actor::new("sync")
}

pub(super) fn vault() -> Vault {
    Vault::new(KeyRing::new(Key::generate().unwrap()))
}

/// A secret that says `word`, sealed for a connection of the first tenant.
pub(super) async fn sealed(vault: &Vault, connection: &str, name: &str, word: &str) -> Sealed {
    let context = Context::new("main", connection, name);
    vault.seal_text(&context, &format!("{CANARY} {word}").into()).await.unwrap()
}

/// Any sealed secret that is equal to no other.
pub(super) async fn some() -> Sealed {
    sealed(&vault(), "crm", "oauth2", "any").await
}

pub(super) fn new(id: &str) -> NewConnection {
    NewConnection::new(id, "pipedrive", "Sales, Stockholm")
}

/// A connection without secrets.
pub(super) async fn make(store: &dyn WholeStore, id: &str) -> Connection {
    store.create(new(id), Vec::new(), &anna(), at(0)).await.unwrap()
}

/// A connection with the secret `oauth2`.
pub(super) async fn make_with_secret(store: &dyn WholeStore, id: &str) -> Sealed {
    let sealed = some().await;
    let secrets = vec![("oauth2".to_owned(), PutSecret::new(sealed.clone()))];
    store.create(new(id), secrets, &anna(), at(0)).await.unwrap();
    sealed
}

pub(super) async fn put(store: &dyn WholeStore, id: &str, put: PutSecret) -> Result<u64, ErrorKind> {
    store.put_secret(&id.into(), "oauth2", put, &sync(), at(1)).await.map_err(|error| error.kind())
}

pub(super) async fn secret(store: &dyn WholeStore, id: &str) -> Option<StoredSecret> {
    store.secret(&id.into(), "oauth2").await.unwrap()
}

pub(super) async fn lease(store: &dyn WholeStore, id: &str, seconds: u64) -> Option<Fence> {
    let lease = store.lease(&id.into(), "oauth2", Duration::from_secs(seconds)).await.unwrap();
    lease.map(|lease| lease.fence)
}

pub(super) fn kind<T: std::fmt::Debug>(outcome: Result<T, Error>) -> ErrorKind {
    outcome.unwrap_err().kind()
}

pub(super) async fn ids(store: &dyn WholeStore, filter: &ConnectionFilter, limit: u32) -> Vec<String> {
    let connections = store.connections(filter, limit).await.unwrap();
    connections.into_iter().map(|connection| connection.id.to_string()).collect()
}

pub(super) async fn log(store: &dyn WholeStore) -> Vec<AuditEntry> {
    store.audit(None, None, u32::MAX).await.unwrap()
}

/// Everything that can be read of a tenant's connections.
#[derive(Debug, PartialEq)]
pub(super) struct Everything {
    pub(super) connections: Vec<Connection>,
    pub(super) infos: Vec<SecretInfo>,
    pub(super) secrets: Vec<StoredSecret>,
    pub(super) audit: Vec<AuditEntry>,
}

pub(super) async fn everything(store: &dyn WholeStore) -> Everything {
    let infos = store.secrets(None, u32::MAX).await.unwrap();
    let mut secrets = Vec::new();
    for info in &infos {
        secrets.push(store.secret(&info.connection, &info.name).await.unwrap().unwrap());
    }
    Everything {
        connections: store.connections(&ConnectionFilter::default(), u32::MAX).await.unwrap(),
        infos,
        secrets,
        audit: log(store).await,
    }
}

/// The same in the order in which a person reads it, for one connection.
pub(super) async fn told(store: &dyn WholeStore, id: &str) -> Vec<String> {
    let entries = store.audit(Some(&ConnectionId::from(id)), None, u32::MAX).await.unwrap();
    let line = |entry: AuditEntry| {
        format!("{} {} {}", entry.actor.as_str(), entry.action.as_str(), entry.detail).trim_end().to_owned()
    };
    entries.into_iter().map(line).collect()
}
