//! A read of one entity: its walks, page by page, each page with the state after it.

use std::sync::Arc;

use tieline_core::{
    Batch, BatchStream, EntityName, Error, ErrorKind, Issue, Partition, Progress, RawJson, ReadMode,
    ReadRequest, Result,
};
use tieline_kit::{Budget, TokenGuard, batches, on_entity};

use super::client::Client;
use super::export::Asked;
use super::paging::Step;
use super::partitions::parents_of;
use super::plan::{self, EntityPlan};
use super::reading::{PageRead, Reading};
use super::seen::SeenKeys;
use super::select::{filter_mark, selection};
use super::state::{Position, ReadState};
use crate::hooks::Selection;

/// A read under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) client: Client,
    pub(super) entity: EntityName,
    pub(super) plan: Arc<EntityPlan>,
    pub(super) partition: Option<Partition>,
    pub(super) parents: Vec<String>,
    /// The parent's record, once a request's words need it.
    pub(super) parent_record: Option<RawJson>,
    pub(super) fields: Vec<String>,
    pub(super) page_size: Option<u32>,
    pub(super) state: ReadState,
    pub(super) budget: Budget,
    /// The reading of the present walk.
    pub(super) reading: Option<(usize, Reading)>,
    pub(super) guard: TokenGuard,
    pub(super) seen: SeenKeys,
    /// Whether a request was sent.
    begun: bool,
    /// Whether the next page's token comes from a stored state and may have ended since.
    resumed: bool,
    pub(super) over: bool,
    pub(super) mode: ReadMode,
    pub(super) has_detail: bool,
    pub(super) selection: Selection,
    /// Whether the next batch says that there is no list of changes.
    pub(super) remarks: bool,
}

/// A lazy stream of batches.
///
/// # Errors
/// At once for an unknown entity, a state that cannot be read, and what the description cannot do.
pub(crate) fn read(client: &Client, request: ReadRequest) -> Result<BatchStream> {
    let entity = plan::entity(&client.description, request.entity.as_str())?;
    if entity.list.is_empty() {
        return Err(Error::unsupported(format!("reading {}", request.entity)));
    }
    let selection = selection(client, &request)?;
    let parents = match (&entity.parent, &request.partition) {
        (None, None) => Vec::new(),
        (None, Some(_)) => {
            return Err(Error::unsupported(format!("reading a part of {}", request.entity)));
        }
        (Some(parent), None) => {
            let message = format!("{} are read parent by parent, and no parent is named", request.entity);
            return Err(Error::new(ErrorKind::Config, message)
                .with_advice(format!("ask for the partitions: each names some {}", parent.entity)));
        }
        (Some(_), Some(partition)) => parents_of(partition.as_str()),
    };
    let plan = Arc::new(EntityPlan::new(entity)?);
    let migrated = request.state.as_ref().and_then(|state| client.hooks.migrate(&request.entity, state));
    let mut state = ReadState::of(migrated.transpose()?.as_ref().or(request.state.as_ref()))?;
    if !state.reading.is_empty() && state.reading != plan.fingerprint {
        return Err(Error::new(
            ErrorKind::StateInvalid,
            "the entity is read in another way since the state was stored",
        )
        .with_advice("start over without state: a full read skips nothing"));
    }
    state.reading.clone_from(&plan.fingerprint);
    let filters = filter_mark(&request.filters);
    if request.state.is_some() && state.filters != filters {
        return Err(Error::new(
            ErrorKind::StateInvalid,
            "the stored state belongs to a read with other filters",
        )
        .with_advice("start over without state: a full read skips nothing"));
    }
    state.filters = filters;
    if state.marks.len() != plan.marks.len() {
        state.marks = vec![None; plan.marks.len()];
    }
    let done = state.begin(&request, &plan, client)?;
    let fields = if request.fields.is_empty() {
        entity.field_names.clone()
    } else {
        request.fields.iter().map(|field| field.as_str().trim_start_matches('/').to_owned()).collect()
    };
    let remarks = request.mode == ReadMode::Changes && state.is_without_changes();
    let run = Run {
        mode: request.mode,
        has_detail: entity.detail.is_some(),
        selection,
        remarks,
        client: client.clone(),
        entity: request.entity,
        plan,
        partition: request.partition,
        parents,
        parent_record: None,
        fields,
        page_size: request.page_size,
        budget: Budget::new(done, request.max_records),
        resumed: state.pass.as_ref().is_some_and(|pass| pass.at.next.is_some()),
        state,
        reading: None,
        guard: TokenGuard::new(),
        seen: SeenKeys::default(),
        begun: false,
        over: false,
    };
    Ok(batches(run, step))
}

