//! Reads structs from a tree, and remembers where it was when something was wrong.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::{DocumentError, Mark, Member, Node, Value, did_you_mean};

impl serde::de::Error for DocumentError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("there is no setting {field:?} here")).with_advice(did_you_mean(field, expected))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("the word {variant:?} is not known here"))
            .with_advice(did_you_mean(variant, expected))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("the setting {field:?} is missing"))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        let found = match found {
            Unexpected::Unit => "null",
            Unexpected::Map => "an object",
            Unexpected::Seq => "a list",
            Unexpected::Str(_) => "a text",
            Unexpected::Bool(_) => "a boolean",
            Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
            _ => "something else",
        };
        Self::custom(format!("here stands {found}, and should stand {expected}"))
    }
}

/// serde_json's way to ask for a value as it is written.
const RAW: &str = "$serde_json::private::RawValue";

impl<'de> Deserializer<'de> for &'de Node {
    type Error = DocumentError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Number(text) => match (text.parse::<u64>(), text.parse::<i64>()) {
                (Ok(number), _) => visitor.visit_u64(number),
                (_, Ok(number)) => visitor.visit_i64(number),
                _ => visitor.visit_f64(text.parse().map_err(DocumentError::custom)?),
            },
            Value::Text(text) => visitor.visit_borrowed_str(text),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Object(members) => visitor.visit_map(Members::new(members)),
        }
        .map_err(|wrong| wrong.at(self.mark))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DocumentError> {
        // A setting that is there is meant: null is a value like any other.
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        if name == RAW {
            return visitor
                .visit_map(Raw(Some(self.to_json())))
                .map_err(|wrong: DocumentError| wrong.at(self.mark));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        match &self.value {
            Value::Object(members) => visitor.visit_map(Members::new(members)),
            other => Err(DocumentError::custom(format!(
                "here stands {}, and should stand an object",
                other.kind()
            ))),
        }
        .map_err(|wrong| wrong.at(self.mark))
    }

    /// A word, or an object with that word as its only member.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DocumentError> {
        let variant = match &self.value {
            Value::Text(name) => Variant { name, mark: self.mark, settings: None },
            // `otherwise: null` is meant as the word.
            Value::Null if variants.contains(&"null") => {
                Variant { name: "null", mark: self.mark, settings: None }
            }
            Value::Object(members) => match members.as_slice() {
                [member] => Variant { name: &member.name, mark: member.mark, settings: Some(&member.node) },
                [_, second, ..] => {
                    let wrong =
                        DocumentError::custom("here stands a second word, and should stand one alone");
                    return Err(wrong.at(second.mark));
                }
                [] => return Err(DocumentError::custom("a word is missing").at(self.mark)),
            },
            _ => {
                let wrong =
                    DocumentError::custom(format!("here should stand one of {}", variants.join(", ")));
                return Err(wrong.at(self.mark));
            }
        };
        visitor.visit_enum(variant).map_err(|wrong| wrong.at(self.mark))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = DocumentError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, DocumentError> {
        self.0.next().map(|node| seed.deserialize(node).map_err(|wrong| wrong.at(node.mark))).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

struct Members<'de> {
    rest: std::slice::Iter<'de, Member>,
    value: Option<&'de Node>,
}

impl<'de> Members<'de> {
    fn new(members: &'de [Member]) -> Self {
        Self { rest: members.iter(), value: None }
    }
}

impl<'de> MapAccess<'de> for Members<'de> {
    type Error = DocumentError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DocumentError> {
        let Some(member) = self.rest.next() else { return Ok(None) };
        self.value = Some(&member.node);
        let name: StrDeserializer<'_, DocumentError> = member.name.as_str().into_deserializer();
        seed.deserialize(name).map(Some).map_err(|wrong| wrong.at(member.mark))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DocumentError> {
        let node = self.value.take().ok_or_else(|| DocumentError::custom("a value is missing"))?;
        seed.deserialize(node).map_err(|wrong| wrong.at(node.mark))
    }
}

/// The one member that serde_json looks for.
struct Raw(Option<String>);

impl<'de> MapAccess<'de> for Raw {
    type Error = DocumentError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DocumentError> {
        if self.0.is_none() {
            return Ok(None);
        }
        let name: StrDeserializer<'_, DocumentError> = RAW.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DocumentError> {
        seed.deserialize(self.0.take().unwrap_or_default().into_deserializer())
    }
}

struct Variant<'de> {
    name: &'de str,
    mark: Mark,
    settings: Option<&'de Node>,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = DocumentError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), DocumentError> {
        let name: StrDeserializer<'_, DocumentError> = self.name.into_deserializer();
        let variant = seed.deserialize(name).map_err(|wrong| wrong.at(self.mark))?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = DocumentError;

    fn unit_variant(self) -> Result<(), DocumentError> {
        match self.settings {
            // `trim: {}` and `trim:` mean `trim`.
            None | Some(Node { value: Value::Null, .. }) => Ok(()),
            Some(Node { value: Value::Object(members), .. }) if members.is_empty() => Ok(()),
            Some(node) => {
                Err(DocumentError::custom(format!("{:?} has no settings", self.name)).at(node.mark))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DocumentError> {
        match self.settings {
            Some(node) => seed.deserialize(node),
            // The word alone: all settings at their defaults.
            None => {
                let name = self.name;
                seed.deserialize(MapAccessDeserializer::new(Members::new(&[]))).map_err(
                    |mut wrong: DocumentError| {
                        wrong.message = format!("{name:?} needs settings: {}", wrong.message);
                        wrong
                    },
                )
            }
        }
        .map_err(|wrong| wrong.at(self.mark))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, DocumentError> {
        Err(DocumentError::custom(format!("{:?} takes no list", self.name)).at(self.mark))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, DocumentError> {
        Err(DocumentError::custom(format!("{:?} takes no settings", self.name)).at(self.mark))
    }
}
