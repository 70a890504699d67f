//! Loading a definition: what contradicts itself is refused with the place.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use http::Method;

use super::definition::{Definition, Does, RouteRule, TableRule};
use super::path::PathPattern;
use super::serve::Refusal;
use crate::Json;

/// A definition that cannot be used, and everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faulty(pub Vec<String>);

impl fmt::Display for Faulty {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "the definition of a sandbox is wrong: {}", self.0.join("; "))
    }
}

impl std::error::Error for Faulty {}

/// A definition with its paths and templates parsed.
pub(crate) struct Loaded {
    pub(crate) definition: Definition,
    pub(crate) routes: Vec<Route>,
}

/// A route, ready to be matched.
pub(crate) struct Route {
    pub(crate) method: Method,
    pub(crate) path: PathPattern,
    /// The place of its rule in the definition.
    pub(crate) index: usize,
    pub(crate) answer: Option<Json>,
}

impl Loaded {
    pub(crate) fn parse(text: &str) -> Result<Self, Faulty> {
        let definition: Definition =
            toml::from_str(text).map_err(|error| Faulty(vec![error.to_string().trim().to_owned()]))?;
        let mut faults = Vec::new();
        let mut routes = Vec::new();
        for (index, rule) in definition.routes.iter().enumerate() {
            match Route::parse(rule, index) {
                Ok(route) => routes.push(route),
                Err(why) => faults.push(format!("route `{}`: {why}", rule.call)),
            }
        }
        routes.sort_by_key(|route| std::cmp::Reverse(route.path.closeness()));
        check(&definition, &mut faults);
        if faults.is_empty() { Ok(Self { definition, routes }) } else { Err(Faulty(faults)) }
    }

    pub(crate) fn rule(&self, route: &Route) -> Option<&RouteRule> {
        self.definition.routes.get(route.index)
    }

    /// The rule of a table.
    pub(crate) fn table(&self, name: &str) -> Result<&TableRule, Refusal> {
        self.definition.tables.get(name).ok_or_else(|| Refusal::unmodelled(format!("the table `{name}`")))
    }

    /// The name of the table that a part of a path names.
    pub(crate) fn table_named(&self, part: &str) -> Option<&str> {
        let mut tables = self.definition.tables.iter();
        let found = tables.find(|(name, rule)| *name == part || rule.also.iter().any(|own| own == part));
        found.map(|(name, _)| name.as_str())
    }
}

impl Route {
    fn parse(rule: &RouteRule, index: usize) -> Result<Self, String> {
        let (method, path) = rule.call.split_once(' ').ok_or("a call is a method and a path")?;
        let method = method.parse().map_err(|_| "no such method".to_owned())?;
        let path = PathPattern::parse(path).ok_or("the path does not parse")?;
        let answer = match rule.answer.as_deref() {
            None => None,
            Some("") => Some(Json::Null),
            Some(text) => Some(Json::parse(text.as_bytes()).map_err(|error| error.to_string())?),
        };
        Ok(Self { method, path, index, answer })
    }
}

fn check(definition: &Definition, faults: &mut Vec<String>) {
    let known: BTreeSet<&str> = definition.assumptions.keys().map(String::as_str).collect();
    let mut grounded = |place: String, fact: Option<&String>, assumed: Option<&String>| match (fact, assumed)
    {
        (None, None) => faults.push(format!("{place} names neither a fact nor an assumption")),
        (_, Some(name)) if !known.contains(name.as_str()) => {
            faults.push(format!("{place} rests on an assumption that is not listed: {name}"));
        }
        _ => {}
    };
    for (name, rule) in &definition.refusals {
        grounded(format!("refusal `{name}`"), rule.fact.as_ref(), rule.assumed.as_ref());
    }
    for rule in &definition.meters {
        grounded("a meter".to_owned(), rule.fact.as_ref(), rule.assumed.as_ref());
    }
    for rule in &definition.routes {
        grounded(format!("route `{}`", rule.call), rule.fact.as_ref(), rule.assumed.as_ref());
    }
    for (name, rule) in &definition.refusals {
        if let Some(Err(error)) = rule.json.as_ref().map(|json| Json::parse(json.as_bytes())) {
            faults.push(format!("refusal `{name}`: {error}"));
        }
    }
    check_names(definition, faults);
}

fn check_names(definition: &Definition, faults: &mut Vec<String>) {
    let fields: BTreeMap<&str, BTreeSet<&str>> = definition
        .tables
        .iter()
        .map(|(name, table)| (name.as_str(), table.fields.iter().map(|field| field.name.as_str()).collect()))
        .collect();
    let refusals = [&definition.auth.missing, &definition.auth.wrong, &definition.auth.forbidden];
    let metered = definition.meters.iter().map(|meter| &meter.refusal);
    let personal = definition.callers.values().filter_map(|caller| caller.refused.as_ref());
    for name in refusals.into_iter().chain(metered).chain(personal) {
        if !definition.refusals.contains_key(name) {
            faults.push(format!("there is no refusal `{name}`"));
        }
    }
    for rule in &definition.routes {
        let place = &rule.call;
        if matches!(rule.does, Does::Act | Does::Fixed) && rule.table.is_empty() {
            continue;
        }
        if rule.table.starts_with('{') {
            continue;
        }
        let Some(fields) = fields.get(rule.table.as_str()) else {
            faults.push(format!("route `{place}`: there is no table `{}`", rule.table));
            continue;
        };
        let filtered = rule.filters.iter().flat_map(|filter| &filter.fields);
        let named = rule.within.keys().chain(rule.only.keys()).chain(filtered).chain(&rule.writes);
        for name in named.filter(|name| !fields.contains(name.as_str())) {
            faults.push(format!("route `{place}`: table `{}` has no field `{name}`", rule.table));
        }
        for name in rule.unless.iter().filter(|name| !definition.assumptions.contains_key(*name)) {
            faults.push(format!("route `{place}`: there is no assumption `{name}`"));
        }
    }
    for (name, table) in &definition.tables {
        for field in table.fields.iter().filter(|field| field.references.is_some()) {
            if !field.references.as_ref().is_some_and(|target| fields.contains_key(target.as_str())) {
                faults.push(format!("table `{name}`: `{}` refers to a table that is not there", field.name));
            }
        }
    }
    for seed in definition.seeds.iter().filter(|seed| !fields.contains_key(seed.table.as_str())) {
        faults.push(format!("a seed: there is no table `{}`", seed.table));
    }
}
