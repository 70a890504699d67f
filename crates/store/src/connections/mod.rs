//! What a host keeps of its customers' accounts: connections, their sealed secrets, and who did what to them.
//!
//! A store is a handle of one tenant. It reads and changes that tenant's rows and no others, whatever it is asked.

mod audit;
mod connection;
mod consent;
mod lease;
pub(crate) mod rules;
mod secret;
mod store;

pub use audit::{Actor, AuditAction, AuditEntry};
pub use connection::{
    Connection, ConnectionChange, ConnectionFilter, Health, NewConnection, Reconnection, RunReport,
};
pub use consent::{Consent, ConsentState};
pub use lease::{Fence, Lease};
pub use secret::{Intent, PutSecret, RenewalDue, SecretInfo, SecretName, StoredSecret};
pub use store::{ConnectionStore, ConsentStore, LeaseStore, SecretStore};
