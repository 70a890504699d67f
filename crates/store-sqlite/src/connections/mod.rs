//! What a host keeps of its customers' accounts. Each write is one transaction with its line of the audit log.

mod audit;
mod connection;
mod consent;
mod lease;
mod secret;
mod store;

use chrono::{DateTime, Utc};
use tieline_core::{Error, Result};
use tieline_store::connections::Actor;
use tieline_vault::Sealed;

use crate::scope::Scope;

/// Who does something, and when.
#[derive(Clone, Copy)]
struct Hand<'a> {
    by: &'a Actor,
    now: DateTime<Utc>,
}

/// A sealed value as it is stored.
fn sealed(bytes: &[u8], scope: Scope<'_>, name: &str) -> Result<Sealed> {
    Sealed::from_bytes(bytes).map_err(|error: Error| {
        error
            .with_context("tenant", scope.tenant)
            .with_context("connection", scope.connection)
            .with_context("name", name)
    })
}
