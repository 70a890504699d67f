//! Generations: how a complete pass shows what is gone.

use tieline_core::{PassEnd, ReadMode};

/// The generation of a stream and the passes under way.
///
/// A pass over all records or all keys begins a new generation, and every key that is seen from then on is marked with
/// the newest one. When the pass ends completely, a key whose mark is older than the pass was not seen by it. A full
/// pass and a pass over keys may both be under way; each remembers where it began.
///
/// An end that is partial leaves its pass open: a connector may go on from there, and what was seen before then still
/// counts. Forgetting that would delete it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Passes {
    /// The newest generation; 0 before the first.
    pub generation: u64,
    /// The generation that the full pass under way began.
    pub full_since: Option<u64>,
    /// The generation that the pass over keys under way began.
    pub keys_since: Option<u64>,
}

impl Passes {
    /// For stores: what was stored.
    pub fn new(generation: u64, full_since: Option<u64>, keys_since: Option<u64>) -> Self {
        Self { generation, full_since, keys_since }
    }

    /// The generation that the pass of this kind under way began.
    pub fn since(&self, pass: ReadMode) -> Option<u64> {
        match pass {
            ReadMode::Full => self.full_since,
            ReadMode::Keys => self.keys_since,
            _ => None,
        }
    }

    /// For stores: a batch of this kind of pass is here. `fresh` says that its run began without state, so that
    /// nothing that was under way goes on.
    pub fn begin(&mut self, pass: ReadMode, fresh: bool) {
        if fresh {
            self.close();
        }
        let generation = self.generation + 1;
        if let Some(since @ None) = self.slot(pass) {
            *since = Some(generation);
            self.generation = generation;
        }
    }

    /// For stores: the batch is the last of its pass. Answers the generation below which a key is gone.
    pub fn end(&mut self, pass: ReadMode, end: PassEnd) -> Option<u64> {
        match end {
            PassEnd::Complete => self.slot(pass)?.take(),
            _ => None,
        }
    }

    /// For stores: the state is forgotten, so no pass can go on.
    pub fn close(&mut self) {
        self.full_since = None;
        self.keys_since = None;
    }

    fn slot(&mut self, pass: ReadMode) -> Option<&mut Option<u64>> {
        match pass {
            ReadMode::Full => Some(&mut self.full_since),
            ReadMode::Keys => Some(&mut self.keys_since),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_under_way_goes_on_and_a_finished_one_begins_anew() {
        let mut passes = Passes::default();
        passes.begin(ReadMode::Full, false);
        passes.begin(ReadMode::Full, false);
        assert_eq!(passes, Passes::new(1, Some(1), None));
        assert_eq!(passes.end(ReadMode::Full, PassEnd::Complete), Some(1));
        passes.begin(ReadMode::Changes, false);
        assert_eq!(passes.end(ReadMode::Changes, PassEnd::Complete), None);
        passes.begin(ReadMode::Full, false);
        assert_eq!(passes, Passes::new(2, Some(2), None));
    }

    #[test]
    fn a_partial_end_keeps_what_was_seen_and_a_fresh_run_does_not() {
        let mut passes = Passes::new(3, Some(3), None);
        assert_eq!(passes.end(ReadMode::Full, PassEnd::Partial), None);
        passes.begin(ReadMode::Full, false);
        assert_eq!(passes.generation, 3);
        passes.begin(ReadMode::Full, true);
        assert_eq!(passes, Passes::new(4, Some(4), None));
    }

    #[test]
    fn a_pass_over_keys_within_a_full_pass_does_not_end_it() {
        let mut passes = Passes::new(3, Some(3), None);
        passes.begin(ReadMode::Keys, false);
        assert_eq!(passes.end(ReadMode::Keys, PassEnd::Complete), Some(4));
        passes.begin(ReadMode::Full, false);
        assert_eq!(passes.end(ReadMode::Full, PassEnd::Complete), Some(3));
    }
}
