//! The records of a provider.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::behavior::Behavior;
use super::definition::{KeyRule, Stamp, TableRule};
use super::fields::Writing;
use super::load::Loaded;
use super::serve::Refusal;
use super::{serve, time};
use crate::{Json, Object};

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The key.
    pub key: String,
    /// The fields as they are stored, without key and stamps.
    pub fields: Object,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// When it was last changed.
    pub changed: DateTime<Utc>,
    /// When it was deleted.
    pub deleted: Option<DateTime<Utc>>,
}

impl Row {
    /// A field's text, `""` where it has none.
    #[must_use]
    pub fn text(&self, field: &str) -> &str {
        self.fields.get(field).and_then(Json::as_str).unwrap_or_default()
    }

    /// A field that refers to another record, as that record's key.
    #[must_use]
    pub fn reference(&self, field: &str) -> Option<String> {
        self.fields.get(field).filter(|value| !value.is_null()).map(super::template::plain)
    }
}

/// The records of one table, in the order of creation.
#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<u64, Row>,
    places: HashMap<String, u64>,
    last: u64,
}

/// All records of a provider, and what is assumed about it.
pub struct World {
    loaded: Arc<Loaded>,
    tables: BTreeMap<String, Table>,
    assumed: BTreeMap<String, bool>,
    next_place: u64,
    lcg: crate::lcg::Lcg,
}

impl World {
    pub(crate) fn new(loaded: &Arc<Loaded>) -> Self {
        let definition = &loaded.definition;
        let tables = definition.tables.keys().map(|name| (name.clone(), Table::default())).collect();
        let assumed = definition.assumptions.iter().map(|(name, rule)| (name.clone(), rule.holds)).collect();
        Self { loaded: loaded.clone(), tables, assumed, next_place: 0, lcg: crate::lcg::Lcg::new(20_261_102) }
    }

    /// Whether an assumption holds. An unknown name does not.
    #[must_use]
    pub fn assumes(&self, name: &str) -> bool {
        self.assumed.get(name).copied().unwrap_or(false)
    }

    pub(crate) fn assume(&mut self, name: &str, holds: bool) -> bool {
        self.assumed.get_mut(name).map(|slot| *slot = holds).is_some()
    }

    /// A record, deleted ones too.
    #[must_use]
    pub fn get(&self, table: &str, key: &str) -> Option<&Row> {
        let table = self.tables.get(table)?;
        table.rows.get(table.places.get(key)?)
    }

    /// A record that is not deleted.
    #[must_use]
    pub fn live(&self, table: &str, key: &str) -> Option<&Row> {
        self.get(table, key).filter(|row| row.deleted.is_none())
    }

    /// The records of a table in the order of creation, deleted ones too.
    pub fn rows(&self, table: &str) -> impl DoubleEndedIterator<Item = &Row> {
        self.tables.get(table).into_iter().flat_map(|table| table.rows.values())
    }

    /// How many records a table holds that are not deleted.
    #[must_use]
    pub fn count(&self, table: &str) -> usize {
        self.rows(table).filter(|row| row.deleted.is_none()).count()
    }

    /// Stores a new record under a new key. Nothing is checked.
    pub fn insert(&mut self, table: &str, fields: Object, now: DateTime<Utc>) -> Row {
        let now = self.grained(now);
        self.next_place += 1;
        let place = self.next_place;
        let (rule, first) = self.rule(table).map(|rule| (rule.key, rule.first_key)).unwrap_or_default();
        let prefix = loaded_prefix(&self.loaded, table);
        let uuid = (rule == KeyRule::Uuid).then(|| self.uuid());
        let Some(table) = self.tables.get_mut(table) else {
            return Row { key: String::new(), fields, created: now, changed: now, deleted: None };
        };
        table.last = (table.last + 1).max(first);
        let key = uuid.unwrap_or_else(|| format!("{prefix}{}", table.last));
        let row = Row { key: key.clone(), fields, created: now, changed: now, deleted: None };
        table.places.insert(key, place);
        table.rows.insert(place, row.clone());
        row
    }

    /// Changes a record in place and sets its time of change. Nothing happens where there is none.
    pub fn change(&mut self, table: &str, key: &str, now: DateTime<Utc>, change: impl FnOnce(&mut Row)) {
        let now = self.grained(now);
        if let Some(row) = self.row_mut(table, key) {
            let before = row.fields.clone();
            change(row);
            if row.fields != before || row.deleted.is_some() {
                row.changed = now;
            }
        }
    }

    /// Changes a record in place without setting its time of change.
    pub fn touch(&mut self, table: &str, key: &str, change: impl FnOnce(&mut Row)) {
        if let Some(row) = self.row_mut(table, key) {
            change(row);
        }
    }

    /// The names of a table's fields.
    pub fn field_names(&self, table: &str) -> Vec<String> {
        let fields = self.rule(table).map(|rule| rule.fields.as_slice()).unwrap_or_default();
        fields.iter().filter(|field| !field.hidden).map(|field| field.name.clone()).collect()
    }

