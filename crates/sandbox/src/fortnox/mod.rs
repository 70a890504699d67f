//! Fortnox: the bookkeeping and invoicing service, as its API `/3` looks from outside.

mod access;
mod actions;
mod builder;
mod check;
mod commands;
mod company;
mod document;
mod ledger;
mod limits;
mod list;
mod local_time;
mod mailing;
mod oauth;
mod payments;
mod query;
mod refusal;
mod registers;
mod routes;
mod schema;
mod seed;
mod show;
mod sie;
mod state;
mod table;
mod values;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::Json;
use crate::clock::Clock;
use crate::oauth::{AuthorizationServer, Authorizes};
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};

use state::State;

pub use access::TOKEN;
pub use builder::Builder;
pub use commands::Summary;
pub use company::TENANT;
pub use limits::Limits;
pub use oauth::SCOPES;
pub use schema::Entity;
pub use seed::EPOCH;
pub use state::{Happening, LastModified};

/// The model of one company in Fortnox.
pub struct Fortnox {
    state: Mutex<State>,
    authorization: AuthorizationServer,
}

impl Authorizes for Fortnox {
    fn authorization(&self) -> &AuthorizationServer {
        &self.authorization
    }
}

impl fmt::Debug for Fortnox {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Fortnox").field("tenant", &TENANT).finish_non_exhaustive()
    }
}

impl Sandbox<Fortnox> {
    /// A company with a year of 500 invented invoices, whose clock starts at [`EPOCH`] and runs.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::fortnox::{Fortnox, TOKEN};
    ///
    /// let sandbox = Sandbox::<Fortnox>::fortnox();
    /// let request = http::Request::get("/3/invoices?limit=1")
    ///     .header("authorization", format!("Bearer {TOKEN}"))
    ///     .header("accept", "application/json")
    ///     .body(Bytes::new())
    ///     .unwrap();
    /// assert_eq!(sandbox.handle(request).status, 200);
    /// ```
    #[must_use]
    pub fn fortnox() -> Arc<Self> {
        Fortnox::builder().build()
    }

    /// The same company on another clock. Its data moves by whole days, so that it is as old as it is at [`EPOCH`].
    #[must_use]
    pub fn fortnox_with(clock: Clock) -> Arc<Self> {
        Fortnox::builder().clock(clock).build()
    }
}

impl Fortnox {
    /// A company with more or fewer invoices, with another clock or another token.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything can panic, so a poisoned lock is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Fortnox {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        if let Some(reply) = self.authorization.answer(request, moment.now) {
            return reply;
        }
        let mut state = self.state();
        state.answers += 1;
        let uid = state.answers.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let outcome = state.access.caller(request, &self.authorization, moment.now).and_then(|caller| {
            state.meter.admit(&caller.integration, moment.now)?;
            routes::answer(&mut state, request, &caller, moment)
        });
        let reply = outcome.unwrap_or_else(|refusal| refusal.reply());
        reply.with_header("x-uid", &format!("{uid:016x}")).with_header("x-build", "sandbox")
    }

    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply {
        let of_oauth = self.authorization.refusal(status, request);
        of_oauth.unwrap_or_else(|| refusal::of_status(status).reply())
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.authorization.secrets();
        secrets.push(self.state().access.token.clone());
        secrets
    }

    fn quotation(&self, status: StatusCode, _: &Request<Bytes>, quoted: &str) -> Option<Reply> {
        Some(
            refusal::Refusal::new(
                status,
                2_000_359,
                format!("Värdet innehåller ej tillåtna tecken. ({quoted})"),
            )
            .reply(),
        )
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        commands::obey(self, command, now).or_else(|| self.authorization.control(command, now))
    }
}
