//! The control interface's part for Pipedrive: what people do in the provider's own windows, and its settings.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::answers::Refusal;
use super::limits::Limits;
use super::schema::Entity;
use super::state::State;
use super::table::{Record, v2_time};
use super::{COMPANY, Pipedrive, merge, seed, write};
use crate::control::done;
use crate::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use crate::sandbox::{Command, Refused, Sandbox};
use crate::{Json, Object};

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.error)
    }
}

/// What another process can add in one call; more would be a slip, and fill the memory.
const MOST_AT_ONCE: u32 = 500_000;

/// How many deals there are of each kind.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Deals that `GET /deals` shows: neither archived nor deleted.
    pub visible: usize,
    /// Visible deals that are open.
    pub open: usize,
    /// Visible deals that are won.
    pub won: usize,
    /// Visible deals that are lost.
    pub lost: usize,
    /// Deals that only `GET /deals/archived` shows.
    pub archived: usize,
    /// Deals deleted less than a month ago.
    pub deleted: usize,
    /// Visible deals by the name of their stage and then by status.
    pub stages: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Sandbox<super::Pipedrive> {
    /// The token that the sandbox accepts.
    #[must_use]
    pub fn token(&self) -> String {
        self.model().state().account.token.clone()
    }

    /// Replaces the token, as regenerating it does: the old one is worth nothing at once.
    pub fn set_token(&self, token: impl Into<String>) {
        self.model().state().account.token = token.into();
    }

    /// Replaces the limits and forgets what was used of the old ones.
    pub fn set_limits(&self, limits: Limits) {
        self.model().state().meter.set(limits);
    }

    /// Shows all deleted deals in the list of active ones, also those that were archived. Each list documents a
    /// `status=deleted` of its own, and whether they overlap is not said: the sandbox does either.
    pub fn set_one_feed_of_deletions(&self, one: bool) {
        self.model().state().one_feed = one;
    }

    /// A record as `GET` by id shows it, deleted ones too.
    #[must_use]
    pub fn record(&self, entity: Entity, id: i64) -> Option<Json> {
        let state = self.model().state();
        state.table(entity).get(id, self.now()).map(|record| record.object().clone().into())
    }

    /// Creates a record with the provider's checks.
    pub fn create(&self, entity: Entity, fields: impl Into<Json>) -> Result<i64, Refused> {
        Ok(write::create(&mut self.model().state(), entity, &fields.into(), self.now())?)
    }

    /// Changes a record with the provider's checks.
    pub fn update(&self, entity: Entity, id: i64, fields: impl Into<Json>) -> Result<(), Refused> {
        Ok(write::update(&mut self.model().state(), entity, id, &fields.into(), self.now())?)
    }

    /// Deletes a record.
    pub fn delete(&self, entity: Entity, id: i64) -> Result<(), Refused> {
        Ok(write::delete(&mut self.model().state(), entity, id, self.now())?)
    }

    /// Archives a deal.
    pub fn archive_deal(&self, id: i64) -> Result<(), Refused> {
        self.update(Entity::Deals, id, Object::default().with("is_archived", true))
    }

    /// Changes fields of a record and gives it any update time, also one that has passed: a record that shows late.
    /// Nothing is checked, so that anything an account could hold can be made.
    pub fn backdate(
        &self,
        entity: Entity,
        id: i64,
        fields: impl Into<Json>,
        update_time: DateTime<Utc>,
    ) -> Result<(), Refused> {
        backdate(&mut self.model().state(), entity, id, &fields.into(), update_time)
    }

    /// Merges one person into another and deletes the first.
    pub fn merge_persons(&self, from: i64, into: i64) -> Result<(), Refused> {
        Ok(merge::persons(&mut self.model().state(), from, into, self.now())?)
    }

    /// Adds many deals for long walks; returns their ids.
    pub fn add_deals(&self, count: u32) -> RangeInclusive<i64> {
        seed::more_deals(&mut self.model().state(), count, self.now())
    }

    /// Counts the deals.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary(&self.model().state(), self.now())
    }
}

fn backdate(
    state: &mut State,
    entity: Entity,
    id: i64,
    fields: &Json,
    update_time: DateTime<Utc>,
) -> Result<(), Refused> {
    let record = state
        .table_mut(entity)
        .get_mut(id)
        .ok_or_else(|| Refused(format!("{} not found", entity.title())))?;
    for (name, value) in fields.as_object().into_iter().flat_map(Object::iter) {
        record.set(name.to_owned(), value.clone());
    }
    record.set("update_time", v2_time(update_time));
    Ok(())
}

fn summary(state: &State, now: DateTime<Utc>) -> Summary {
    let mut summary = Summary::default();
    for deal in state.deals.from(0, now) {
        if deal.deleted() {
            summary.deleted += 1;
        } else if deal.archived() {
            summary.archived += 1;
        } else {
            count(state, deal, now, &mut summary);
        }
    }
    summary
}

