//! What people do in the windows of their Odoo, and what administrators set.

use std::ops::RangeInclusive;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::database::{Database, Operation};
use super::env::Env;
use super::read::Links;
use super::schema::{self, Kind};
use super::trouble::Trouble;
use super::{Odoo, seed};
use crate::sandbox::{Refused, Sandbox};
use crate::{Json, Object};

/// The user whom the provider's own windows belong to.
const ADMINISTRATOR: i64 = 2;

/// How many records there are. Archived ones are counted apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Contacts that a plain search finds.
    pub partners: usize,
    /// Archived contacts.
    pub archived_partners: usize,
    /// Employees that a plain search finds.
    pub employees: usize,
    /// Archived employees.
    pub archived_employees: usize,
    /// Departments.
    pub departments: usize,
    /// Leads and opportunities that a plain search finds.
    pub leads: usize,
    /// Archived ones: those that are lost.
    pub archived_leads: usize,
    /// Orders.
    pub orders: usize,
}

impl Sandbox<Odoo> {
    /// The password of a user.
    pub fn set_password(&self, login: &str, password: impl Into<String>) -> Result<(), Refused> {
        let mut database = self.model().database();
        account(&mut database, login)?.password = password.into();
        Ok(())
    }

    /// Replaces all API keys of a user by one; an empty text leaves none.
    pub fn set_api_key(&self, login: &str, key: impl Into<String>) -> Result<(), Refused> {
        let mut database = self.model().database();
        let keys = Some(key.into()).filter(|key| !key.is_empty());
        account(&mut database, login)?.keys = keys.into_iter().collect();
        Ok(())
    }

    /// Switches a user's second factor on or off. With it only API keys work.
    pub fn set_two_factor(&self, login: &str, on: bool) -> Result<(), Refused> {
        let mut database = self.model().database();
        account(&mut database, login)?.two_factor = on;
        Ok(())
    }

    /// Whether a user sees private data of employees.
    pub fn set_hr_officer(&self, login: &str, on: bool) -> Result<(), Refused> {
        let mut database = self.model().database();
        account(&mut database, login)?.is_hr_officer = on;
        Ok(())
    }

    /// Takes a right on a model from a user.
    pub fn deny(&self, login: &str, model: &str, operation: Operation) -> Result<(), Refused> {
        deny(&mut self.model().database(), login, model, operation)
    }

    /// Hides a record from a user, as a record rule does.
    pub fn hide(&self, login: &str, model: &str, id: i64) -> Result<(), Refused> {
        let mut database = self.model().database();
        let uid = account(&mut database, login)?.uid;
        database.hidden.insert((uid, model.to_owned(), id));
        Ok(())
    }

    /// Hides every record of a model from a user, as a rule that no record fulfils does.
    pub fn hide_all(&self, login: &str, model: &str) -> Result<(), Refused> {
        hide_all(&mut self.model().database(), login, model)
    }

    /// Makes writing and deleting skip what is not there and say that it is done, as some servers do.
    pub fn set_lenient(&self, on: bool) {
        self.model().database().lenient = on;
    }

    /// Defines a property that the leads of a sales team have: its technical name, type and label.
    pub fn define_property(&self, team: i64, name: &str, kind: &str, label: &str) -> Result<(), Refused> {
        define_property(&mut self.model().database(), team, name, kind, label)
    }

    /// Adds many messages to a record, of which a user sees none, and returns their ids.
    pub fn add_hidden_messages(&self, login: &str, count: u32) -> Result<RangeInclusive<i64>, Refused> {
        let mut database = self.model().database();
        let uid = account(&mut database, login)?.uid;
        let stamp = database.begin(self.now());
        let ids = seed::more_messages(&mut database, count, stamp);
        database.hidden.extend(ids.clone().map(|id| (uid, "mail.message".to_owned(), id)));
        Ok(ids)
    }

    /// Gives back all rights that were taken, and shows what was hidden.
    pub fn allow_everything(&self) {
        let mut database = self.model().database();
        database.denied.clear();
        database.hidden.clear();
        database.blind.clear();
    }

