//! Time that passes when a test says so.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;

use super::MemoryStore;
use crate::contract::Elapse;
use crate::outbox::Status;

#[async_trait]
impl Elapse for MemoryStore {
    async fn elapse(&self, by: Duration) {
        let by = TimeDelta::from_std(by).unwrap_or(TimeDelta::MAX);
        let passed = self.write(|tenant, _| {
            for held in tenant.leases.values_mut() {
                held.ends = held.ends.checked_sub_signed(by).unwrap_or(held.ends);
            }
            for entry in tenant.synced.values_mut().flat_map(|synced| synced.outbox.entries_mut()) {
                entry.changed_at -= by;
                match &mut entry.status {
                    Status::Pending { not_before: due }
                    | Status::Accepted { not_before: due, .. }
                    | Status::Unknown { not_before: due, .. }
                    | Status::Sending { until: due } => *due -= by,
                    _ => {}
                }
            }
            Ok(())
        });
        assert!(passed.is_ok(), "a tenant without a name has no time");
    }
}
