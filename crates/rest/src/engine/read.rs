//! A read of one entity: its walks, page by page, each page with the state after it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::http::HttpResponse;
use tieline_core::{
    Batch, BatchStream, Change, Deletion, EntityName, Error, ErrorKind, Issue, Partition, Progress, RawJson,
    ReadMode, ReadRequest, Result,
};
use tieline_kit::{Budget, JsonPath, TokenGuard, batches};

use super::client::Client;
use super::details;
use super::paging::{Paging, Step};
use super::partitions::parents_of;
use super::plan::{self, EntityPlan, WalkPlan, naming};
use super::reading::{PageRead, Reading};
use super::state::{Kind, PassState, Position, ReadState, StoredStamp};
use super::survey::records_path;
use super::words::RequestWords;
use crate::description::{Decode, Start};
use crate::stamp::Stamp;

/// The most issues that one batch tells of single records.
const MAX_ISSUES: usize = 100;

/// A read under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) client: Client,
    entity: EntityName,
    plan: Arc<EntityPlan>,
    partition: Option<Partition>,
    parents: Vec<String>,
    /// The parent's record, once a request's words need it.
    parent_record: Option<RawJson>,
    fields: Vec<String>,
    page_size: Option<u32>,
    pub(super) state: ReadState,
    budget: Budget,
    /// The reading of the present walk.
    reading: Option<(usize, Reading)>,
    pub(super) guard: TokenGuard,
    over: bool,
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
    if !request.filters.is_empty() {
        return Err(Error::unsupported("reading with filters"));
    }
    let keys_only = request.mode == ReadMode::Keys;
    if keys_only {
        return Err(Error::unsupported("reading keys only"));
    }
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
    if state.marks.len() != plan.marks.len() {
        state.marks = vec![None; plan.marks.len()];
    }
    let done = state.begin(&request, &plan, client)?;
    let fields = if request.fields.is_empty() {
        entity.field_names.clone()
    } else {
        request.fields.iter().map(|field| field.as_str().trim_start_matches('/').to_owned()).collect()
    };
    let run = Run {
        client: client.clone(),
        entity: request.entity,
        plan,
        partition: request.partition,
        parents,
        parent_record: None,
        fields,
        page_size: request.page_size,
        budget: Budget::new(done, request.max_records),
        state,
        reading: None,
        guard: TokenGuard::new(),
        over: false,
    };
    Ok(batches(run, step))
}

async fn step(mut run: Run) -> Result<Option<(Batch, Run)>> {
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
        return run.stop_early(pass).map(Some);
    }
    let asked = run.ask(walk, &mut pass).await;
    let response = asked.map_err(|error| naming(error, run.entity.as_str()))?;
    pass.started = pass.started.or(response.date).or_else(|| Some(run.client.now()));
    let text = response.text()?;
    let mut read = if response.body.is_empty() && response.status != http::StatusCode::OK {
        // 204 and what the rules call nothing.
        PageRead { highest: vec![None; run.plan.marks.len()], ..PageRead::default() }
    } else {
        run.page(walk, text).map_err(|error| naming(error, run.entity.as_str()))?
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
        0 => run.advance(walk, &mut pass, &read, &response, text, &mut issues)?,
        _ => Step::Go,
    };
    let mut end = None;
    if matches!(step, Step::End) {
        pass.walk += 1;
        pass.at = Position::default();
        run.guard = TokenGuard::new();
        if pass.walk >= walks.len() {
            end = Some(run.state.finish(&mut pass, &run.plan, &run.client));
        }
    }
    let mut batch = Batch::new(run.entity.clone(), changes, run.state.to_state()?);
    if end.is_none() && run.budget.is_spent() {
        end = Some(tieline_core::PassEnd::Partial);
    }
    let read_mode = pass.kind.mode();
    if end != Some(tieline_core::PassEnd::Complete) && pass.walk < walks.len() {
        run.state.pass = Some(pass.clone());
    }
    batch.state = run.state.to_state()?;
    batch = batch
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

impl Run {
    pub(super) fn size(&self, walk: &WalkPlan) -> Option<u32> {
        match (self.page_size, walk.walk.page_size) {
            (Some(asked), Some(most)) => Some(asked.clamp(1, most)),
            (None, most) => most,
            // Without a bound of the provider nothing is asked for beyond what the description says.
            (Some(asked), None) => Some(asked.max(1)),
        }
    }

    /// Asks once for the names of the account's fields, where a list wants them named and nobody did.
    async fn name_fields(&mut self, walk: &WalkPlan) -> Result<()> {
        if self.fields.is_empty() {
            let entity = plan::entity(&self.client.description, self.entity.as_str())?;
            self.fields =
                super::discover::field_names(&self.client, self.entity.as_str(), entity, &walk.request)
                    .await?;
        }
        Ok(())
    }

    /// The mark that a walk goes on from, in a read of changes.
    pub(super) fn mark(&self, walk: &WalkPlan, kind: Kind) -> Result<Option<Stamp>> {
        let Some(mark) = walk.mark.filter(|_| kind == Kind::Changes) else { return Ok(None) };
        let stored = self.state.marks.get(mark).and_then(Option::as_ref);
        stored.map(|stored| stored.stamp(self.client.zone)).transpose()
    }

    pub(super) fn overlap(walk: &WalkPlan, mark: &Stamp) -> TimeDelta {
        walk.walk
            .overlap
            .and_then(|overlap| TimeDelta::from_std(overlap).ok())
            .unwrap_or_else(|| mark.default_overlap())
    }

