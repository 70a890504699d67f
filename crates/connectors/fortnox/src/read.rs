//! Reading: a pass walks a list page by page, and asks for single records where the list's rows lack what is wanted.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use tieline_core::http::HttpResponse;
use tieline_core::{
    Batch, BatchStream, Change, Deletion, Error, ErrorKind, FieldPath, Issue, Key, Lookup, PassEnd, Progress,
    RawJson, ReadMode, ReadRequest, Record, Result,
};
use tieline_kit::{Budget, PageStep, batches};

use crate::connector::Api;
use crate::endpoints::{Endpoint, PAGE};
use crate::factory::is_bad_parameter;
use crate::filters::{Filters, known, name};
use crate::list::{self, Ask, List};
use crate::lookup::{self, AT_ONCE};
use crate::state::{Position, Run, Tried};

/// How many single records make a batch: at five requests a second, what an interrupted read asks for again takes
/// twenty seconds at most.
const DETAILS: usize = 100;

/// How many pages in a row may bring nothing new.
const REPEATS: u8 = 3;

const NO_CHANGES: &str =
    "Fortnox does not list this entity by time of change, so that each run reads all of it";

/// Begins a read. Nothing is sent before the stream is polled.
pub(crate) fn read(api: Api, endpoint: &'static Endpoint, request: &ReadRequest) -> Result<BatchStream> {
    for field in &request.fields {
        known(endpoint, field)?;
    }
    if request.partition.is_some() {
        let error = Error::unsupported("reading a part of a Fortnox entity");
        return Err(error.with_context("entity", endpoint.name));
    }
    let filters = Filters::of(endpoint, &request.filters)?;
    let (position, run) = Position::open(endpoint, request)?;
    let is_listed = |field| endpoint.field(name(field)).is_some_and(|field| field.listed);
    let list_suffices = run.kind == ReadMode::Keys
        || !endpoint.has_details()
        || (!request.fields.is_empty() && request.fields.iter().all(is_listed));
    let details = !list_suffices || !filters.records.is_empty();
    if details {
        in_records(endpoint, request)?;
    }
    let walk = Walk {
        api,
        endpoint,
        list: List::of(endpoint)?,
        details,
        filters: Arc::new(filters),
        without_changes: request.mode == ReadMode::Changes && position.is_without_changes(),
        position,
        budget: Budget::new(run.done, request.max_records),
        run,
        size: request.page_size.unwrap_or(PAGE).clamp(1, PAGE),
        page: None,
        before: HashSet::new(),
        yielded: HashSet::new(),
        repeats: 0,
    };
    Ok(batches(Some(walk), |walk| async move {
        let Some(walk) = walk else { return Ok(None) };
        let entity = walk.endpoint.name;
        walk.step().await.map(Some).map_err(|error| error.with_context("entity", entity))
    }))
}

/// Refuses a field that only the list has when single records are asked for.
fn in_records(endpoint: &Endpoint, request: &ReadRequest) -> Result<()> {
    let asked = |field: &&FieldPath| endpoint.field(name(field)).is_some_and(|field| !field.detailed);
    match request.fields.iter().find(asked) {
        None => Ok(()),
        Some(field) => Err(Error::unsupported(format!("reading \"{field}\" together with the other fields"))
            .with_advice("Fortnox shows it in lists alone: ask for fields of the list only, or leave it out")
            .with_context("entity", endpoint.name)),
    }
}

struct Walk {
    api: Api,
    endpoint: &'static Endpoint,
    list: List,
    filters: Arc<Filters>,
    /// Whether single records are asked for.
    details: bool,
    /// Whether this pass over everything stands in for one over changes, which is yet to be said.
    without_changes: bool,
    position: Position,
    run: Run,
    budget: Budget,
    size: u32,
    /// What is left of a page.
    page: Option<Page>,
    /// The keys that the page before yielded: what comes again is not asked for again.
    before: HashSet<Key>,
    /// Those that this page has yielded so far.
    yielded: HashSet<Key>,
    /// How many pages in a row brought nothing but that.
    repeats: u8,
}

/// A page of a list, or what is left of it; then its first row was yielded before.
#[derive(Default)]
struct Page {
    rows: VecDeque<Row>,
    /// How many rows were asked for.
    limit: u32,
    /// Whether the list goes on behind it.
    more: bool,
    total: Option<u64>,
}

struct Row {
    key: Key,
    /// Whether it passes the filters, as far as a row can tell.
    wanted: bool,
    /// What the list says of it, where that suffices.
    text: Option<RawJson>,
}

