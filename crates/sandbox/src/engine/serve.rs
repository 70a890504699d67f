//! One request: its caller, its route, what it does, and the response.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::behavior::{Act, Behavior};
use super::definition::{DeleteRule, Does, Paging, RefusalRule, RouteRule, TableRule};
use super::fields::{self, Writing};
use super::load::{Loaded, Route};
use super::path::Parts;
use super::world::{Row, World};
use super::{State, access, list, narrow, template};
use crate::reply::Reply;
use crate::sandbox::Moment;
use crate::{Json, Object};

/// Who sends a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The caller's name in the definition.
    pub name: String,
    /// The role.
    pub role: String,
    /// The key of the caller's own record.
    pub user: String,
    pub(crate) hidden_fields: Vec<String>,
}

/// What the provider refuses, by the name of its refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub(crate) name: String,
    pub(crate) words: Object,
    /// What the sandbox does not model, instead of a refusal of the provider.
    pub(crate) unmodelled: Option<String>,
}

impl Refusal {
    /// A refusal of the definition.
    #[must_use]
    pub fn named(name: &str) -> Self {
        Self { name: name.to_owned(), words: Object::default(), unmodelled: None }
    }

    /// Something that the provider can do and the sandbox cannot: 501 with its name.
    #[must_use]
    pub fn unmodelled(what: String) -> Self {
        Self { unmodelled: Some(what), ..Self::named("") }
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Fills a word of the refusal's body with a value of its own type.
    #[must_use]
    pub fn with_value(mut self, word: &'static str, value: impl Into<Json>) -> Self {
        self.words.set(word, value);
        self
    }

    /// Fills a word of the refusal's body.
    #[must_use]
    pub fn with(mut self, word: &'static str, text: impl Into<String>) -> Self {
        self.words.set(word, text.into());
        self
    }
}

/// The query of a request, decoded.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: Option<&str>) -> Self {
        let decoded =
            |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
        let pairs = text.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decoded(name), decoded(value))
                })
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The same, and the values at these JSON Pointers into the body.
    pub(crate) fn with_pointers<'a>(&self, pointers: impl IntoIterator<Item = &'a str>, body: &Json) -> Self {
        let found = pointers.into_iter().filter(|pointer| pointer.starts_with('/')).filter_map(|pointer| {
            let value = list::at(body, pointer).filter(|value| !value.is_null())?;
            Some((pointer.to_owned(), template::plain(value)))
        });
        Self(self.0.iter().cloned().chain(found).collect())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

/// A request with everything that serves it.
pub(crate) struct Exchange<'a> {
    pub(crate) loaded: &'a Loaded,
    pub(crate) behavior: &'a dyn Behavior,
    pub(crate) request: &'a Request<Bytes>,
    pub(crate) moment: Moment,
}

