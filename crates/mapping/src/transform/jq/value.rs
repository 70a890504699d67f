//! Values as jq sees them: numbers are the digits that write them, and whatever copies is counted.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::rc::Rc;

use jaq_core::path::Opt;
use jaq_core::val::{Range, ValR, ValX};
use jaq_core::{Error, ValT};

use super::Fault;
use crate::digits::Digits;
use crate::value::{self, Val, quote};

/// The longest value that a filter reads or writes, in bytes.
pub(super) const LONGEST: usize = 16 * 1024;
pub(super) const MOST_ITEMS: usize = 4096;
const DEEPEST: usize = 32;
/// How many copies, comparisons and items one run may take.
const FUEL: u32 = 100_000;

thread_local! {
    // The values' operators have no other place to look at.
    static LEFT: Cell<u32> = const { Cell::new(0) };
    static TROUBLE: Cell<Option<&'static str>> = const { Cell::new(None) };
}

pub(super) fn begin() {
    LEFT.set(FUEL);
    TROUBLE.set(None);
}

pub(super) fn trouble() -> Option<&'static str> {
    TROUBLE.get()
}

/// Counts, and says whether it was too much.
pub(super) fn spent(units: usize) -> bool {
    let left = LEFT.get().saturating_sub(u32::try_from(units).unwrap_or(u32::MAX));
    LEFT.set(left);
    if left == 0 {
        stop("the filter does too much for one value");
    }
    left == 0
}

pub(super) fn stop(reason: &'static str) -> Error<V> {
    TROUBLE.set(TROUBLE.get().or(Some(reason)));
    error(reason)
}

pub(super) fn error(reason: &'static str) -> Error<V> {
    Error::new(V::Reason(reason))
}

pub(super) const INEXACT: &str = "the filter counts with a number that it cannot keep exactly";
pub(super) const TOO_LONG: &str = "the filter makes a value that is too long";

#[derive(Debug)]
pub(super) enum V {
    Null,
    Bool(bool),
    /// As JSON writes it.
    Num(Rc<str>),
    Text(Rc<str>),
    List(Rc<Vec<V>>),
    Object(Rc<BTreeMap<Rc<str>, V>>),
    /// What is wrong, in an error.
    Reason(&'static str),
}

impl Clone for V {
    fn clone(&self) -> Self {
        spent(1);
        match self {
            Self::Null => Self::Null,
            Self::Bool(value) => Self::Bool(*value),
            Self::Num(text) => Self::Num(Rc::clone(text)),
            Self::Text(text) => Self::Text(Rc::clone(text)),
            Self::List(items) => Self::List(Rc::clone(items)),
            Self::Object(members) => Self::Object(Rc::clone(members)),
            Self::Reason(reason) => Self::Reason(reason),
        }
    }
}

impl V {
    pub(super) fn text(text: &str) -> Self {
        spent(text.len() / 16 + 1);
        Self::Text(text.into())
    }

    pub(super) fn read(value: &Val<'_>) -> Result<Self, Fault> {
        let mut text = String::new();
        value.write(&mut text);
        if text.len() > LONGEST {
            return Err(Fault::new(format!("the filter reads a value longer than {LONGEST} bytes")));
        }
        Self::parse(&text, 0)
    }

    fn parse(raw: &str, depth: usize) -> Result<Self, Fault> {
        Ok(match Val::of(raw) {
            Val::Null => Self::Null,
            Val::Bool(value) => Self::Bool(value),
            Val::Number(text) => Self::Num(text.as_ref().into()),
            Val::Text(text) => Self::Text(text.as_ref().into()),
            Val::Json(_) if depth >= DEEPEST => {
                return Err(Fault::new("the value is nested too deep for a filter"));
            }
            Val::Json(text) => {
                if let Some(items) = value::items(&text) {
                    let items = items.into_iter().map(|item| Self::parse(item, depth + 1));
                    return Ok(Self::List(Rc::new(items.collect::<Result<_, _>>()?)));
                }
                let members = value::members_in_order(&text)
                    .ok_or_else(|| Fault::new("the value holds a text that is no valid Unicode"))?;
                let members = members
                    .into_iter()
                    .map(|(name, member)| Ok((name.into(), Self::parse(member, depth + 1)?)));
                Self::Object(Rc::new(members.collect::<Result<_, Fault>>()?))
            }
        })
    }

    pub(super) fn write(&self) -> Result<Val<'static>, Fault> {
        self.json().map(|json| Val::owned(&json)).map_err(|_| Fault::new(TOO_LONG))
    }

    pub(super) fn json(&self) -> Result<String, Error<V>> {
        let mut out = String::new();
        self.append(&mut out);
        spent(out.len() / 16);
        if out.len() > LONGEST { Err(stop(TOO_LONG)) } else { Ok(out) }
    }

