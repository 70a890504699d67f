//! Reading: one pass is a walk by id, page by page, so that nothing moves under it.

use std::sync::Arc;

use serde_json::json;
use tieline_core::{
    Batch, BatchStream, Change, EntityName, Error, ErrorKind, FilterOp, Issue, PassEnd, RawJson, ReadMode,
    ReadRequest, Record, Result, Text,
};
use tieline_kit::{Budget, MaxWatermark, Watermark, batches, excerpt};

use crate::call::Call;
use crate::connector::{Api, on};
use crate::model::Model;
use crate::salvage::{self, Page};
use crate::state::{OVERLAP, Position, Run};
use crate::values;

/// Records a page when nothing else is asked for. A thousand of six fields take 0.2 s; many fields are common.
const PAGE: u32 = 500;
/// The same when files are among the fields.
const PAGE_WITH_FILES: u32 = 20;
const LARGEST_PAGE: u32 = 2_000;
/// Keys a page.
const KEYS: u32 = 5_000;
/// Empty pages in a row before the end, each asked for with twice the size.
const STALLS: u32 = 3;

/// Begins a read. Nothing is sent before the stream is polled.
pub(crate) fn read(api: Api, request: ReadRequest) -> Result<BatchStream> {
    if let Some(partition) = &request.partition {
        return Err(Error::unsupported("reading a part of an Odoo model")
            .with_advice("filter by a field instead")
            .with_context("entity", excerpt(request.entity.as_str(), 80))
            .with_context("partition", excerpt(partition.as_str(), 64)));
    }
    for filter in &request.filters {
        filter.require(&[FilterOp::Eq])?;
    }
    let filters: Vec<_> = request.filters.iter().map(|filter| (&filter.field, &filter.value)).collect();
    let filters = if filters.is_empty() { None } else { Some(Text::new(RawJson::of(&filters)?.get())) };
    let position = Position::open(request.entity.as_str(), filters, request.state.as_ref())?;
    let entity = request.entity.clone();
    Ok(batches(Some(Stage::Ready(Box::new(Ready { api, request, position }))), move |stage| {
        let entity = entity.clone();
        async move {
            let Some(stage) = stage else { return Ok(None) };
            let stepped = async { stage.open().await?.step().await };
            stepped.await.map(Some).map_err(|error| on(error, entity.as_str()))
        }
    }))
}

// Boxed because a stage moves through the stream by value.
enum Stage {
    Ready(Box<Ready>),
    Walking(Box<Walk>),
}

struct Ready {
    api: Api,
    request: ReadRequest,
    position: Position,
}

impl Stage {
    /// Learns the model's fields first.
    async fn open(self) -> Result<Box<Walk>> {
        let (api, request, mut position) = match self {
            Self::Walking(walk) => return Ok(walk),
            Self::Ready(ready) => (ready.api, ready.request, ready.position),
        };
        let model = api.fresh_model(request.entity.as_str()).await?;
        let run = position.begin(request.mode, model.has_write_date())?;
        let fields = model.wanted(&request.fields)?;
        let mut conditions = Vec::new();
        for filter in &request.filters {
            conditions.extend(values::conditions(&model, &filter.field, &filter.value)?);
        }
        let files = fields.iter().any(|name| model.fields.get(name).is_some_and(|field| field.is_file()));
        let page = match run.kind {
            ReadMode::Keys => request.page_size.unwrap_or(KEYS).clamp(1, KEYS),
            _ if files => request.page_size.unwrap_or(PAGE_WITH_FILES).clamp(1, LARGEST_PAGE),
            _ => request.page_size.unwrap_or(PAGE).clamp(1, LARGEST_PAGE),
        };
        let budget = Budget::new(run.done, request.max_records);
        Ok(Box::new(Walk {
            api,
            model,
            entity: request.entity,
            fields,
            conditions,
            position,
            run,
            budget,
            page,
            stalls: 0,
        }))
    }
}

struct Walk {
    api: Api,
    model: Arc<Model>,
    entity: EntityName,
    fields: Vec<String>,
    /// The request's own filters.
    conditions: Vec<RawJson>,
    position: Position,
    run: Run,
    budget: Budget,
    page: u32,
    /// Empty pages in a row although records are left.
    stalls: u32,
}