impl Walk {
    /// A page or a part of one, as a batch. Without a walk afterwards, it was the last.
    async fn step(mut self) -> Result<(Batch, Option<Self>)> {
        let mut issues = Vec::new();
        let page = match self.page.take() {
            Some(page) => page,
            None => self.ask(&mut issues).await?,
        };
        let total = page.total.filter(|_| !self.endpoint.by_year() && self.filters.is_empty());
        let (rows, more) = self.advance(page)?;
        let changes = self.changes(rows, &mut issues).await?;
        self.budget.spend(changes.len());
        self.run.done = self.budget.done();
        self.run.partial |= issues.iter().any(|issue| issue.refused);
        if std::mem::take(&mut self.without_changes) {
            issues.push(self.remark());
        }
        let pass = self.run.kind;
        let mut end = None;
        let state = if more || self.run.enter_next_year() {
            end = self.budget.is_spent().then_some(PassEnd::Partial);
            self.position.going_on(&self.run)?
        } else {
            if self.position.is_to_be_tried(self.endpoint, &self.run) {
                self.position.tried = self.try_changes().await;
                if self.position.is_without_changes() {
                    issues.push(self.remark());
                }
            }
            // Who asked for some records learns nothing of the others.
            let whole = !self.run.partial && self.filters.is_empty();
            end = Some(if whole { PassEnd::Complete } else { PassEnd::Partial }).or(end);
            self.position.finished(&self.run)?
        };
        let mut batch = Batch::new(self.endpoint.entity(), changes, state)
            .with_pass(pass)
            .with_issues(issues)
            .with_progress(Progress::new(self.budget.done(), total));
        batch.end = end;
        Ok((batch, end.is_none().then_some(self)))
    }

