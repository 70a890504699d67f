//! Paths as people write them: a JSON Pointer, or a name for a field at the top.

use serde::{Deserialize, Deserializer};
use tieline_core::FieldPath;

/// A name without a slash at its begin is a field at the top of a record.
pub(crate) fn path(pointer: &str) -> FieldPath {
    FieldPath::parse(pointer).unwrap_or_else(|_| FieldPath::field(pointer))
}

pub(crate) fn one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<FieldPath, D::Error> {
    Ok(path(&String::deserialize(deserializer)?))
}

pub(crate) fn optional<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<FieldPath>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.as_deref().map(path))
}

pub(crate) fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<FieldPath>, D::Error> {
    Ok(Vec::<String>::deserialize(deserializer)?.iter().map(String::as_str).map(path).collect())
}

/// The names along a pointer, unescaped.
pub(crate) fn segments(path: &FieldPath) -> impl Iterator<Item = String> {
    path.as_str().split('/').skip(1).map(unescaped)
}

pub(crate) fn unescaped(segment: &str) -> String {
    segment.replace("~1", "/").replace("~0", "~")
}

/// An index into a list, as RFC 6901 writes it.
pub(crate) fn index(segment: &str) -> Option<usize> {
    let canonical = segment == "0" || !segment.starts_with('0');
    let digits = canonical && segment.bytes().all(|byte| byte.is_ascii_digit());
    if digits { segment.parse().ok() } else { None }
}

/// Whether one of two paths leads to or through the other.
pub(crate) fn overlap(one: &FieldPath, other: &FieldPath) -> bool {
    let (one, other) = (one.as_str(), other.as_str());
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    long.strip_prefix(short).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
