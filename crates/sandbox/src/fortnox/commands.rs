//! The control interface's part for Fortnox: what people do in the company's own windows, and its settings.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::limits::Limits;
use super::refusal::Refusal;
use super::schema::Entity;
use super::state::{Happening, LastModified, State, Waiting};
use super::table::Key;
use super::{Fortnox, TENANT, actions, local_time, show, write};
use crate::control::done;
use crate::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use crate::sandbox::{Command, Refused, Sandbox};
use crate::usage::RateUsage;
use crate::{Json, Object};

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self(refusal.message().to_owned())
    }
}

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

    /// Makes a record with Fortnox's checks, as somebody in its own windows does; answers with its key.
    pub fn create(&self, entity: Entity, fields: impl Into<Json>) -> Result<String, Refused> {
        create(&mut self.model().state(), entity, &fields.into(), self.now())
    }

    /// Changes a record with Fortnox's checks.
    pub fn update(&self, entity: Entity, key: &str, fields: impl Into<Json>) -> Result<(), Refused> {
        update(&mut self.model().state(), entity, key, &fields.into(), self.now())
    }

    /// Deletes a record with Fortnox's checks.
    pub fn delete(&self, entity: Entity, key: &str) -> Result<(), Refused> {
        let key = key_of(entity, key)?;
        Ok(write::delete(&mut self.model().state(), entity, &key)?)
    }

    /// Takes a record away without any check, also where Fortnox knows no delete.
    pub fn remove(&self, entity: Entity, key: &str) -> Result<(), Refused> {
        remove(&mut self.model().state(), entity, key)
    }

    /// Tells a document to do something: `bookkeep`, `cancel`, `credit`, `createinvoice` and so on. Answers with the
    /// key of the document, or of the one that was made of it.
    pub fn act(&self, entity: Entity, key: &str, action: &str) -> Result<String, Refused> {
        let key = key_of(entity, key)?;
        let (_, key) = actions::perform(&mut self.model().state(), entity, &key, action, self.now())?;
        Ok(key.to_string())
    }

    /// Changes fields of a record and gives it any time of change, also one that has passed: a record that shows
    /// late. Nothing is checked, so that anything a company could hold can be made.
    pub fn backdate(
        &self,
        entity: Entity,
        key: &str,
        fields: impl Into<Json>,
        modified: DateTime<Utc>,
    ) -> Result<(), Refused> {
        backdate(&mut self.model().state(), entity, key, &fields.into(), modified)
    }

    /// Lets something happen once so many pages of a list were answered from now on: the pages behind shift.
    pub fn happen_after(&self, list: Entity, pages: u32, what: Happening) {
        self.model().state().waiting.push(Waiting { list, pages, what });
    }

    /// Takes the licence for a resource away, or gives it back. The others go on.
    pub fn set_licence(&self, entity: Entity, licensed: bool) {
        set_licence(&mut self.model().state(), entity, licensed);
    }

    /// Gives the company the warehouse module or takes it away. Without it fields of it say `API_NORIGHT`.
    pub fn set_warehouse(&self, licensed: bool) {
        self.model().state().warehouse = licensed;
    }

    /// Says what a list does with `lastmodified`.
    pub fn set_last_modified(&self, entity: Entity, manner: LastModified) {
        self.model().state().last_modified.insert(entity, manner);
    }

    /// Locks the books up to and including a day, or unlocks them.
    pub fn lock_until(&self, day: Option<NaiveDate>) {
        self.model().state().locked_until = day;
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

fn key_of(entity: Entity, text: &str) -> Result<Key, Refused> {
    Key::parse(entity, text).ok_or_else(|| Refused(format!("{text:?} is no key of {}", entity.path())))
}

fn fields_of(json: &Json) -> Result<&Object, Refused> {
    json.as_object().ok_or_else(|| Refused("the fields must be an object".into()))
}

fn create(state: &mut State, entity: Entity, fields: &Json, now: DateTime<Utc>) -> Result<String, Refused> {
    Ok(write::create(state, entity, fields_of(fields)?, None, now)?.to_string())
}

fn update(
    state: &mut State,
    entity: Entity,
    key: &str,
    fields: &Json,
    now: DateTime<Utc>,
) -> Result<(), Refused> {
    Ok(write::update(state, entity, &key_of(entity, key)?, fields_of(fields)?, now)?)
}

fn remove(state: &mut State, entity: Entity, key: &str) -> Result<(), Refused> {
    let gone = state.table_mut(entity).remove(&key_of(entity, key)?);
    gone.map(|_| ()).ok_or_else(|| Refused(format!("{} has no {key}", entity.path())))
}

fn backdate(
    state: &mut State,
    entity: Entity,
    key: &str,
    fields: &Json,
    modified: DateTime<Utc>,
) -> Result<(), Refused> {
    let key = key_of(entity, key)?;
    let missing = || Refused(format!("{} has no {key}", entity.path()));
    let record = state.table_mut(entity).get_mut(&key).ok_or_else(missing)?;
    for (name, value) in fields.as_object().into_iter().flat_map(Object::iter) {
        record.object.set(name.to_owned(), value.clone());
    }
    record.modified = modified;
    Ok(())
}

fn set_licence(state: &mut State, entity: Entity, licensed: bool) {
    if licensed {
        state.unlicensed.remove(&entity);
    } else {
        state.unlicensed.insert(entity);
    }
}

/// A page of a list went out: what waited for it happens now. Says what of it was refused.
pub(crate) fn page_went_out(state: &mut State, list: Entity, now: DateTime<Utc>) -> Option<Refused> {
    let mut due = Vec::new();
    state.waiting.retain_mut(|waiting| {
        if waiting.list != list {
            return true;
        }
        waiting.pages = waiting.pages.saturating_sub(1);
        if waiting.pages == 0 {
            due.push(waiting.what.clone());
        }
        waiting.pages > 0
    });
    let mut refused = None;
    for what in due {
        let outcome = match what {
            Happening::Create(entity, fields) => create(state, entity, &fields.into(), now).map(|_| ()),
            Happening::Update(entity, key, fields) => update(state, entity, &key, &fields.into(), now),
            Happening::Remove(entity, key) => remove(state, entity, &key),
        };
        refused = refused.or(outcome.err());
    }
    refused
}

pub(crate) fn obey(
    model: &Fortnox,
    command: &Command<'_>,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let mut state = model.state();
    let state = &mut *state;
    let body = command.body;
    Some(match (command.method, command.path) {
        ("GET", []) => Ok(about(state)),
        ("GET", ["summary"]) => shown(&summary(state)),
        ("GET", ["usage"]) => shown(&state.meter.usage()),
        ("DELETE", ["usage"]) => {
            state.meter.forget();
            done()
        }
        ("PUT", ["limits"]) => read(body).and_then(|limits: Limits| {
            state.meter.set(limits);
            done()
        }),
        ("PUT", ["token"]) => match body.get("token").and_then(Json::as_str) {
            Some(token) if !token.is_empty() => {
                token.clone_into(&mut state.access.token);
                done()
            }
            _ => Err(Refused("`token` must be a text".into())),
        },
        ("PUT", ["licences", name]) => {
            let entity = Entity::of_path(name)?;
            flag(body, "licensed").and_then(|licensed| {
                set_licence(state, entity, licensed);
                done()
            })
        }
        ("PUT", ["warehouse"]) => flag(body, "licensed").and_then(|licensed| {
            state.warehouse = licensed;
            done()
        }),
        ("PUT", ["lastmodified", name]) => {
            let entity = Entity::of_path(name)?;
            read(body.get("manner").unwrap_or(&Json::Null)).and_then(|manner: LastModified| {
                state.last_modified.insert(entity, manner);
                done()
            })
        }
        ("PUT", ["lockedperiod"]) => {
            state.locked_until = body.get("until").and_then(Json::as_str).and_then(local_time::parse_date);
            done()
        }
        ("POST", ["walks", name]) => {
            let list = Entity::of_path(name)?;
            walk(list, body).and_then(|waiting| {
                state.waiting.push(waiting);
                done()
            })
        }
        (method, [name, key @ ..]) => return record(state, Entity::of_path(name)?, method, key, body, now),
        _ => return None,
    })
}

/// What people do to one record. Its key may have several parts.
fn record(
    state: &mut State,
    entity: Entity,
    method: &str,
    path: &[&str],
    body: &Json,
    now: DateTime<Utc>,
) -> Option<Result<Json, Refused>> {
    let (last, before) = path.split_last().map_or((None, path), |(last, before)| (Some(*last), before));
    let key = path.join("/");
    Some(match (method, last) {
        ("POST", None) => {
            create(state, entity, body, now).map(|key| Object::default().with("key", key).into())
        }
        ("PATCH", Some("backdate")) => {
            let time = body.get("modified").and_then(Json::as_str);
            let time = time.and_then(|time| DateTime::parse_from_rfc3339(time).ok());
            let time = time.ok_or_else(|| Refused("`modified` must be a time".into()));
            let fields = body.get("fields").unwrap_or(&Json::Null);
            time.and_then(|time| backdate(state, entity, &before.join("/"), fields, time.to_utc()))
                .and_then(|()| done())
        }
        ("PATCH", Some(_)) => update(state, entity, &key, body, now).and_then(|()| done()),
        ("DELETE", Some(_)) => remove(state, entity, &key).and_then(|()| done()),
        ("POST", Some(action)) => key_of(entity, &before.join("/")).and_then(|key| {
            let (_, key) = actions::perform(state, entity, &key, action, now)?;
            Ok(Object::default().with("key", key.to_string()).into())
        }),
        _ => return None,
    })
}

/// `{"pages": 1, "create": {…}}`, `{"update": "10007", "fields": {…}}` or `{"remove": "1003"}`.
fn walk(list: Entity, body: &Json) -> Result<Waiting, Refused> {
    let pages = body.get("pages").map_or(Some(1), Json::as_i64).and_then(|pages| u32::try_from(pages).ok());
    let pages = pages.ok_or_else(|| Refused("`pages` must be a whole number".into()))?;
    let fields = |name: &str| body.get(name).and_then(Json::as_object).cloned();
    let key = |name: &str| body.get(name).and_then(Json::as_str).map(str::to_owned);
    let what = fields("create")
        .map(|fields| Happening::Create(list, fields))
        .or_else(|| Some(Happening::Update(list, key("update")?, fields("fields")?)))
        .or_else(|| Some(Happening::Remove(list, key("remove")?)));
    let what = what.ok_or_else(|| Refused("say `create`, `update` with `fields`, or `remove`".into()))?;
    Ok(Waiting { list, pages, what })
}

fn read<T: serde::de::DeserializeOwned>(json: &Json) -> Result<T, Refused> {
    serde_json::from_str(&json.to_string()).map_err(|error| Refused(error.to_string()))
}

fn flag(body: &Json, name: &str) -> Result<bool, Refused> {
    body.get(name).and_then(Json::as_bool).ok_or_else(|| Refused(format!("`{name}` must be true or false")))
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
        .with("client_id", CLIENT_ID)
        .with("client_secret", CLIENT_SECRET)
        .with("redirect_uri", REDIRECT_URI)
        .into()
}
