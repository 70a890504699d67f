//! The public settings of a connection, from `--config`.

use std::path::Path;

use serde_json::{Map, Value};
use tieline::{ConnectorSpec, Error, ErrorKind, Result};

use crate::credential::{example, read_file};
use crate::encoding::without_mark;

const LARGEST: u64 = 1 << 20;

/// Parts of names that only secrets have.
const SECRET_WORDS: [&str; 9] = [
    "token",
    "secret",
    "password",
    "passwd",
    "apikey",
    "privatekey",
    "accesskey",
    "credential",
    "authorization",
];

/// Reads the settings. Without any, they are an empty object, and the connector says what it lacks.
pub(crate) fn read(config: Option<&str>, spec: &ConnectorSpec) -> Result<Value> {
    let Some(given) = config.map(without_mark) else { return Ok(Value::Object(Map::new())) };
    let inline = given.trim_start().starts_with('{');
    let text = if inline { given.to_owned() } else { from_file(given)? };
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        Error::new(ErrorKind::Config, format!("the settings in --config are not JSON: {error}"))
            .with_advice("give a JSON object such as '{\"company\":\"acme\"}', or a file that holds one")
    })?;
    if let Some(name) = secret_member(&value, spec) {
        let advice = format!(
            "settings are public: put the credential into TIELINE_CREDENTIAL or a private file, such as {}{}",
            example(spec),
            if inline { ", and renew it, because command lines can be seen by others" } else { "" },
        );
        let message = format!("{name:?} in --config looks like a credential");
        return Err(Error::new(ErrorKind::Config, message).with_advice(advice));
    }
    Ok(value)
}

fn from_file(path: &str) -> Result<String> {
    let bytes = read_file(Path::new(path), LARGEST, "settings", |_| Ok(()))?;
    String::from_utf8(bytes.to_vec())
        .map_err(|_| Error::new(ErrorKind::Config, format!("the settings file {path:?} is not UTF-8")))
}

/// The name of a member that must be a secret, at any depth.
fn secret_member<'v>(value: &'v Value, spec: &ConnectorSpec) -> Option<&'v str> {
    match value {
        Value::Object(members) => members.iter().find_map(|(name, value)| {
            if is_secret(name, spec) { Some(name.as_str()) } else { secret_member(value, spec) }
        }),
        Value::Array(items) => items.iter().find_map(|item| secret_member(item, spec)),
        _ => None,
    }
}

fn is_secret(name: &str, spec: &ConnectorSpec) -> bool {
    if spec.config.iter().any(|field| field.name == name) {
        return false;
    }
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let asked_for =
        spec.auth.iter().flat_map(|scheme| scheme.fields()).any(|field| field.secret && field.name == name);
    asked_for || SECRET_WORDS.iter().any(|word| plain.contains(word))
}
