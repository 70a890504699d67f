use std::future::Future;

use futures_util::stream::try_unfold;
use tieline_core::{Batch, BatchStream, Progress, Result};

/// A lazy stream of batches from a step that is run for each one. Nothing is asked for before the stream is polled,
/// and dropping it cancels. The stream ends after `None` or after an error.
pub fn batches<S, F, Fut>(start: S, step: F) -> BatchStream
where
    S: Send + 'static,
    F: FnMut(S) -> Fut + Send + 'static,
    Fut: Future<Output = Result<Option<(Batch, S)>>> + Send + 'static,
{
    Box::pin(try_unfold(start, step))
}

/// The part of a read that is done, and the part that was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    done: u64,
    left: Option<u64>,
}

impl Budget {
    /// `done` records were read before; at most `max` more are wanted.
    pub fn new(done: u64, max: Option<u64>) -> Self {
        Self { done, left: max }
    }

    /// Returns the number of records to ask for, when a page holds `page` at most.
    pub fn page(&self, page: u32) -> u32 {
        self.left.map_or(page, |left| u32::try_from(left).unwrap_or(page).min(page)).max(1)
    }

    /// Returns how many of a page's records are wanted.
    pub fn fits(&self, records: usize) -> usize {
        self.left.map_or(records, |left| usize::try_from(left).unwrap_or(records).min(records))
    }

    /// Counts records.
    pub fn spend(&mut self, records: usize) {
        let records = u64::try_from(records).unwrap_or(u64::MAX);
        self.done = self.done.saturating_add(records);
        self.left = self.left.map(|left| left.saturating_sub(records));
    }

    /// Whether nothing more is wanted.
    pub fn is_spent(&self) -> bool {
        self.left == Some(0)
    }

    /// Returns the number of records that were read.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// For a batch.
    pub fn progress(&self) -> Progress {
        Progress::new(self.done, None)
    }
}
