//! The records of a page: read, bounded to what is wanted, and with their details.

use std::sync::Arc;

use tieline_core::{Change, Deletion, Error, ErrorKind, Issue, Result};
use tieline_kit::{JsonPath, PageStep};

use super::details;
use super::paging::{Paging, turn};
use super::plan::WalkPlan;
use super::read::Run;
use super::reading::{PageRead, Reading};
use super::state::{Kind, PassState, StoredStamp};
use super::survey::records_path;
use crate::description::Decode;
use crate::stamp::Stamp;

/// The most issues of single records in one batch.
const MAX_ISSUES: usize = 100;

impl Run {
    /// The yield of a page: by the connector's hook, else by the description.
    pub(super) fn page(&mut self, walk: &WalkPlan, text: &str) -> Result<PageRead> {
        let at = self.client.hook_context(&self.entity);
        if let Some(page) = self.client.hooks.page(&at, text) {
            return Ok(PageRead::of_hook(page?, self.plan.marks.len()));
        }
        self.prepare(walk, text)?;
        let (_, reading) =
            self.reading.as_ref().ok_or_else(|| Error::new(ErrorKind::Internal, "no reading"))?;
        reading.read(self.entity.as_str(), text, &self.parents, walk.walk.decode.unwrap_or_default())
    }

    fn prepare(&mut self, walk: &WalkPlan, text: &str) -> Result<()> {
        if self.reading.as_ref().is_none_or(|(number, _)| *number != walk.number) {
            let records = match (&walk.walk.records, self.state.seen.get(&walk.number)) {
                (Some(records), _) => records.clone(),
                (None, Some(seen)) => seen.parse()?,
                (None, None) if walk.walk.decode.unwrap_or_default() != Decode::Json => JsonPath::root(),
                (None, None) => {
                    let found = records_path(text, self.entity.as_str())?;
                    self.state.seen.insert(walk.number, found.to_string());
                    found
                }
            };
            let reading =
                Reading::new(&walk.request, &walk.walk, &records, &self.plan.marks, self.client.zone)?;
            self.reading = Some((walk.number, reading));
        }
        Ok(())
    }

    /// Moves an offset behind the last of the changes that a bounded run gives of a page, so that it goes on from there
    /// and not from their number: records may go in between.
    fn cut(&self, walk: &WalkPlan, pass: &mut PassState, read: &PageRead, given: &[Change]) -> Result<bool> {
        let is_offset = Paging::of(&walk.request, &walk.walk) == Paging::Offset;
        let last = given.last().filter(|_| is_offset).map(Change::key);
        let Some(at) = last.and_then(|last| read.keys.iter().rposition(|key| key == last)) else {
            return Ok(false);
        };
        let mut part = PageRead { more: Some(true), ..PageRead::default() };
        part.keys.extend(read.keys.iter().take(at.saturating_add(1)).cloned());
        turn(&mut pass.at.offset, &walk.walk, &part, self.size(walk))?;
        Ok(true)
    }

    /// Whether a record changed before a mark.
    fn is_behind(&self, change: &Change, mark: &Stamp) -> bool {
        let Change::Upsert(record) = change else { return false };
        let at = record.changed_at.as_ref().and_then(|at| Stamp::parse(at.as_str(), false, self.client.zone));
        at.is_some_and(|at| at.compare(mark).is_some_and(std::cmp::Ordering::is_lt))
    }

    /// The changes of a page, without what the caller does not want any more.
    pub(super) fn take(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        read: &mut PageRead,
        issues: &mut Vec<Issue>,
    ) -> Result<Vec<Change>> {
        for (highest, seen) in pass.highest.iter_mut().zip(&read.highest) {
            let Some(seen) = seen else { continue };
            let known = highest.as_ref().and_then(|known| known.stamp(self.client.zone).ok());
            if known.is_none_or(|known| seen.compare(&known).is_some_and(std::cmp::Ordering::is_gt)) {
                *highest = Some(StoredStamp::of(seen));
            }
        }
        let more = read.issues.len().saturating_sub(MAX_ISSUES);
        issues.extend(read.issues.drain(..).take(MAX_ISSUES));
        if more > 0 {
            issues.push(Issue::new(format!("{more} more records of the page were left out")).refused());
        }
        let mut changes = std::mem::take(&mut read.changes);
        if walk.deletes {
            changes = changes
                .into_iter()
                .map(|change| match change {
                    Change::Upsert(record) => {
                        let deletion = Deletion::new(record.key);
                        Change::Delete(match record.changed_at {
                            Some(at) => deletion.with_at(at),
                            None => deletion,
                        })
                    }
                    other => other,
                })
                .collect();
        }
        if walk.walk.newest_first == Some(true)
            && let Some(mark) = self.mark(walk, pass.kind)?
        {
            // What stands behind the mark on the last page was read before.
            let mark = mark.minus(Self::overlap(walk, &mark));
            changes.retain(|change| !self.is_behind(change, &mark));
        }
        if Paging::of(&walk.request, &walk.walk) == Paging::Offset {
            // The page begins with the last record of the page before; one that does not follow on comes again.
            let known = match turn(&mut pass.at.offset.clone(), &walk.walk, read, self.size(walk))? {
                PageStep::Forward(known) => known,
                PageStep::Back => changes.len(),
            };
            changes.drain(..known.min(changes.len()));
        }
        self.select_rows(&mut changes);
        changes.drain(..pass.at.given.min(changes.len()));
        let fits = self.budget.fits(changes.len());
        pass.at.cut =
            fits < changes.len() && self.cut(walk, pass, read, changes.get(..fits).unwrap_or(&[]))?;
        pass.at.given = if !pass.at.cut && fits < changes.len() { pass.at.given + fits } else { 0 };
        changes.truncate(fits);
        self.budget.spend(changes.len());
        pass.done = self.budget.done();
        Ok(changes)
    }

    /// The records of a page with their details, and before them those that were refused the last time.
    pub(super) async fn details(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        mut changes: Vec<Change>,
        issues: &mut Vec<Issue>,
    ) -> Result<Vec<Change>> {
        let plan = Arc::clone(&self.plan);
        let entity = &plan.entity;
        let wanted = !walk.deletes && self.fetches_details();
        let Some(request) = entity.detail.as_ref().filter(|_| wanted) else {
            return Ok(present(pass.kind, changes));
        };
        if !pass.retried {
            pass.retried = true;
            let mut again = details::again(&std::mem::take(&mut self.state.refused));
            again.append(&mut changes);
            changes = again;
        }
        let name = self.entity.as_str();
        let detailed = details::detailed(&self.client, name, entity, request, &self.fields, changes).await?;
        pass.partial |= !detailed.refused.is_empty();
        let room = details::MAX_REFUSED.saturating_sub(self.state.refused.len());
        self.state.refused.extend(detailed.refused.into_iter().take(room));
        issues.extend(detailed.issues.into_iter().take(MAX_ISSUES));
        let mut changes = detailed.changes;
        self.select_records(&mut changes);
        Ok(present(pass.kind, changes))
    }
}

/// The changes as a pass yields them: one over keys says that the records are there, and nothing of their contents.
fn present(kind: Kind, changes: Vec<Change>) -> Vec<Change> {
    let of_keys = |change| match change {
        Change::Upsert(record) => Change::Present(record.key),
        other => other,
    };
    if kind == Kind::Keys { changes.into_iter().map(of_keys).collect() } else { changes }
}