    /// Ends soon after it is too long.
    fn append(&self, out: &mut String) {
        match self {
            _ if out.len() > LONGEST => {}
            Self::Null | Self::Reason(_) => out.push_str("null"),
            Self::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Self::Num(number) => out.push_str(number),
            Self::Text(text) => quote(text, out),
            Self::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    out.push(if index == 0 { '[' } else { ',' });
                    item.append(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Self::Object(members) => {
                for (index, (name, member)) in members.iter().enumerate() {
                    out.push(if index == 0 { '{' } else { ',' });
                    quote(name, out);
                    out.push(':');
                    member.append(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null | Self::Reason(_) => "null",
            Self::Bool(_) => "boolean",
            Self::Num(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }

    pub(super) fn entries(self) -> ValR<Self> {
        let Self::Object(members) = &self else { return Err(error("to_entries takes an object")) };
        let entry = |(name, value): (&Rc<str>, &V)| {
            Self::from_map([
                (Self::text("key"), Self::Text(Rc::clone(name))),
                (Self::text("value"), value.clone()),
            ])
        };
        members.iter().map(entry).collect()
    }

    /// A member or an item, if it is there.
    pub(super) fn get(&self, index: &Self) -> Result<Option<Self>, Error<V>> {
        match (self, index) {
            (Self::Null, Self::Text(_) | Self::Num(_)) => Ok(None),
            (Self::Object(members), Self::Text(name)) => Ok(members.get(name).cloned()),
            (Self::List(items), Self::Num(number)) => {
                let at = number.parse::<isize>().map_err(|_| error("an index is a whole number"))?;
                let at = if at < 0 {
                    items.len().checked_sub(at.unsigned_abs())
                } else {
                    usize::try_from(at).ok()
                };
                Ok(at.and_then(|at| items.get(at)).cloned())
            }
            _ => Err(error("the filter asks a value of another type for a member or an item")),
        }
    }
}

/// Lists longer than there may be are cut, and the run fails.
impl FromIterator<V> for V {
    fn from_iter<T: IntoIterator<Item = V>>(items: T) -> Self {
        let mut items = items.into_iter();
        let list: Vec<V> = items.by_ref().take(MOST_ITEMS).take_while(|_| !spent(1)).collect();
        if list.len() == MOST_ITEMS && items.next().is_some() {
            stop(TOO_LONG);
        }
        Self::List(Rc::new(list))
    }
}

impl From<bool> for V {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<isize> for V {
    fn from(value: isize) -> Self {
        Self::Num(value.to_string().into())
    }
}

impl From<String> for V {
    fn from(value: String) -> Self {
        Self::text(&value)
    }
}

impl From<Range<V>> for V {
    fn from(_: Range<V>) -> Self {
        Self::Null
    }
}

impl fmt::Display for V {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.json().unwrap_or_default())
    }
}

type Pairs = Box<dyn Iterator<Item = Result<(V, V), Error<V>>>>;

impl ValT for V {
    fn from_num(number: &str) -> ValR<Self> {
        // A filter may write 007 and 1., which JSON may not.
        let digits = Digits::parse(number).ok_or_else(|| stop(INEXACT))?;
        Ok(Self::Num(digits.write().into()))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(members: I) -> ValR<Self> {
        let member = |(name, value)| match name {
            Self::Text(name) => Ok((name, value)),
            _ => Err(error("the name of a member is no text")),
        };
        Ok(Self::Object(Rc::new(members.into_iter().map(member).collect::<Result<_, _>>()?)))
    }

    fn key_values(self) -> Pairs {
        let pairs: Vec<(V, V)> = match &self {
            Self::List(items) => (0_isize..).map(V::from).zip(items.iter().cloned()).collect(),
            Self::Object(members) => {
                members.iter().map(|(name, value)| (Self::Text(Rc::clone(name)), value.clone())).collect()
            }
            _ => {
                return Box::new(iter::once(Err(error(
                    "the filter goes over what is no list and no object",
                ))));
            }
        };
        Box::new(pairs.into_iter().map(Ok))
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        let mut pairs = self.key_values();
        let mut over = false;
        Box::new(iter::from_fn(move || {
            if over {
                return None;
            }
            let item = pairs.next()?;
            over = spent(1);
            Some(if over {
                Err(error("the filter does too much for one value"))
            } else {
                item.map(|pair| pair.1)
            })
        }))
    }

    fn index(self, index: &Self) -> ValR<Self> {
        Ok(self.get(index)?.unwrap_or(Self::Null))
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        let length = match &self {
            Self::Null => return Ok(Self::Null),
            Self::Text(text) => text.chars().count(),
            Self::List(items) => items.len(),
            _ => return Err(error("the filter takes a part of what is no list and no text")),
        };
        let bound = |bound: Option<&Self>, otherwise| match bound {
            None | Some(Self::Null) => Ok(otherwise),
            Some(Self::Num(number)) => {
                let at = number.parse::<isize>().map_err(|_| error("an index is a whole number"))?;
                let at = if at < 0 { length.saturating_sub(at.unsigned_abs()) } else { at.unsigned_abs() };
                Ok(at.min(length))
            }
            Some(_) => Err(error("an index is a whole number")),
        };
        let (from, to) = (bound(range.start, 0)?, bound(range.end, length)?);
        let count = to.saturating_sub(from);
        Ok(match &self {
            Self::List(items) => items.iter().skip(from).take(count).cloned().collect(),
            Self::Text(text) => Self::text(&text.chars().skip(from).take(count).collect::<String>()),
            _ => Self::Null,
        })
    }

    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unchanged()
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: &Self,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unchanged()
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _: Range<&Self>,
        _: Opt,
        _: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        unchanged()
    }

    fn as_bool(&self) -> bool {
        !matches!(self, Self::Null | Self::Bool(false))
    }

    fn into_string(self) -> Self {
        match self {
            Self::Text(_) => self,
            other => other.json().map_or(Self::Null, |json| Self::text(&json)),
        }
    }
}

/// The check of a filter refuses what would come here.
fn unchanged<'a>() -> ValX<'a, V> {
    Err(error("nothing is changed in place").into())
}
