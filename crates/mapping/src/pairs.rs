//! A table's entries: a list of pairs, or an object.

use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize, Serializer};
use tieline_core::RawJson;

#[cfg(test)]
#[derive(schemars::JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "only its schema is used")]
pub(crate) enum Written {
    /// The provider's texts with the host's values.
    Object(std::collections::BTreeMap<String, serde_json::Value>),
    /// Pairs of a value at the provider and the host's value.
    Pairs(Vec<(serde_json::Value, serde_json::Value)>),
}

pub(crate) fn serialize<S: Serializer>(
    entries: &[(RawJson, RawJson)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    entries.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Vec<(RawJson, RawJson)>, D::Error> {
    deserializer.deserialize_any(Pairs)
}

struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(RawJson, RawJson)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, or a list of pairs")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, RawJson>()? {
            entries.push((crate::mapping::literal(name), value));
        }
        Ok(entries)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(pair) = seq.next_element()? {
            entries.push(pair);
        }
        Ok(entries)
    }
}
