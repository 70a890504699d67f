//! Reading: one pass is a walk over one or more lists, page by page.

use serde::Deserialize;
use tieline_core::http::HttpResponse;
use tieline_core::{
    Batch, BatchStream, Change, ErrorKind, Issue, PassEnd, ReadMode, ReadRequest, Result, Text,
};
use tieline_kit::{Budget, Call, Envelope, MaxWatermark, PageStep, TokenGuard, Watermark, batches};

use crate::connector::Api;
use crate::endpoints::{Endpoint, PAGE, Paging};
use crate::head::{Continuation, records, refused};
use crate::state::{Phase, Position, Run};

/// Begins a read. Nothing is sent before the stream is polled.
pub(crate) fn read(api: Api, endpoint: &'static Endpoint, request: &ReadRequest) -> Result<BatchStream> {
    let (position, run) = Position::open(endpoint, request.mode, request.state.as_ref(), api.clock.now())?;
    let walk = Walk {
        api,
        endpoint,
        position,
        budget: Budget::new(run.done, request.max_records),
        guard: TokenGuard::new(),
        page: request.page_size.unwrap_or(PAGE).clamp(1, PAGE),
        resumed: run.cursor.is_some(),
        run,
    };
    Ok(batches(Some(walk), |walk| async move {
        let Some(walk) = walk else { return Ok(None) };
        let entity = walk.endpoint.name;
        walk.step().await.map(Some).map_err(|error| error.with_context("entity", entity))
    }))
}

struct Walk {
    api: Api,
    endpoint: &'static Endpoint,
    position: Position,
    run: Run,
    budget: Budget,
    guard: TokenGuard,
    page: u32,
    /// Whether the next page's cursor comes from a stored state and may have died since.
    resumed: bool,
}

impl Walk {
    /// One page, as a batch. Without a walk afterwards, it was the last.
    async fn step(mut self) -> Result<(Batch, Option<Self>)> {
        let limit = self.limit();
        let answer = self.ask(limit).await?;
        let started = self.run.started.unwrap_or_else(|| answer.date.unwrap_or_else(|| self.api.clock.now()));
        self.run.started = Some(started);

        let mut page = Page::read(self.endpoint, &self.run, &answer)?;
        let before = self.run.clone();
        let more = self.advance(&mut page, limit)?;
        let wanted = self.budget.fits(page.changes.len());
        let cut = wanted < page.changes.len();
        page.changes.truncate(wanted);
        self.budget.spend(wanted);

        let pass = self.run.kind;
        let mut end = None;
        let state = if cut {
            // The page is asked for again when the read goes on.
            self.run = Run { done: self.budget.done(), ..before };
            if self.endpoint.paging == Paging::Whole {
                self.run.cursor = page.changes.last().map(|change| change.key().to_string());
            }
            self.position.going_on(&self.run)?
        } else {
            self.run.done = self.budget.done();
            self.run.highest = page.highest.get().map(|highest| highest.text().clone());
            self.run.partial |= !page.issues.is_empty();
            match self.following(more) {
                Some(phase) => {
                    if phase != self.run.phase {
                        self.run.enter(phase);
                        self.guard = TokenGuard::new();
                    }
                    self.position.going_on(&self.run)?
                }
                None => {
                    end = Some(if self.run.partial { PassEnd::Partial } else { PassEnd::Complete });
                    self.position.finished(self.endpoint, &self.run)?
                }
            }
        };
        if end.is_none() && self.budget.is_spent() {
            end = Some(PassEnd::Partial);
        }
        let mut batch = Batch::new(self.endpoint.entity(), page.changes, state)
            .with_pass(pass)
            .with_issues(page.issues)
            .with_progress(self.budget.progress());
        batch.end = end;
        Ok((batch, end.is_none().then_some(self)))
    }

    /// The list of the next page.
    fn following(&self, more: bool) -> Option<Phase> {
        if more {
            return Some(self.run.phase);
        }
        Phase::of(self.endpoint, self.run.kind)
            .into_iter()
            .skip_while(|phase| *phase != self.run.phase)
            .nth(1)
    }

    fn limit(&self) -> u32 {
        let wanted = self.budget.page(self.page);
        match self.endpoint.paging {
            Paging::Offset => self.run.offset.limit(wanted, PAGE),
            Paging::Cursor | Paging::Whole => wanted,
        }
    }

