//! Issued credentials of connections, shared by everybody in the process: one login serves all.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind};
use tieline_store::{ConnectionId, TenantId};
use tokio::time::Instant;

use crate::{CredentialStore, IssuedCredential, Secret};

/// The most sessions that a process holds. The one that was used least recently goes first, which costs a login.
const MOST: usize = 4096;

/// Where a refusal is noted, so that no other process tries what was refused.
pub(crate) struct RefusalNote {
    pub(crate) store: Arc<dyn CredentialStore>,
    pub(crate) connection: ConnectionId,
    pub(crate) generation: u64,
}

impl RefusalNote {
    pub(crate) async fn write(&self, now: DateTime<Utc>) {
        let noted = self.store.refuse_secret(&self.connection, Secret::NAME, self.generation, now).await;
        if let Err(error) = noted {
            tracing::warn!(kind = error.kind().as_str(), "that a login is refused was not noted");
        }
    }
}

/// The error of a secret that was refused before, in this process or another.
#[doc(hidden)]
pub fn refused_before(title: &str, at: DateTime<Utc>) -> Error {
    Error::new(
        ErrorKind::Unauthenticated,
        format!("{title} refused this login at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
    )
    .with_advice(
        "connect again; it is not tried before another secret is stored, because tries lock accounts",
    )
}

/// By tenant and connection.
#[derive(Default)]
pub(crate) struct Issued(HashMap<(TenantId, ConnectionId), Entry>);

struct Entry {
    generation: u64,
    /// Of what else a login depends on: settings and address.
    fingerprint: [u8; 32],
    credential: Arc<IssuedCredential>,
    used_at: Instant,
}

impl Issued {
    /// The credential of a connection, when it is of this secret or a newer one.
    pub(crate) fn get(
        &mut self,
        key: &(TenantId, ConnectionId),
        generation: u64,
        fingerprint: &[u8; 32],
    ) -> Option<Arc<IssuedCredential>> {
        let entry = self.0.get_mut(key)?;
        let fits = entry.generation > generation
            || (entry.generation == generation && entry.fingerprint == *fingerprint);
        if !fits {
            return None;
        }
        entry.used_at = Instant::now();
        Some(Arc::clone(&entry.credential))
    }

    pub(crate) fn put(
        &mut self,
        key: (TenantId, ConnectionId),
        generation: u64,
        fingerprint: [u8; 32],
        credential: &Arc<IssuedCredential>,
    ) {
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            let oldest = self.0.iter().min_by_key(|(_, entry)| entry.used_at).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                self.0.remove(&oldest);
            }
        }
        let credential = Arc::clone(credential);
        self.0.insert(key, Entry { generation, fingerprint, credential, used_at: Instant::now() });
    }

    pub(crate) fn take(&mut self, key: &(TenantId, ConnectionId)) -> Option<Arc<IssuedCredential>> {
        self.0.remove(key).map(|entry| entry.credential)
    }

    pub(crate) fn take_all(&mut self) -> Vec<Arc<IssuedCredential>> {
        self.0.drain().map(|(_, entry)| entry.credential).collect()
    }
}

/// Of texts that a login depends on.
pub(crate) fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash = hash.chain_update(part.len().to_be_bytes()).chain_update(part);
    }
    hash.finalize().into()
}