/// The next batch, or its error with the entity.
async fn step(run: Run) -> Result<Option<(Batch, Run)>> {
    let entity = run.entity.clone();
    next_batch(run).await.map_err(|error| on_entity(error, entity.as_str()))
}

async fn next_batch(mut run: Run) -> Result<Option<(Batch, Run)>> {
    if run.over {
        return Ok(None);
    }
    let Some(mut pass) = run.state.pass.take() else { return Ok(None) };
    let plan = Arc::clone(&run.plan);
    let walks = plan.walks(pass.kind);
    let Some(walk) = walks.get(pass.walk) else {
        return Err(Error::new(
            ErrorKind::StateInvalid,
            "the stored state is at a list that is no longer read",
        )
        .with_advice("start over without state: a full read skips nothing"));
    };
    let mut issues = Vec::new();
    run.name_fields(walk).await?;
    run.find_parent(walk).await?;
    if run.client.is_spent() {
        let issue = Issue::new(
            "the run was ended, because it sent as many requests as a run may: the next one goes on",
        );
        return run.pause(pass, issue, true).map(Some);
    }
    if !std::mem::replace(&mut run.begun, true) {
        run.client.ask_clock().await?;
    }
    run.first_token(&mut pass).await?;
    if let Some(job) = walk.job.as_ref().filter(|_| !pass.at.ready) {
        match run.export(walk, job, &mut pass).await? {
            Asked::Done => {}
            Asked::Wait(issue, ends) => return run.pause(pass, issue, ends).map(Some),
        }
    }
    let mut asked = run.ask(walk, &mut pass).await;
    // How long a token lives is often not said. Its list begins again; what comes twice is harmless.
    if std::mem::take(&mut run.resumed) && asked.as_ref().is_err_and(is_refused_token) {
        pass.at = Position::default();
        asked = run.ask(walk, &mut pass).await;
    }
    let response = match asked {
        Ok(response) => response,
        // What a list takes may change: everything is read in place of the changes.
        Err(error) if Run::is_refused(walk, &pass, &error) => {
            run.read_all();
            return Box::pin(next_batch(run)).await;
        }
        Err(error) => return Err(error),
    };
    pass.started = pass.started.or(response.date).or_else(|| Some(run.client.now()));
    let text = response.text()?;
    let mut read = if response.body.is_empty() && response.status != http::StatusCode::OK {
        // 204 and what the rules call nothing.
        PageRead { highest: vec![None; run.plan.marks.len()], ..PageRead::default() }
    } else {
        run.page(walk, text)?
    };
    pass.partial |= read.broken;
    let changes = run.take(walk, &mut pass, &mut read, &mut issues)?;
    let changes = run.details(walk, &mut pass, changes, &mut issues).await?;
    let token = match &walk.walk.token {
        Some(place) => super::paging::from_header(place, &response, read.token.take())?,
        None => None,
    };
    if token.is_some() {
        pass.token = token;
    }
    // A page of which a bounded run gave a part comes again.
    let step = match pass.at.given {
        0 if !pass.at.cut => run.advance(walk, &mut pass, &read, &response, text, &mut issues)?,
        _ => Step::Go,
    };
    let mut end = None;
    if matches!(step, Step::End) {
        pass.walk += 1;
        pass.at = Position::default();
        run.guard = TokenGuard::new();
        if pass.walk >= walks.len() {
            run.probe(&pass).await?;
            // Who asked for some records learns nothing of the others.
            pass.partial |= run.state.filters.is_some();
            end = Some(run.state.finish(&mut pass, &run.plan, &run.client));
        }
    }
    run.remark_on_changes(&mut issues);
    if end.is_none() && run.budget.is_spent() {
        end = Some(tieline_core::PassEnd::Partial);
    }
    let read_mode = pass.kind.mode();
    if end != Some(tieline_core::PassEnd::Complete) && pass.walk < walks.len() {
        run.state.pass = Some(pass.clone());
    }
    let mut batch = Batch::new(run.entity.clone(), changes, run.state.to_state()?)
        .with_partition(run.partition.clone())
        .with_pass(read_mode)
        .with_issues(issues)
        .with_progress(Progress::new(run.budget.done(), read.total));
    if let Some(end) = end {
        run.over = true;
        batch = batch.with_end(end);
    }
    Ok(Some((batch, run)))
}

/// Whether a provider's refusal may be about a page token that ended.
fn is_refused_token(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Rejected | ErrorKind::NotFound)
}
