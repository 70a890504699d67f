//! What a host keeps of its customers' accounts. A write locks the connection's row, then its secrets and leases, and
//! the tenant's count of audit lines last of all: in this order everywhere, and the last for one message only.

mod audit;
mod connection;
mod consent;
mod lease;
mod secret;

pub use audit::audit;
pub use connection::{change, connection, connections, create, reconnect, remove, report};
pub use consent::{begin_consent, consent, take_consent};
pub use lease::{lease, prolong, release};
pub use secret::{
    begin_renewal, cancel_renewal, delete_secret, key_check, put_key_check, put_secret, refuse_secret,
    renewals_due, rewrap_secret, secret, secrets,
};

use tieline_core::{Error, Result};
use tieline_store::TenantId;
use tieline_vault::Sealed;

/// A stored secret, or an error that says which.
fn sealed(bytes: &[u8], tenant: &TenantId, connection: &str, name: &str) -> Result<Sealed> {
    let sealed = Sealed::from_bytes(bytes);
    sealed.map_err(|error: Error| {
        error.with_context("tenant", tenant).with_context("connection", connection).with_context("name", name)
    })
}
