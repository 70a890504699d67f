//! How a pass begins, and what it leaves behind.

use chrono::TimeDelta;
use tieline_core::{PassEnd, ReadMode, ReadRequest, Result};

use super::client::Client;
use super::plan::EntityPlan;
use super::state::{Kind, PassState, ReadState, StoredStamp};
use crate::stamp::Stamp;

impl ReadState {
    /// Begins a pass, or goes on with the one that was interrupted. Returns how many records it read so far.
    pub(crate) fn begin(&mut self, request: &ReadRequest, plan: &EntityPlan, client: &Client) -> Result<u64> {
        let has_position = self.token.is_some() || self.marks.iter().any(Option::is_some);
        let wanted = match request.mode {
            ReadMode::Keys => Kind::Keys,
            ReadMode::Changes
                if plan.has_changes()
                    && has_position
                    && self.trusts_changes(plan)
                    && !self.is_stale(plan, client)? =>
            {
                Kind::Changes
            }
            _ => Kind::Full,
        };
        if let Some(pass) = &self.pass
            && (pass.kind == wanted || (request.mode == ReadMode::Changes && pass.kind != Kind::Keys))
        {
            return Ok(pass.done);
        }
        self.pass =
            Some(PassState { kind: wanted, highest: vec![None; plan.marks.len()], ..PassState::default() });
        Ok(0)
    }

    /// Whether the gap since the last pass is longer than a walk of increments can see.
    fn is_stale(&self, plan: &EntityPlan, client: &Client) -> Result<bool> {
        let Some(within) = plan.changes.iter().filter_map(|walk| walk.walk.within).min() else {
            return Ok(false);
        };
        let within = TimeDelta::from_std(within).unwrap_or(TimeDelta::MAX);
        let now = client.now();
        // A quiet account has old marks, and was read not long ago.
        if let Some(covered) = self.covered {
            return Ok(now - covered > within);
        }
        for mark in self.marks.iter().flatten() {
            if mark.stamp(client.zone)?.instant().is_some_and(|at| now - at > within) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves the marks at the end of a pass.
    pub(crate) fn finish(&mut self, pass: &mut PassState, plan: &EntityPlan, client: &Client) -> PassEnd {
        let end = if pass.partial { PassEnd::Partial } else { PassEnd::Complete };
        // Keys carry no contents, and behind skipped records nothing is known.
        if pass.skipped || pass.kind == Kind::Keys {
            return end;
        }
        let started = pass.started.unwrap_or_else(|| client.now());
        let zone = client.zone;
        // A change that moved onto a page that was read is not known: the next read of changes begins where this one did.
        let stays = pass.moved && pass.kind == Kind::Changes;
        let marks = if stays { &[][..] } else { &plan.marks };
        for (index, path) in marks.iter().enumerate() {
            let highest =
                pass.highest.get(index).and_then(Option::as_ref).and_then(|mark| mark.stamp(zone).ok());
            let before =
                self.marks.get(index).and_then(Option::as_ref).and_then(|mark| mark.stamp(zone).ok());
            let reached = match (highest, path) {
                // Never past the run's start: what changes during a run may be missed by it.
                (Some(highest), _) => match highest.instant() {
                    Some(at) if at > started => Some(highest.like(started)),
                    _ => Some(highest),
                },
                // Records carry no time: the run's start.
                (None, None) => Some(Stamp::at(started)),
                // There were none. Whether they will carry a time or a number that grows is not known before the first.
                (None, Some(_)) => before.clone(),
            };
            let moved = match (before, reached) {
                (Some(before), Some(reached)) => {
                    if reached.compare(&before).is_some_and(std::cmp::Ordering::is_lt) {
                        Some(before)
                    } else {
                        Some(reached)
                    }
                }
                (before, reached) => reached.or(before),
            };
            if let Some(mark) = self.marks.get_mut(index) {
                *mark = moved.as_ref().map(StoredStamp::of);
            }
        }
        if pass.token.is_some() {
            self.token = pass.token.take();
        }
        self.covered = Some(started);
        end
    }
}