fn count(state: &State, deal: &Record, now: DateTime<Utc>, summary: &mut Summary) {
    summary.visible += 1;
    let status = deal.get("status").as_str().unwrap_or_default();
    match status {
        "won" => summary.won += 1,
        "lost" => summary.lost += 1,
        _ => summary.open += 1,
    }
    let stage = deal.get("stage_id").as_i64().and_then(|id| state.stages.get(id, now));
    let stage = stage.and_then(|stage| stage.get("name").as_str()).unwrap_or("?").to_owned();
    *summary.stages.entry(stage).or_default().entry(status.to_owned()).or_default() += 1;
}

pub(crate) fn obey(
    model: &Pipedrive,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    if let ("POST", ["consents", id, "uninstall"]) = (command.method, command.path) {
        return Some(uninstall(model, id, now));
    }
    let mut state = model.state();
    let state = &mut *state;
    let number = |text: &str| text.parse::<i64>().map_err(|_| Refused("the id must be an integer".into()));
    Some(match (command.method, command.path) {
        ("GET", []) => Ok(about(state)),
        ("GET", ["summary"]) => {
            serde_json::to_value(summary(state, now)).map(Json::from).map_err(|e| Refused(e.to_string()))
        }
        ("PUT", ["limits"]) => serde_json::from_str(&command.body.to_string())
            .map_err(|error| Refused(format!("not limits: {error}")))
            .and_then(|limits| {
                state.meter.set(limits);
                done()
            }),
        ("PUT", ["token"]) => match command.body.get("token").and_then(Json::as_str) {
            Some(token) if !token.is_empty() => {
                token.clone_into(&mut state.account.token);
                done()
            }
            _ => Err(Refused("`token` must be a text".into())),
        },
        ("POST", ["persons", "merge"]) => {
            let id = |name: &str| command.body.get(name).and_then(Json::as_i64).unwrap_or_default();
            merge::persons(state, id("from"), id("into"), now).map_err(Refused::from).and_then(|()| done())
        }
        ("POST", ["deals", "many"]) => {
            let count = command.body.get("count").and_then(Json::as_i64).and_then(|n| u32::try_from(n).ok());
            let count = count.filter(|count| *count <= MOST_AT_ONCE);
            count.ok_or_else(|| Refused(format!("`count` must be a whole number up to {MOST_AT_ONCE}"))).map(
                |count| {
                    let ids = seed::more_deals(state, count, now);
                    Object::default().with("first", *ids.start()).with("last", *ids.end()).into()
                },
            )
        }
        ("POST", ["deals", id, "archive"]) => number(id).and_then(|id| {
            let archived = Object::default().with("is_archived", true).into();
            write::update(state, Entity::Deals, id, &archived, now)?;
            done()
        }),
        (method, [name, rest @ ..]) => {
            let entity = Entity::of_path(name)?;
            match (method, rest) {
                ("POST", []) => write::create(state, entity, command.body, now)
                    .map(|id| Object::default().with("id", id).into())
                    .map_err(Refused::from),
                ("PATCH", [id]) => number(id).and_then(|id| {
                    write::update(state, entity, id, command.body, now)?;
                    done()
                }),
                ("PATCH", [id, "backdate"]) => number(id).and_then(|id| {
                    let time =
                        command.body.get("update_time").and_then(Json::as_str).and_then(super::table::moment);
                    let time = time.ok_or_else(|| Refused("`update_time` must be a time".into()))?;
                    backdate(state, entity, id, command.body, time)?;
                    done()
                }),
                ("DELETE", [id]) => number(id).and_then(|id| {
                    write::delete(state, entity, id, now)?;
                    done()
                }),
                _ => return None,
            }
        }
        _ => return None,
    })
}

/// The call that the provider makes when a user uninstalls an app, for whoever delivers it.
fn uninstall(model: &Pipedrive, consent: &str, now: DateTime<Utc>) -> Result<Json, Refused> {
    let consent = consent.parse().map_err(|_| Refused("the id must be an integer".into()))?;
    let call = model.uninstall(consent, now)?;
    let text = |bytes: &[u8]| Json::from(String::from_utf8_lossy(bytes).into_owned());
    let mut headers = Object::default();
    for (name, value) in call.headers() {
        headers.set(name.to_string(), text(value.as_bytes()));
    }
    let shown = Object::default()
        .with("method", call.method().to_string())
        .with("url", call.uri().to_string())
        .with("headers", headers)
        .with("body", text(call.body()));
    Ok(shown.into())
}

/// What another process needs to use the sandbox.
fn about(state: &State) -> Json {
    Object::default()
        .with("provider", "pipedrive")
        .with("company", COMPANY)
        .with("token", state.account.token.clone())
        .with("client_id", CLIENT_ID)
        .with("client_secret", CLIENT_SECRET)
        .with("redirect_uri", REDIRECT_URI)
        .into()
}
