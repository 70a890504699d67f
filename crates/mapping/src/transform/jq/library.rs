//! The filters that there are: what jq says in its own words, and what is quicker in ours.

use std::rc::Rc;

use jaq_core::load::{self, parse::Def};
use jaq_core::native::{Filter, Fun, bome, run, unary, v};
use jaq_core::{Cv, RunPtr, ValT as _, data::JustLut};

use super::operators::compare;
use super::value::{V, error};
use crate::digits::Digits;

pub(super) const NAMES: [&str; 27] = [
    "null",
    "true",
    "false",
    "not",
    "empty",
    "values",
    "length",
    "keys",
    "add",
    "any",
    "all",
    "first",
    "last",
    "min",
    "max",
    "sort",
    "unique",
    "reverse",
    "type",
    "tostring",
    "tonumber",
    "ascii_downcase",
    "ascii_upcase",
    "trim",
    "to_entries",
    "from_entries",
    "tojson",
];

pub(super) const NAMES_WITH_ARGUMENTS: [&str; 20] = [
    "select",
    "map",
    "add",
    "any",
    "all",
    "first",
    "last",
    "min_by",
    "max_by",
    "sort_by",
    "group_by",
    "unique_by",
    "with_entries",
    "has",
    "join",
    "split",
    "startswith",
    "endswith",
    "ltrimstr",
    "rtrimstr",
];

const DEFINITIONS: &str = r#"
def not: if . then false else true end;
def empty: [] | .[];
def select(f): if f then . else empty end;
def values: select(. != null);
def map(f): [.[] | f];
def add(f): [f] | add;
def any(f): [.[] | f] | any;
def all(f): [.[] | f] | all;
def first: .[0];
def last: .[-1];
def first(f): [f] | .[:1] | .[];
def last(f): [f] | .[-1:] | .[];
def group_by(f): [.[] | [[f], .]] | _groups;
def sort_by(f): group_by(f) | [.[] | .[]];
def unique_by(f): [group_by(f) | .[] | .[0]];
def sort: sort_by(.);
def unique: unique_by(.);
def min_by(f): sort_by(f) | .[0];
def max_by(f): sort_by(f) | .[-1];
def min: min_by(.);
def max: max_by(.);
def tostring: "\(.)";
def with_entries(f): to_entries | map(f) | from_entries;
"#;

pub(super) fn definitions() -> Vec<Def<&'static str>> {
    load::parse(DEFINITIONS, |parser| parser.defs()).unwrap_or_default()
}

type D = JustLut<V>;
type R = Result<V, jaq_core::Error<V>>;

pub(super) fn functions() -> impl Iterator<Item = Fun<D>> {
    let functions: [Filter<RunPtr<D>>; 23] = [
        ("null", v(0), |_| bome(Ok(V::Null))),
        ("true", v(0), |_| bome(Ok(V::Bool(true)))),
        ("false", v(0), |_| bome(Ok(V::Bool(false)))),
        ("length", v(0), |cv| bome(length(cv.1))),
        ("keys", v(0), |cv| bome(cv.1.key_values().map(|pair| Ok(pair?.0)).collect())),
        ("add", v(0), |cv| bome(cv.1.values().try_fold(V::Null, |sum, item| sum + item?))),
        ("any", v(0), |cv| bome(truths(cv.1, |items| items.iter().any(V::as_bool)))),
        ("all", v(0), |cv| bome(truths(cv.1, |items| items.iter().all(V::as_bool)))),
        ("_groups", v(0), |cv| bome(groups(cv.1))),
        ("reverse", v(0), |cv| bome(list(&cv.1).map(|items| items.iter().rev().cloned().collect()))),
        ("type", v(0), |cv| bome(Ok(V::text(cv.1.kind())))),
        ("tojson", v(0), |cv| bome(cv.1.json().map(|text| V::text(&text)))),
        ("tonumber", v(0), |cv| bome(number(cv.1))),
        ("ascii_downcase", v(0), |cv| bome(text(&cv.1).map(|text| V::text(&text.to_ascii_lowercase())))),
        ("ascii_upcase", v(0), |cv| bome(text(&cv.1).map(|text| V::text(&text.to_ascii_uppercase())))),
        ("trim", v(0), |cv| bome(text(&cv.1).map(|text| V::text(text.trim())))),
        ("to_entries", v(0), |cv| bome(cv.1.entries())),
        ("from_entries", v(0), |cv| bome(from_entries(cv.1))),
        ("has", v(1), |cv| unary(cv, |of, name| of.get(&name).map(|found| V::Bool(found.is_some())))),
        ("join", v(1), |cv| unary(cv, join)),
        ("split", v(1), |cv| unary(cv, split)),
        ("startswith", v(1), |cv| texts(cv, |text, part| V::Bool(text.starts_with(part)))),
        ("endswith", v(1), |cv| texts(cv, |text, part| V::Bool(text.ends_with(part)))),
    ];
    let trims: [Filter<RunPtr<D>>; 2] = [
        ("ltrimstr", v(1), |cv| texts(cv, |text, part| V::text(text.strip_prefix(part).unwrap_or(text)))),
        ("rtrimstr", v(1), |cv| texts(cv, |text, part| V::text(text.strip_suffix(part).unwrap_or(text)))),
    ];
    functions.into_iter().chain(trims).map(run::<D>)
}