    /// A record as an administrator reads it, archived ones too.
    #[must_use]
    pub fn record(&self, model: &str, id: i64) -> Option<Json> {
        let now = self.now();
        let read = |env: &mut Env<'_>| {
            let model = env.model(model)?;
            env.read(&model, &[id], &Json::Null, Links::Named)
        };
        let rows = as_people(&mut self.model().database(), now, read).ok()?;
        rows.as_array()?.first().cloned()
    }

    /// Creates a record with the provider's checks.
    pub fn create(&self, model: &str, vals: impl Into<Json>) -> Result<i64, Refused> {
        create(&mut self.model().database(), self.now(), model, &vals.into())
    }

    /// Changes a record with the provider's checks. Archiving is writing `active`.
    pub fn update(&self, model: &str, id: i64, vals: impl Into<Json>) -> Result<(), Refused> {
        update(&mut self.model().database(), self.now(), model, id, &vals.into())
    }

    /// Deletes a record. Nothing of it is left to see.
    pub fn delete(&self, model: &str, id: i64) -> Result<(), Refused> {
        delete(&mut self.model().database(), self.now(), model, id)
    }

    /// Archives a record, as most people do instead of deleting it.
    pub fn archive(&self, model: &str, id: i64) -> Result<(), Refused> {
        self.update(model, id, Object::default().with("active", false))
    }

    /// Changes fields of a record and gives it any write date, also one that has passed: what a transaction leaves that
    /// took long. Nothing is checked and related records are ids, so that anything a database could hold can be made.
    pub fn backdate(
        &self,
        model: &str,
        id: i64,
        vals: impl Into<Json>,
        written: DateTime<Utc>,
    ) -> Result<(), Refused> {
        backdate(&mut self.model().database(), model, id, &vals.into(), written)
    }

    /// Makes two departments stand above each other, and two managers too, which no form allows.
    pub fn make_cycle(&self) -> Result<(), Refused> {
        make_cycle(&mut self.model().database(), self.now())
    }

    /// Adds a field of the customer's own. By custom its name begins with `x_`.
    pub fn add_field(&self, model: &str, name: &str, label: &str, kind: Kind) -> Result<(), Refused> {
        let mut database = self.model().database();
        let field = schema::field(name.to_owned(), label.to_owned(), kind);
        if Arc::make_mut(&mut database.schema).add_field(model, field) { Ok(()) } else { Err(unknown(model)) }
    }

    /// Takes a field away, as an upgrade does.
    pub fn remove_field(&self, model: &str, name: &str) -> Result<(), Refused> {
        let mut database = self.model().database();
        if Arc::make_mut(&mut database.schema).remove_field(model, name) {
            Ok(())
        } else {
            Err(unknown(model))
        }
    }

    /// Adds many companies at once and returns their ids.
    pub fn add_partners(&self, count: u32) -> RangeInclusive<i64> {
        let mut database = self.model().database();
        let stamp = database.begin(self.now());
        seed::more_partners(&mut database, count, stamp)
    }

    /// How many records there are.
    #[must_use]
    pub fn summary(&self) -> Summary {
        summary(&self.model().database())
    }
}

fn unknown(model: &str) -> Refused {
    Refused(format!("there is no model {model:?} with that"))
}

pub(super) fn account<'d>(
    database: &'d mut Database,
    login: &str,
) -> Result<&'d mut super::database::Account, Refused> {
    let uid = database.uid_of(login).ok_or_else(|| Refused(format!("there is no user {login:?}")))?;
    database.account_mut(uid).ok_or_else(|| Refused(format!("{login:?} cannot sign in")))
}

pub(super) fn deny(
    database: &mut Database,
    login: &str,
    model: &str,
    operation: Operation,
) -> Result<(), Refused> {
    let uid = account(database, login)?.uid;
    if database.schema.model(model).is_none() {
        return Err(unknown(model));
    }
    database.denied.insert((uid, model.to_owned(), operation));
    Ok(())
}

pub(super) fn hide_all(database: &mut Database, login: &str, model: &str) -> Result<(), Refused> {
    let uid = account(database, login)?.uid;
    if database.schema.model(model).is_none() {
        return Err(unknown(model));
    }
    database.blind.insert((uid, model.to_owned()));
    Ok(())
}

