//! One engine for the sandboxes of REST providers: a definition file says what the provider's tables, routes, refusals
//! and limits are, and a [`Behavior`] in code what a table cannot say.
//!
//! A definition is written from the provider's documented facts. It shares no text and no code with a connector.

mod access;
mod behavior;
mod commands;
mod compare;
pub mod definition;
mod fields;
mod list;
mod load;
mod narrow;
mod paging;
mod path;
mod seed;
mod serve;
mod template;
mod time;
mod world;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use crate::clock::Clock;
use crate::reply::Reply;
use crate::sandbox::{Command, Model, Moment, Refused, Sandbox};
use crate::usage::RateUsage;
use crate::{Json, Object};

pub use behavior::{Act, Behavior, Plain};
pub use definition::{Definition, Stamp, TimeFormat};
pub use load::Faulty;
pub use serve::{Caller, Refusal};
pub use world::{Row, World};

pub(crate) use compare::compared;
pub(crate) use template::plain;

use access::Meters;
use load::Loaded;

/// A provider that a definition and a behavior describe.
pub struct Provider {
    loaded: Arc<Loaded>,
    behavior: Box<dyn Behavior>,
    state: Mutex<State>,
}

/// What changes while a provider is used.
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) meters: Meters,
    pub(crate) tokens: BTreeMap<String, String>,
}

impl fmt::Debug for Provider {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Provider").field("name", &self.loaded.definition.name).finish_non_exhaustive()
    }
}

impl Provider {
    /// A provider with its invented data.
    ///
    /// # Errors
    /// When the definition contradicts itself: a route of a table that is not there, a rule without a fact.
    pub fn new(
        definition: &str,
        behavior: impl Behavior,
        now: DateTime<Utc>,
        size: u32,
    ) -> Result<Self, Faulty> {
        let loaded = Arc::new(Loaded::parse(definition)?);
        let mut world = World::new(&loaded);
        seed::fill(&loaded, &mut world, &behavior, now, size)?;
        let callers = loaded.definition.callers.iter();
        let tokens = callers.map(|(name, caller)| (name.clone(), caller.token.clone())).collect();
        let meters = Meters::new(&loaded.definition);
        let state = Mutex::new(State { world, meters, tokens });
        Ok(Self { loaded, behavior: Box::new(behavior), state })
    }

    /// The definition.
    #[must_use]
    pub fn definition(&self) -> &Definition {
        &self.loaded.definition
    }

    /// The names of what no fact settles, each with its sentence. A test runs with each on and off.
    pub fn assumptions(&self) -> impl Iterator<Item = (&str, &str)> {
        self.loaded.definition.assumptions.iter().map(|(name, rule)| (name.as_str(), rule.says.as_str()))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything can panic, so a poisoned lock is still sound.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Model for Provider {
    fn answer(&self, request: &Request<Bytes>, moment: Moment) -> Reply {
        let mut state = self.state();
        let served = serve::Exchange { loaded: &self.loaded, behavior: &*self.behavior, request, moment };
        served.answer(&mut state)
    }

    fn refusal(&self, status: StatusCode, _request: &Request<Bytes>) -> Reply {
        let rules = &self.loaded.definition.refusals;
        let own = match status.as_u16() {
            401 => rules.get(&self.loaded.definition.auth.wrong),
            429 => self.loaded.definition.meters.first().and_then(|meter| rules.get(&meter.refusal)),
            code => rules.values().find(|rule| rule.status == code),
        };
        own.map_or_else(
            || {
                let reason = status.canonical_reason().unwrap_or("Error");
                Reply::html(
                    status,
                    &format!("<html><body><h1>{} {reason}</h1></body></html>", status.as_u16()),
                )
            },
            |rule| serve::refuse(rule, &Object::default()),
        )
    }

    fn secrets(&self) -> Vec<String> {
        self.state().tokens.values().cloned().collect()
    }

    fn quotation(&self, status: StatusCode, _request: &Request<Bytes>, quoted: &str) -> Option<Reply> {
        let rules = self.loaded.definition.refusals.values();
        let quoting = |rule: &&definition::RefusalRule| {
            rule.status == status.as_u16() && rule.json.as_ref().is_some_and(|json| json.contains("{quoted}"))
        };
        let words = Object::default().with("quoted", quoted.to_owned());
        rules.filter(quoting).map(|rule| serve::refuse(rule, &words)).next()
    }

    fn control(&self, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
        commands::obey(self, command, now)
    }
}

impl Sandbox<Provider> {
    /// A sandbox of a provider, with its invented data of about this many records of each kind that grows.
    ///
    /// # Errors
    /// When the definition contradicts itself.
    pub fn of(
        definition: &str,
        behavior: impl Behavior,
        clock: Clock,
        size: u32,
    ) -> Result<Arc<Self>, Faulty> {
        let provider = Provider::new(definition, behavior, clock.now(), size)?;
        Ok(Self::new(provider, clock))
    }
}
