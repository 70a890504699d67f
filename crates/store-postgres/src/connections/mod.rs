//! What a host keeps of its customers' accounts. A write locks the connection's row, then its secrets and leases, and
//! the tenant's count of audit lines last of all: in this order everywhere, and the last for one message only.

mod audit;
mod connection;
mod lease;
mod secret;
mod store;

use chrono::{DateTime, SubsecRound, Utc};
use tieline_core::Error;
use tieline_vault::Sealed;

use crate::fault::Fault;

/// A time as PostgreSQL keeps it, in microseconds.
fn kept(time: DateTime<Utc>) -> DateTime<Utc> {
    time.trunc_subsecs(6)
}

/// A stored secret, or an error that says which.
fn sealed(bytes: &[u8], connection: &str, name: &str) -> Result<Sealed, Fault> {
    let sealed = Sealed::from_bytes(bytes);
    Ok(sealed
        .map_err(|error: Error| error.with_context("connection", connection).with_context("name", name))?)
}
