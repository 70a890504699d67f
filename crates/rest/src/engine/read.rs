//! A read of one entity: its walks, page by page, each page with the state after it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::http::HttpResponse;
use tieline_core::{
    Batch, BatchStream, Change, Deletion, EntityName, Error, ErrorKind, Issue, Partition, Progress, ReadMode,
    ReadRequest, Result,
};
use tieline_kit::{Budget, JsonPath, TokenGuard, batches};

use super::client::Client;
use super::paging::{Paging, Step};
use super::partitions::parents_of;
use super::plan::{self, EntityPlan, WalkPlan};
use super::reading::{PageRead, Reading};
use super::state::{Kind, PassState, Position, ReadState, StoredStamp};
use super::survey::{records_path, sign_of_more};
use super::words::RequestWords;
use crate::description::{Decode, Start};
use crate::stamp::Stamp;

/// The most issues that one batch tells of single records.
const MAX_ISSUES: usize = 100;

/// A read under way.
#[derive(Debug)]
struct Run {
    client: Client,
    entity: EntityName,
    plan: Arc<EntityPlan>,
    partition: Option<Partition>,
    parents: Vec<String>,
    fields: Vec<String>,
    page_size: Option<u32>,
    state: ReadState,
    budget: Budget,
    /// The reading of the present walk.
    reading: Option<(usize, Reading)>,
    guard: TokenGuard,
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
    let mut state = ReadState::of(request.state.as_ref())?;
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
    let walks = run.walks(pass.kind);
    let Some(walk) = walks.get(pass.walk).cloned() else {
        return Err(Error::new(
            ErrorKind::StateInvalid,
            "the stored state is at a list that is no longer read",
        )
        .with_advice("start over without state: a full read skips nothing"));
    };
    let mut issues = Vec::new();
    run.name_fields(&walk).await?;
    let response = run.ask(&walk, &mut pass).await?;
    pass.started = pass.started.or(response.date).or_else(|| Some(run.client.now()));
    let text = response.text()?;
    let mut read = if response.body.is_empty() && response.status != http::StatusCode::OK {
        // 204 and what the rules call nothing.
        PageRead { highest: vec![None; run.plan.marks.len()], ..PageRead::default() }
    } else {
        run.prepare(&walk, text)?;
        let Some((_, reading)) = &run.reading else { return Ok(None) };
        reading.read(run.entity.as_str(), text, &run.parents, walk.walk.decode == Some(Decode::Ndjson))?
    };
    pass.partial |= read.broken;
    let changes = run.take(&walk, &mut pass, &mut read, &mut issues);
    let token = match &walk.walk.token {
        Some(place) => super::paging::from_header(place, &response, read.token.take())?,
        None => None,
    };
    if token.is_some() {
        pass.token = token;
    }
    let step = run.advance(&walk, &mut pass, &read, &response, text, &mut issues)?;
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
    fn walks(&self, kind: Kind) -> Vec<WalkPlan> {
        match kind {
            Kind::Full => self.plan.full.clone(),
            Kind::Changes => self.plan.changes.clone(),
        }
    }

    fn size(&self, walk: &WalkPlan) -> Option<u32> {
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
    fn mark(&self, walk: &WalkPlan, kind: Kind) -> Result<Option<Stamp>> {
        let Some(mark) = walk.mark.filter(|_| kind == Kind::Changes) else { return Ok(None) };
        let stored = self.state.marks.get(mark).and_then(Option::as_ref);
        stored.map(|stored| stored.stamp(self.client.zone)).transpose()
    }

    fn overlap(walk: &WalkPlan, mark: &Stamp) -> TimeDelta {
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

    /// The changes of a page, without what the caller does not want any more.
    fn take(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        read: &mut PageRead,
        issues: &mut Vec<Issue>,
    ) -> Vec<Change> {
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
        let fits = self.budget.fits(changes.len());
        if fits < changes.len() {
            changes.truncate(fits);
        }
        self.budget.spend(changes.len());
        pass.done = self.budget.done();
        changes
    }

    /// Where the walk goes on after a page.
    fn advance(
        &mut self,
        walk: &WalkPlan,
        pass: &mut PassState,
        read: &PageRead,
        response: &HttpResponse,
        text: &str,
        issues: &mut Vec<Issue>,
    ) -> Result<Step> {
        let paging = Paging::of(&walk.request, &walk.walk);
        let at = &mut pass.at;
        at.pages += 1;
        at.seen += u64::try_from(read.count).unwrap_or(u64::MAX);
        if !read.last.is_empty() {
            at.last.clone_from(&read.last);
        }
        if let Some(total) = read.total
            && matches!(paging, Paging::Page | Paging::Offset)
        {
            if at.total.is_some_and(|before| before != total) && paging == Paging::Page {
                pass.partial = true;
                issues.push(Issue::new(
                    "the list changed while it was paged: nothing is taken as gone by this pass",
                ));
            }
            at.total = Some(total);
        }
        if let Some(mark) = self.mark(walk, pass.kind)?
            && walk.walk.newest_first == Some(true)
            && Reading::is_before(read.lowest.as_ref(), &mark.minus(Self::overlap(walk, &mark)))
        {
            return Ok(Step::End);
        }
        let digest = digest(read);
        let repeated = read.count > 0 && at.digest == Some(digest);
        at.digest = Some(digest);
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
            pass.partial = true;
            issues.push(Issue::new(
                "the list is longer than the provider lets it be paged: what is behind the cap was not read",
            ));
            return Ok(Step::End);
        }
        if paging == Paging::Offset && pass.at.offset.is_broken() && !pass.partial {
            pass.partial = true;
            issues.push(Issue::new(
                "the list changed while it was paged: nothing is taken as gone by this pass",
            ));
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
}

fn began(start: Start, now: DateTime<Utc>) -> DateTime<Utc> {
    match start {
        Start::Ago(ago) => {
            TimeDelta::from_std(ago).ok().and_then(|ago| now.checked_sub_signed(ago)).unwrap_or(now)
        }
        Start::Day(day) => day.and_hms_opt(0, 0, 0).map_or(now, |time| time.and_utc()),
    }
}

fn digest(read: &PageRead) -> u64 {
    let mut hasher = DefaultHasher::new();
    read.keys.hash(&mut hasher);
    hasher.finish()
}
