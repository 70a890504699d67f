//! Whose rows a statement is about.

use tieline_store::{ConnectionId, TenantId};

/// A connection of one tenant. Statements name connections in no other way, so none can reach another tenant's.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) tenant: &'a TenantId,
    pub(crate) connection: &'a ConnectionId,
}

/// Numbers as SQLite keeps them; one that it cannot keep is beyond all that it has.
pub(crate) fn number(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
