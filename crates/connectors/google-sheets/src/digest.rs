//! The memory of a tab's rows between reads: hashes of chunks of rows.
//!
//! A chunk ends where the hash of a row says so, not at a row's number. A row that is inserted or deleted changes its own
//! chunk, and the others are recognised wherever they have moved to. The number of hashes is bounded, whatever the tab holds.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

/// The most hashes that are kept. Rows behind them come again with each read.
const SLOTS: usize = 192;
/// Bytes of a hash.
const BYTES: usize = 6;
const MASK: u64 = (1 << (8 * BYTES)) - 1;
/// The number of chunks that is aimed at.
const AIM: u64 = 128;

/// The hashes of the chunks of one pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Digest {
    /// The mean length of a chunk is 2 to the power of this.
    bits: u32,
    hashes: Vec<u64>,
}

impl Digest {
    /// An empty one for a tab of about this many rows.
    pub(crate) fn new(rows: u64) -> Self {
        let mean = (rows / AIM).max(1).next_power_of_two();
        Self { bits: mean.trailing_zeros().min(20), hashes: Vec::new() }
    }

    /// An empty one with chunks of the same length, as long as it suits the number of rows.
    pub(crate) fn like(&self, rows: u64) -> Self {
        let fresh = Self::new(rows);
        if fresh.bits.abs_diff(self.bits) > 1 { fresh } else { Self { bits: self.bits, hashes: Vec::new() } }
    }

    pub(crate) fn chunker(&self) -> Chunker {
        Chunker { bits: self.bits, sum: 0, length: 0 }
    }

    pub(crate) fn push(&mut self, hash: u64) {
        if self.hashes.len() < SLOTS {
            self.hashes.push(hash);
        }
    }

    pub(crate) fn set(&self) -> HashSet<u64> {
        self.hashes.iter().copied().collect()
    }
}

/// A chunk that grows row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Chunker {
    bits: u32,
    sum: u64,
    length: u64,
}

impl Chunker {
    /// Adds a row. Returns the chunk's hash when the row ends it.
    pub(crate) fn push(&mut self, row: u64) -> Option<u64> {
        self.sum = (self.sum.rotate_left(5) ^ row).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.length += 1;
        // The bits at the top, which are not those of the sum's own hash.
        let ends = self.bits == 0 || row >> (64 - self.bits) == 0 || self.length >= 2 << self.bits;
        if ends { self.finish() } else { None }
    }

    /// Ends the chunk. `None` when it has no row.
    pub(crate) fn finish(&mut self) -> Option<u64> {
        let hash = (self.length > 0).then_some((self.sum ^ (self.sum >> 17)) & MASK);
        (self.sum, self.length) = (0, 0);
        // Zero stands for an unused slot.
        hash.map(|hash| hash.max(1))
    }

    pub(crate) fn is_empty(self) -> bool {
        self.length == 0
    }
}

/// The hash of a text.
pub(crate) fn hash(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    bits: u32,
    /// As long as it can become from the start, so that the state does not grow with the walk.
    hashes: String,
}

impl Serialize for Digest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(SLOTS * BYTES);
        for hash in &self.hashes {
            bytes.extend(hash.to_le_bytes().iter().take(BYTES));
        }
        bytes.resize(SLOTS * BYTES, 0);
        Stored { bits: self.bits, hashes: STANDARD_NO_PAD.encode(bytes) }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let bytes = STANDARD_NO_PAD.decode(stored.hashes).map_err(serde::de::Error::custom)?;
        if bytes.len() != SLOTS * BYTES || stored.bits > 20 {
            return Err(serde::de::Error::custom("these are no hashes of rows"));
        }
        let of = |chunk: &[u8]| chunk.iter().rev().fold(0u64, |hash, byte| hash << 8 | u64::from(*byte));
        let hashes = bytes.chunks(BYTES).map(of).take_while(|hash| *hash != 0).collect();
        Ok(Self { bits: stored.bits, hashes })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digest(rows: &[u64], bits: u32) -> Digest {
        let mut digest = Digest { bits, hashes: Vec::new() };
        let mut chunker = digest.chunker();
        for row in rows {
            if let Some(hash) = chunker.push(*row) {
                digest.push(hash);
            }
        }
        if let Some(hash) = chunker.finish() {
            digest.push(hash);
        }
        digest
    }

    fn rows(count: u64) -> Vec<u64> {
        (0..count).map(|row| hash(&[&row.to_string()])).collect()
    }

    #[test]
    fn an_inserted_row_changes_its_own_chunk() {
        let mut all = rows(4000);
        let before = digest(&all, 5);
        all.insert(0, hash(&["new"]));
        all.remove(2500);
        let after = digest(&all, 5);
        let known = before.set();
        let changed = after.hashes.iter().filter(|hash| !known.contains(hash)).count();
        assert!(changed <= 4, "{changed} of {} chunks changed", after.hashes.len());
        assert!(before.hashes.len() > 90, "{}", before.hashes.len());
    }

    #[test]
    fn the_stored_form_is_as_long_for_one_row_as_for_all() {
        let text = |count| serde_json::to_string(&digest(&rows(count), 0)).unwrap();
        assert_eq!(text(1).len(), text(500).len());
        assert!(text(1).len() < 1600);
    }

    proptest! {
        #[test]
        fn hashes_survive_their_text(count in 0u64..400, bits in 0u32..6) {
            let digest = digest(&rows(count), bits);
            let back: Digest = serde_json::from_str(&serde_json::to_string(&digest).unwrap()).unwrap();
            prop_assert_eq!(back, digest);
        }
    }
}
