//! Picks the values at several paths out of a JSON text in one pass, borrowed.

use std::sync::OnceLock;

use tieline_core::{Error, ErrorKind, FieldPath, Result};

use crate::order::Order;
use crate::scan::{Flaw, Malformed, Scanner, unescaped};

/// The value at one path of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Slot<'a> {
    #[default]
    Absent,
    /// As it is written.
    Value(&'a str),
    /// A value that cannot be read.
    Flawed(Flaw),
    /// The provider says that this user may not see the value.
    Unseen,
}

/// Several paths as a tree, so that each text is walked once.
#[derive(Debug, Default)]
pub(crate) struct Extractor {
    root: Node,
    paths: usize,
    /// Texts that a provider writes in the place of a value that may not be seen.
    unseen: Vec<String>,
}

#[derive(Debug, Default)]
struct Node {
    /// The slots of the paths that end here.
    slots: Vec<usize>,
    children: Vec<Child>,
    /// The first child of each bucket, counted from one, so that a member of no interest costs one look.
    buckets: Vec<u32>,
    /// One more than the largest index among the children.
    items: usize,
    /// The order in which the members of the first object came.
    order: OnceLock<Order>,
}

#[derive(Debug)]
struct Child {
    name: String,
    node: Node,
    /// The next child of the same bucket, counted from one.
    next: u32,
}

const BUCKETS: usize = 128;
/// Deeper paths lead nowhere.
const DEEPEST: usize = 64;

#[inline]
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
        Self { root, paths: paths.len(), unseen: Vec::new() }
    }

    /// The texts that stand for a value that may not be seen.
    pub(crate) fn with_unseen(mut self, texts: &[String]) -> Self {
        self.unseen = texts.to_vec();
        self
    }

    /// The values of a record.
    ///
    /// # Errors
    ///
    /// `Decode` when the text is no JSON. A single value that is none is in its slot.
    pub(crate) fn extract<'a>(&self, text: &'a str) -> Result<Vec<Slot<'a>>> {
        let mut found = vec![Slot::Absent; self.paths];
        let mut scanner = Scanner::new(text);
        let walked = self.root.walk(&mut scanner, &mut found, 0);
        if walked.is_err() || !scanner.is_at_end() {
            return Err(Error::new(ErrorKind::Decode, "the record is not valid JSON"));
        }
        if !self.unseen.is_empty() {
            for slot in &mut found {
                if let Slot::Value(raw) = slot
                    && raw.starts_with('"')
                    && crate::value::text(raw)
                        .is_some_and(|text| self.unseen.iter().any(|word| *word == text.trim()))
                {
                    *slot = Slot::Unseen;
                }
            }
        }
        Ok(found)
    }
}