    /// Asks for the page where the run stands.
    async fn ask(&mut self, limit: u32) -> Result<HttpResponse> {
        if let Some(cursor) = &self.run.cursor {
            self.guard.next(cursor)?;
        }
        let resumed = std::mem::take(&mut self.resumed);
        match self.api.send(self.call(limit)).await {
            // How long a cursor lives is not documented. Its list begins again; what comes twice is harmless.
            Err(error) if resumed && error.kind() == ErrorKind::Rejected => {
                self.run.enter(self.run.phase);
                self.api.send(self.call(limit)).await
            }
            answer => answer,
        }
    }

    fn call(&self, limit: u32) -> Call {
        let run = &self.run;
        let call = self.endpoint.call(run.phase);
        let since = match run.phase {
            Phase::Recent => run.started.map(|started| Watermark::at(started).text().clone()),
            _ => run.since.clone(),
        };
        match self.endpoint.paging {
            Paging::Cursor => call
                .query("sort_by", if since.is_some() { "update_time" } else { "id" })
                .query("sort_direction", "asc")
                .query_some("status", (run.phase == Phase::Deleted).then_some("deleted"))
                .query_some("updated_since", since)
                .query("limit", limit)
                .query_some("cursor", run.cursor.as_deref()),
            // By id even when changes are asked for: a record that changes meanwhile keeps its place.
            Paging::Offset => call
                .query_some("sort", self.endpoint.sort)
                .query_some("updated_since", since)
                .query("start", run.offset.start())
                .query("limit", limit),
            Paging::Whole => call,
        }
    }

    /// Moves the run behind the page. Whether the list goes on: an empty page is not its end.
    fn advance(&mut self, page: &mut Page, limit: u32) -> Result<bool> {
        let run = &mut self.run;
        match self.endpoint.paging {
            Paging::Whole => {
                // A read that was cut short left the last key that it had.
                let known = run.cursor.take();
                let at =
                    page.changes.iter().position(|change| Some(change.key().as_str()) == known.as_deref());
                drop(page.changes.drain(..at.map_or(0, |at| at + 1)));
                Ok(false)
            }
            Paging::Cursor => {
                run.cursor = page.continuation.next_cursor.take();
                Ok(run.cursor.is_some())
            }
            Paging::Offset => {
                let full = usize::try_from(limit).is_ok_and(|limit| page.changes.len() >= limit);
                let more = page.continuation.more.unwrap_or(full);
                let next = more.then(|| page.continuation.next_start.unwrap_or_default());
                match run.offset.turn(page.changes.iter().map(Change::key), limit, next)? {
                    PageStep::Back => {
                        page.changes.clear();
                        return Ok(true);
                    }
                    PageStep::Forward(known) => drop(page.changes.drain(..known.min(page.changes.len()))),
                }
                if run.offset.is_broken() {
                    run.partial = true;
                    run.skipped = true;
                }
                Ok(more)
            }
        }
    }
}

/// A page, read.
struct Page {
    changes: Vec<Change>,
    issues: Vec<Issue>,
    highest: MaxWatermark,
    continuation: Continuation,
}

impl Page {
    fn read(endpoint: &Endpoint, run: &Run, answer: &HttpResponse) -> Result<Self> {
        let stored = run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok());
        let mut highest = MaxWatermark::new(stored);
        let mut changes = Vec::with_capacity(usize::try_from(PAGE).unwrap_or_default());
        let mut issues = Vec::new();
        let mut row = 0;
        let continuation = records(answer.text()?, |head| {
            row += 1;
            let change = match head.change(endpoint) {
                Ok(change) => change,
                Err(problem) => {
                    issues.push(refused(endpoint, row, problem));
                    return Ok(());
                }
            };
            if endpoint.changes
                && let Some(time) = changed_at(&change)
                && !highest.see(time.as_str())
            {
                let known = "is in no form that is known, and reads of changes may leave the record out";
                let mut issue = Issue::new(format!("the time of change of record {row} of a page {known}"));
                issue.entity = Some(endpoint.entity());
                issues.push(issue);
            }
            changes.push(match change {
                Change::Upsert(record) if run.kind == ReadMode::Keys => Change::Present(record.key),
                change => change,
            });
            Ok(())
        })?;
        highest.finish()?;
        Ok(Self { changes, issues, highest, continuation })
    }
}

fn changed_at(change: &Change) -> Option<&Text> {
    match change {
        Change::Upsert(record) => record.changed_at.as_ref(),
        Change::Delete(deletion) => deletion.at.as_ref(),
        _ => None,
    }
}

/// Where a v2 list goes on. An empty cursor leads nowhere.
pub(crate) fn next_cursor(envelope: &Envelope<'_>) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Additional {
        next_cursor: Option<String>,
    }
    let additional: Option<Additional> = envelope.member("additional_data")?;
    Ok(additional.and_then(|additional| additional.next_cursor).filter(|cursor| !cursor.is_empty()))
}
