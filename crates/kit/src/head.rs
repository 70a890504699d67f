use std::borrow::Cow;
use std::fmt;

use serde::de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use tieline_core::Key;

/// An id in a record's head: a number or a text, in place. `None` for anything else, so that one odd record does not
/// fail its page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadKey(pub Option<Key>);

/// A text in a record's head, borrowed from the page unless it is written with escapes. `None` for anything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeadText<'a>(pub Option<Cow<'a, str>>);

/// A flag in a record's head: `true`, `false`, 1 or 0. `None` for anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeadFlag(pub Option<bool>);

impl<'de> Deserialize<'de> for HeadFlag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FlagVisitor)
    }
}

impl HeadText<'_> {
    /// The text.
    pub fn get(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

impl<'de> Deserialize<'de> for HeadKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KeyVisitor)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for HeadText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct KeyVisitor;
struct TextVisitor;
struct FlagVisitor;

/// Everything that is not the wanted value is walked over.
macro_rules! nothing_else {
    ($nothing:expr; $($method:ident: $type:ty),*) => {
        $(fn $method<E: de::Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok($nothing)
        })*

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }

        fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($nothing)
        }
    };
}

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = HeadKey;

    fn visit_u64<E: de::Error>(self, id: u64) -> Result<HeadKey, E> {
        Ok(HeadKey(Some(Key::from(id))))
    }

    fn visit_i64<E: de::Error>(self, id: i64) -> Result<HeadKey, E> {
        Ok(HeadKey(Some(Key::from(id))))
    }

    fn visit_str<E: de::Error>(self, id: &str) -> Result<HeadKey, E> {
        Ok(HeadKey((!id.is_empty()).then(|| Key::new(id))))
    }

    nothing_else!(HeadKey(None); visit_bool: bool, visit_f64: f64);
}

impl<'de> Visitor<'de> for TextVisitor {
    type Value = HeadText<'de>;

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<HeadText<'de>, E> {
        Ok(HeadText(Some(Cow::Borrowed(text))))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<HeadText<'de>, E> {
        Ok(HeadText(Some(Cow::Owned(text.to_owned()))))
    }

    nothing_else!(HeadText(None); visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
}

impl<'de> Visitor<'de> for FlagVisitor {
    type Value = HeadFlag;

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<HeadFlag, E> {
        Ok(HeadFlag(Some(flag)))
    }

    fn visit_u64<E: de::Error>(self, flag: u64) -> Result<HeadFlag, E> {
        Ok(HeadFlag(match flag {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }))
    }

    nothing_else!(HeadFlag(None); visit_i64: i64, visit_f64: f64, visit_str: &str);
}
