use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use tieline_core::{Error, ErrorKind, Result};

/// The number of last tokens that are remembered.
const REMEMBERED: usize = 64;

/// Notices a page token that comes twice, in bounded memory, so that a walk always ends.
///
/// The last 64 tokens are remembered; longer cycles are found by Brent's method: the token at each power of two is
/// kept until the next, and a cycle must come by it.
#[derive(Clone, Debug, Default)]
pub struct TokenGuard {
    recent: VecDeque<u64>,
    kept: Option<u64>,
    count: u64,
}

impl TokenGuard {
    /// A guard that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes note of the token of the page that is asked for next. Fails with `Decode` when it came before.
    pub fn next(&mut self, token: &str) -> Result<()> {
        let mut hasher = DefaultHasher::new();
        token.hash(&mut hasher);
        let hash = hasher.finish();
        if self.kept == Some(hash) || self.recent.contains(&hash) {
            return Err(Error::new(ErrorKind::Decode, "the provider repeated a page token")
                .with_advice("the pages so far are kept; run again, and report it if it stays")
                .with_context("page", self.count + 1));
        }
        self.count += 1;
        if self.count.is_power_of_two() {
            self.kept = Some(hash);
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(hash);
        Ok(())
    }
}
