//! The mapped rows of one target.

use std::collections::{BTreeMap, BTreeSet};

use tieline_core::{EntityName, Key, RawJson};

use crate::ChangeCounts;
use crate::plan::{LookedUp, RowEffect, lookup_value};

/// A record whose content is another one now.
pub(super) struct Changed {
    pub(super) entity: EntityName,
    pub(super) key: Key,
    /// What it was, and what it is.
    pub(super) payloads: [Option<RawJson>; 2],
}

#[derive(Debug)]
pub(super) struct Target {
    pub(super) entity: EntityName,
    pub(super) fingerprint: Option<String>,
    pub(super) rows: BTreeMap<Key, RawJson>,
    pub(super) stale: BTreeSet<Key>,
    /// What each key's mapping looked up, and the same the other way round.
    looked_up: BTreeMap<Key, BTreeSet<LookedUp>>,
    looked_up_by: BTreeMap<LookedUp, BTreeSet<Key>>,
}

impl Target {
    pub(super) fn new(entity: EntityName) -> Self {
        Self {
            entity,
            fingerprint: None,
            rows: BTreeMap::new(),
            stale: BTreeSet::new(),
            looked_up: BTreeMap::new(),
            looked_up_by: BTreeMap::new(),
        }
    }

    pub(super) fn put(&mut self, key: Key, effect: RowEffect) -> ChangeCounts {
        let mut changed = ChangeCounts::default();
        self.stale.remove(&key);
        self.forget_look_ups(&key);
        for looked_up in &effect.looked_up {
            self.looked_up_by.entry(looked_up.clone()).or_default().insert(key.clone());
        }
        if !effect.looked_up.is_empty() {
            self.looked_up.insert(key.clone(), effect.looked_up);
        }
        match effect.fields {
            None => changed.deleted += u64::from(self.rows.remove(&key).is_some()),
            Some(fields) => match self.rows.get_mut(&key) {
                Some(stored) if *stored == fields => changed.unchanged += 1,
                Some(stored) => {
                    *stored = fields;
                    changed.updated += 1;
                }
                None => {
                    self.rows.insert(key, fields);
                    changed.created += 1;
                }
            },
        }
        changed
    }

    /// The record is gone. Answers whether it had a row.
    pub(super) fn forget(&mut self, key: &Key) -> bool {
        self.stale.remove(key);
        self.forget_look_ups(key);
        self.rows.remove(key).is_some()
    }

    /// A record came, changed or went: what was mapped with it is stale.
    pub(super) fn mark_dependents(&mut self, changed: &Changed) {
        let of_entity = self.looked_up_by.iter().filter(|(looked_up, _)| looked_up.entity == changed.entity);
        for (looked_up, keys) in of_entity {
            let found = match &looked_up.by {
                None => looked_up.value == changed.key,
                Some(by) => changed.payloads.iter().flatten().any(|payload| {
                    lookup_value(payload.get(), by.as_str()).is_some_and(|value| looked_up.value == *value)
                }),
            };
            if found {
                self.stale.extend(keys.iter().cloned());
            }
        }
    }

    fn forget_look_ups(&mut self, key: &Key) {
        for looked_up in self.looked_up.remove(key).unwrap_or_default() {
            if let Some(keys) = self.looked_up_by.get_mut(&looked_up) {
                keys.remove(key);
                if keys.is_empty() {
                    self.looked_up_by.remove(&looked_up);
                }
            }
        }
    }
}
