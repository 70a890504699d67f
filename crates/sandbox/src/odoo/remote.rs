//! The commands from another process: the control interface's part for Odoo.

use chrono::{DateTime, Utc};

use super::commands::{
    account, backdate, create, define_property, delete, deny, hide_all, make_cycle, summary, update,
};
use super::database::{Database, Operation};
use super::{Odoo, Version, seed};
use crate::control::done;
use crate::sandbox::{Command, Refused};
use crate::{Json, Object};

/// What another process can add in one call; more would be a slip, and fill the memory.
const MOST_AT_ONCE: u32 = 500_000;

pub(crate) fn obey(odoo: &Odoo, command: &Command<'_>, now: DateTime<Utc>) -> Option<Result<Json, Refused>> {
    let mut database = odoo.database();
    let database = &mut *database;
    let number = |text: &str| text.parse::<i64>().map_err(|_| Refused("the id must be an integer".into()));
    let text = |name: &str| command.body.get(name).and_then(Json::as_str);
    Some(match (command.method, command.path) {
        ("GET", []) => Ok(about(database, odoo.version)),
        ("GET", ["summary"]) => serde_json::to_value(summary(database))
            .map(Json::from)
            .map_err(|error| Refused(error.to_string())),
        ("PUT", ["users", login]) => account(database, login).and_then(|account| {
            if let Some(password) = text("password") {
                password.clone_into(&mut account.password);
            }
            if let Some(key) = text("api_key") {
                account.keys = Some(key.to_owned()).filter(|key| !key.is_empty()).into_iter().collect();
            }
            let flag = |name: &str| command.body.get(name).and_then(Json::as_bool);
            account.two_factor = flag("two_factor").unwrap_or(account.two_factor);
            account.is_hr_officer = flag("hr_officer").unwrap_or(account.is_hr_officer);
            account.own_leads_only = flag("own_leads_only").unwrap_or(account.own_leads_only);
            done()
        }),
        ("POST", ["denials"]) => {
            let operation = Operation::of(text("operation").unwrap_or_default())
                .ok_or_else(|| Refused("`operation` must be read, create, write or unlink".into()));
            let (login, model) = (text("login").unwrap_or_default(), text("model").unwrap_or_default());
            operation.and_then(|operation| deny(database, login, model, operation)).and_then(|()| done())
        }
        ("DELETE", ["denials"]) => {
            database.denied.clear();
            database.hidden.clear();
            database.blind.clear();
            done()
        }
        ("POST", ["blind"]) => {
            hide_all(database, text("login").unwrap_or_default(), text("model").unwrap_or_default())
                .and_then(|()| done())
        }
        ("PUT", ["lenient"]) => {
            database.lenient = command.body.get("on").and_then(Json::as_bool).unwrap_or(true);
            done()
        }
        ("POST", ["crm.team", id, "properties"]) => number(id).and_then(|id| {
            let told = |name: &str| text(name).unwrap_or_default();
            define_property(database, id, told("name"), told("type"), told("string"))?;
            done()
        }),
        ("POST", ["cycle"]) => make_cycle(database, now).and_then(|()| done()),
        ("POST", ["res.partner", "many"]) => {
            let count = command.body.get("count").and_then(Json::as_i64).and_then(|n| u32::try_from(n).ok());
            let count = count.filter(|count| (1..=MOST_AT_ONCE).contains(count));
            count
                .ok_or_else(|| Refused(format!("`count` must be a whole number from 1 to {MOST_AT_ONCE}")))
                .map(|count| {
                    let stamp = database.begin(now);
                    let ids = seed::more_partners(database, count, stamp);
                    Object::default().with("first", *ids.start()).with("last", *ids.end()).into()
                })
        }
        ("POST", [model]) => {
            create(database, now, model, command.body).map(|id| Object::default().with("id", id).into())
        }
        ("PATCH", [model, id]) => {
            number(id).and_then(|id| update(database, now, model, id, command.body)).and_then(|()| done())
        }
        ("DELETE", [model, id]) => {
            number(id).and_then(|id| delete(database, now, model, id)).and_then(|()| done())
        }
        ("POST", [model, id, "archive"]) => number(id)
            .and_then(|id| update(database, now, model, id, &Object::default().with("active", false).into()))
            .and_then(|()| done()),
        ("POST", [model, id, "hide"]) => number(id).and_then(|id| {
            let uid = account(database, text("login").unwrap_or_default())?.uid;
            database.hidden.insert((uid, (*model).to_owned(), id));
            done()
        }),
        ("PATCH", [model, id, "backdate"]) => number(id).and_then(|id| {
            let mut vals = command.body.as_object().cloned().unwrap_or_default();
            let written =
                vals.remove("write_date").and_then(|time| time.as_str()?.parse::<DateTime<Utc>>().ok());
            let written = written.ok_or_else(|| {
                Refused("`write_date` must be a time such as 2026-11-02T08:00:00.5Z".into())
            })?;
            backdate(database, model, id, &vals.into(), written)?;
            done()
        }),
        _ => return None,
    })
}

/// What another process needs to use the sandbox.
fn about(database: &Database, version: Version) -> Json {
    let account = database.account(seed::UID);
    Object::default()
        .with("provider", "odoo")
        .with("version", i64::from(version.number()))
        .with("database", database.name.clone())
        .with("login", seed::LOGIN)
        .with("uid", seed::UID)
        .with("password", account.map(|account| account.password.clone()))
        .with("api_key", account.and_then(|account| account.keys.first().cloned()))
        .into()
}
