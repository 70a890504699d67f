//! The services behind XML-RPC and JSON-RPC: `common`, `db` and `object`.

use super::Version;
use super::database::Database;
use super::env::Env;
use super::methods::Arguments;
use super::trouble::Trouble;
use crate::sandbox::Moment;
use crate::{Json, Object};

/// Calls a method of a service.
pub(crate) fn dispatch(
    db: &mut Database,
    service: &str,
    method: &str,
    params: &[Json],
    moment: Moment,
) -> Result<Json, Trouble> {
    match service {
        "common" => common(db, method, params),
        "db" => databases(db, method, params),
        "object" => object(db, method, params, moment),
        other => Err(Trouble::python("KeyError", format!("'{other}'"))),
    }
}

/// What a server says about itself.
pub(crate) fn about(version: Version) -> Object {
    let number = i64::from(version.number());
    let info: Vec<Json> = vec![number.into(), 0.into(), 0.into(), "final".into(), 0.into(), "".into()];
    Object::default()
        .with("server_version", version.series())
        .with("server_version_info", info)
        .with("server_serie", version.series())
        .with("protocol_version", 1)
}

fn common(db: &Database, method: &str, params: &[Json]) -> Result<Json, Trouble> {
    match method {
        "version" => Ok(about(db.schema.version).into()),
        "authenticate" | "login" => {
            let wanted: &[&str] = match method {
                "login" => &["db", "login", "password"],
                _ => &["db", "login", "password", "user_agent_env"],
            };
            if let Some(name) = wanted.get(params.len()) {
                let message = format!("exp_{method}() missing 1 required positional argument: '{name}'");
                return Err(Trouble::python("TypeError", message));
            }
            let text = |at: usize| params.get(at).and_then(Json::as_str).unwrap_or_default();
            known_database(db, text(0))?;
            let uid = db.uid_of(text(1)).filter(|uid| db.accepts(*uid, text(2)));
            Ok(uid.map_or(Json::Bool(false), Json::Int))
        }
        other => Err(Trouble::python("Exception", format!("Method not found: {other}"))),
    }
}

fn databases(db: &Database, method: &str, params: &[Json]) -> Result<Json, Trouble> {
    match method {
        "list" => Ok(vec![Json::from(db.name.clone())].into()),
        "db_exist" => Ok((params.first().and_then(Json::as_str) == Some(&db.name)).into()),
        "server_version" => Ok(db.schema.version.series().into()),
        // Everything else wants the master password, which nobody has.
        _ => Err(Trouble::Denied),
    }
}

pub(crate) fn known_database(db: &Database, name: &str) -> Result<(), Trouble> {
    if name == db.name {
        return Ok(());
    }
    let message = format!(
        "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  database \"{name}\" does not exist\n"
    );
    Err(Trouble::python("psycopg2.OperationalError", message))
}

fn object(db: &mut Database, method: &str, params: &[Json], moment: Moment) -> Result<Json, Trouble> {
    let keywords = match method {
        "execute_kw" => true,
        "execute" => false,
        other => return Err(Trouble::python("NameError", format!("Method not available {other}"))),
    };
    let [database, uid, secret, model, name, rest @ ..] = params else {
        let message = format!("{method}() missing required positional arguments");
        return Err(Trouble::python("TypeError", message));
    };
    known_database(db, database.as_str().unwrap_or_default())?;
    let uid = uid.as_i64().unwrap_or_default();
    let secret = secret.as_str().unwrap_or_default();
    if uid == 0 || secret.is_empty() {
        return Err(Trouble::Denied);
    }
    if db.row("res.users", uid).is_none() {
        return Err(Trouble::missing("res.users", uid, uid));
    }
    if !db.accepts(uid, secret) {
        return Err(Trouble::Denied);
    }
    let arguments = if keywords {
        let args = rest.first().and_then(Json::as_array).unwrap_or_default().to_vec();
        let named = rest.get(1).and_then(Json::as_object).cloned().unwrap_or_default();
        Arguments::Positional(args, named)
    } else {
        Arguments::Positional(rest.to_vec(), Object::default())
    };
    let (model, name) = (model.as_str().unwrap_or_default(), name.as_str().unwrap_or_default());
    transact(db, uid, moment, |env| env.call(model, name, arguments))
}

/// Runs a call as one transaction: all of it happens, or nothing.
pub(crate) fn transact<T>(
    db: &mut Database,
    uid: i64,
    moment: Moment,
    call: impl FnOnce(&mut Env<'_>) -> Result<T, Trouble>,
) -> Result<T, Trouble> {
    let stamp = db.begin(moment.now);
    let mut env = Env::new(db, uid, stamp);
    env.twist = moment.twist;
    let outcome = call(&mut env);
    match outcome {
        Ok(_) => db.commit(),
        Err(_) => db.roll_back(),
    }
    outcome
}
