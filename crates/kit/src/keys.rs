use std::collections::HashMap;

use tieline_core::{Key, Lookup};

/// The keys of a look-up: cut into the provider's chunks, each asked once, answered in the order asked.
///
/// ```
/// use tieline_core::{Key, Lookup};
/// use tieline_kit::KeyChunks;
///
/// let mut keys = KeyChunks::new(["2", "1", "2"].map(Key::from).to_vec());
/// assert_eq!(keys.chunks(100), vec![vec![Key::from("2"), Key::from("1")]]);
/// keys.answer(Lookup::Forbidden(Key::from("1")));
/// assert_eq!(keys.open(), vec![Key::from("2")]);
/// let answers = keys.finish();
/// assert_eq!(answers[1], Lookup::Forbidden(Key::from("1")));
/// assert_eq!(answers[0], Lookup::Missing(Key::from("2")));
/// assert_eq!(answers.len(), 3);
/// ```
#[derive(Debug)]
pub struct KeyChunks {
    asked: Vec<Key>,
    answers: HashMap<Key, Lookup>,
}

impl KeyChunks {
    /// The keys as they were asked for.
    pub fn new(asked: Vec<Key>) -> Self {
        Self { answers: HashMap::with_capacity(asked.len()), asked }
    }

    /// The keys without an answer so far, each once, in the order asked.
    pub fn open(&self) -> Vec<Key> {
        let mut seen = std::collections::HashSet::new();
        self.asked
            .iter()
            .filter(|key| !self.answers.contains_key(*key) && seen.insert(*key))
            .cloned()
            .collect()
    }

    /// The open keys in chunks of at most `size`.
    pub fn chunks(&self, size: usize) -> Vec<Vec<Key>> {
        self.open().chunks(size.max(1)).map(<[Key]>::to_vec).collect()
    }

    /// Notes what became of a key. An answer to a key that was not asked for is ignored.
    pub fn answer(&mut self, answer: Lookup) {
        let key = match &answer {
            Lookup::Record(record) => &record.key,
            Lookup::Deleted(deletion) => &deletion.key,
            Lookup::Missing(key) | Lookup::Forbidden(key) => key,
            _ => return,
        };
        self.answers.insert(key.clone(), answer);
    }

    /// One answer per key, in the order asked. A key without an answer is missing.
    pub fn finish(self) -> Vec<Lookup> {
        self.asked
            .into_iter()
            .map(|key| self.answers.get(&key).cloned().unwrap_or(Lookup::Missing(key)))
            .collect()
    }
}
