//! The connections of one tenant: drafts, consents, lists, keys, renewals.

mod consent;
mod draft;
mod keys;
mod renewals;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tieline_auth::{CredentialManager, CredentialStore};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::Connection;
use tieline_store::{ConnectionId, TenantId};

pub use draft::Draft;
pub use keys::Rotated;
pub use renewals::Renewed;

use crate::{ApplicationStore, ConnectionHandle, Tieline};

/// The connections of one tenant, from [`Tieline::tenant`]. Cheap to clone.
///
/// A connection that takes keys or passwords is a [`draft`](Self::draft); one by consent is begun with
/// [`begin_consent`](Self::begin_consent) and comes back as a draft from [`finish_consent`](Self::finish_consent). A
/// draft is tried before it is stored.
#[derive(Clone, Debug)]
pub struct Tenant {
    tieline: Tieline,
    store: Arc<dyn ApplicationStore>,
    /// The same store, as credentials see it.
    sealed: Arc<dyn CredentialStore>,
}

impl Tenant {
    pub(crate) fn of_store(tieline: &Tieline, store: Arc<dyn ApplicationStore>) -> Self {
        let sealed: Arc<dyn CredentialStore> = store.clone();
        Self { tieline: tieline.clone(), store, sealed }
    }

    /// The tenant's id.
    pub fn id(&self) -> &TenantId {
        self.sealed.tenant()
    }

    /// The tenant's part of the store: lists of connections, records, rows, the audit log.
    pub fn store(&self) -> &Arc<dyn ApplicationStore> {
        &self.store
    }

    /// The application.
    pub fn tieline(&self) -> &Tieline {
        &self.tieline
    }

    /// One connection. Reads nothing yet.
    pub fn connection(&self, id: impl Into<ConnectionId>) -> ConnectionHandle {
        ConnectionHandle::new(self.clone(), id.into())
    }

    pub(crate) fn sealed(&self) -> &Arc<dyn CredentialStore> {
        &self.sealed
    }

    pub(crate) fn credentials(&self) -> Result<&CredentialManager> {
        self.tieline.credentials()
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.tieline.now()
    }

    /// What the store keeps of a connection.
    pub(crate) async fn stored(&self, id: &ConnectionId) -> Result<Connection> {
        self.store.connection(id).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such connection").with_context("connection", id)
        })
    }
}
