//! Lists that a job prepares: begun, asked for until it is done, then read page by page. The job's id is in the stored
//! state, so that a run which ends meanwhile begins no second one.

use tieline_core::http::HttpResponse;
use tieline_core::{Batch, Issue, PassEnd, Progress, Result};

use super::plan::{JobPlan, WalkPlan};
use super::read::Run;
use super::state::PassState;
use super::words::RequestWords;
use crate::description::{Job, Place};

/// The most requests for one job in a run. The next run goes on asking.
const MAX_POLLS: u32 = 60;

/// The state of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum JobState {
    Running,
    Done,
    Failed,
}

/// The outcome of asking for a job.
#[derive(Debug)]
pub(super) enum Asked {
    /// It is done: its result can be read.
    Done,
    /// The run has a batch to give before it goes on; `true` when the run ends with it.
    Wait(Issue, bool),
}

impl Run {
    /// Begins the job of a walk, or asks for it.
    pub(super) async fn export(
        &mut self,
        walk: &WalkPlan,
        plan: &JobPlan,
        pass: &mut PassState,
    ) -> Result<Asked> {
        let Some(id) = pass.at.job.clone() else {
            let response = self.ask_for(walk, &plan.request, pass).await?;
            pass.started = pass.started.or(response.date).or_else(|| Some(self.client.now()));
            let id = id_of(&plan.job, &response)?;
            pass.at.job = Some(id);
            return Ok(Asked::Wait(
                Issue::new("the provider prepares the list: its job is asked for"),
                false,
            ));
        };
        for number in 0..MAX_POLLS {
            if self.client.is_spent() {
                break;
            }
            if number > 0 {
                futures_timer::Delay::new(plan.job.every).await;
            }
            let words = RequestWords { id: Some(&id), each: walk.each.clone(), ..self.client.words() };
            match poll(&self.client, &plan.job, &plan.request, &words, &id).await?.0 {
                JobState::Running => {}
                JobState::Done => {
                    pass.at.ready = true;
                    return Ok(Asked::Done);
                }
                JobState::Failed => {
                    pass.at.job = None;
                    let issue =
                        Issue::new("the provider failed to prepare the list: the next run asks again");
                    return Ok(Asked::Wait(issue.refused(), true));
                }
            }
        }
        Ok(Asked::Wait(Issue::new("the provider still prepares the list: the next run goes on"), true))
    }

    /// A batch without records, with the state as it is.
    pub(super) fn pause(mut self, pass: PassState, issue: Issue, ends: bool) -> Result<(Batch, Self)> {
        let (mode, done) = (pass.kind.mode(), self.budget.done());
        self.state.pass = Some(pass);
        self.over = ends;
        let batch = Batch::new(self.entity.clone(), Vec::new(), self.state.to_state()?)
            .with_partition(self.partition.clone())
            .with_pass(mode)
            .with_progress(Progress::new(done, None));
        let batch = if ends { batch.with_issues(vec![issue]).with_end(PassEnd::Partial) } else { batch };
        Ok((batch, self))
    }
}

/// The id of a job that an answer tells.
///
/// # Errors
/// `Decode` when it has none.
pub(super) fn id_of(job: &Job, response: &HttpResponse) -> Result<String> {
    find_id(job, response)?.ok_or_else(|| {
        use tieline_core::{Error, ErrorKind};
        Error::new(ErrorKind::Decode, "the answer names no job")
            .with_advice("say where it is: job: {id: /job/id} or {id: header Location}")
    })
}

/// The same; `None` when there is none, as in the answer of a write that was carried out at once.
pub(super) fn find_id(job: &Job, response: &HttpResponse) -> Result<Option<String>> {
    let body = match &job.id {
        Place::Body(path) => {
            response.text().ok().and_then(|text| super::fields::text_at(text, &path.to_string()))
        }
        _ => None,
    };
    super::paging::from_header(&job.id, response, body)
}

/// Asks for a job once, by its request or at its address.
pub(super) async fn poll(
    client: &super::client::Client,
    job: &Job,
    begun_by: &crate::description::Request,
    words: &RequestWords<'_>,
    id: &str,
) -> Result<(JobState, HttpResponse)> {
    let response = match &job.poll {
        Some(request) => client.send(request, words, true).await?,
        None => {
            let asked = crate::description::Request {
                method: http::Method::GET,
                body: None,
                form: Vec::new(),
                upload: None,
                idempotency_header: None,
                ..begun_by.clone()
            };
            client.follow(&asked, words, id, false).await?
        }
    };
    let state = match &job.state {
        None if response.status == http::StatusCode::ACCEPTED => JobState::Running,
        None => JobState::Done,
        Some(path) => {
            let state = super::fields::text_at(response.text()?, &path.to_string()).unwrap_or_default();
            if job.done.contains(&state) {
                JobState::Done
            } else if job.failed.contains(&state) {
                JobState::Failed
            } else {
                JobState::Running
            }
        }
    };
    Ok((state, response))
}
