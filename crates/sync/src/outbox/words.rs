//! What a person reads about an operation.

use tieline_core::{Error, FieldPath, Key, Record, WriteOp};
use tieline_store::outbox::Entry;

/// How many keys or fields a text names.
const NAMED: usize = 10;

/// Why not finding a marker does not settle it.
pub(super) const UNPROVEN: &str = "the process that sent it ended before it was known whether the record would carry its \
                                   marker, and no record carries it";

/// Asks whether an operation happened.
pub(super) fn question(entry: &Entry, why: &str) -> String {
    let entity = &entry.entity;
    let (what, look) = match &entry.operation.op {
        WriteOp::Create { .. } => (
            format!("the create of a record of {entity}"),
            "Look for it at the provider. If it is there, answer that it is done, with its key",
        ),
        WriteOp::Update { key, .. } => (
            format!("the change of record {key} of {entity}"),
            "Look at the record. If it has the new values, answer that it is done",
        ),
        WriteOp::Delete { key, .. } => (
            format!("the deletion of record {key} of {entity}"),
            "Look for the record. If it is gone, answer that it is done",
        ),
        WriteOp::Invoke { action, key: Some(key), .. } => (
            format!("the action {action} on record {key} of {entity}"),
            "Look for its effect. If that is there, answer that it is done",
        ),
        WriteOp::Invoke { action, .. } => (
            format!("the action {action} of {entity}"),
            "Look for its effect. If that is there, answer that it is done",
        ),
        _ => (
            format!("an operation on {entity}"),
            "Look for its effect. If that is there, answer that it is done",
        ),
    };
    let sent = entry.attempted_at.map(|time| time.format(", sent at %Y-%m-%d %H:%M UTC,").to_string());
    let sent = sent.unwrap_or_default();
    format!(
        "It is not known whether {what}{sent} took effect: {why}. {look}; if not, answer that it is not done, and it is \
         sent again."
    )
}

/// Asks which of several records is the one.
pub(super) fn several(entry: &Entry, marker: &impl std::fmt::Display, keys: &[Key]) -> String {
    format!(
        "{} records of {} carry the marker {marker}, which one create was sent with: {}. Remove the surplus ones at \
         the provider, then answer that it is done, with the key of the one that stays.",
        keys.len(),
        entry.entity,
        named(keys)
    )
}

pub(super) fn partial(applied: &[FieldPath], error: &Error) -> String {
    let written = if applied.is_empty() { "nothing that was named".to_owned() } else { named(applied) };
    format!("written: {written}; the rest was not: {error}")
}

pub(super) fn conflict(current: Option<&Record>) -> String {
    let version = current.and_then(|record| record.version.as_ref());
    let version = version.map(|version| format!(" ({version})")).unwrap_or_default();
    format!(
        "the record has another version{version} than the one that was to be changed: read it again, and decide \
         whether the change still holds"
    )
}

fn named<T: ToString>(names: &[T]) -> String {
    let mut list: Vec<String> = names.iter().take(NAMED).map(ToString::to_string).collect();
    if names.len() > NAMED {
        list.push(format!("and {} more", names.len() - NAMED));
    }
    list.join(", ")
}
