//! Mapping rows again whose record, looked-up record or mapping changed; and deciding about rows that a mapping would take
//! out of its target.

use tieline_core::{Key, Result};
use tieline_store::SweepRefused;

use crate::apply::{Remapped, remap_page};
use crate::plan::{StreamPlan, Target};
use crate::report::StreamReport;
use crate::run::OneWaySync;

impl OneWaySync {
    /// Maps what is stale. Removals are held until all of them are counted, those of this run and those that an earlier one
    /// did not make; then all are made, or none.
    pub(crate) async fn remap(&mut self, plan: &StreamPlan, report: &mut StreamReport) -> Result<()> {
        let Some(target) = &plan.target else { return Ok(()) };
        let held = self.remap_stale(plan, target, report, true).await?;
        if held == 0 {
            return Ok(());
        }
        let of = self.store.counts(&self.connection).await?.rows(target.name.as_str());
        if self.brake.holds(held, of) {
            report.removals_refused = Some(SweepRefused::new(held, of));
            return Ok(());
        }
        self.remap_stale(plan, target, report, false).await.map(drop)
    }

    /// Walks over the stale keys once. Returns how many removals were held.
    async fn remap_stale(
        &mut self,
        plan: &StreamPlan,
        target: &Target,
        report: &mut StreamReport,
        may_hold: bool,
    ) -> Result<u64> {
        let mut after: Option<Key> = None;
        let mut held = 0;
        loop {
            let page = remap_page(&*self.store, &self.connection, plan, target, after.as_ref()).await?;
            let Some(Remapped { mut prepared, last }) = page else { return Ok(held) };
            after = Some(last);
            if may_hold {
                report.add_new_issues(prepared.issues);
                prepared.commit.hold_removals = true;
            }
            let tally = self.store.commit(prepared.commit).await?;
            held += tally.held;
            report.add(&tally);
            if may_hold {
                let stale = tally.row_issues.into_iter().filter(|found| found.stale);
                report.add_issues(stale.map(|found| found.issue));
            }
        }
    }
}