impl Walk {
    /// One page, as a batch. Without a stage afterwards, it was the last.
    async fn step(mut self: Box<Self>) -> Result<(Batch, Option<Stage>)> {
        let limit = self.budget.page(self.page.saturating_mul(1 << self.stalls));
        let (changes, issues, last) = match self.run.kind {
            ReadMode::Keys => self.keys(limit).await?,
            _ => self.records(limit).await?,
        };
        let rows = changes.len() + issues.len();
        self.budget.spend(changes.len());
        self.run.done = self.budget.done();
        self.run.partial |= !issues.is_empty();
        self.run.last = last.unwrap_or(self.run.last);
        let short = u32::try_from(rows).is_ok_and(|rows| rows < limit);
        let over = short && self.is_over(last.is_none()).await?;
        let mut end = None;
        let state = if over {
            end = Some(if self.run.partial { PassEnd::Partial } else { PassEnd::Complete });
            self.position.finished(&self.run)?
        } else {
            if self.budget.is_spent() {
                end = Some(PassEnd::Partial);
            }
            self.position.going_on(&self.run)?
        };
        let mut batch = Batch::new(self.entity.clone(), changes, state)
            .with_pass(self.run.kind)
            .with_issues(issues)
            .with_progress(self.budget.progress());
        batch.end = end;
        Ok((batch, end.is_none().then_some(Stage::Walking(self))))
    }

    /// Whether a short page was the last. Some models drop, after counting, what the user may not see, so that their
    /// pages are short, or empty, before the end.
    async fn is_over(&mut self, empty: bool) -> Result<bool> {
        let call =
            Call::reading(&self.model.name, "search_count").arg("domain", &self.domain()?)?.with_archived();
        let left: u64 = self.api.value(&call).await?.view()?;
        if left == 0 {
            return Ok(true);
        }
        self.stalls = if empty { self.stalls + 1 } else { 0 };
        if self.stalls > STALLS {
            // Nothing is known of what is behind.
            self.run.partial = true;
            self.run.lost = true;
            return Ok(true);
        }
        Ok(false)
    }

    fn domain(&self) -> Result<Vec<RawJson>> {
        let mut domain = vec![RawJson::of(&json!(["id", ">", self.run.last]))?];
        if let Some(since) = &self.run.since {
            // Not `>`: Odoo 17 compares hidden microseconds, 19 whole seconds, and `>=` is right for both.
            domain.push(RawJson::of(&json!(["write_date", ">=", since.as_str()]))?);
        }
        domain.extend(self.conditions.iter().cloned());
        Ok(domain)
    }

    async fn keys(&self, limit: u32) -> Result<(Vec<Change>, Vec<Issue>, Option<i64>)> {
        let ids = salvage::ids(&self.api, &self.model.name, &self.domain()?, limit).await?;
        let last = self.behind(ids.last().copied())?;
        Ok((ids.into_iter().map(|id| Change::Present(id.into())).collect(), Vec::new(), last))
    }

    async fn records(&mut self, limit: u32) -> Result<(Vec<Change>, Vec<Issue>, Option<i64>)> {
        let domain = self.domain()?;
        let call = Call::reading(&self.model.name, "search_read")
            .arg("domain", &domain)?
            .named("fields", &self.fields)?
            .named("limit", &limit)?
            .named("order", "id")?
            .with_archived();
        let page = match self.api.records(&call, &self.model).await {
            Ok((records, date)) => Page { records, date, last: None, issues: Vec::new() },
            Err(error) if salvage::may_be_one_record(&error) => {
                salvage::page(&self.api, &self.model, &self.fields, &domain, limit, error).await?
            }
            Err(error) => return Err(error),
        };
        // Without the server's clock, ours may be ahead of it.
        let started = page.date.unwrap_or_else(|| self.api.now() - OVERLAP);
        self.run.started.get_or_insert(started);
        let mut highest = MaxWatermark::new(
            self.run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok()),
        );
        let (mut changes, mut issues, mut last) =
            (Vec::with_capacity(page.records.len()), page.issues, page.last);
        for record in page.records {
            let Some((id, record)) = record.and_then(|record| Some((id_of(&record)?, record))) else {
                issues.push(Issue::new("a record of a page has no id").refused());
                continue;
            };
            if let Some(time) = &record.changed_at
                && !highest.see(time.as_str())
            {
                let known =
                    "its write_date is in no form that is known, and reads of changes may leave it out";
                issues.push(Issue::new(known).on(self.entity.clone(), record.key.clone()));
            }
            last = last.max(Some(id));
            changes.push(Change::Upsert(record));
        }
        for issue in &mut issues {
            issue.entity.get_or_insert_with(|| self.entity.clone());
        }
        self.run.highest = highest.finish()?.map(|highest| highest.text().clone());
        let last = self.behind(last)?;
        Ok((changes, issues, last))
    }

    /// A page that does not lead on would be asked for again for ever.
    fn behind(&self, last: Option<i64>) -> Result<Option<i64>> {
        match last {
            Some(id) if id <= self.run.last => {
                Err(Error::new(ErrorKind::Decode, "Odoo answers with records that were not asked for")
                    .with_advice("report it: an app in this database changes how records are searched")
                    .with_context("after", self.run.last))
            }
            last => Ok(last),
        }
    }
}

fn id_of(record: &Record) -> Option<i64> {
    record.key.as_str().parse().ok()
}
