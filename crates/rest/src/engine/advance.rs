//! The step after a page: on, to the next period, or the end; and what makes a pass partial.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use chrono::TimeDelta;
use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Issue, Result};
use tieline_kit::TokenGuard;

use super::paging::{Paging, Step};
use super::plan::WalkPlan;
use super::read::Run;
use super::reading::{PageRead, Reading};
use super::state::{PassState, Position, StoredStamp};
use super::survey::sign_of_more;
use crate::stamp::Stamp;
use crate::template::WordName;

impl Run {
    /// The step after a page.
    pub(super) fn advance(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        read: &PageRead,
        response: &HttpResponse,
        text: &str,
        issues: &mut Vec<Issue>,
    ) -> Result<Step> {
        let paging = Paging::of(&walk.request, &walk.walk);
        let may_move = paging.may_move(&walk.walk);
        if may_move || walk.walk.cap.is_some() {
            self.watch_order(pass, read);
        }
        if may_move && self.seen.moved(&pass.at, read, pass.started) {
            tell_moved(pass, issues);
            pass.moved = true;
        }
        let at = &mut pass.at;
        at.pages += 1;
        at.seen += u64::try_from(read.count).unwrap_or(u64::MAX);
        if !read.last.is_empty() {
            at.last.clone_from(&read.last);
        }
        if let Some(total) = read.total
            && matches!(paging, Paging::Page | Paging::Offset)
        {
            let before = at.total.unwrap_or(total);
            at.total = Some(before.min(total));
            // Records that went moved others onto pages that were read: those are read again, and nothing is skipped.
            if paging == Paging::Page && total < before && step_back(at, read.count, before - total) {
                self.seen.forget();
                return Ok(Step::Go);
            }
            if paging == Paging::Page && total != before {
                tell_moved(pass, issues);
            }
        }
        if let Some(mark) = self.mark(walk, pass.kind)?
            && walk.walk.newest_first == Some(true)
            && Reading::is_before(read.lowest.as_ref(), &mark.minus(Self::overlap(walk, &mark)))
        {
            return Ok(Step::End);
        }
        let digest = digest(read);
        let repeated = read.count > 0 && pass.at.digest == Some(digest);
        pass.at.digest = Some(digest);
        let next = paging.next(&walk.walk, &mut pass.at, read, response, self.size(walk), &mut self.guard)?;
        if repeated && matches!(next, Step::Go) && !matches!(paging, Paging::Offset) {
            return Err(Error::new(ErrorKind::Decode, "the provider repeated a page")
                .with_advice("the list may not page in this way: compare its request with the documentation")
                .with_context("path", walk.request.shown.as_str())
                .with_context("page", pass.at.pages));
        }
        if matches!(next, Step::Go)
            && walk.walk.cap.is_some_and(|cap| pass.at.seen >= cap)
            && paging != Paging::Seek
        {
            if let Some(again) = self.again(walk, pass)? {
                pass.at = Position { again: Some(again), from: pass.at.from, ..Position::default() };
                self.guard = TokenGuard::new();
                return Ok(Step::Go);
            }
            pass.partial = true;
            issues.push(Issue::new(
                "the list is longer than the provider lets it be paged: what is behind the cap was not read",
            ));
            return Ok(Step::End);
        }
        if paging == Paging::Offset && pass.at.offset.is_broken() {
            pass.skipped = true;
            tell_moved(pass, issues);
        }
        if paging == Paging::One && !pass.partial {
            let link = response.header("link");
            if let Some(sign) = sign_of_more(text, link, read.count) {
                pass.partial = true;
                issues.push(Issue::new(format!("there are more records than were read: {sign}")));
            }
        }
        if matches!(next, Step::End)
            && let Some(window) = walk.walk.window.and_then(|window| TimeDelta::from_std(window).ok())
            && let Some(from) = pass.at.from
            && from + window < self.client.now()
        {
            pass.at = Position { from: Some(from + window), ..Position::default() };
            self.guard = TokenGuard::new();
            return Ok(Step::Go);
        }
        Ok(next)
    }

    /// The time of change from which a list that is longer than its cap begins anew. `None` where it cannot: its request
    /// has no `<since>`, or its records do not come in the order of their time of change.
    fn again(&self, walk: &WalkPlan, pass: &PassState) -> Result<Option<StoredStamp>> {
        if !walk.request.uses(&|word| *word == WordName::Since) || pass.at.unordered {
            return Ok(None);
        }
        let Some(last) = self.last_changed(pass) else { return Ok(None) };
        let again = StoredStamp::of(&last);
        if pass.at.again.as_ref() == Some(&again) {
            let message = "more records share one time of change than the provider lets a list be paged";
            return Err(Error::new(ErrorKind::Unsupported, message)
                .with_advice(
                    "page behind the last record instead, such as by <last.id>, where the provider can",
                )
                .with_context("path", walk.request.shown.as_str()));
        }
        Ok(Some(again))
    }

    /// The time of change of the last record.
    fn last_changed(&self, pass: &PassState) -> Option<Stamp> {
        let json = pass.at.last.get("changed")?;
        Stamp::parse(json.trim_matches('"'), !json.starts_with('"'), self.client.zone)
    }

    /// Notes whether records still come in the order of their time of change.
    fn watch_order(&self, pass: &mut PassState, read: &PageRead) {
        let before = self.last_changed(pass);
        let follows = match (&before, &read.lowest) {
            (Some(before), Some(lowest)) => lowest.compare(before).is_some_and(std::cmp::Ordering::is_ge),
            _ => true,
        };
        pass.at.unordered |= read.count > 0 && !(read.is_ordered && follows);
    }
}

/// Makes the pass partial, because its list changed, and says so once.
fn tell_moved(pass: &mut PassState, issues: &mut Vec<Issue>) {
    if !pass.partial {
        pass.partial = true;
        issues.push(Issue::new("the list changed while it was paged: nothing is taken as gone by this pass"));
    }
}

/// The most times that one walk steps back.
const MAX_BACKS: usize = 100;

/// Steps back to the pages onto which records moved, because so many before them went. False when there are none.
fn step_back(at: &mut Position, count: usize, gone: u64) -> bool {
    if at.pages < 2 || at.backs >= MAX_BACKS {
        return false;
    }
    let before = at.pages - 1;
    let seen = at.seen.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    let size = seen.div_ceil(before).max(1);
    at.pages = before.saturating_sub(gone.div_ceil(size));
    at.seen = at.pages.saturating_mul(size);
    at.backs += 1;
    at.digest = None;
    true
}

fn digest(read: &PageRead) -> u64 {
    let mut hasher = DefaultHasher::new();
    read.keys.hash(&mut hasher);
    hasher.finish()
}