    /// The page where the run stands.
    async fn ask(&mut self, issues: &mut Vec<Issue>) -> Result<Page> {
        loop {
            if self.endpoint.by_year() && self.run.years.is_none() {
                let (years, answer) = list::years(&self.api).await?;
                self.begun(&answer);
                self.run.walk(years)?;
            }
            if self.endpoint.by_year() && self.run.year().is_none() {
                return Ok(Page::default());
            }
            let limit = self.run.offset.limit(self.budget.page(self.size), PAGE);
            let ask =
                Ask { since: self.run.since, year: self.run.year(), offset: self.run.offset.start(), limit };
            match self.api.send(ask.call(self.endpoint, &self.filters)).await {
                Ok(answer) => {
                    self.begun(&answer);
                    let page = self.read(&answer, &ask, issues)?;
                    return self.new_of(page);
                }
                // What a list takes may change: everything is read in place of the changes.
                Err(error) if self.run.kind == ReadMode::Changes && is_bad_parameter(&error) => {
                    self.position.tried = Some(Tried::Refused);
                    self.without_changes = true;
                    self.run = self.position.begin(ReadMode::Full);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The first answer says when the run began, by Fortnox's clock.
    fn begun(&mut self, answer: &HttpResponse) {
        let clock = &self.api.clock;
        self.run.started.get_or_insert_with(|| answer.date.unwrap_or_else(|| clock.now()));
    }

    fn read(&self, answer: &HttpResponse, ask: &Ask, issues: &mut Vec<Issue>) -> Result<Page> {
        let keeps = !self.details && self.run.kind != ReadMode::Keys;
        let mut rows = VecDeque::new();
        let mut seen = HashSet::new();
        let mut listed = self.list.rows(answer.text()?, |row| {
            let key = match row.key(self.run.year()) {
                Ok(key) => Some(key),
                Err(problem) => {
                    let text = format!("row {} of a page {problem}", rows.len() + 1);
                    let mut issue = Issue::new(text).refused();
                    issue.entity = Some(self.endpoint.entity());
                    issues.push(issue);
                    None
                }
            };
            // A row that comes twice has one place.
            if key.as_ref().is_some_and(|key| !seen.insert(key.clone())) {
                return Ok(());
            }
            let wanted = key.is_some() && self.filters.rows.hold(row.text())?;
            rows.push_back(Row {
                // A row without a key still has its place in the list.
                key: key.unwrap_or_else(|| Key::from_static("")),
                wanted,
                text: (keeps && wanted).then(|| RawJson::from_checked(row.text())),
            });
            Ok(())
        })?;
        listed.count = rows.len();
        Ok(Page { rows, limit: ask.limit, more: listed.goes_on(ask), total: listed.total })
    }

    /// The page without what the one before yielded. Fails with `Decode` when pages repeat.
    fn new_of(&mut self, mut page: Page) -> Result<Page> {
        if !self.yielded.is_empty() {
            self.before = std::mem::take(&mut self.yielded);
        }
        let mut brings = false;
        for row in &mut page.rows {
            let is_new = !self.before.contains(&row.key);
            row.wanted &= is_new;
            brings |= is_new;
        }
        // One row is the anchor, which comes twice by design. More of them at the end of a list say that there is
        // another end.
        self.repeats = if brings || page.rows.len() < 2 { 0 } else { self.repeats + 1 };
        if self.repeats > REPEATS || (self.repeats > 0 && !page.more) {
            return Err(Error::new(ErrorKind::Decode, "Fortnox repeats a page of a list")
                .with_advice("go on later from the last stored state, and report it if it stays"));
        }
        Ok(page)
    }

    /// Moves the run behind the rows that this batch yields. Whether this list goes on.
    fn advance(&mut self, mut page: Page) -> Result<(Vec<Row>, bool)> {
        let most = if self.details { DETAILS } else { page.rows.len() };
        let wanted = self.budget.fits(most).max(1);
        let anchor = usize::try_from(self.run.offset.limit(0, PAGE)).unwrap_or_default();
        let mut count = page.rows.len().min(wanted + anchor);
        let known = loop {
            let goes_on = page.more || count < page.rows.len();
            let mut offset = self.run.offset.clone();
            let behind = offset.start().saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            let keys = page.rows.iter().take(count).map(|row| &row.key);
            let turn = offset.turn(keys, page.limit, goes_on.then_some(behind))?;
            match turn {
                // The anchor is not where it was: one row less is wanted.
                PageStep::Forward(known) if count.saturating_sub(known) > wanted => count = wanted,
                PageStep::Forward(known) => {
                    self.run.offset = offset;
                    break known.min(count);
                }
                PageStep::Back => {
                    self.run.offset = offset;
                    return Ok((Vec::new(), true));
                }
            }
        };
        if self.run.offset.is_broken() {
            self.run.partial = true;
            self.run.skipped = true;
        }
        drop(page.rows.drain(..known));
        let rows: Vec<Row> = page.rows.drain(..count - known).collect();
        if !rows.is_empty() {
            self.run.filled = self.run.year().or(self.run.filled);
        }
        self.yielded.extend(rows.iter().map(|row| row.key.clone()));
        if page.rows.is_empty() {
            return Ok((rows, page.more));
        }
        if let Some(last) = rows.last() {
            page.rows.push_front(Row { key: last.key.clone(), wanted: false, text: None });
        }
        self.page = Some(page);
        Ok((rows, true))
    }

    async fn changes(&self, rows: Vec<Row>, issues: &mut Vec<Issue>) -> Result<Vec<Change>> {
        let is_keys = self.run.kind == ReadMode::Keys;
        let wanted = rows.into_iter().filter(|row| row.wanted);
        if !self.details {
            return Ok(wanted
                .filter_map(|Row { key, text, .. }| match text {
                    Some(text) => Some(Change::Upsert(Record::new(key, text))),
                    None => is_keys.then_some(Change::Present(key)),
                })
                .collect());
        }
        let (api, endpoint) = (&self.api, self.endpoint);
        let answers: Vec<Detail> = stream::iter(wanted)
            .map(|row| async move { detail(api, endpoint, row.key).await })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        let mut changes = Vec::with_capacity(answers.len());
        for answer in answers {
            match answer {
                Detail::Record(record) if !self.filters.records.hold(record.payload.get())? => {}
                Detail::Record(record) if is_keys => changes.push(Change::Present(record.key)),
                Detail::Record(record) => changes.push(Change::Upsert(record)),
                // It went after it was listed.
                Detail::Gone(key) if !is_keys => changes.push(Change::Delete(Deletion::new(key))),
                Detail::Gone(_) => {}
                Detail::Refused(issue) => issues.push(issue),
            }
        }
        Ok(changes)
    }

    /// Asks a list for what will have changed the day after tomorrow. A list that had records, and has some of those,
    /// does not know time. `None` when that cannot be told now.
    async fn try_changes(&self) -> Option<Tried> {
        let started = self.run.started?;
        let ask = Ask {
            since: started.checked_add_days(chrono::Days::new(2)),
            year: self.run.filled,
            offset: 0,
            limit: 1,
        };
        match self.api.send(ask.call(self.endpoint, &Filters::default())).await {
            Ok(answer) => {
                let listed = self.list.rows(answer.text().ok()?, |_| Ok(())).ok()?;
                Some(if listed.count == 0 { Tried::Honoured } else { Tried::Ignored })
            }
            Err(error) => (error.kind() == ErrorKind::Rejected).then_some(Tried::Refused),
        }
    }

    fn remark(&self) -> Issue {
        let mut issue = Issue::new(NO_CHANGES);
        issue.entity = Some(self.endpoint.entity());
        issue
    }
}

/// What became of a row whose record was asked for.
enum Detail {
    Record(Record),
    Gone(Key),
    Refused(Issue),
}

async fn detail(api: &Api, endpoint: &'static Endpoint, key: Key) -> Result<Detail> {
    match lookup::one(api, endpoint, &key).await {
        Ok(Lookup::Record(record)) => Ok(Detail::Record(record)),
        Ok(_) => Ok(Detail::Gone(key)),
        // One record that Fortnox cannot show must not keep all others away.
        Err(error) if error.kind() == ErrorKind::Rejected => {
            let code = error.code().unwrap_or("none");
            let issue = Issue::new(format!("Fortnox lists it and refuses to show it (code {code})"));
            Ok(Detail::Refused(issue.on(endpoint.entity(), key).refused()))
        }
        Err(error) => Err(error),
    }
}
