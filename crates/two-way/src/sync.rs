//! A pairing: its sides, its rules, and the cycle that keeps them in step.

use std::sync::Arc;

use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::pairings::{NewTask, PairSide, PairingId, PairingPosition, PairingStore, TaskKind};
use tracing::{Instrument as _, info, info_span};

use crate::fields::Fields;
use crate::matching::MatchRule;
use crate::merge::Both;
use crate::pass::Pass;
use crate::report::{Diff, Planner, TwoWayReport};
use crate::rules::MergeRules;
use crate::side::Side;

/// The fate of a record whose counterpart is gone. An edit that the other side has not seen holds against a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeletePolicy {
    /// It stays, and is no longer kept in step. It is neither linked nor made anew.
    #[default]
    Unlink,
    /// It gets these values and stays.
    Archive(Fields),
    /// It is removed.
    Delete,
}

/// The amount of changes that is suspicious: updates and deletions of linked records in one cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChangeBrake {
    /// The share of all links, in percent, beyond which nothing is decided without an approval.
    pub percent: u32,
    /// The number of changes up to which it never holds.
    pub at_least: u64,
}

impl Default for ChangeBrake {
    fn default() -> Self {
        Self { percent: 30, at_least: 20 }
    }
}

impl ChangeBrake {
    /// A share in percent, and a number up to which it never holds.
    pub fn new(percent: u32, at_least: u64) -> Self {
        Self { percent, at_least }
    }

    fn limit(self, links: u64) -> u64 {
        (links.saturating_mul(u64::from(self.percent)) / 100).max(self.at_least)
    }
}

/// Two sides whose records are kept in step.
///
/// One cycle at a time makes progress in a pairing: what two of them decide about one link at the same time is stored once.
/// Dropping the future of a cycle is like the end of its process: what was stored stays, and the next one goes on.
#[derive(Debug)]
pub struct TwoWaySync {
    pub(crate) id: PairingId,
    pub(crate) store: Arc<dyn PairingStore>,
    pub(crate) sides: Both<Arc<dyn Side>>,
    pub(crate) rules: MergeRules,
    pub(crate) matches: Vec<MatchRule>,
    pub(crate) creates: Both<bool>,
    pub(crate) deletes: Both<DeletePolicy>,
    pub(crate) approval: Both<bool>,
    pub(crate) brake: ChangeBrake,
    pub(crate) page: u32,
    needs_confirmation: bool,
}

impl TwoWaySync {
    /// A pairing of two sides. Records are linked by match rules; none are made until [`creating`](Self::creating) says on
    /// which side, and a dry run was confirmed.
    pub fn new(
        id: impl Into<PairingId>,
        store: Arc<dyn PairingStore>,
        left: Arc<dyn Side>,
        right: Arc<dyn Side>,
        rules: MergeRules,
    ) -> Self {
        Self {
            id: id.into(),
            store,
            sides: Both::new(left, right),
            rules,
            matches: Vec::new(),
            creates: Both::default(),
            deletes: Both::default(),
            approval: Both::default(),
            brake: ChangeBrake::default(),
            page: 200,
            needs_confirmation: true,
        }
    }

    /// Adds a rule by which records are matched that are not linked yet. Earlier rules come first.
    #[must_use]
    pub fn matching(mut self, rule: MatchRule) -> Self {
        self.matches.push(rule);
        self
    }

    /// Makes records on a side for those of the other one that have no counterpart.
    #[must_use]
    pub fn creating(mut self, on: PairSide) -> Self {
        *self.creates.of_mut(on) = true;
        self
    }

    /// Sets the fate of a side's records whose counterpart is gone.
    #[must_use]
    pub fn on_delete(mut self, of: PairSide, policy: DeletePolicy) -> Self {
        *self.deletes.of_mut(of) = policy;
        self
    }

    /// Holds all writes to a side until somebody approves them.
    #[must_use]
    pub fn with_approval(mut self, of: PairSide) -> Self {
        *self.approval.of_mut(of) = true;
        self
    }

    /// Sets which amount of changes is suspicious.
    #[must_use]
    pub fn with_brake(mut self, brake: ChangeBrake) -> Self {
        self.brake = brake;
        self
    }

    /// Makes records without a dry run that somebody confirmed.
    #[must_use]
    pub fn without_confirmation(mut self) -> Self {
        self.needs_confirmation = false;
        self
    }

    /// Sets how many changed records are looked at together; 200 by default.
    #[must_use]
    pub fn page_size(mut self, records: u32) -> Self {
        self.page = records.max(1);
        self
    }

    /// The pairing's name.
    pub fn id(&self) -> &PairingId {
        &self.id
    }

