//! Options of a company that is about to be made.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use super::access::{Access, TOKEN};
use super::state::State;
use super::{Fortnox, oauth, seed};
use crate::clock::Clock;
use crate::sandbox::Sandbox;

/// Makes a [`Fortnox`] sandbox.
///
/// ```
/// use tieline_sandbox::fortnox::{Entity, Fortnox};
///
/// let sandbox = Fortnox::builder().invoices(40).token("an-invented-token").build();
/// assert_eq!(sandbox.count(Entity::Invoices), 40);
/// ```
#[derive(Debug)]
pub struct Builder {
    invoices: u32,
    clock: Option<Clock>,
    token: String,
    scopes: Option<BTreeSet<String>>,
    warehouse: bool,
    replaces_rows: bool,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            invoices: 500,
            clock: None,
            token: TOKEN.to_owned(),
            scopes: None,
            warehouse: false,
            replaces_rows: false,
        }
    }
}

impl Builder {
    /// How many invoices the year has. Payments, vouchers and orders come with them.
    #[must_use]
    pub const fn invoices(mut self, count: u32) -> Self {
        self.invoices = count;
        self
    }

    /// Another clock. The data moves with it.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Another access token than [`TOKEN`].
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// Grants the token only these scopes.
    #[must_use]
    pub fn scopes<'a>(mut self, scopes: impl IntoIterator<Item = &'a str>) -> Self {
        self.scopes = Some(scopes.into_iter().map(str::to_owned).collect());
        self
    }

    /// Gives the company the warehouse module, without which some fields of articles say `API_NORIGHT`.
    #[must_use]
    pub const fn with_warehouse(mut self) -> Self {
        self.warehouse = true;
        self
    }

    /// Makes rows of a document without a `RowId` replace those that stand. Documented, and so without this, is that they
    /// are matched by their order and keep what is not sent; a connector should be right either way.
    #[must_use]
    pub const fn with_replaced_rows(mut self) -> Self {
        self.replaces_rows = true;
        self
    }

    /// The company, full of invented data.
    #[must_use]
    pub fn build(self) -> Arc<Sandbox<Fortnox>> {
        let clock = self.clock.unwrap_or_else(|| Clock::starting_at(seed::epoch()));
        let mut state = State::new(Access { token: self.token, scopes: self.scopes });
        state.warehouse = self.warehouse;
        state.replaces_rows = self.replaces_rows;
        seed::company(&mut state, self.invoices, clock.now());
        Sandbox::new(Fortnox { state: Mutex::new(state), authorization: oauth::server() }, clock)
    }
}