impl Exchange<'_> {
    pub(crate) fn answer(&self, state: &mut State) -> Reply {
        self.served(state).unwrap_or_else(|refusal| self.refused(&refusal))
    }

    fn refused(&self, refusal: &Refusal) -> Reply {
        let rule = self.loaded.definition.refusals.get(&refusal.name);
        match (&refusal.unmodelled, rule) {
            (None, Some(rule)) => refuse(rule, &refusal.words),
            (None, None) => unmodelled(&format!("the refusal `{}`", refusal.name)),
            (Some(what), _) => unmodelled(what),
        }
    }

    fn served(&self, state: &mut State) -> Result<Reply, Refusal> {
        let definition = &self.loaded.definition;
        let path = self.request.uri().path();
        if !definition.prefixes.iter().any(|prefix| path.starts_with(prefix.as_str())) {
            return Err(Refusal::named("no_route"));
        }
        let query = Query::parse(self.request.uri().query());
        let open = definition.auth.open.iter().any(|known| known == path);
        let caller = if open {
            Caller::default()
        } else {
            access::caller(definition, state, self.request.headers(), &query)?
        };
        let (route, parts) = self.route(&state.world, path)?;
        let rule = self.loaded.rule(route).ok_or_else(|| Refusal::named("no_route"))?;
        let rule = &*self.placed(rule, &parts)?;
        state.meters.admit(definition, &rule.tag, self.moment.now)?;
        if !rule.roles.is_empty() && !rule.roles.contains(&caller.role) {
            return Err(Refusal::named(&definition.auth.forbidden));
        }
        self.check_query(rule, &query)?;
        let body = self.body()?;
        let mut reply = self.carried_out(&mut state.world, rule, (&parts, &query, &body), &caller)?;
        if let Some((at, names)) = self.wanted(rule, &query, &body) {
            narrow::narrow(&mut reply, at, &names);
        }
        let status = StatusCode::from_u16(rule.status).unwrap_or(StatusCode::OK);
        let words = reply;
        Ok(match &route.answer {
            Some(Json::Null) => Reply::text(status, "text/plain", ""),
            Some(answer) => Reply::json(status, &template::fill(answer, &words)),
            None => {
                let whole = words.get("row").or_else(|| words.get("rows")).cloned().unwrap_or(Json::Null);
                Reply::json(status, &whole)
            }
        })
    }

    /// The closest route, and the named parts of the path.
    fn route(&self, world: &World, path: &str) -> Result<(&Route, Parts), Refusal> {
        let standing = |route: &&Route| {
            self.loaded.rule(route).is_some_and(|rule| {
                rule.assumed.as_deref().is_none_or(|name| world.assumes(name))
                    && !rule.unless.as_deref().is_some_and(|name| world.assumes(name))
            })
        };
        let method = self.request.method();
        self.loaded
            .routes
            .iter()
            .filter(|route| route.method == *method)
            .filter(standing)
            .find_map(|route| Some((route, route.path.matches(path)?)))
            .ok_or_else(|| Refusal::unmodelled(format!("{method} {path}")))
    }

    /// A parameter that nothing here heeds would be ignored silently, and a client's slip with it.
    fn check_query(&self, rule: &RouteRule, query: &Query) -> Result<(), Refusal> {
        let paging: Vec<&str> = match &rule.page {
            Paging::Whole => Vec::new(),
            Paging::Number { param, size_param, .. } => {
                std::iter::once(param.as_str()).chain(size_param.as_deref()).collect()
            }
            Paging::Offset { param, size_param, .. } | Paging::Cursor { param, size_param, .. } => {
                vec![param, size_param]
            }
            Paging::AfterKey { param, .. } => vec![param],
        };
        let token = self.loaded.definition.auth.query.as_deref();
        let sort = rule.sort.as_ref().and_then(|sort| sort.param.as_deref());
        let narrow = rule.narrow.as_ref().map(|narrow| narrow.param.as_str());
        for name in query.names() {
            let known = paging.contains(&name)
                || token == Some(name)
                || sort == Some(name)
                || narrow == Some(name)
                || rule.deleted_param.as_deref() == Some(name)
                || rule.ignores.iter().any(|own| own == name)
                || rule.filters.iter().any(|filter| filter.param == name);
            if !known {
                return Err(Refusal::unmodelled(format!("the parameter `{name}` of {}", rule.call)));
            }
        }
        Ok(())
    }

    fn body(&self) -> Result<Json, Refusal> {
        if self.request.body().is_empty() || *self.request.method() == Method::GET {
            return Ok(Json::Null);
        }
        Json::parse(self.request.body()).map_err(|_| {
            Refusal::named("invalid").with("field", "body").with("message", "the body is not JSON")
        })
    }

    /// Does what the route says; returns the words of its response.
    fn carried_out(
        &self,
        world: &mut World,
        rule: &RouteRule,
        (parts, query, body): (&Parts, &Query, &Json),
        caller: &Caller,
    ) -> Result<Object, Refusal> {
        let of_row = |row: Object| Object::default().with("row", row);
        Ok(match rule.does {
            Does::Fixed => Object::default(),
            Does::List => {
                let listed = list::list(self, world, rule, (parts, query, body), caller)?;
                let rows: Vec<Json> = listed.rows.into_iter().map(Json::Object).collect();
                listed.words.with("rows", rows)
            }
            Does::Get => {
                let row = self.found(world, rule, parts, caller)?;
                of_row(self.shown(world, rule, &row, caller))
            }
            Does::Create => {
                let row = self.create(world, rule, parts, body)?;
                of_row(self.shown(world, rule, &row, caller))
            }
            Does::Update | Does::Replace => {
                let was = self.found(world, rule, parts, caller)?;
                let writing = if rule.does == Does::Update { Writing::Update } else { Writing::Replace };
                let row = self.write(world, rule, &was, writing, body)?;
                of_row(self.shown(world, rule, &row, caller))
            }
            Does::Delete => {
                let row = self.found(world, rule, parts, caller)?;
                delete(self.behavior, world, (&rule.table, self.table(rule)?), &row, self.moment.now)?;
                of_row(self.shown(world, rule, &row, caller))
            }
            Does::Act => {
                if !rule.table.is_empty() && parts.iter().any(|(name, _)| name == "key") {
                    self.found(world, rule, parts, caller)?;
                }
                let (name, table, now) = (rule.act.as_str(), rule.table.as_str(), self.moment.now);
                let query = query.pairs();
                let act = Act { name, table, parts, query, input: body, caller, now };
                let answer = self.behavior.act(world, &act)?;
                Object::default().with("row", answer)
            }
        })
    }

    fn table(&self, rule: &RouteRule) -> Result<&TableRule, Refusal> {
        self.loaded.table(&rule.table)
    }

    /// The rule with the table that the path names, where it does.
    fn placed<'r>(&self, rule: &'r RouteRule, parts: &Parts) -> Result<Cow<'r, RouteRule>, Refusal> {
        let Some(name) = rule.table.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return Ok(Cow::Borrowed(rule));
        };
        let part = parts.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value.as_str());
        let table = self.loaded.table_named(part);
        let table = table.ok_or_else(|| Refusal::named("bad_type").with("field", part))?;
        Ok(Cow::Owned(RouteRule { table: table.to_owned(), ..rule.clone() }))
    }

    /// The members that a request asks for; `None` where the route shows everything.
    fn wanted<'r>(&self, rule: &'r RouteRule, query: &Query, body: &Json) -> Option<(&'r str, Vec<String>)> {
        let narrow = rule.narrow.as_ref()?;
        let asked: Vec<String> = match list::at(body, &narrow.param).filter(|_| narrow.param.starts_with('/'))
        {
            Some(list) => list.as_array().unwrap_or_default().iter().map(template::plain).collect(),
            None => query.all(&narrow.param).flat_map(|text| text.split(',')).map(str::to_owned).collect(),
        };
        Some((&narrow.at, narrow.always.iter().cloned().chain(asked).collect()))
    }

    fn found(&self, world: &World, rule: &RouteRule, parts: &Parts, caller: &Caller) -> Result<Row, Refusal> {
        let key = parts.iter().find(|(name, _)| name == "key").map_or("", |(_, key)| key.as_str());
        world
            .live(&rule.table, key)
            .filter(|row| list::belongs(world, rule, parts, row))
            .filter(|row| self.behavior.visible(world, caller, &rule.table, row))
            .cloned()
            .ok_or_else(|| Refusal::named("not_found").with("field", key).with("message", "not found"))
    }

    fn input<'b>(&self, rule: &RouteRule, body: &'b Json) -> Result<&'b Object, Refusal> {
        list::at(body, &rule.input).and_then(Json::as_object).ok_or_else(|| {
            Refusal::named("invalid").with("field", "body").with("message", "the record is missing")
        })
    }

    fn create(
        &self,
        world: &mut World,
        rule: &RouteRule,
        parts: &Parts,
        body: &Json,
    ) -> Result<Row, Refusal> {
        let mut input = self.input(rule, body)?.clone();
        for (field, part) in &rule.within {
            if let Some((_, value)) = parts.iter().find(|(name, _)| name == part) {
                input.set(field.clone(), Json::decimal(value.clone()));
            }
        }
        create(self.behavior, world, (&rule.table, self.table(rule)?), Some(rule), &input, self.moment.now)
    }

    fn write(
        &self,
        world: &mut World,
        rule: &RouteRule,
        was: &Row,
        writing: Writing,
        body: &Json,
    ) -> Result<Row, Refusal> {
        let input = self.input(rule, body)?;
        let table = (rule.table.as_str(), self.table(rule)?);
        update(self.behavior, world, table, Some(rule), (writing, was), input, self.moment.now)
    }

    /// A record as this caller is shown it.
    pub(crate) fn shown(&self, world: &World, rule: &RouteRule, row: &Row, caller: &Caller) -> Object {
        let mut shown = world.shown(&rule.table, row);
        self.behavior.show(world, &rule.table, row, &rule.view, &mut shown);
        for field in &caller.hidden_fields {
            if let Some(name) =
                field.strip_prefix(rule.table.as_str()).and_then(|rest| rest.strip_prefix('.'))
            {
                shown.remove(name);
            }
        }
        shown
    }
}