fn texts(cv: Cv<'_, D>, make: fn(&str, &str) -> V) -> jaq_core::val::ValXs<'_, V> {
    unary(cv, move |of, part| Ok(make(text(&of)?, text(&part)?)))
}

fn text(value: &V) -> Result<&str, jaq_core::Error<V>> {
    match value {
        V::Text(text) => Ok(text),
        _ => Err(error("the filter wants a text where none stands")),
    }
}

fn list(value: &V) -> Result<&[V], jaq_core::Error<V>> {
    match value {
        V::List(items) => Ok(items),
        _ => Err(error("the filter wants a list where none stands")),
    }
}

fn length(value: V) -> R {
    let count = match &value {
        V::Null => 0,
        V::Text(text) => text.chars().count(),
        V::List(items) => items.len(),
        V::Object(members) => members.len(),
        V::Num(number) => return Ok(V::Num(number.trim_start_matches('-').into())),
        V::Bool(_) | V::Reason(_) => return Err(error("a boolean has no length")),
    };
    Ok(V::Num(count.to_string().into()))
}

fn truths(value: V, fold: fn(&[V]) -> bool) -> R {
    let items = value.values().collect::<Result<Vec<V>, _>>()?;
    Ok(V::Bool(fold(&items)))
}

fn number(value: V) -> R {
    match &value {
        V::Num(_) => Ok(value),
        // As it is written, where JSON would write it so; else the same number.
        V::Text(text) => match Digits::parse(text) {
            Some(digits) => Ok(V::Num(digits.write().into())),
            None => Err(error("the text is no number, or one too large to write out")),
        },
        _ => Err(error("tonumber takes a number or a text")),
    }
}

/// Pairs of key and item as lists of the items with the same key, in the keys' order.
fn groups(value: V) -> R {
    let mut pairs = Vec::new();
    for pair in list(&value)? {
        if let [key, item] = list(pair)? {
            pairs.push((key, item));
        }
    }
    pairs.sort_by(|(one, _), (other, _)| compare(one, other));
    let groups = pairs.chunk_by(|(one, _), (other, _)| compare(one, other).is_eq());
    Ok(groups.map(|group| group.iter().map(|(_, item)| (*item).clone()).collect()).collect())
}

fn from_entries(value: V) -> R {
    let mut members = Vec::new();
    for entry in list(&value)? {
        let member = |name: &str| entry.get(&V::text(name));
        let name = member("key")?.or(member("name")?).ok_or_else(|| error("an entry has no key"))?;
        members.push((name.into_string(), member("value")?.unwrap_or(V::Null)));
    }
    V::from_map(members)
}

fn join(value: V, separator: V) -> R {
    let mut all = V::text("");
    for (index, item) in list(&value)?.iter().enumerate() {
        if index > 0 {
            all = (all + V::text(text(&separator)?))?;
        }
        all = match item {
            V::Null => all,
            V::List(_) | V::Object(_) => return Err(error("join takes texts, numbers and booleans")),
            item => (all + item.clone().into_string())?,
        };
    }
    Ok(all)
}

fn split(value: V, separator: V) -> R {
    let (text, separator) = (text(&value)?, text(&separator)?);
    Ok(match (text.is_empty(), separator.is_empty()) {
        (true, _) => V::List(Rc::default()),
        (_, true) => text.chars().map(|one| V::text(&one.to_string())).collect(),
        _ => text.split(separator).map(V::text).collect(),
    })
}
