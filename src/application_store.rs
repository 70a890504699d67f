//! The store of an application.

use std::sync::Arc;

use tieline_auth::CredentialStore;
use tieline_store::{MemoryStore, OutboxStore, SyncStore, TenantId, WebhookStore};

/// A database that keeps all that an application has of its customers: connections with their sealed secrets, records
/// and rows, outboxes. A handle sees one tenant.
///
/// `SqliteStore`, `PostgresStore` and [`MemoryStore`] are such stores.
pub trait ApplicationStore: CredentialStore + SyncStore + OutboxStore {
    /// Returns the handle of another tenant of the same database.
    fn of_tenant(&self, tenant: &TenantId) -> Arc<dyn ApplicationStore>;

    /// Returns the same handle as a keeper of webhooks and events; `None` for a store that keeps none, as
    /// [`MemoryStore`].
    fn webhooks(&self) -> Option<Arc<dyn WebhookStore>> {
        None
    }
}

impl ApplicationStore for MemoryStore {
    fn of_tenant(&self, tenant: &TenantId) -> Arc<dyn ApplicationStore> {
        Arc::new(self.for_tenant(tenant.clone()))
    }
}

#[cfg(any(feature = "postgres", feature = "sqlite"))]
impl<D: tieline_store_sql::Database> ApplicationStore for tieline_store_sql::SqlStore<D> {
    fn of_tenant(&self, tenant: &TenantId) -> Arc<dyn ApplicationStore> {
        Arc::new(self.for_tenant(tenant.clone()))
    }

    fn webhooks(&self) -> Option<Arc<dyn WebhookStore>> {
        Some(Arc::new(self.clone()))
    }
}
