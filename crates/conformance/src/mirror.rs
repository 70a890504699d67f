//! What a host keeps of an entity: the least that believes what the contract says.

use std::collections::{BTreeMap, BTreeSet};

use tieline_core::{Batch, Change, Key, PassEnd, ReadMode, Record, State};

use crate::Failure;
use crate::verdict::ensure;

#[derive(Clone, Debug, Default)]
pub(crate) struct Mirror {
    pub(crate) rows: BTreeMap<Key, Record>,
    pub(crate) state: Option<State>,
    /// The batches of the last read.
    pub(crate) batches: Vec<Batch>,
    /// Records of the last read, each time that they came.
    pub(crate) upserts: usize,
    /// What the pass in progress has seen. A pass that was interrupted goes on.
    seen: BTreeSet<Key>,
}

impl Mirror {
    /// Before a read.
    pub(crate) fn begin(&mut self) {
        self.batches.clear();
        self.upserts = 0;
    }

    pub(crate) fn apply(&mut self, batch: Batch) {
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Upsert(record) => {
                    self.upserts += 1;
                    self.seen.insert(record.key.clone());
                    self.rows.insert(record.key.clone(), record.clone());
                }
                Change::Present(key) => {
                    self.seen.insert(key.clone());
                }
                Change::Delete(deletion) => {
                    self.rows.remove(&deletion.key);
                }
                Change::Merged { from, .. } => {
                    self.rows.remove(from);
                }
                _ => {}
            }
        }
        if let Some(end) = batch.end {
            let whole = batch.pass != ReadMode::Changes && end == PassEnd::Complete;
            if whole {
                self.rows.retain(|key, _| self.seen.contains(key));
            }
            // A pass that was cut short goes on later, and what it saw counts.
            if end == PassEnd::Complete || batch.pass == ReadMode::Changes {
                self.seen.clear();
            }
        }
        // As a database keeps it.
        self.state = Some(through_text(&batch.state));
        self.batches.push(batch);
    }

    /// Fails unless these are the keys, which are sorted.
    pub(crate) fn has_keys(&self, truth: &[Key]) -> Result<(), Failure> {
        let missing: Vec<&Key> = truth.iter().filter(|key| !self.rows.contains_key(*key)).collect();
        let too_many: Vec<&Key> = self.rows.keys().filter(|key| truth.binary_search(key).is_err()).collect();
        ensure!(
            missing.is_empty() && too_many.is_empty(),
            "of {} records {} are missing (such as {:?}) and {} are too many (such as {:?})",
            truth.len(),
            missing.len(),
            missing.first(),
            too_many.len(),
            too_many.first()
        );
        Ok(())
    }
}

/// A state that cannot be stored stays as it is; another promise is about that.
fn through_text(state: &State) -> State {
    state.to_text().and_then(|text| State::from_text(&text)).unwrap_or_else(|_| state.clone())
}
