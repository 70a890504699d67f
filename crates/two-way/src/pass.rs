//! A pass over the records that changed: to store match values, to plan, or to decide.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use serde_json::json;
use tieline_core::{Key, RawJson, Result};
use tieline_store::pairings::{ChangedRecord, Link, LinkId, MatchValues, NewTask, PairSide, TaskKind};

use crate::decide::{Decision, Look, Verdict};
use crate::merge::Both;
use crate::report::{Planner, TwoWayReport};
use crate::side::{Seen, SideRecord};
use crate::sync::TwoWaySync;

/// The most candidates that a question names.
const CANDIDATES: u32 = 5;
/// The wait after which a record is looked at again that shows values from before a write.
const LATER: Duration = Duration::from_secs(30);

enum Work<'p> {
    Index,
    Plan(&'p mut Planner),
    Store { confirmed: bool },
}

pub(crate) struct Pass<'p> {
    sync: &'p TwoWaySync,
    work: Work<'p>,
    /// Records that were matched in this pass.
    paired: Both<BTreeSet<Key>>,
}

/// A page of changed records, with their links and what both sides show of them.
struct Page {
    changed: Vec<ChangedRecord>,
    links: BTreeMap<LinkId, Link>,
    by_key: Both<HashMap<Key, LinkId>>,
    seen: Both<HashMap<Key, Seen>>,
}

impl<'p> Pass<'p> {
    pub(crate) fn indexing(sync: &'p TwoWaySync) -> Self {
        Self { sync, work: Work::Index, paired: Both::default() }
    }

    pub(crate) fn planning(sync: &'p TwoWaySync, planner: &'p mut Planner) -> Self {
        Self { sync, work: Work::Plan(planner), paired: Both::default() }
    }

    pub(crate) fn storing(sync: &'p TwoWaySync, confirmed: bool) -> Self {
        Self { sync, work: Work::Store { confirmed }, paired: Both::default() }
    }

    pub(crate) async fn run(mut self, report: &mut TwoWayReport) -> Result<()> {
        if matches!(self.work, Work::Index) && self.sync.matches.is_empty() {
            return Ok(());
        }
        let mut after: Option<ChangedRecord> = None;
        loop {
            let (store, id) = (&self.sync.store, &self.sync.id);
            let changed = store.changed_records(id, after.as_ref(), self.sync.page).await?;
            let Some(last) = changed.last().cloned() else { return Ok(()) };
            let page = self.page(changed).await?;
            match self.work {
                Work::Index => self.index(&page).await?,
                _ => self.decide(&page, report).await?,
            }
            after = Some(last);
        }
    }

    async fn page(&self, changed: Vec<ChangedRecord>) -> Result<Page> {
        let mut page =
            Page { changed, links: BTreeMap::new(), by_key: Both::default(), seen: Both::default() };
        let mut wanted: Both<BTreeSet<Key>> = Both::default();
        for side in PairSide::BOTH {
            let of_side = page.changed.iter().filter(|record| record.side == side);
            let keys: Vec<Key> = of_side.map(|record| record.key.clone()).collect();
            for link in self.sync.store.links_of(&self.sync.id, side, &keys).await? {
                for side in PairSide::BOTH {
                    if let Some(key) = link.key(side) {
                        wanted.of_mut(side).insert(key.clone());
                        page.by_key.of_mut(side).insert(key.clone(), link.at.link);
                    }
                }
                page.links.insert(link.at.link, link);
            }
            wanted.of_mut(side).extend(keys);
        }
        for side in PairSide::BOTH {
            let keys: Vec<Key> = std::mem::take(wanted.of_mut(side)).into_iter().collect();
            let seen =
                if keys.is_empty() { Vec::new() } else { self.sync.sides.of(side).load(&keys).await? };
            *page.seen.of_mut(side) = keys.into_iter().zip(seen).collect();
        }
        Ok(page)
    }

    /// Stores the match values of records that are not linked, so that each finds all of the other side.
    async fn index(&self, page: &Page) -> Result<()> {
        for side in PairSide::BOTH {
            let mut values = Vec::new();
            for record in page.changed.iter().filter(|record| record.side == side) {
                if page.by_key.of(side).contains_key(&record.key) {
                    continue;
                }
                let of = match page.seen.of(side).get(&record.key) {
                    Some(Seen::Live(shown)) => self.values(shown),
                    _ => Vec::new(),
                };
                values.push(MatchValues::new(record.key.clone(), of));
            }
            if !values.is_empty() {
                self.sync.store.put_match_values(&self.sync.id, side, &values).await?;
            }
        }
        Ok(())
    }

    fn values(&self, shown: &SideRecord) -> Vec<(u32, String)> {
        let rules = (0..).zip(&self.sync.matches);
        rules.filter_map(|(number, rule)| Some((number, rule.value(&shown.fields)?))).collect()
    }

    async fn decide(&mut self, page: &Page, report: &mut TwoWayReport) -> Result<()> {
        let mut done = BTreeSet::new();
        let mut quiet = Vec::new();
        for record in &page.changed {
            let link = page.by_key.of(record.side).get(&record.key).and_then(|link| page.links.get(link));
            match link {
                Some(link) if done.insert(link.at.link) => {
                    self.decide_link(page, link, &mut quiet, report).await?;
                }
                Some(_) => {}
                None => self.decide_unlinked(page, record, &mut quiet, report).await?,
            }
        }
        if matches!(self.work, Work::Store { .. }) && !quiet.is_empty() {
            self.sync.store.forget_changes(&self.sync.id, &quiet).await?;
        }
        Ok(())
    }