    /// Runs one cycle: reads both sides, settles what is under way, decides about the records that changed, writes, and
    /// settles. A failure ends it early, with the error in the report; what was stored before stays.
    pub async fn run(&self) -> TwoWayReport {
        let span = info_span!("two_way.cycle", tieline.pairing = %self.id);
        let work = async {
            let mut report = TwoWayReport::default();
            report.error = Box::pin(self.cycle(&mut report)).await.err();
            info!(
                changed = report.changed,
                written = report.written,
                conflicts = report.conflicts,
                complete = report.error.is_none(),
                "cycle ended"
            );
            report
        };
        work.instrument(span).await
    }

    async fn cycle(&self, report: &mut TwoWayReport) -> Result<()> {
        let position = self.prepare(report).await?;
        self.settle(report).await?;
        let suspicious = self.suspicious().await?;
        if let Some(diff) = suspicious {
            let facts = format!(
                r#"{{"updates":{},"deletes":{},"digest":"{}"}}"#,
                diff.updates, diff.deletes, diff.digest
            );
            let task = NewTask::new(TaskKind::Brake, "cycle", tieline_core::RawJson::parse(facts)?);
            self.store.add_task(&self.id, None, task).await?;
            report.braked = true;
            return Ok(());
        }
        let confirmed = position.confirmed || !self.needs_confirmation;
        Pass::storing(self, confirmed).run(report).await?;
        self.write(report).await
    }

    /// Reads both sides, follows their changes, and stores the values by which unlinked records are matched.
    async fn prepare(&self, report: &mut TwoWayReport) -> Result<PairingPosition> {
        let connections = [self.sides.left.connection(), self.sides.right.connection()];
        let mut position = self.store.open_pairing(&self.id, connections, &self.fingerprint()).await?;
        for side in PairSide::BOTH {
            self.sides.of(side).pull().await.map_err(|error| error.with_context("side", side))?;
            self.follow(side, &mut position, report).await?;
        }
        Pass::indexing(self).run(report).await?;
        Ok(position)
    }

    async fn follow(
        &self,
        side: PairSide,
        position: &mut PairingPosition,
        report: &mut TwoWayReport,
    ) -> Result<()> {
        let mut cursor = position.cursor(side).map(str::to_owned);
        loop {
            let page = self.sides.of(side).changed(cursor.as_deref(), self.page).await?;
            if page.keys.is_empty() && page.next == cursor {
                return Ok(());
            }
            let moved = (cursor.as_deref(), page.next.as_deref());
            if !self.store.note_changes(&self.id, side, &page.keys, moved).await? {
                return Err(Error::new(ErrorKind::Conflict, "the pairing is being run by somebody else")
                    .with_advice("run one cycle of a pairing at a time")
                    .with_context("pairing", &self.id));
            }
            report.changed += page.keys.len() as u64;
            cursor = page.next;
            if !page.more {
                return Ok(());
            }
        }
    }

    /// Returns the plan when it is suspiciously large.
    async fn suspicious(&self) -> Result<Option<Diff>> {
        let counts = self.store.pairing_counts(&self.id).await?;
        let limit = self.brake.limit(counts.links);
        // No more links change than records did.
        if counts.links == 0 || counts.changed <= limit {
            return Ok(None);
        }
        let diff = self.diff().await?;
        let changes = diff.updates + diff.deletes;
        Ok((changes > limit).then_some(diff))
    }

    async fn diff(&self) -> Result<Diff> {
        let mut planner = Planner::default();
        let mut report = TwoWayReport::default();
        Pass::planning(self, &mut planner).run(&mut report).await?;
        planner.diff.waiting = report.waiting;
        Ok(planner.end())
    }

    /// Returns what a cycle would do now, and stores none of it. Both sides are read for it.
    ///
    /// # Errors
    ///
    /// As a side or the store fails.
    pub async fn plan(&self) -> Result<Diff> {
        let mut report = TwoWayReport::default();
        Box::pin(self.prepare(&mut report)).await?;
        Box::pin(self.diff()).await
    }

    /// Does what a dry run with this digest showed, and confirms that records may be made from now on.
    ///
    /// # Errors
    ///
    /// `Conflict` when a plan of now has another digest: somebody changed something since. Otherwise as a side or the store
    /// fails.
    pub async fn apply(&self, digest: &str) -> Result<TwoWayReport> {
        let mut report = TwoWayReport::default();
        Box::pin(self.prepare(&mut report)).await?;
        let diff = Box::pin(self.diff()).await?;
        if diff.digest != digest {
            return Err(Error::new(ErrorKind::Conflict, "the plan is no longer what was confirmed")
                .with_advice("look at a new plan, and apply that one")
                .with_context("pairing", &self.id));
        }
        self.store.confirm_pairing(&self.id).await?;
        let work = async {
            Pass::storing(self, true).run(&mut report).await?;
            self.write(&mut report).await
        };
        let error = Box::pin(work).await.err();
        report.error = error;
        Ok(report)
    }

    fn fingerprint(&self) -> String {
        let digest = Sha256::digest(format!("{}{:?}", self.rules.fingerprint(), self.matches));
        digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}
