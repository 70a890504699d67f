//! The lines of a description that a first page shows.

use serde_json::{Map, Value};
use tieline_core::Result;

use super::client::Client;
use super::plan;
use super::survey::{records_path, sign_of_more};
use crate::stamp::Stamp;

/// Names under which records commonly have their time of change.
const CHANGED: [&str; 14] = [
    "updated_at",
    "updatedAt",
    "update_time",
    "updated",
    "modified_at",
    "modifiedAt",
    "modified",
    "last_modified",
    "lastModified",
    "lastModifiedDateTime",
    "last_updated",
    "lastUpdated",
    "changed_at",
    "changed",
];
/// Names under which records commonly have their key, the best first.
const KEYS: [&str; 6] = ["id", "Id", "ID", "uuid", "key", "number"];

/// The settings that the first page of a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guess {
    /// The records on the page.
    pub records: usize,
    /// The settings to write, each with its value.
    pub lines: Vec<(&'static str, String)>,
    /// Signs of more pages, and members that are missing.
    pub notes: Vec<String>,
}

/// Asks for the first page of an entity's list, and says what it shows.
pub(crate) async fn guess(client: &Client, entity: &str) -> Result<Guess> {
    let found = plan::entity(&client.description, entity)?;
    let Some(request) = found.list.first() else { return Ok(Guess::default()) };
    let response = client.send(request, &client.words(), true).await?;
    let text = response.text()?;
    let records = records_path(text, entity)?;
    let mut guess = Guess::default();
    guess.lines.push(("records", quoted(&records.to_string())));
    let page: Value = serde_json::from_str(text).unwrap_or_default();
    let items =
        page.pointer(&records.to_string()).and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
    guess.records = items.len();
    let objects: Vec<&Map<String, Value>> = items.iter().filter_map(Value::as_object).collect();
    if objects.is_empty() {
        guess
            .notes
            .push("the page holds no records, so neither key nor time of change can be seen".to_owned());
        return Ok(guess);
    }
    match KEYS.iter().find(|name| objects.iter().all(|record| record.get(**name).is_some_and(is_key))) {
        Some(key) => guess.lines.push(("key", (*key).to_owned())),
        None => guess.notes.push("no member looks like a key: say which it is with `key`".to_owned()),
    }
    match CHANGED.iter().find(|name| objects.iter().all(|record| record.get(**name).is_some_and(is_time))) {
        Some(changed) => guess.lines.push(("changed", (*changed).to_owned())),
        None => guess
            .notes
            .push("no member looks like a time of change: each run will read everything".to_owned()),
    }
    if let Some(sign) = sign_of_more(text, response.header("link"), items.len()) {
        guess.notes.push(format!("there are more pages: {sign}"));
    }
    Ok(guess)
}

fn is_key(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.is_empty(),
        Value::Number(_) => true,
        _ => false,
    }
}

fn is_time(value: &Value) -> bool {
    match value {
        Value::String(text) => Stamp::parse(text, false, None).is_some(),
        Value::Number(number) => number.as_i64().is_some_and(|number| number > 100_000_000),
        _ => false,
    }
}

/// A path as YAML takes it.
fn quoted(path: &str) -> String {
    match path.strip_prefix('/') {
        None => "\"\"".to_owned(),
        Some(name)
            if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            name.to_owned()
        }
        Some(_) => format!("{path:?}"),
    }
}
