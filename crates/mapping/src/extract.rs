//! Picks the values at several paths out of a JSON text in one pass, borrowed.

use std::fmt;

use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPath, Result, json};

/// Several paths as a tree, so that each text is walked once.
#[derive(Debug, Default)]
pub(crate) struct Extractor {
    root: Node,
    paths: usize,
}

#[derive(Debug, Default)]
struct Node {
    /// The slots of the paths that end here.
    slots: Vec<usize>,
    /// The paths that go on below here, as pointers relative to this node.
    below: Vec<(usize, String)>,
    children: Vec<(String, Node)>,
    /// The children by a quick hash of their names, so that a member of no interest costs one look.
    buckets: Vec<Vec<usize>>,
}

const BUCKETS: usize = 64;

fn bucket(name: &str) -> usize {
    let bytes = name.as_bytes();
    let at = |index: usize| usize::from(bytes.get(index).copied().unwrap_or_default());
    let last = bytes.len().wrapping_sub(1);
    (bytes.len() ^ at(0).wrapping_mul(5) ^ at(last).wrapping_mul(11) ^ at(bytes.len() / 2).wrapping_mul(3))
        % BUCKETS
}

impl Extractor {
    /// The value of `paths[i]` will be in slot `i`.
    pub(crate) fn new(paths: &[FieldPath]) -> Self {
        let mut root = Node::default();
        for (slot, path) in paths.iter().enumerate() {
            root.insert(path.as_str(), slot);
        }
        Self { root, paths: paths.len() }
    }

    /// The values, `None` where there is none.
    pub(crate) fn extract<'a>(&self, text: &'a str) -> Result<Vec<Option<&'a str>>> {
        let mut found = vec![None; self.paths];
        let mut deserializer = serde_json::Deserializer::from_str(text);
        Walk { node: &self.root, found: &mut found }.deserialize(&mut deserializer).map_err(|error| {
            Error::new(ErrorKind::Decode, "the record is not valid JSON").with_source(error)
        })?;
        Ok(found)
    }
}

impl Node {
    fn insert(&mut self, pointer: &str, slot: usize) {
        let Some(rest) = pointer.strip_prefix('/') else {
            self.slots.push(slot);
            return;
        };
        self.below.push((slot, pointer.to_owned()));
        let (first, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let name = crate::paths::unescaped(first);
        let index = self.children.iter().position(|(child, _)| *child == name).unwrap_or_else(|| {
            self.buckets.resize_with(BUCKETS, Vec::new);
            if let Some(bucket) = self.buckets.get_mut(bucket(&name)) {
                bucket.push(self.children.len());
            }
            self.children.push((name, Node::default()));
            self.children.len() - 1
        });
        if let Some((_, child)) = self.children.get_mut(index) {
            child.insert(rest, slot);
        }
    }

    fn child(&self, name: &str) -> Option<&Self> {
        let candidates = self.buckets.get(bucket(name))?;
        let mut children = candidates.iter().filter_map(|index| self.children.get(*index));
        children.find(|(child, _)| child == name).map(|(_, node)| node)
    }

    /// Fills the slots of a subtree from a text that was taken whole: a path ends here and others go on below.
    fn fill_below<'a>(&self, raw: &'a RawValue, found: &mut [Option<&'a str>]) -> Result<()> {
        for (slot, pointer) in &self.below {
            if let Some(place) = found.get_mut(*slot) {
                *place = json::at(raw.get(), pointer)?.map(RawValue::get);
            }
        }
        Ok(())
    }
}

struct Walk<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut [Option<&'de str>],
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.node.slots.is_empty() {
            return deserializer.deserialize_any(self);
        }
        let raw = <&RawValue>::deserialize(deserializer)?;
        for slot in &self.node.slots {
            if let Some(place) = self.found.get_mut(*slot) {
                *place = Some(raw.get());
            }
        }
        self.node.fill_below(raw, self.found).map_err(serde::de::Error::custom)
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(Child(self.node))? {
            match child {
                Some(node) => map.next_value_seed(Walk { node, found: self.found })?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0usize;
        loop {
            let more = match self.node.child(&index.to_string()) {
                Some(node) => seq.next_element_seed(Walk { node, found: self.found })?.is_some(),
                None => seq.next_element::<IgnoredAny>()?.is_some(),
            };
            if !more {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

struct Child<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for Child<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for Child<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_path_may_end_where_another_goes_on() {
        let paths: Vec<FieldPath> = ["/a", "/a/b", "/a/b/0", "/c/1", "/x", ""]
            .iter()
            .filter_map(|p| FieldPath::parse(p).ok())
            .collect();
        let found = Extractor::new(&paths);
        let values = found.extract(r#"{"c":[1,2],"a":{"b":[1.0]}}"#).unwrap();
        assert_eq!(values, [Some(r#"{"b":[1.0]}"#), Some("[1.0]"), Some("1.0"), Some("2"), None]);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ab~/\"\\n]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::hash_map("[ab~/]{0,2}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_serde_json_finds(
            value in any_json(),
            pointers in prop::collection::vec("(/([ab]|~0|~1|0|1){0,2}){1,3}", 1..6),
        ) {
            let text = json!(value).to_string();
            let paths: Vec<FieldPath> = pointers.iter().map(|p| FieldPath::parse(p).unwrap()).collect();
            let found = Extractor::new(&paths).extract(&text).unwrap();
            for (pointer, raw) in pointers.iter().zip(found) {
                let expected = value.pointer(pointer).map(Value::to_string);
                prop_assert_eq!(raw.map(str::to_owned), expected, "{} of {}", pointer, text);
            }
        }
    }
}
