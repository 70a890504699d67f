//! A JSON value that keeps numbers as the text they were written in.
//!
//! Money must leave the sandbox exactly as it came in. A number that goes through `f64` does not, and
//! `serde_json`'s switch for it would change the types of everyone in the build.

use std::borrow::Cow;
use std::fmt;

use serde_json::value::RawValue;

/// How deep a document may nest before it is refused.
const DEEPEST: usize = 64;

/// A JSON value with exact numbers and with keys in the order in which they were written.
///
/// ```
/// use tieline_sandbox::Json;
///
/// let json = Json::parse(br#"{"value": 12345678901234567.89}"#)?;
/// assert_eq!(json.to_string(), r#"{"value":12345678901234567.89}"#);
/// # Ok::<(), tieline_sandbox::NotJson>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A whole number that fits 64 bits.
    Int(i64),
    /// Any other number, as its text.
    Decimal(Cow<'static, str>),
    /// A string.
    Text(Cow<'static, str>),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Object),
}

/// The members of a JSON object, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object(Vec<(Cow<'static, str>, Json)>);

/// The bytes were no JSON document, or one that nests too deep.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotJson(String);

impl fmt::Display for NotJson {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "not a JSON document: {}", self.0)
    }
}

impl std::error::Error for NotJson {}

impl Json {
    /// Reads a document.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotJson> {
        let raw: &RawValue = serde_json::from_slice(bytes).map_err(|error| NotJson(error.to_string()))?;
        Self::from_raw(raw, 0)
    }

    fn from_raw(raw: &RawValue, depth: usize) -> Result<Self, NotJson> {
        let refused = |error: serde_json::Error| NotJson(error.to_string());
        let text = raw.get().trim();
        if depth > DEEPEST {
            return Err(NotJson("nested too deep".into()));
        }
        Ok(match text.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(text).map_err(refused)?;
                let mut object = Object::default();
                for (key, value) in members.0 {
                    object.set(key, Self::from_raw(value, depth + 1)?);
                }
                Self::Object(object)
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text).map_err(refused)?;
                Self::Array(
                    items
                        .into_iter()
                        .map(|item| Self::from_raw(item, depth + 1))
                        .collect::<Result<_, _>>()?,
                )
            }
            Some(b'"') => Self::Text(serde_json::from_str::<String>(text).map_err(refused)?.into()),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') | None => Self::Null,
            Some(_) => text.parse().map_or_else(|_| Self::Decimal(text.to_owned().into()), Self::Int),
        })
    }

    /// A number from the text that it shall be written in.
    ///
    /// ```
    /// use tieline_sandbox::Json;
    ///
    /// assert_eq!(Json::decimal("12345.67").to_string(), "12345.67");
    /// ```
    pub fn decimal(text: impl Into<Cow<'static, str>>) -> Self {
        let text = text.into();
        text.parse().map_or_else(|_| Self::Decimal(text), Self::Int)
    }

    /// The member of an object, or `None` where there is none.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object().and_then(|object| object.get(key))
    }

    /// The members, when this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        if let Self::Object(object) = self { Some(object) } else { None }
    }

    /// The items, when this is an array.
    #[must_use]
    pub fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    /// The text, when this is a string.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The whole number, when this is one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Int(number) = self { Some(*number) } else { None }
    }

    /// The flag, when this is one.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(flag) = self { Some(*flag) } else { None }
    }

    /// Whether this is `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    fn write(&self, out: &mut impl fmt::Write) -> fmt::Result {
        match self {
            Self::Null => out.write_str("null"),
            Self::Bool(flag) => write!(out, "{flag}"),
            Self::Int(number) => write!(out, "{number}"),
            Self::Decimal(text) => out.write_str(text),
            Self::Text(text) => write_text(text, out),
            Self::Array(items) => {
                out.write_char('[')?;
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    item.write(out)?;
                }
                out.write_char(']')
            }
            Self::Object(object) => {
                out.write_char('{')?;
                for (index, (key, value)) in object.iter().enumerate() {
                    if index > 0 {
                        out.write_char(',')?;
                    }
                    write_text(key, out)?;
                    out.write_char(':')?;
                    value.write(out)?;
                }
                out.write_char('}')
            }
        }
    }
}

fn write_text(text: &str, out: &mut impl fmt::Write) -> fmt::Result {
    out.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

impl fmt::Display for Json {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out)
    }
}

impl Object {
    /// The value under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// Puts a value under a key: in place where the key exists, at the end otherwise.
    pub fn set(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Json>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(name, _)| *name == key) {
            Some((_, slot)) => *slot = value,
            None => self.0.push((key, value)),
        }
    }

    /// Adds members whose keys are known to be new, without looking for them.
    pub(crate) fn of_new(members: impl Iterator<Item = (&'static str, Json)>) -> Self {
        Self(members.map(|(key, value)| (Cow::Borrowed(key), value)).collect())
    }

    /// The same object with one more member, for literals.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<Json>) -> Self {
        self.set(key, value);
        self
    }

    /// Takes a member out.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let index = self.0.iter().position(|(name, _)| name == key)?;
        Some(self.0.remove(index).1)
    }

    /// The members in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// Whether there is no member.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The members of an object as they stand in the text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(InOrder)
    }
}

macro_rules! json_from {
    ($($source:ty => |$value:ident| $made:expr),+ $(,)?) => {
        $(impl From<$source> for Json {
            fn from($value: $source) -> Self {
                $made
            }
        })+
    };
}

json_from! {
    bool => |flag| Self::Bool(flag),
    i64 => |number| Self::Int(number),
    i32 => |number| Self::Int(number.into()),
    u32 => |number| Self::Int(number.into()),
    usize => |number| Self::Int(i64::try_from(number).unwrap_or(i64::MAX)),
    &'static str => |text| Self::Text(text.into()),
    String => |text| Self::Text(text.into()),
    Object => |object| Self::Object(object),
    Vec<Json> => |items| Self::Array(items),
}

impl<T: Into<Self>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// What `serde_json::json!` builds. A decimal in it has been an `f64` already: write exact ones with
/// [`Json::decimal`] or [`Json::parse`].
impl From<serde_json::Value> for Json {
    fn from(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Bool(flag),
            Value::Number(number) => Self::decimal(number.to_string()),
            Value::String(text) => Self::Text(text.into()),
            Value::Array(items) => Self::Array(items.into_iter().map(Self::from).collect()),
            Value::Object(members) => {
                let mut object = Object::default();
                for (key, value) in members {
                    object.set(key, value);
                }
                Self::Object(object)
            }
        }
    }
}
