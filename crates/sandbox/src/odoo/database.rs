//! What a database holds: tables, users with their credentials, and who may not do what.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::schema::Schema;
use crate::Json;

/// The oldest web session ends when there is one more.
const MOST_SESSIONS: usize = 64;

/// What a right is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Reading and searching.
    Read,
    /// Making records.
    Create,
    /// Changing records.
    Write,
    /// Deleting records.
    Unlink,
}

impl Operation {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "read" => Self::Read,
            "create" => Self::Create,
            "write" => Self::Write,
            "unlink" => Self::Unlink,
            _ => return None,
        })
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Create => "create",
            Self::Write => "write",
            Self::Unlink => "unlink",
        }
    }
}

/// A row. A field without a value is not in `values`.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) id: i64,
    pub(crate) create_uid: i64,
    pub(crate) write_uid: i64,
    /// Microseconds since 1970, like all times here.
    pub(crate) created: i64,
    pub(crate) written: i64,
    pub(crate) values: BTreeMap<Cow<'static, str>, Json>,
}

impl Record {
    pub(crate) fn get(&self, field: &str) -> &Json {
        self.values.get(field).unwrap_or(&Json::Null)
    }

    /// The id of the record that a many2one points to.
    pub(crate) fn link(&self, field: &str) -> Option<i64> {
        self.get(field).as_i64()
    }

    pub(crate) fn text(&self, field: &str) -> &str {
        self.get(field).as_str().unwrap_or_default()
    }

    pub(crate) fn flag(&self, field: &str) -> bool {
        self.get(field).as_bool().unwrap_or_default()
    }

    pub(crate) fn set(&mut self, field: impl Into<Cow<'static, str>>, value: Json) {
        let field = field.into();
        if value.is_null() {
            self.values.remove(&field);
        } else {
            self.values.insert(field, value);
        }
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) rows: BTreeMap<i64, Record>,
    pub(crate) last_id: i64,
}

/// How a user may sign in, and what they may see.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) uid: i64,
    pub(crate) password: String,
    pub(crate) keys: Vec<String>,
    pub(crate) two_factor: bool,
    /// Sees private data of employees.
    pub(crate) is_hr_officer: bool,
    /// Sees only their own leads and those of nobody.
    pub(crate) own_leads_only: bool,
}

pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) schema: Arc<Schema>,
    tables: BTreeMap<&'static str, Table>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) denied: BTreeSet<(i64, String, Operation)>,
    pub(crate) hidden: BTreeSet<(i64, String, i64)>,
    /// Models of which a user sees no record.
    pub(crate) blind: BTreeSet<(i64, String)>,
    /// Whether writing and deleting skip what is not there and say that it is done, as some servers do.
    pub(crate) lenient: bool,
    /// The web sessions, oldest first, each with its user.
    sessions: VecDeque<(String, i64)>,
    session_count: u64,
    /// What the rows were before the transaction that runs, newest last.
    undo: Vec<(&'static str, i64, Option<Record>)>,
    last_stamp: i64,
}

impl Database {
    pub(crate) fn empty(name: &str, schema: Schema, now: DateTime<Utc>) -> Self {
        Self {
            name: name.into(),
            schema: Arc::new(schema),
            tables: BTreeMap::new(),
            accounts: Vec::new(),
            denied: BTreeSet::new(),
            hidden: BTreeSet::new(),
            blind: BTreeSet::new(),
            lenient: false,
            sessions: VecDeque::new(),
            session_count: 0,
            undo: Vec::new(),
            last_stamp: now.timestamp_micros(),
        }
    }

    /// The start of a transaction: the time that it writes on every record. No two transactions share one, also where
    /// the clock stands still, since real ones have microseconds.
    pub(crate) fn begin(&mut self, now: DateTime<Utc>) -> i64 {
        self.undo.clear();
        self.last_stamp = now.timestamp_micros().max(self.last_stamp + 1);
        self.last_stamp
    }

    pub(crate) fn roll_back(&mut self) {
        while let Some((model, id, before)) = self.undo.pop() {
            let rows = &mut self.tables.entry(model).or_default().rows;
            match before {
                Some(record) => rows.insert(id, record),
                None => rows.remove(&id),
            };
        }
    }

    pub(crate) fn commit(&mut self) {
        self.undo.clear();
    }

    pub(crate) fn rows(&self, model: &str) -> impl Iterator<Item = &Record> {
        self.tables.get(model).into_iter().flat_map(|table| table.rows.values())
    }

    pub(crate) fn row(&self, model: &str, id: i64) -> Option<&Record> {
        self.tables.get(model)?.rows.get(&id)
    }

    /// Puts a row in the place of the one with its id.
    pub(crate) fn put(&mut self, model: &'static str, record: Record) {
        let table = self.tables.entry(model).or_default();
        table.last_id = table.last_id.max(record.id);
        let id = record.id;
        let before = table.rows.insert(id, record);
        self.undo.push((model, id, before));
    }

    pub(crate) fn remove(&mut self, model: &'static str, id: i64) {
        let before = self.tables.get_mut(model).and_then(|table| table.rows.remove(&id));
        self.undo.push((model, id, before));
    }

    /// A number that no row had. Numbers of rows that were rolled back are lost, as in PostgreSQL.
    pub(crate) fn next_id(&mut self, model: &'static str) -> i64 {
        let table = self.tables.entry(model).or_default();
        table.last_id += 1;
        table.last_id
    }

    pub(crate) fn account(&self, uid: i64) -> Option<&Account> {
        self.accounts.iter().find(|account| account.uid == uid)
    }

    pub(crate) fn account_mut(&mut self, uid: i64) -> Option<&mut Account> {
        self.accounts.iter_mut().find(|account| account.uid == uid)
    }

    /// The user with this login, also a deactivated one.
    pub(crate) fn uid_of(&self, login: &str) -> Option<i64> {
        self.rows("res.users").find(|user| user.text("login") == login).map(|user| user.id)
    }

    /// Whether a user may sign in over an API with this secret: a password or one of the user's keys. With a second
    /// factor only a key will do.
    pub(crate) fn accepts(&self, uid: i64, secret: &str) -> bool {
        let active = self.row("res.users", uid).is_some_and(|user| user.flag("active"));
        active
            && !secret.is_empty()
            && self.account(uid).is_some_and(|account| {
                account.keys.iter().any(|key| key == secret)
                    || (!account.two_factor && account.password == secret)
            })
    }

    /// Opens a web session for a user and returns its id.
    pub(crate) fn open_session(&mut self, uid: i64) -> String {
        self.session_count += 1;
        // Invented, and different from each other: nobody needs to be kept from guessing them.
        let id = format!("{:040x}", self.session_count.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        self.sessions.push_back((id.clone(), uid));
        if self.sessions.len() > MOST_SESSIONS {
            self.sessions.pop_front();
        }
        id
    }

    /// The user whose web session this is.
    pub(crate) fn session(&self, id: &str) -> Option<i64> {
        self.sessions.iter().find(|(known, _)| known == id).map(|(_, uid)| *uid)
    }

    pub(crate) fn close_session(&mut self, id: &str) {
        self.sessions.retain(|(known, _)| known != id);
    }

    pub(crate) fn session_ids(&self) -> impl Iterator<Item = &str> {
        self.sessions.iter().map(|(id, _)| id.as_str())
    }

    /// The user whose key this is.
    pub(crate) fn owner_of(&self, key: &str) -> Option<i64> {
        let owner = self.accounts.iter().find(|account| account.keys.iter().any(|known| known == key))?;
        self.accepts(owner.uid, key).then_some(owner.uid)
    }
}
