//! The control interface's part for Fortnox: what people do in the company's own windows, and its settings.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::limits::Limits;
use super::schema::Entity;
use super::state::State;
use super::table::Key;
use super::{Fortnox, TENANT, show};
use crate::sandbox::{Command, Refused, Sandbox};
use crate::usage::RateUsage;
use crate::{Json, Object};

/// How many invoices there are of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// All of them.
    pub invoices: usize,
    /// In the books.
    pub booked: usize,
    /// Neither in the books nor cancelled.
    pub drafts: usize,
    /// Cancelled.
    pub cancelled: usize,
    /// Credit notes.
    pub credit_notes: usize,
    /// In another currency than kronor.
    pub foreign: usize,
    /// Booked, with nothing left to pay.
    pub paid: usize,
    /// With something left to pay.
    pub unpaid: usize,
    /// Customers.
    pub customers: usize,
    /// Vouchers of all years.
    pub vouchers: usize,
}

impl Sandbox<Fortnox> {
    /// The token that the sandbox accepts.
    #[must_use]
    pub fn token(&self) -> String {
        self.model().state().access.token.clone()
    }

    /// Replaces the token: the old one is worth nothing at once.
    pub fn set_token(&self, token: impl Into<String>) {
        self.model().state().access.token = token.into();
    }

    /// Replaces the limit and forgets what was used of the old one.
    pub fn set_limits(&self, limits: Limits) {
        self.model().state().meter.set(limits);
    }

    /// What was used of the limit since the start or since [`forget_usage`](Self::forget_usage).
    #[must_use]
    pub fn usage(&self) -> RateUsage {
        self.model().state().meter.usage()
    }

    /// Counts the use of the limit from zero again.
    pub fn forget_usage(&self) {
        self.model().state().meter.forget();
    }

    /// A record as `GET` by key shows it. Keys with a year are written as `1930/5` and `A/17/5`.
    #[must_use]
    pub fn record(&self, entity: Entity, key: &str) -> Option<Json> {
        let state = self.model().state();
        let key = Key::parse(entity, key)?;
        Some(show::detail(&state, entity, &key, state.get(entity, &key)?).into())
    }

    /// The keys of all records, in the form that [`record`](Self::record) takes.
    #[must_use]
    pub fn keys(&self, entity: Entity) -> Vec<String> {
        self.model().state().table(entity).iter().map(|(key, _)| key.to_string()).collect()
    }

    /// How many records there are.
    #[must_use]
    pub fn count(&self, entity: Entity) -> usize {
        self.model().state().table(entity).len()
    }

    /// Counts the invoices.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary(&self.model().state())
    }
}

fn summary(state: &State) -> Summary {
    let mut summary = Summary {
        customers: state.table(Entity::Customers).len(),
        vouchers: state.table(Entity::Vouchers).len(),
        ..Summary::default()
    };
    for (_, invoice) in state.table(Entity::Invoices).iter() {
        let (booked, cancelled) = (invoice.flag("Booked"), invoice.flag("Cancelled"));
        let open = !matches!(invoice.text("Balance").as_str(), "" | "0");
        summary.invoices += 1;
        summary.booked += usize::from(booked);
        summary.drafts += usize::from(!booked && !cancelled);
        summary.cancelled += usize::from(cancelled);
        summary.credit_notes += usize::from(invoice.flag("Credit"));
        summary.foreign += usize::from(invoice.text("Currency") != "SEK");
        summary.paid += usize::from(booked && !open);
        summary.unpaid += usize::from(open && !cancelled);
    }
    summary
}

pub(crate) fn obey(
    model: &Fortnox,
    command: &Command<'_>,
    _now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let mut state = model.state();
    let state = &mut *state;
    Some(match (command.method, command.path) {
        ("GET", []) => Ok(about(state)),
        ("GET", ["summary"]) => shown(&summary(state)),
        ("GET", ["usage"]) => shown(&state.meter.usage()),
        _ => return None,
    })
}

fn shown(value: &impl Serialize) -> Result<Json, Refused> {
    serde_json::to_value(value).map(Json::from).map_err(|error| Refused(error.to_string()))
}

/// What another process needs to use the sandbox.
fn about(state: &State) -> Json {
    Object::default()
        .with("provider", "fortnox")
        .with("tenant", TENANT)
        .with("token", state.access.token.clone())
        .into()
}
