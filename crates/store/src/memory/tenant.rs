//! Everything of one tenant.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use tieline_vault::Sealed;

use super::Numbers;
use super::synced::Synced;
use crate::ConnectionId;
use crate::connections::{Actor, AuditAction, AuditEntry, Connection, Consent, ConsentState, Fence, Intent};

/// A name within a connection.
pub(super) type Place = (ConnectionId, String);

#[derive(Default)]
pub(super) struct Tenant {
    pub(super) synced: BTreeMap<ConnectionId, Synced>,
    pub(super) connections: BTreeMap<ConnectionId, Connection>,
    pub(super) secrets: BTreeMap<Place, Secret>,
    pub(super) leases: HashMap<Place, Held>,
    pub(super) consents: HashMap<ConsentState, Consent>,
    pub(super) audit: Vec<AuditEntry>,
}

/// A secret, or what is left of one.
#[derive(Default)]
pub(super) struct Secret {
    /// Of the last value that there was.
    pub(super) last_generation: u64,
    pub(super) value: Option<Value>,
}

pub(super) struct Value {
    pub(super) sealed: Sealed,
    pub(super) stored_at: DateTime<Utc>,
    pub(super) renew_by: Option<DateTime<Utc>>,
    pub(super) intent: Option<Intent>,
    pub(super) refused_at: Option<DateTime<Utc>>,
}

/// The latest lease of a name.
pub(super) struct Held {
    pub(super) fence: Fence,
    pub(super) ends: DateTime<Utc>,
}

impl Tenant {
    /// What sync keeps of a connection, which is made when it is new.
    pub(super) fn synced_mut(&mut self, connection: &ConnectionId, numbers: &mut Numbers) -> &mut Synced {
        self.synced.entry(connection.clone()).or_insert_with(|| Synced::new(numbers.next()))
    }

    /// Writes a line of the audit log.
    pub(super) fn tell(
        &mut self,
        numbers: &mut Numbers,
        (at, actor): (DateTime<Utc>, &Actor),
        connection: &ConnectionId,
        action: AuditAction,
        detail: String,
    ) {
        let (actor, connection) = (actor.clone(), connection.clone());
        self.audit.push(AuditEntry::new(numbers.next(), at, actor, connection, action, detail));
    }
}