impl Node {
    fn insert(&mut self, pointer: &str, slot: usize) {
        let Some(rest) = pointer.strip_prefix('/') else {
            self.slots.push(slot);
            return;
        };
        let (first, rest) = match rest.find('/') {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let name = crate::paths::unescaped(first);
        let known = self.children.iter().position(|child| child.name == name);
        let index = known.unwrap_or_else(|| {
            self.buckets.resize(BUCKETS, 0);
            let number = u32::try_from(self.children.len() + 1).unwrap_or_default();
            let mut next = 0;
            if let Some(first) = self.buckets.get_mut(bucket(&name)) {
                next = std::mem::replace(first, number);
            }
            self.items =
                self.items.max(crate::paths::index(&name).map_or(0, |index| index.saturating_add(1)));
            self.children.push(Child { name, node: Self::default(), next });
            self.children.len() - 1
        });
        if let Some(child) = self.children.get_mut(index) {
            child.node.insert(rest, slot);
        }
    }

    #[inline]
    fn child(&self, name: &str) -> Option<usize> {
        let mut number = *self.buckets.get(bucket(name))?;
        while let Some(index) = usize::try_from(number).ok()?.checked_sub(1) {
            let child = self.children.get(index)?;
            if child.name == name {
                return Some(index);
            }
            number = child.next;
        }
        None
    }

    /// Walks a value.
    fn walk<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        found: &mut [Slot<'a>],
        depth: usize,
    ) -> Result<(), Malformed> {
        if self.slots.is_empty() {
            return self.below(scanner, found, depth);
        }
        scanner.peek();
        let start = scanner.position();
        scanner.flaw = None;
        scanner.skip()?;
        let value = match scanner.flaw {
            Some(flaw) => Slot::Flawed(flaw),
            None => Slot::Value(scanner.since(start)),
        };
        for slot in &self.slots {
            if let Some(place) = found.get_mut(*slot) {
                *place = value;
            }
        }
        if !self.children.is_empty() {
            // A path ends here and others go on below.
            self.below(&mut scanner.again_from(start), found, depth)?;
        }
        Ok(())
    }

    /// Walks into a list or an object.
    fn below<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        found: &mut [Slot<'a>],
        depth: usize,
    ) -> Result<(), Malformed> {
        match scanner.peek() {
            Some(b'{') if depth < DEEPEST => self.object(scanner, found, depth),
            Some(b'[') if depth < DEEPEST => self.list(scanner, found, depth),
            _ => scanner.skip(),
        }
    }

    fn object<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        found: &mut [Slot<'a>],
        depth: usize,
    ) -> Result<(), Malformed> {
        scanner.take(b'{');
        if scanner.take(b'}') {
            return Ok(());
        }
        let mut seen = Seen::default();
        let known = self.order.get();
        let mut learned = Order::default();
        let mut at = 0;
        loop {
            scanner.peek();
            let index = match known.and_then(|order| order.next(scanner, &mut at)) {
                Some(member) => member.child,
                None => self.member(scanner, known, &mut learned, &mut at)?,
            };
            match index.and_then(|index| Some((index, self.children.get(index)?))) {
                Some((index, child)) => {
                    let twice = seen.insert(index);
                    child.node.walk(scanner, found, depth + 1)?;
                    if twice {
                        child.node.mark_twice(found);
                    }
                }
                None => scanner.skip()?,
            }
            if scanner.take(b',') {
                continue;
            }
            return if scanner.take(b'}') {
                if known.is_none() {
                    // Another record may have been first.
                    let _ = self.order.set(learned);
                }
                Ok(())
            } else {
                Err(Malformed)
            };
        }
    }

    /// Reads a member's name and colon, and gives the child of that name.
    fn member(
        &self,
        scanner: &mut Scanner<'_>,
        known: Option<&Order>,
        learned: &mut Order,
        at: &mut usize,
    ) -> Result<Option<usize>, Malformed> {
        let start = scanner.position();
        let (inner, escaped) = scanner.string()?;
        if !scanner.take(b':') {
            return Err(Malformed);
        }
        if escaped {
            return Ok(unescaped(inner, escaped).and_then(|name| self.child(&name)));
        }
        let child = self.child(inner);
        match (known, child) {
            (None, _) => learned.note(scanner.since(start), child),
            (Some(order), Some(child)) => *at = order.behind(child).unwrap_or(*at),
            (Some(_), None) => {}
        }
        Ok(child)
    }

    fn list<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        found: &mut [Slot<'a>],
        depth: usize,
    ) -> Result<(), Malformed> {
        scanner.take(b'[');
        if scanner.take(b']') {
            return Ok(());
        }
        let mut number = 0_usize;
        loop {
            let index = if number < self.items { self.child(&number.to_string()) } else { None };
            match index.and_then(|index| self.children.get(index)) {
                Some(child) => child.node.walk(scanner, found, depth + 1)?,
                None => scanner.skip()?,
            }
            number += 1;
            if scanner.take(b',') {
                continue;
            }
            return if scanner.take(b']') { Ok(()) } else { Err(Malformed) };
        }
    }

    /// Which of several members of one name is meant is not known.
    fn mark_twice(&self, found: &mut [Slot<'_>]) {
        for slot in &self.slots {
            if let Some(place) = found.get_mut(*slot) {
                *place = Slot::Flawed(Flaw::Twice);
            }
        }
        for child in &self.children {
            child.node.mark_twice(found);
        }
    }
}

/// The members of one object that have come.
#[derive(Default)]
struct Seen {
    few: u64,
    more: Vec<usize>,
}

impl Seen {
    /// Whether it had come before.
    #[inline]
    fn insert(&mut self, index: usize) -> bool {
        if index < 64 {
            let bit = 1 << index;
            let before = self.few & bit != 0;
            self.few |= bit;
            return before;
        }
        let before = self.more.contains(&index);
        self.more.push(index);
        before
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
        let expected = [r#"{"b":[1.0]}"#, "[1.0]", "1.0", "2"].map(Slot::Value);
        assert_eq!(values.get(..4), Some(expected.as_slice()));
        assert_eq!(values.get(4..), Some([Slot::Absent].as_slice()));
    }

    #[test]
    fn what_stands_twice_is_nobodys_value() {
        let paths: Vec<FieldPath> =
            ["/id", "/t", "/o/x", "/o"].iter().filter_map(|p| FieldPath::parse(p).ok()).collect();
        let found = Extractor::new(&paths).extract(r#"{"id":1,"t":"a","o":{"x":1},"t":"b","o":{}}"#).unwrap();
        let twice = Slot::Flawed(Flaw::Twice);
        assert_eq!(found, [Slot::Value("1"), twice, twice, twice]);
        // A name is the same name however it is escaped.
        let found = Extractor::new(&paths).extract(r#"{"id":1,"\u0069d":2,"\ud83d":3}"#).unwrap();
        assert_eq!(found.first(), Some(&twice));
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
        /// Whatever came first, and in whatever order.
        #[test]
        fn a_record_before_changes_nothing(
            first in any_json(),
            value in any_json(),
            twice in any::<bool>(),
            pointers in prop::collection::vec("(/([ab]|~0|~1|0|1){0,2}){1,3}", 1..6),
        ) {
            let paths: Vec<FieldPath> = pointers.iter().map(|p| FieldPath::parse(p).unwrap()).collect();
            let mut text = json!(value).to_string();
            if twice && text.starts_with("{\"") {
                // All members once more, behind themselves.
                text = format!("{},{}", text.trim_end_matches('}'), text.trim_start_matches('{'));
            }
            let extractor = Extractor::new(&paths);
            extractor.extract(&json!(first).to_string()).unwrap();
            let again = extractor.extract(&text).ok();
            prop_assert_eq!(again, Extractor::new(&paths).extract(&text).ok(), "{}", text);
        }

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
                let raw = match raw { Slot::Value(raw) => Some(raw.to_owned()), _ => None };
                prop_assert_eq!(raw, expected, "{} of {}", pointer, text);
            }
        }
    }
}
