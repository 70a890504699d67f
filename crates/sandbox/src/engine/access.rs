//! Who calls, and how often.

use chrono::{DateTime, Utc};
use http::HeaderMap;

use super::definition::Definition;
use super::serve::{Caller, Query, Refusal};
use super::{RateUsage, State};
use crate::usage::SlidingWindow;

/// The limits in use.
pub(crate) struct Meters {
    windows: Vec<SlidingWindow>,
    pub(crate) on: bool,
}

impl Meters {
    pub(crate) fn new(definition: &Definition) -> Self {
        let windows = definition
            .meters
            .iter()
            .map(|rule| SlidingWindow::new(rule.limit, rule.window, rule.counts_refused))
            .collect();
        Self { windows, on: true }
    }

    /// Counts a request of a route with this tag.
    pub(crate) fn admit(
        &mut self,
        definition: &Definition,
        tag: &str,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if !self.on {
            return Ok(());
        }
        for (rule, window) in definition.meters.iter().zip(&mut self.windows) {
            if rule.tag.as_deref().is_none_or(|own| own == tag) && !window.admit(now) {
                return Err(Refusal::named(&rule.refusal));
            }
        }
        Ok(())
    }

    pub(crate) fn usage(&self) -> Vec<RateUsage> {
        self.windows.iter().map(SlidingWindow::usage).collect()
    }
}

/// Who sends a request.
pub(crate) fn caller(
    definition: &Definition,
    state: &State,
    headers: &HeaderMap,
    query: &Query,
) -> Result<Caller, Refusal> {
    let auth = &definition.auth;
    let named = auth.headers.iter().filter_map(|name| headers.get(name)?.to_str().ok());
    let prefixed = named.filter_map(|value| value.strip_prefix(auth.prefix.as_str())).next();
    let token = prefixed.or_else(|| query.get(auth.query.as_deref()?)).filter(|token| !token.is_empty());
    let Some(token) = token else { return Err(Refusal::named(&auth.missing)) };
    let found = state.tokens.iter().find(|(_, known)| known.as_str() == token);
    let Some((name, rule)) = found.and_then(|(name, _)| Some((name, definition.callers.get(name)?))) else {
        return Err(Refusal::named(&auth.wrong));
    };
    match &rule.refused {
        Some(refusal) => Err(Refusal::named(refusal)),
        None => Ok(Caller {
            name: name.clone(),
            role: rule.role.clone(),
            user: rule.user.clone(),
            hidden_fields: rule.hidden_fields.clone(),
        }),
    }
}