pub(super) fn define_property(
    database: &mut Database,
    team: i64,
    name: &str,
    kind: &str,
    label: &str,
) -> Result<(), Refused> {
    let mut record = database
        .row("crm.team", team)
        .cloned()
        .ok_or_else(|| Refused(format!("there is no crm.team {team}")))?;
    let mut defined = record.get("lead_properties_definition").as_array().unwrap_or_default().to_vec();
    let definition = Object::default()
        .with("name", name.to_owned())
        .with("type", kind.to_owned())
        .with("string", label.to_owned());
    defined.push(definition.into());
    record.set("lead_properties_definition", defined.into());
    database.put("crm.team", record);
    database.commit();
    Ok(())
}

/// Runs something with all rights, as one transaction.
fn as_people<T>(
    database: &mut Database,
    now: DateTime<Utc>,
    work: impl FnOnce(&mut Env<'_>) -> Result<T, Trouble>,
) -> Result<T, Refused> {
    let version = database.schema.version;
    let stamp = database.begin(now);
    let outcome = work(&mut Env::for_people(database, ADMINISTRATOR, stamp));
    match outcome {
        Ok(value) => {
            database.commit();
            Ok(value)
        }
        Err(trouble) => {
            database.roll_back();
            Err(Refused(trouble.message(version)))
        }
    }
}

pub(super) fn create(
    database: &mut Database,
    now: DateTime<Utc>,
    model: &str,
    vals: &Json,
) -> Result<i64, Refused> {
    let vals = vals.as_object().cloned().unwrap_or_default();
    as_people(database, now, |env| {
        let model = env.model(model)?;
        env.create(&model, &vals)
    })
}

pub(super) fn update(
    database: &mut Database,
    now: DateTime<Utc>,
    model: &str,
    id: i64,
    vals: &Json,
) -> Result<(), Refused> {
    let vals = vals.as_object().cloned().unwrap_or_default();
    as_people(database, now, |env| {
        let model = env.model(model)?;
        env.write(&model, &[id], &vals)
    })
}

pub(super) fn delete(
    database: &mut Database,
    now: DateTime<Utc>,
    model: &str,
    id: i64,
) -> Result<(), Refused> {
    as_people(database, now, |env| {
        let model = env.model(model)?;
        env.unlink(&model, &[id])
    })
}

pub(super) fn backdate(
    database: &mut Database,
    model: &str,
    id: i64,
    vals: &Json,
    written: DateTime<Utc>,
) -> Result<(), Refused> {
    let known = database.schema.model(model).map(|model| model.name).ok_or_else(|| unknown(model))?;
    let mut record =
        database.row(known, id).cloned().ok_or_else(|| Refused(format!("there is no {model} {id}")))?;
    for (name, value) in vals.as_object().cloned().unwrap_or_default().iter() {
        record.set(name.to_owned(), value.clone());
    }
    record.written = written.timestamp_micros();
    database.put(known, record);
    database.commit();
    Ok(())
}

pub(super) fn make_cycle(database: &mut Database, now: DateTime<Utc>) -> Result<(), Refused> {
    for model in ["hr.department", "hr.employee"] {
        let below = database.rows(model).find(|row| row.link("parent_id").is_some());
        let pair = below.and_then(|below| Some((below.id, below.link("parent_id")?)));
        let (below, above) = pair.ok_or_else(|| Refused(format!("no {model} stands below another")))?;
        backdate(database, model, above, &Object::default().with("parent_id", below).into(), now)?;
    }
    Ok(())
}

pub(super) fn summary(database: &Database) -> Summary {
    let count =
        |model: &str, active: bool| database.rows(model).filter(|row| row.flag("active") == active).count();
    Summary {
        partners: count("res.partner", true),
        archived_partners: count("res.partner", false),
        employees: count("hr.employee", true),
        archived_employees: count("hr.employee", false),
        departments: count("hr.department", true),
        leads: count("crm.lead", true),
        archived_leads: count("crm.lead", false),
        orders: database.rows("sale.order").count(),
    }
}
