//! Leases and consents.

use std::collections::hash_map::Entry;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tieline_core::Result;

use super::MemoryStore;
use super::tenant::Held;
use crate::ConnectionId;
use crate::connections::{Consent, ConsentState, ConsentStore, Fence, Lease, LeaseStore};
use crate::plan::{check_name, lease_end, state_taken};

#[async_trait]
impl LeaseStore for MemoryStore {
    async fn lease(&self, connection: &ConnectionId, name: &str, life: Duration) -> Result<Option<Lease>> {
        check_name("connection id", connection.as_str())?;
        check_name("name of the lease", name)?;
        let now = self.clock.now();
        self.write(|tenant, numbers| {
            let place = (connection.clone(), name.to_owned());
            if tenant.leases.get(&place).is_some_and(|held| held.ends > now) {
                return Ok(None);
            }
            let fence = Fence::new(numbers.next());
            tenant.leases.insert(place, Held { fence, ends: lease_end(now, life) });
            Ok(Some(Lease::new(fence)))
        })
    }

    async fn prolong(
        &self,
        connection: &ConnectionId,
        name: &str,
        fence: Fence,
        life: Duration,
    ) -> Result<bool> {
        let ends = lease_end(self.clock.now(), life);
        self.write(|tenant, _| {
            let held = tenant.leases.get_mut(&(connection.clone(), name.to_owned()));
            let held = held.filter(|held| held.fence == fence);
            Ok(held.map(|held| held.ends = ends).is_some())
        })
    }

    async fn release(&self, connection: &ConnectionId, name: &str, fence: Fence) -> Result<()> {
        let now = self.clock.now();
        self.write(|tenant, _| {
            let held = tenant.leases.get_mut(&(connection.clone(), name.to_owned()));
            if let Some(held) = held.filter(|held| held.fence == fence) {
                held.ends = now;
            }
            Ok(())
        })
    }
}

#[async_trait]
impl ConsentStore for MemoryStore {
    async fn begin_consent(&self, consent: Consent, now: DateTime<Utc>) -> Result<()> {
        consent.check()?;
        self.write(|tenant, _| {
            tenant.consents.retain(|_, consent| consent.expires_at > now);
            match tenant.consents.entry(consent.state) {
                Entry::Occupied(_) => Err(state_taken()),
                Entry::Vacant(slot) => {
                    slot.insert(consent);
                    Ok(())
                }
            }
        })
    }

    async fn consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        self.read(|tenant| Ok(tenant.consents.get(state).cloned()))
    }

    async fn take_consent(&self, state: &ConsentState) -> Result<Option<Consent>> {
        self.write(|tenant, _| Ok(tenant.consents.remove(state)))
    }
}
