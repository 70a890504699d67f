//! Records and the tables that hold them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, Utc};

use super::schema::Entity;
use crate::{Json, Object};

/// A record's key, ordered as lists show it: by year, series and number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) year: i64,
    pub(crate) series: String,
    /// The number, and the largest one for a key that is none.
    number: i64,
    pub(crate) text: String,
}

impl Key {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self::in_year(0, "", text)
    }

    pub(crate) fn in_year(year: i64, series: &str, text: impl Into<String>) -> Self {
        let text = text.into();
        Self { year, series: series.to_owned(), number: text.parse().unwrap_or(i64::MAX), text }
    }

    /// The key in one text, as the sandbox's own interface writes it: `1930/5`, `A/17/5`, and the plain key otherwise.
    pub(crate) fn parse(entity: Entity, text: &str) -> Option<Self> {
        let parts: Vec<&str> = text.split('/').collect();
        match (entity, parts.as_slice()) {
            (Entity::Accounts, [number, year]) => Some(Self::in_year(year.parse().ok()?, "", *number)),
            (Entity::Vouchers, [series, number, year]) => {
                Some(Self::in_year(year.parse().ok()?, series, *number))
            }
            (entity, [text]) if !entity.by_year() => Some(Self::new(*text)),
            _ => None,
        }
    }

    pub(crate) fn of(entity: Entity, object: &Object) -> Self {
        let get = |name: &str| object.get(name).map(plain).unwrap_or_default();
        let year = if entity.by_year() { get("Year").parse().unwrap_or_default() } else { 0 };
        let series = if entity == Entity::Vouchers { get("VoucherSeries") } else { String::new() };
        Self::in_year(year, &series, get(entity.key_field()))
    }

    /// The rest of the address of the record.
    pub(crate) fn path(&self) -> String {
        let series = if self.series.is_empty() { String::new() } else { format!("{}/", self.series) };
        let year = if self.year == 0 { String::new() } else { format!("?financialyear={}", self.year) };
        format!("{series}{}{year}", self.text)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.series.is_empty() {
            write!(out, "{}/", self.series)?;
        }
        out.write_str(&self.text)?;
        if self.year == 0 { Ok(()) } else { write!(out, "/{}", self.year) }
    }
}

/// A value without quotes, for comparing.
pub(crate) fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::Text(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// A record: the fields that have a value, and when it changed last. Answers do not tell that time.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) object: Object,
    pub(crate) modified: DateTime<Utc>,
}

impl Record {
    pub(crate) fn get(&self, name: &str) -> &Json {
        self.object.get(name).unwrap_or(&Json::Null)
    }

    pub(crate) fn text(&self, name: &str) -> String {
        plain(self.get(name))
    }

    pub(crate) fn flag(&self, name: &str) -> bool {
        self.get(name).as_bool().unwrap_or_default()
    }
}

/// The records of one resource.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    records: BTreeMap<Key, Record>,
    /// Numbers that deleted records had: they are not free again.
    reserved: BTreeSet<Key>,
    last: i64,
}

impl Table {
    pub(crate) const EMPTY: Self = Self { records: BTreeMap::new(), reserved: BTreeSet::new(), last: 0 };

    pub(crate) fn insert(&mut self, key: Key, record: Record) {
        if key.number != i64::MAX {
            self.last = self.last.max(key.number);
        }
        self.records.insert(key, record);
    }

    /// A number that no record has had.
    pub(crate) const fn next_number(&self) -> i64 {
        self.last.saturating_add(1)
    }

    /// Lets numbers begin after this one.
    pub(crate) fn begin_after(&mut self, number: i64) {
        self.last = self.last.max(number);
    }

    pub(crate) fn get(&self, key: &Key) -> Option<&Record> {
        self.records.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &Key) -> Option<&mut Record> {
        self.records.get_mut(key)
    }

    pub(crate) fn remove(&mut self, key: &Key) -> Option<Record> {
        let gone = self.records.remove(key)?;
        self.reserved.insert(key.clone());
        Some(gone)
    }

    pub(crate) fn is_taken(&self, key: &Key) -> bool {
        self.records.contains_key(key) || self.reserved.contains(key)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&Key, &Record)> {
        self.records.iter()
    }

    /// The last number of a series in a year.
    pub(crate) fn last_in(&self, year: i64, series: &str) -> i64 {
        let end = Key { year, series: series.to_owned(), number: i64::MAX, text: String::new() };
        let last = self.records.range(..end).next_back().map(|(key, _)| key);
        last.filter(|key| key.year == year && key.series == series).map_or(0, |key| key.number)
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }
}
