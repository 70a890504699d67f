//! JSON kept as the provider's own text: one allocation a record, nothing rounded, fields borrowed on demand.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{Error, ErrorKind, Result};

/// A JSON text that is known to be valid.
///
/// ```
/// use serde::Deserialize;
/// use tieline_core::RawJson;
///
/// #[derive(Deserialize)]
/// struct Named<'a> {
///     name: &'a str,
/// }
///
/// let json = RawJson::parse(r#"{"name":"Ada","value":12345678901234567.89}"#)?;
/// assert_eq!(json.view::<Named>()?.name, "Ada");
/// assert_eq!(json.at("/value")?.map(|value| value.get()), Some("12345678901234567.89"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawJson(Box<str>);

impl RawJson {
    /// Checks a text and keeps it.
    pub fn parse(text: impl Into<Box<str>>) -> Result<Self> {
        let text = text.into();
        serde_json::from_str::<IgnoredAny>(&text).map_err(|error| decode("not valid JSON", error))?;
        Ok(Self(text))
    }

    /// Keeps the text of a value that serde_json already checked.
    pub fn from_raw(raw: &RawValue) -> Self {
        Self(raw.get().into())
    }

    /// Keeps a text that the caller has just walked with a JSON parser. Nothing unsafe follows from a broken one;
    /// later views of it fail.
    pub fn from_checked(text: &str) -> Self {
        Self(text.into())
    }

    /// Writes a value as JSON.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self> {
        let text = serde_json::to_string(value).map_err(|error| {
            Error::new(ErrorKind::Internal, "a value could not be written as JSON").with_source(error)
        })?;
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Reads the fields that `T` names, borrowing from this text.
    pub fn view<'a, T: Deserialize<'a>>(&'a self) -> Result<T> {
        serde_json::from_str(&self.0)
            .map_err(|error| decode("a field has another shape than expected", error))
    }

    /// The value at a JSON Pointer (RFC 6901), borrowed, or `None` when there is none.
    pub fn at(&self, pointer: &str) -> Result<Option<&RawValue>> {
        at(&self.0, pointer)
    }
}

/// The value at a JSON Pointer (RFC 6901) of a JSON text, borrowed, or `None` when there is none.
pub fn at<'a>(text: &'a str, pointer: &str) -> Result<Option<&'a RawValue>> {
    let mut segments = pointer.split('/');
    if segments.next() != Some("") {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the path {pointer:?} does not begin with a slash"),
        )
        .with_advice("write it as a JSON Pointer, such as /person_id or /custom_fields/abc"));
    }
    let segments: Vec<String> =
        segments.map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Find(&segments).deserialize(&mut deserializer).map_err(|error| decode("not valid JSON", error))
}

fn decode(message: &'static str, error: serde_json::Error) -> Error {
    Error::new(ErrorKind::Decode, message).with_source(error)
}

/// Follows the segments down, skipping everything beside the path without building it.
struct Find<'s>(&'s [String]);

impl<'de> DeserializeSeed<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        if self.0.is_empty() {
            return <&RawValue>::deserialize(deserializer).map(Some);
        }
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Find<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(None) };
        let mut found = None;
        while let Some(matches) = map.next_key_seed(KeyIs(first))? {
            if matches {
                found = map.next_value_seed(Find(rest))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some((first, rest)) = self.0.split_first() else { return Ok(None) };
        let mut found = None;
        // RFC 6901: an index has no leading zero and no sign.
        let canonical =
            first == "0" || (!first.starts_with('0') && first.bytes().all(|b| b.is_ascii_digit()));
        let mut left = if canonical { first.parse::<usize>().ok() } else { None };
        loop {
            if left == Some(0) {
                match seq.next_element_seed(Find(rest))? {
                    Some(value) => found = value,
                    None => break,
                }
                left = None;
            } else if seq.next_element::<IgnoredAny>()?.is_some() {
                left = left.map(|n| n - 1);
            } else {
                break;
            }
        }
        Ok(found)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

struct KeyIs<'s>(&'s str);

impl<'de> DeserializeSeed<'de> for KeyIs<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for KeyIs<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// The length only: the text is a customer's data.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

/// The fault of a JSON text and its place, without any of the text. `serde_json::Error` quotes the value that it met.
#[derive(thiserror::Error)]
#[error("{what} (line {line}, column {column})")]
pub(crate) struct JsonFault {
    what: &'static str,
    line: usize,
    column: usize,
}

impl JsonFault {
    pub(crate) fn of(error: &serde_json::Error) -> Self {
        use serde_json::error::Category;

        let what = match error.classify() {
            Category::Io => "it could not be read or written",
            Category::Syntax => "it is not valid JSON",
            Category::Data => "a member or a value is not what was expected",
            Category::Eof => "it ends in the middle",
        };
        Self { what, line: error.line(), column: error.column() }
    }
}

impl fmt::Debug for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonFault({self})")
    }
}

impl fmt::Display for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Box::<str>::from(raw)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str, pointer: &str) -> Option<String> {
        at(json, pointer).unwrap().map(|raw| raw.get().to_owned())
    }

    #[test]
    fn pointers_find_values_as_they_are_written() {
        let json = r#"{"a":[1,{"b~/":1.10}],"":2,"n":null,"a/b":3}"#;
        assert_eq!(found(json, "").as_deref(), Some(json));
        assert_eq!(found(json, "/a/1/b~0~1").as_deref(), Some("1.10"));
        assert_eq!(found(json, "/").as_deref(), Some("2"));
        assert_eq!(found(json, "/n").as_deref(), Some("null"));
        assert_eq!(found(json, "/a~1b").as_deref(), Some("3"));
        for absent in ["/a/2", "/a/01", "/a/-", "/x", "/n/x", "/a/0/x"] {
            assert_eq!(found(json, absent), None, "{absent}");
        }
        assert_eq!(at(json, "a").unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(at("{", "/a").unwrap_err().kind(), ErrorKind::Decode);
    }

    #[test]
    fn a_raw_text_survives_serde() {
        let json: RawJson = serde_json::from_str("1.10").unwrap();
        assert_eq!(serde_json::to_string(&[json]).unwrap(), "[1.10]");
        assert!(RawJson::parse("{").is_err());
    }
}
