//! Lists of changes that the provider does not document: they are tried once, with a time that lies ahead.

use chrono::Days;
use serde::{Deserialize, Serialize};
use tieline_core::{ErrorKind, Issue, ReadMode, Result};

use super::paging::Paging;
use super::plan::{EntityPlan, WalkPlan};
use super::read::Run;
use super::reading::Reading;
use super::state::{Kind, PassState, ReadState};
use super::words::RequestWords;
use crate::stamp::Stamp;

const NO_CHANGES: &str =
    "the provider does not list this entity by time of change, so that each run reads all of it";

/// What a list does with a time of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Probed {
    /// It lists what changed.
    Honoured,
    /// It lists everything all the same.
    Ignored,
    /// It answers with an error.
    Refused,
}

impl EntityPlan {
    /// The list of changes that is to be tried before it is trusted.
    pub(crate) fn probe(&self) -> Option<&WalkPlan> {
        self.changes.iter().find(|walk| walk.walk.probe == Some(true))
    }
}

impl ReadState {
    /// Whether the list of changes can be trusted.
    pub(crate) fn trusts_changes(&self, plan: &EntityPlan) -> bool {
        plan.probe().is_none() || self.probed == Some(Probed::Honoured)
    }

    /// Whether the list of changes was tried in vain.
    pub(crate) fn is_without_changes(&self) -> bool {
        matches!(self.probed, Some(Probed::Ignored | Probed::Refused))
    }
}

impl Run {
    /// That everything is read in place of the changes.
    pub(super) fn remark_on_changes(&mut self, issues: &mut Vec<Issue>) {
        if std::mem::take(&mut self.remarks) {
            let mut issue = Issue::new(NO_CHANGES);
            issue.entity = Some(self.entity.clone());
            issues.push(issue);
        }
    }

    /// Whether a list of changes was refused at its beginning: everything is read then.
    pub(super) fn is_refused(walk: &WalkPlan, pass: &PassState, error: &tieline_core::Error) -> bool {
        let begins = pass.kind == Kind::Changes && pass.walk == 0 && pass.at.pages == 0;
        begins && walk.mark.is_some() && !walk.deletes && error.kind() == ErrorKind::Rejected
    }

    /// The pass over everything in place of one over changes.
    pub(super) fn read_all(&mut self) {
        if self.plan.probe().is_some() {
            self.state.probed = Some(Probed::Refused);
        }
        self.remarks = true;
        let highest = vec![None; self.plan.marks.len()];
        self.state.pass = Some(PassState { kind: Kind::Full, highest, ..PassState::default() });
    }

    /// Tries the list of changes after the first pass over everything that found records: one that has records of the day
    /// after tomorrow does not know time.
    pub(super) async fn probe(&mut self, pass: &PassState) -> Result<()> {
        let plan = std::sync::Arc::clone(&self.plan);
        let Some(walk) = plan.probe() else { return Ok(()) };
        let tried =
            self.state.probed.is_some() || self.state.filters.is_some() || self.mode == ReadMode::Keys;
        if tried || pass.kind != Kind::Full || pass.done == 0 {
            return Ok(());
        }
        let Some(ahead) = pass.started.and_then(|started| started.checked_add_days(Days::new(2))) else {
            return Ok(());
        };
        let paging = Paging::of(&walk.request, &walk.walk);
        let words = RequestWords {
            page: (paging == Paging::Page).then(|| u64::from(walk.walk.first_page.unwrap_or(1))),
            offset: (paging == Paging::Offset).then_some(0),
            page_size: Some(1),
            fields: self.fields.clone(),
            since: Some(Stamp::at(ahead)),
            parents: self.parents.clone(),
            each: walk.each.clone(),
            ..self.client.words()
        };
        let answer = self.client.send(&walk.request, &words, true).await;
        self.state.probed = match answer {
            Ok(response) => {
                let records = walk.walk.records.clone().unwrap_or_default();
                let reading = Reading::new(&walk.request, &walk.walk, &records, &[], self.client.zone)?;
                let decode = walk.walk.decode.unwrap_or_default();
                let read = reading.read(self.entity.as_str(), response.text()?, &self.parents, decode)?;
                Some(if read.count == 0 { Probed::Honoured } else { Probed::Ignored })
            }
            Err(error) => (error.kind() == ErrorKind::Rejected).then_some(Probed::Refused),
        };
        self.remarks |= self.state.is_without_changes();
        Ok(())
    }
}
