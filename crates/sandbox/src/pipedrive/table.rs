//! Records and the tables that hold them.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use crate::{Json, Object};

/// How long a deleted record can still be seen.
const KEPT_AFTER_DELETE: TimeDelta = TimeDelta::days(30);

/// Time as v2 writes it. The provider's clock has whole seconds.
pub(crate) fn v2_time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Time as v1 writes it.
pub(crate) fn v1_time(moment: DateTime<Utc>) -> String {
    moment.format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A moment in either form; a form without zone is UTC.
pub(crate) fn moment(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|time| time.to_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").map(|time| time.and_utc()))
        .ok()
}

/// The fields that are also kept in a form that compares fast.
const FACTS: [&str; 4] = ["add_time", "update_time", "is_deleted", "is_archived"];

/// A record as v2 shows it, and what lists filter and sort by.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    id: i64,
    object: Object,
    added: i64,
    updated: Option<i64>,
    deleted: bool,
    archived: bool,
}

impl Record {
    pub(crate) fn new(id: i64, object: Object) -> Self {
        let mut record = Self { id, object, added: 0, updated: None, deleted: false, archived: false };
        for fact in FACTS {
            record.take_fact(fact);
        }
        record
    }

    pub(crate) const fn id(&self) -> i64 {
        self.id
    }

    pub(crate) const fn object(&self) -> &Object {
        &self.object
    }

    pub(crate) fn get(&self, key: &str) -> &Json {
        self.object.get(key).unwrap_or(&Json::Null)
    }

    pub(crate) const fn added(&self) -> i64 {
        self.added
    }

    pub(crate) const fn updated(&self) -> Option<i64> {
        self.updated
    }

    pub(crate) const fn deleted(&self) -> bool {
        self.deleted
    }

    pub(crate) fn archived(&self) -> bool {
        // A project has the time alone.
        self.archived || (self.object.get("is_archived").is_none() && !self.get("archive_time").is_null())
    }

    /// Sets a field and keeps the facts in step with it.
    pub(crate) fn set(&mut self, key: impl Into<std::borrow::Cow<'static, str>>, value: impl Into<Json>) {
        let key = key.into();
        let fact = FACTS.into_iter().find(|fact| *fact == key);
        self.object.set(key, value);
        if let Some(fact) = fact {
            self.take_fact(fact);
        }
    }

    /// Takes a field away, with its value.
    pub(crate) fn take(&mut self, key: &str) -> Option<Json> {
        self.object.remove(key)
    }

    fn take_fact(&mut self, name: &str) {
        let value = self.object.get(name).unwrap_or(&Json::Null);
        let seconds = || value.as_str().and_then(moment).map(|time| time.timestamp());
        let flag = || value.as_bool().unwrap_or_default();
        match name {
            "add_time" => self.added = seconds().unwrap_or_default(),
            "update_time" => self.updated = seconds(),
            "is_deleted" => self.deleted = flag(),
            _ => self.archived = flag(),
        }
    }

    /// A record is deleted at its update time, and gone for good a month later.
    fn purged(&self, now: DateTime<Utc>) -> bool {
        self.deleted
            && self
                .updated
                .is_some_and(|at| at.saturating_add(KEPT_AFTER_DELETE.num_seconds()) <= now.timestamp())
    }
}

/// The records of one entity by id.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    records: BTreeMap<i64, Record>,
    last_id: i64,
}

impl Table {
    pub(crate) fn insert(&mut self, record: Record) {
        self.last_id = self.last_id.max(record.id);
        self.records.insert(record.id, record);
    }

    /// An id that no record has had.
    pub(crate) const fn next_id(&self) -> i64 {
        self.last_id.saturating_add(1)
    }

    /// A record that can still be seen: alive, or deleted less than a month ago.
    pub(crate) fn get(&self, id: i64, now: DateTime<Utc>) -> Option<&Record> {
        self.records.get(&id).filter(|record| !record.purged(now))
    }

    /// A record that can be changed: a deleted one cannot.
    pub(crate) fn get_mut(&mut self, id: i64) -> Option<&mut Record> {
        self.records.get_mut(&id).filter(|record| !record.deleted)
    }

    pub(crate) fn alive(&self, id: i64) -> bool {
        self.records.get(&id).is_some_and(|record| !record.deleted)
    }

    /// All records that can be seen, by id, from an id on.
    pub(crate) fn from(&self, first: i64, now: DateTime<Utc>) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.range(first..).map(|(_, record)| record).filter(move |record| !record.purged(now))
    }

    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        self.records.values_mut()
    }
}