/// Creates a record with the provider's checks.
pub(crate) fn create(
    behavior: &dyn Behavior,
    world: &mut World,
    (name, table): (&str, &TableRule),
    route: Option<&RouteRule>,
    input: &Object,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Row, Refusal> {
    let mut settled = fields::settle(world, (name, table), route, (Writing::Create, None), input)?;
    behavior.settle(world, name, None, &mut settled)?;
    let row = world.insert(name, settled, now);
    behavior.stored(world, name, &row.key, now);
    Ok(world.get(name, &row.key).cloned().unwrap_or(row))
}

/// Changes a record with the provider's checks.
pub(crate) fn update(
    behavior: &dyn Behavior,
    world: &mut World,
    (name, table): (&str, &TableRule),
    route: Option<&RouteRule>,
    (writing, was): (Writing, &Row),
    input: &Object,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<Row, Refusal> {
    let mut settled = fields::settle(world, (name, table), route, (writing, Some(was)), input)?;
    behavior.settle(world, name, Some(was), &mut settled)?;
    world.change(name, &was.key, now, |row| row.fields = settled);
    behavior.stored(world, name, &was.key, now);
    Ok(world.get(name, &was.key).cloned().unwrap_or_else(|| was.clone()))
}

/// Deletes a record with the provider's checks.
pub(crate) fn delete(
    behavior: &dyn Behavior,
    world: &mut World,
    (name, table): (&str, &TableRule),
    row: &Row,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(), Refusal> {
    behavior.deleting(world, name, row, now)?;
    match table.deletes {
        DeleteRule::Hard => drop(world.remove(name, &row.key)),
        DeleteRule::Hidden => world.change(name, &row.key, now, |row| row.deleted = Some(now)),
        DeleteRule::Flag => behavior.flag(world, name, &row.key, now),
    }
    Ok(())
}

/// The response of a refusal.
pub(crate) fn refuse(rule: &RefusalRule, words: &Object) -> Reply {
    let status = StatusCode::from_u16(rule.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(json) = &rule.json {
        let parsed = Json::parse(json.as_bytes()).unwrap_or(Json::Null);
        return Reply::json(status, &template::fill(&parsed, words));
    }
    match (&rule.text, &rule.html) {
        (Some(text), _) => Reply::text(status, "text/plain", text.clone()),
        (None, Some(page)) => Reply::html(status, page),
        (None, None) => Reply::text(status, "text/plain", ""),
    }
}

/// 501: the provider may do this, the sandbox does not. Never in the provider's voice.
fn unmodelled(what: &str) -> Reply {
    let body = Object::default().with("sandbox", format!("not modelled: {what}"));
    Reply::json(StatusCode::NOT_IMPLEMENTED, &body.into())
}
