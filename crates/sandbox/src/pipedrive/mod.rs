//! Pipedrive: the sales CRM, as its API looks from outside.

mod access;
mod answers;
mod checks;
mod choices;
mod commands;
mod custom;
mod deals;
mod fields;
mod limits;
mod lines;
mod merge;
mod notes;
mod query;
mod routes_v1;
mod routes_v2;
mod schema;
mod search;
mod seed;
mod show;
mod state;
mod table;
mod write;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::Json;
use crate::clock::Clock;
use crate::oauth::AuthorizationServer;
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};

use answers::Refusal;
use state::State;

pub use commands::Summary;
pub use custom::keys;
pub use limits::Limits;
pub use schema::Entity;
pub use seed::{EPOCH, TOKEN};

/// The subdomain of the company that the sandbox belongs to.
pub const COMPANY: &str = "acme-demo";

/// The model of one Pipedrive account.
pub struct Pipedrive {
    state: Mutex<State>,
    authorization: AuthorizationServer,
}

impl fmt::Debug for Pipedrive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Pipedrive").field("company", &COMPANY).finish_non_exhaustive()
    }
}

impl Sandbox<Pipedrive> {
    /// An account full of invented data, whose clock starts at [`EPOCH`] and runs.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use tieline_sandbox::Sandbox;
    /// use tieline_sandbox::pipedrive::{Pipedrive, TOKEN};
    ///
    /// let sandbox = Sandbox::<Pipedrive>::pipedrive();
    /// let request = http::Request::get("/api/v2/deals?limit=1")
    ///     .header("x-api-token", TOKEN)
    ///     .body(Bytes::new())
    ///     .unwrap();
    /// assert_eq!(sandbox.handle(request).status, 200);
    /// ```
    #[must_use]
    pub fn pipedrive() -> Arc<Self> {
        Self::pipedrive_with(Clock::starting_at(seed::epoch()))
    }

    /// The same account on another clock. Its data moves by whole days, so that it is as old as it is at [`EPOCH`].
    #[must_use]
    pub fn pipedrive_with(clock: Clock) -> Arc<Self> {
        let state = seed::account(clock.now());
        let authorization = access::authorization(&state);
        Self::new(Pipedrive { state: Mutex::new(state), authorization }, clock)
    }
}

impl Pipedrive {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything can panic, so a poisoned lock is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Pipedrive {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        if let Some(reply) = self.authorization.answer(request, moment.now) {
            return reply;
        }
        let mut state = self.state();
        if let Some(page) = state.meter.firewall(moment.now) {
            return page;
        }
        let (v2, path) = match route(request) {
            Ok(route) => route,
            Err(refusal) => return refusal.reply(),
        };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let caller = match self.caller(&state, request, (v2, &path), moment.now) {
            Ok(caller) => caller,
            Err(refusal) => return refusal.reply(),
        };
        state.me = caller.user_id;
        let cost = limits::cost(v2, request.method(), &path);
        let answered = state.meter.admit(moment.now, caller.via, cost).and_then(|()| {
            if v2 {
                routes_v2::answer(&mut state, request, &path, moment)
            } else {
                routes_v1::answer(&mut state, request, &path, moment.now)
            }
        });
        let reply = answered.unwrap_or_else(|refusal| refusal.reply());
        state.me = state.account.user_id;
        state.meter.label(reply, caller.via, moment.now)
    }

    fn refusal(&self, status: StatusCode, request: &Request<Bytes>) -> Reply {
        self.authorization.refusal(status, request).unwrap_or_else(|| answers::refusal(status))
    }

    fn secrets(&self) -> Vec<String> {
        let mut secrets = self.authorization.secrets();
        secrets.push(self.state().account.token.clone());
        secrets
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        self.authorization.control(command, now).or_else(|| commands::obey(self, command, now))
    }
}

/// The version and the rest of the path. Without `/api` there is no v2, and v1 only on the shared host.
fn route(request: &Request<Bytes>) -> Result<(bool, Vec<String>), Refusal> {
    let parts: Vec<String> =
        request.uri().path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let names: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (v2, skipped) = match names.as_slice() {
        ["api", "v2", ..] => (true, 2),
        ["api", "v1", ..] => (false, 2),
        ["v1", ..] if host_of(request) == Some("api.pipedrive.com") => (false, 1),
        _ => return Err(Refusal::no_route()),
    };
    Ok((v2, parts.into_iter().skip(skipped).collect()))
}

fn host_of(request: &Request<Bytes>) -> Option<&str> {
    let header = || request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().host().or_else(header)?;
    Some(host.split(':').next().unwrap_or(host))
}
