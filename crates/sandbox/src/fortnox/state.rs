//! Everything that the emulated company holds.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use super::access::Access;
use super::limits::Meter;
use super::local_time;
use super::refusal::Refusal;
use super::schema::Entity;
use super::table::{Key, Record, Table};
use crate::{Json, Object};

/// What a list does with `lastmodified`. Fortnox documents it for some resources only, and not what becomes of a
/// record that changed in that very moment: <https://www.fortnox.se/developer/guides-and-good-to-know/parameters>
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LastModified {
    /// Yields what changed at this time or after it.
    Inclusive,
    /// Yields what changed after it.
    Exclusive,
    /// Takes the parameter and yields everything.
    Ignored,
    /// Answers 400 with the code 2000588.
    Rejected,
}

/// Something that people do in Fortnox's own windows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// Somebody makes a record of these fields.
    Create(Entity, Object),
    /// Somebody changes the record with this key.
    Update(Entity, String, Object),
    /// The record with this key is gone.
    Remove(Entity, String),
}

/// A happening that waits for pages of a list to go by.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) list: Entity,
    /// Pages still to be answered before.
    pub(crate) pages: u32,
    pub(crate) what: Happening,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) access: Access,
    pub(crate) meter: Meter,
    tables: BTreeMap<Entity, Table>,
    pub(crate) last_modified: BTreeMap<Entity, LastModified>,
    pub(crate) waiting: Vec<Waiting>,
    /// Answers so far, for their `X-Uid`.
    pub(crate) answers: u64,
    /// The last day of the locked period.
    pub(crate) locked_until: Option<NaiveDate>,
    /// Numbers that rows of documents have had.
    pub(crate) last_row: i64,
    /// Whether rows without an id replace those that stand, in place of being matched by order.
    pub(crate) replaces_rows: bool,
    /// Resources whose licence is gone.
    pub(crate) unlicensed: BTreeSet<Entity>,
    /// Whether the company has the warehouse module.
    pub(crate) warehouse: bool,
}

static NO_TABLE: Table = Table::EMPTY;

impl State {
    pub(crate) fn new(access: Access) -> Self {
        Self {
            access,
            meter: Meter::default(),
            tables: Entity::ALL.into_iter().map(|entity| (entity, Table::EMPTY)).collect(),
            last_modified: BTreeMap::from([
                (Entity::Projects, LastModified::Ignored),
                (Entity::Vouchers, LastModified::Ignored),
                (Entity::FinancialYears, LastModified::Rejected),
            ]),
            waiting: Vec::new(),
            answers: 0,
            locked_until: None,
            last_row: 0,
            replaces_rows: false,
            unlicensed: BTreeSet::new(),
            warehouse: false,
        }
    }

    pub(crate) fn table(&self, entity: Entity) -> &Table {
        self.tables.get(&entity).unwrap_or(&NO_TABLE)
    }

    pub(crate) fn table_mut(&mut self, entity: Entity) -> &mut Table {
        self.tables.entry(entity).or_default()
    }

    pub(crate) fn get(&self, entity: Entity, key: &Key) -> Option<&Record> {
        self.table(entity).get(key)
    }

    pub(crate) fn find(&self, entity: Entity, key: &Key) -> Result<&Record, Refusal> {
        self.get(entity, key).ok_or_else(|| not_found(entity))
    }

    /// Puts a record in its place.
    pub(crate) fn put(&mut self, entity: Entity, object: Object, now: DateTime<Utc>) -> Key {
        let key = Key::of(entity, &object);
        self.table_mut(entity).insert(key.clone(), Record { object, modified: now });
        key
    }

    /// Changes some fields of a record, and its time of change with them.
    pub(crate) fn change(
        &mut self,
        entity: Entity,
        key: &Key,
        now: DateTime<Utc>,
        change: impl FnOnce(&mut Object),
    ) {
        if let Some(record) = self.table_mut(entity).get_mut(key) {
            change(&mut record.object);
            record.modified = now;
        }
    }

    /// The financial year that a day belongs to.
    pub(crate) fn year_of(&self, day: NaiveDate) -> Option<i64> {
        let years = self.table(Entity::FinancialYears).iter();
        let within = |record: &Record| {
            let at = |name| record.get(name).as_str().and_then(local_time::parse_date);
            at("FromDate").is_some_and(|from| from <= day) && at("ToDate").is_some_and(|to| day <= to)
        };
        years.filter(|(_, record)| within(record)).find_map(|(_, record)| record.get("Id").as_i64())
    }

    /// The financial year with this id, with its first and its last day.
    pub(crate) fn year_days(&self, id: i64) -> Option<(NaiveDate, NaiveDate)> {
        let record = self.get(Entity::FinancialYears, &Key::new(id.to_string()))?;
        let at = |name| record.get(name).as_str().and_then(local_time::parse_date);
        Some((at("FromDate")?, at("ToDate")?))
    }

    /// The year that a request names, or the current one.
    pub(crate) fn year_or_current(&self, named: Option<i64>, now: DateTime<Utc>) -> Result<i64, Refusal> {
        let id = named.or_else(|| self.year_of(local_time::today(now)));
        id.filter(|id| self.year_days(*id).is_some()).ok_or_else(|| not_found(Entity::FinancialYears))
    }
}

/// The answer for a record that is not there.
pub(crate) fn not_found(entity: Entity) -> Refusal {
    let (code, what) = match entity {
        Entity::Accounts => (2_000_423, "kontot"),
        Entity::Articles => (2_000_428, "artikeln"),
        Entity::CostCenters => (2_000_729, "kostnadsstället"),
        Entity::Customers => (2_000_433, "kunden"),
        Entity::FinancialYears => (2_000_729, "räkenskapsåret"),
        Entity::InvoicePayments => (2_000_729, "betalningen"),
        Entity::Invoices => (2_000_434, "fakturan"),
        Entity::Offers => (2_000_729, "offerten"),
        Entity::Orders => (2_000_439, "ordern"),
        Entity::Projects => (2_001_161, "projektet"),
        Entity::SupplierInvoices => (2_000_729, "leverantörsfakturan"),
        Entity::Suppliers => (2_000_729, "leverantören"),
        Entity::Vouchers => (2_000_729, "verifikationen"),
    };
    Refusal::new(http::StatusCode::NOT_FOUND, code, format!("Kan inte hitta {what}."))
}

/// A whole number or a text that is one.
pub(crate) fn int_of(value: &Json) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}
