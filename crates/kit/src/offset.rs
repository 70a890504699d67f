use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, Key, Result};

/// The number of keys of the last page that are kept to recognise where it ended.
const ANCHORS: usize = 8;
/// The number of pages that a walk steps back before it gives up on finding them.
const STEPS: u8 = 4;
/// The number of pages in a row that may bring nothing new.
const STALLS: u8 = 16;

/// A walk by offset that loses no record when others are deleted or added in front of it.
///
/// A page begins with the last record of the page before, its anchor. While that is so, nothing moved. When it is
/// not, the records in front became fewer or more: the walk steps back until it meets a record that it knows. What is
/// read twice is harmless, what is skipped is not. After four steps in vain it goes on and the pass is partial.
///
/// The provider must sort by something that does not change, such as the id. The position is part of a read's state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offset {
    /// The number of records before the next new one.
    position: u64,
    /// The last keys before it, the nearest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    anchors: Vec<Key>,
    /// The number of records that the walk has stepped back.
    #[serde(default, skip_serializing_if = "is_zero")]
    back: u64,
    #[serde(default, skip_serializing_if = "is_zero_step")]
    steps: u8,
    /// Whether continuity was given up once.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lost: bool,
    #[serde(skip)]
    stalls: u8,
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

fn is_zero_step(value: &u8) -> bool {
    *value == 0
}

/// The meaning of a page for an [`Offset`] walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageStep {
    /// The page follows on. So many records at its beginning were yielded with the page before.
    Forward(usize),
    /// Records moved: ask again, from further back.
    Back,
}

impl Offset {
    /// A walk from the first record.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing was read yet. Such a walk need not be stored.
    pub fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// The offset to ask for.
    pub fn start(&self) -> u64 {
        let overlap = u64::from(!self.anchors.is_empty());
        self.position.saturating_sub(overlap).saturating_sub(self.back)
    }

    /// How many records to ask for when `wanted` new ones are wanted: the anchor comes on top. At most `most`, which
    /// must leave room for one more than the anchor.
    pub fn limit(&self, wanted: u32, most: u32) -> u32 {
        wanted.saturating_add(u32::from(!self.anchors.is_empty())).min(most)
    }

    /// Whether the walk had to go on without having found its place again.
    pub fn is_broken(&self) -> bool {
        self.lost
    }

    /// Takes the keys of the page at [`start`](Self::start), asked for with `limit`. `next` is where the provider
    /// says that the next page begins, when there is one. Fails with `Decode` when the walk gets nowhere.
    pub fn turn<'k>(
        &mut self,
        keys: impl IntoIterator<Item = &'k Key>,
        limit: u32,
        next: Option<u64>,
    ) -> Result<PageStep> {
        let keys: Vec<&Key> = keys.into_iter().collect();
        let start = self.start();
        let found = keys.iter().rposition(|key| self.anchors.contains(key));
        let mut known = 0;
        if !self.anchors.is_empty() {
            if self.back == 0 && keys.first().copied() == self.anchors.last() {
                known = 1;
            } else if found.is_none() && start > 0 {
                if self.steps < STEPS {
                    self.steps += 1;
                    self.back = self.back.saturating_add(u64::from(limit.max(1)));
                    return Ok(PageStep::Back);
                }
                self.lost = true;
            }
        }
        self.position = start.saturating_add(u64::try_from(keys.len()).unwrap_or(u64::MAX));
        self.back = 0;
        self.steps = 0;
        let behind = next.filter(|next| keys.len() <= known && *next > self.position);
        if let Some(behind) = behind {
            // Rows that this credential may not see leave holes. Behind one there is nothing to recognise.
            self.position = behind;
            self.anchors.clear();
            return Ok(PageStep::Forward(known));
        }
        let nothing_new = keys.is_empty() || found.is_some_and(|found| found + 1 == keys.len());
        self.stalls = if nothing_new { self.stalls.saturating_add(1) } else { 0 };
        if next.is_some() && self.stalls > STALLS {
            return Err(Error::new(ErrorKind::Decode, "the provider repeats a page without an end")
                .with_context("start", start));
        }
        if !keys.is_empty() {
            let last = keys.len().saturating_sub(ANCHORS);
            self.anchors = keys.iter().skip(last).map(|key| (*key).clone()).collect();
        }
        Ok(PageStep::Forward(known))
    }
}