    /// Sends the request of the next page.
    async fn ask(&self, walk: &WalkPlan, pass: &mut PassState) -> Result<HttpResponse> {
        let paging = Paging::of(&walk.request, &walk.walk);
        let at = &mut pass.at;
        let mark = self.mark(walk, pass.kind)?;
        let mut since = mark.as_ref().map(|mark| mark.minus(Self::overlap(walk, mark)));
        let mut until = None;
        if since.is_none()
            && let Some(start) = walk.walk.start
        {
            since = Some(Stamp::at(began(start, self.client.now())));
        }
        if let Some(window) = walk.walk.window.and_then(|window| TimeDelta::from_std(window).ok()) {
            let form = since.clone().unwrap_or_else(|| Stamp::at(self.client.now()));
            let from = *at.from.get_or_insert_with(|| form.instant().unwrap_or_else(|| self.client.now()));
            let end = (from + window).min(self.client.now());
            since = Some(form.like(from));
            until = Some(form.like(end));
        } else if walk.request.uses(&|word| *word == crate::template::WordName::Until) {
            until = Some(Stamp::at(self.client.now()));
        }
        let size = self.size(walk);
        let words = RequestWords {
            page: (paging == Paging::Page).then(|| at.pages + u64::from(walk.walk.first_page.unwrap_or(1))),
            offset: (paging == Paging::Offset).then(|| at.offset.start()),
            next: at.next.as_deref(),
            last: Some(&at.last),
            page_size: match (paging, size) {
                (Paging::Offset, Some(size)) => Some(at.offset.limit(size, size.max(2))),
                (_, size) => size,
            },
            fields: self.fields.clone(),
            since,
            until,
            token: self.state.token.as_deref().filter(|_| pass.kind == Kind::Changes),
            parents: self.parents.clone(),
            parent_record: self.parent_record.as_ref().map(RawJson::get),
            each: walk.each.clone(),
            ..self.client.words()
        };
        let sends_token = walk.request.uses(&|word| *word == crate::template::WordName::Token);
        let link = words.token.filter(|_| walk.walk.token.is_some() && !sends_token && at.pages == 0);
        let follows = if paging == Paging::Follow { at.next.as_deref() } else { None };
        match follows.or(link) {
            Some(address) => self.client.follow(&walk.request, &words, address).await,
            None => self.client.send(&walk.request, &words, true).await,
        }
    }

    /// The parent's record, where a request has its fields as words.
    async fn find_parent(&mut self, walk: &WalkPlan) -> Result<()> {
        let uses = walk.request.uses(&|word| matches!(word, crate::template::WordName::Parent(_)));
        if uses && self.parent_record.is_none() {
            let entity = plan::entity(&self.client.description, self.entity.as_str())?;
            let record = super::lookup::parent_record(&self.client, entity, &self.parents).await?;
            self.parent_record = Some(record);
        }
        Ok(())
    }

    /// The records of a page with their details, and before them those that were refused the last time.
    async fn details(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        mut changes: Vec<Change>,
        issues: &mut Vec<Issue>,
    ) -> Result<Vec<Change>> {
        let entity = plan::entity(&self.client.description, self.entity.as_str())?;
        let Some(request) = entity.detail.as_ref().filter(|_| !walk.deletes) else { return Ok(changes) };
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
        Ok(detailed.changes)
    }

    /// Ends a run whose requests are spent: the next one goes on from its state.
    fn stop_early(mut self, pass: PassState) -> Result<(Batch, Self)> {
        let (mode, done) = (pass.kind.mode(), self.budget.done());
        self.state.pass = Some(pass);
        self.over = true;
        let issue = Issue::new(
            "the run was ended, because it sent as many requests as a run may: the next one goes on",
        );
        let batch = Batch::new(self.entity.clone(), Vec::new(), self.state.to_state()?)
            .with_partition(self.partition.clone())
            .with_pass(mode)
            .with_issues(vec![issue])
            .with_progress(Progress::new(done, None))
            .with_end(tieline_core::PassEnd::Partial);
        Ok((batch, self))
    }

    /// The yield of a page: by the connector's hook, else by the description.
    fn page(&mut self, walk: &WalkPlan, text: &str) -> Result<PageRead> {
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
                (None, None) if walk.walk.decode == Some(Decode::Ndjson) => JsonPath::root(),
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

    /// Whether a record changed before a mark.
    fn is_behind(&self, change: &Change, mark: &Stamp) -> bool {
        let Change::Upsert(record) = change else { return false };
        let at = record.changed_at.as_ref().and_then(|at| Stamp::parse(at.as_str(), false, self.client.zone));
        at.is_some_and(|at| at.compare(mark).is_some_and(std::cmp::Ordering::is_lt))
    }

    /// The changes of a page, without what the caller does not want any more.
    fn take(
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
        changes.drain(..pass.at.given.min(changes.len()));
        let fits = self.budget.fits(changes.len());
        pass.at.given = if fits < changes.len() { pass.at.given + fits } else { 0 };
        changes.truncate(fits);
        self.budget.spend(changes.len());
        pass.done = self.budget.done();
        Ok(changes)
    }
}

fn began(start: Start, now: DateTime<Utc>) -> DateTime<Utc> {
    match start {
        Start::Ago(ago) => {
            TimeDelta::from_std(ago).ok().and_then(|ago| now.checked_sub_signed(ago)).unwrap_or(now)
        }
        Start::Day(day) => day.and_hms_opt(0, 0, 0).map_or(now, |time| time.and_utc()),
    }
}