    /// Creates a record with the provider's checks.
    ///
    /// # Errors
    /// What the provider refuses; [`Refusal::unmodelled`] for a table that is not there.
    pub fn create_checked(
        &mut self,
        behavior: &dyn Behavior,
        table: &str,
        input: &Object,
        now: DateTime<Utc>,
    ) -> Result<Row, Refusal> {
        let loaded = Arc::clone(&self.loaded);
        let rule = loaded.table(table)?;
        serve::create(behavior, self, (table, rule), None, input, now)
    }

    /// Changes fields of a record with the provider's checks.
    ///
    /// # Errors
    /// What the provider refuses; the refusal `not_found` where there is no such record.
    pub fn update_checked(
        &mut self,
        behavior: &dyn Behavior,
        (table, key): (&str, &str),
        input: &Object,
        now: DateTime<Utc>,
    ) -> Result<Row, Refusal> {
        let loaded = Arc::clone(&self.loaded);
        let rule = loaded.table(table)?;
        let was = self.live(table, key).cloned().ok_or_else(|| Refusal::named("not_found"))?;
        serve::update(behavior, self, (table, rule), None, (Writing::Update, &was), input, now)
    }

    /// Deletes a record as the table deletes. Nothing happens where there is none.
    ///
    /// # Errors
    /// What the provider refuses.
    pub fn delete_checked(
        &mut self,
        behavior: &dyn Behavior,
        (table, key): (&str, &str),
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        let loaded = Arc::clone(&self.loaded);
        let Some(row) = self.live(table, key).cloned() else { return Ok(()) };
        serve::delete(behavior, self, (table, loaded.table(table)?), &row, now)
    }

    /// Removes a record without a trace.
    pub fn remove(&mut self, table: &str, key: &str) -> Option<Row> {
        let table = self.tables.get_mut(table)?;
        table.rows.remove(&table.places.remove(key)?)
    }

    fn row_mut(&mut self, table: &str, key: &str) -> Option<&mut Row> {
        let table = self.tables.get_mut(table)?;
        table.rows.get_mut(table.places.get(key)?)
    }

    fn rule(&self, table: &str) -> Option<&TableRule> {
        self.loaded.definition.tables.get(table)
    }

    fn grained(&self, moment: DateTime<Utc>) -> DateTime<Utc> {
        time::to_grain(moment, self.loaded.definition.grain_ms)
    }

    /// A version 4 UUID that is the same in each run.
    pub fn uuid(&mut self) -> String {
        let mut digits = |count: usize| -> String {
            (0..count)
                .map(|_| char::from_digit(u32::try_from(self.lcg.below(16)).unwrap_or(0), 16))
                .map(|digit| digit.unwrap_or('0'))
                .collect()
        };
        format!("{}-{}-4{}-a{}-{}", digits(8), digits(4), digits(3), digits(3), digits(12))
    }

    /// The stored value of a field, with key and stamps as values too.
    pub(crate) fn value(&self, table: &str, row: &Row, field: &str) -> Json {
        let Some(rule) = self.rule(table) else { return Json::Null };
        if field == rule.key_field {
            return key_value(rule.key, &row.key);
        }
        match rule
            .fields
            .iter()
            .find(|known| known.name == field)
            .and_then(|known| known.stamp.map(|stamp| (stamp, known.format)))
        {
            Some((Stamp::Created, format)) => time::show(row.created, format),
            Some((Stamp::Changed, format)) => time::show(row.changed, format),
            None => row.fields.get(field).cloned().unwrap_or(Json::Null),
        }
    }

    /// A record as responses show it, before the behavior adds to it.
    #[must_use]
    pub fn shown(&self, table: &str, row: &Row) -> Object {
        let mut shown = Object::default();
        let Some(rule) = self.rule(table) else { return shown };
        if !rule.fields.iter().any(|field| field.name == rule.key_field) {
            shown.set(rule.key_field.clone(), key_value(rule.key, &row.key));
        }
        for field in rule.fields.iter().filter(|field| !field.hidden) {
            let value = self.value(table, row, &field.name);
            if !(field.omit_null && value.is_null()) {
                shown.set(field.name.clone(), value);
            }
        }
        let extra =
            row.fields.iter().filter(|(name, _)| !rule.fields.iter().any(|field| field.name == *name));
        for (name, value) in extra {
            shown.set(name.to_owned(), value.clone());
        }
        shown
    }
}

fn loaded_prefix(loaded: &Loaded, table: &str) -> String {
    loaded.definition.tables.get(table).map(|rule| rule.key_prefix.clone()).unwrap_or_default()
}

fn key_value(rule: KeyRule, key: &str) -> Json {
    match rule {
        KeyRule::Integer => Json::decimal(key.to_owned()),
        KeyRule::Text | KeyRule::Uuid => key.to_owned().into(),
    }
}
