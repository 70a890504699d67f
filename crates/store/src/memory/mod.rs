//! A store in memory.

mod commit;
mod connections;
#[cfg(feature = "testing")]
mod elapse;
mod leases;
mod outbox;
mod secrets;
mod sync;
mod synced;
mod target;
mod tenant;

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tieline_core::{Clock, Result, SystemClock};
use tieline_vault::Sealed;

use crate::TenantId;
use crate::plan::check_name;
use tenant::Tenant;

/// A store that forgets everything when its last handle is dropped: for tests and for work that starts over anyway.
///
/// A handle of one tenant. Cheap to clone; clones, and the handles of other tenants, share what is stored.
#[derive(Clone)]
pub struct MemoryStore {
    data: Arc<Mutex<Data>>,
    tenant: TenantId,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct Data {
    tenants: HashMap<TenantId, Tenant>,
    numbers: Numbers,
    key_check: Option<Sealed>,
}

/// Numbers of all kinds, never given twice.
#[derive(Default)]
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }
}

impl MemoryStore {
    /// An empty store, for the tenant `main`.
    pub fn new() -> Self {
        Self { data: Arc::default(), tenant: TenantId::default(), clock: Arc::new(SystemClock) }
    }

    /// The same store for another tenant. Neither sees anything of the other's.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { tenant, ..self.clone() }
    }

    /// Sets the store's clock.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Data> {
        // A poisoned lock means that a change panicked; changes check everything before they change anything.
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks this handle's tenant, who may have nothing.
    fn read<T: Default>(&self, ask: impl FnOnce(&Tenant) -> Result<T>) -> Result<T> {
        self.lock().tenants.get(&self.tenant).map_or_else(|| Ok(T::default()), ask)
    }

    /// Changes what this handle's tenant has.
    fn write<T>(&self, change: impl FnOnce(&mut Tenant, &mut Numbers) -> Result<T>) -> Result<T> {
        check_name("tenant", self.tenant.as_str())?;
        let Data { tenants, numbers, .. } = &mut *self.lock();
        change(tenants.entry(self.tenant.clone()).or_default(), numbers)
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("MemoryStore").field(&self.tenant).finish()
    }
}