    async fn decide_link(
        &mut self,
        page: &Page,
        link: &Link,
        quiet: &mut Vec<ChangedRecord>,
        report: &mut TwoWayReport,
    ) -> Result<()> {
        let is_of_link = |record: &&ChangedRecord| link.key(record.side) == Some(&record.key);
        let handled: Vec<ChangedRecord> = page.changed.iter().filter(is_of_link).cloned().collect();
        let seen = |side: PairSide| {
            link.key(side).and_then(|key| page.seen.of(side).get(key)).unwrap_or(&Seen::Gone)
        };
        let both = Both::new(seen(PairSide::Left), seen(PairSide::Right));
        match self.sync.decide(&Look { link, seen: both, handled: handled.clone() })? {
            Verdict::Quiet => quiet.extend(handled),
            Verdict::Later => report.waiting += 1,
            Verdict::Change(decision) => self.keep(*decision, report).await?,
        }
        Ok(())
    }

    async fn decide_unlinked(
        &mut self,
        page: &Page,
        record: &ChangedRecord,
        quiet: &mut Vec<ChangedRecord>,
        report: &mut TwoWayReport,
    ) -> Result<()> {
        if self.paired.of(record.side).contains(&record.key) {
            return Ok(());
        }
        let Some(Seen::Live(shown)) = page.seen.of(record.side).get(&record.key) else {
            quiet.push(record.clone());
            return Ok(());
        };
        match self.counterpart(record, shown).await? {
            Counterpart::One(other) => {
                let side = record.side;
                let loaded = self.sync.sides.of(side.other()).load(std::slice::from_ref(&other)).await?;
                let Some(Seen::Live(theirs)) = loaded.into_iter().next() else {
                    report.waiting += 1;
                    return Ok(());
                };
                let (keys, both): (Both<Key>, Both<&SideRecord>) = match side {
                    PairSide::Left => (Both::new(record.key.clone(), other), Both::new(shown, &theirs)),
                    PairSide::Right => (Both::new(other, record.key.clone()), Both::new(&theirs, shown)),
                };
                // Both records may have changed; the pair is decided about once.
                let of_pair = |changed: &&ChangedRecord| *keys.of(changed.side) == changed.key;
                let handled = page.changed.iter().filter(of_pair).cloned().collect();
                self.paired.left.insert(keys.left.clone());
                self.paired.right.insert(keys.right.clone());
                let decision = self.sync.link_records(keys, both, handled)?;
                self.keep(decision, report).await
            }
            Counterpart::Several(candidates) => {
                if let Work::Plan(planner) = &mut self.work {
                    planner.diff.ambiguous += 1;
                    return Ok(());
                }
                let facts = json!({
                    "side": record.side.as_str(), "key": record.key.as_str(),
                    "candidates": candidates.iter().map(Key::as_str).collect::<Vec<_>>(),
                });
                let subject = format!("{}:{}", record.side, record.key);
                let task = NewTask::new(TaskKind::Ambiguous, subject, RawJson::of(&facts)?);
                self.sync.store.add_task(&self.sync.id, None, task).await?;
                quiet.push(record.clone());
                Ok(())
            }
            Counterpart::None if *self.sync.creates.of(record.side.other()) => {
                if let Work::Store { confirmed: false } = self.work {
                    report.waiting += 1;
                    return Ok(());
                }
                let handled = vec![record.clone()];
                match self.sync.link_new(record.side, record.key.clone(), shown, handled)? {
                    Some(decision) => self.keep(decision, report).await,
                    None => {
                        quiet.push(record.clone());
                        Ok(())
                    }
                }
            }
            Counterpart::None => {
                quiet.push(record.clone());
                Ok(())
            }
        }
    }

    /// The record of the other side that an unlinked one belongs to, by the first rule that finds any.
    async fn counterpart(&self, record: &ChangedRecord, shown: &SideRecord) -> Result<Counterpart> {
        let (store, id, side) = (&self.sync.store, &self.sync.id, record.side);
        for (rule, value) in self.values(shown) {
            let found = store.matching_records(id, side.other(), (rule, &value), CANDIDATES).await?;
            if found.is_empty() {
                continue;
            }
            let own = store.matching_records(id, side, (rule, &value), CANDIDATES).await?;
            return Ok(match <[Key; 1]>::try_from(found) {
                Ok([other]) if own.len() <= 1 => Counterpart::One(other),
                Ok([other]) => Counterpart::Several(vec![other]),
                Err(several) => Counterpart::Several(several),
            });
        }
        Ok(Counterpart::None)
    }

    /// Stores a decision, or adds it to the plan.
    async fn keep(&mut self, decision: Decision, report: &mut TwoWayReport) -> Result<()> {
        if let Work::Plan(planner) = &mut self.work {
            let conflicts =
                decision.change.conflicts.iter().flat_map(|conflict| [&conflict.left, &conflict.right]);
            let values: Vec<&str> = conflicts.flatten().map(RawJson::get).collect();
            let content = format!("{}{}", decision.change.body.get(), values.join("\u{1f}"));
            planner.add(decision.planned, &content);
            return Ok(());
        }
        let (conflicts, links) = (decision.change.conflicts.len() as u64, decision.planned.links);
        let state = decision.change.state;
        let writes = decision.planned.writes.len() as u64;
        match self.sync.store.store_link(&self.sync.id, decision.change).await? {
            Some(_) => {
                report.conflicts += conflicts;
                report.linked += u64::from(links);
                report.decided += writes;
                if state == tieline_store::pairings::LinkState::Held {
                    report.held += writes;
                }
            }
            // Somebody else was quicker; the record stays to be looked at.
            None => report.waiting += 1,
        }
        Ok(())
    }
}

enum Counterpart {
    None,
    One(Key),
    Several(Vec<Key>),
}

impl TwoWaySync {
    /// The wait before a link is looked at again whose write was dropped.
    pub(crate) fn later(&self) -> Duration {
        LATER
    }
}
