//! Reading: one pass is a walk by id, page by page, so that nothing moves under it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use tieline_core::{
    Batch, BatchStream, Change, EntityName, Error, ErrorKind, FieldPath, FilterOp, Issue, PassEnd, RawJson,
    ReadMode, ReadRequest, Record, Result, Text,
};
use tieline_kit::{Budget, MaxWatermark, Watermark, batches, excerpt, on_entity};

use crate::call::Call;
use crate::client::Client;
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
/// The first jump over records that the user may not see, and how much longer each next one is.
const JUMP: u64 = 4_096;
const LONGER: u64 = 8;
/// Ids have 32 bits: a jump over so many has seen everything.
const ALL: u64 = 1 << 32;

/// Begins a read. Nothing is sent before the stream is polled.
pub(crate) fn read(client: Client, request: ReadRequest) -> Result<BatchStream> {
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
    Ok(batches(Some(Stage::Ready(Box::new(Ready { client, request, position }))), move |stage| {
        let entity = entity.clone();
        async move {
            let Some(stage) = stage else { return Ok(None) };
            let stepped = async { stage.open().await?.step().await };
            stepped.await.map(Some).map_err(|error| on_entity(error, entity.as_str()))
        }
    }))
}

// Boxed because a stage moves through the stream by value.
enum Stage {
    Ready(Box<Ready>),
    Walking(Box<Walk>),
}

struct Ready {
    client: Client,
    request: ReadRequest,
    position: Position,
}

impl Stage {
    /// Learns the model's fields first.
    async fn open(self) -> Result<Box<Walk>> {
        let (client, request, mut position) = match self {
            Self::Walking(walk) => return Ok(walk),
            Self::Ready(ready) => (ready.client, ready.request, ready.position),
        };
        let model = client.fresh_model(request.entity.as_str()).await?;
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
            client,
            model,
            entity: request.entity,
            fields,
            conditions,
            position,
            run,
            budget,
            page,
            told: BTreeSet::new(),
        }))
    }
}

struct Walk {
    client: Client,
    model: Arc<Model>,
    entity: EntityName,
    fields: Vec<String>,
    /// The request's own filters.
    conditions: Vec<RawJson>,
    position: Position,
    run: Run,
    budget: Budget,
    page: u32,
    /// The fields that an issue was raised about: each is told once.
    told: BTreeSet<FieldPath>,
}

impl Walk {
    /// One page, as a batch. Without a stage afterwards, it was the last.
    async fn step(mut self: Box<Self>) -> Result<(Batch, Option<Stage>)> {
        let limit = self.budget.page(self.page);
        let Step { changes, mut issues, last, asked } = match self.run.kind {
            ReadMode::Keys => self.keys(limit).await?,
            _ => self.records(limit).await?,
        };
        self.budget.spend(changes.len());
        self.run.done = self.budget.done();
        self.run.partial |= issues.iter().any(|issue| issue.refused);
        self.run.last = last.unwrap_or(self.run.last);
        let short = u32::try_from(asked).is_ok_and(|asked| asked < limit);
        let over = short && self.is_over(last.is_none()).await?;
        issues.retain(|issue| match &issue.path {
            Some(path) if issue.key.is_none() => self.told.insert(path.clone()),
            _ => true,
        });
        if over
            && self.run.done == 0
            && !self.run.partial
            && self.conditions.is_empty()
            && self.run.since.is_none()
        {
            let mut issue = Issue::new(
                "Odoo shows this user no record: there is none, or rules and companies hide all of them",
            );
            issue.entity = Some(self.entity.clone());
            issues.push(issue);
        }
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
    /// pages are short, or empty, before the end. Moves in front of the next record that is seen.
    async fn is_over(&mut self, empty: bool) -> Result<bool> {
        let call =
            Call::reading(&self.model.name, "search_count").arg("domain", &self.domain()?)?.with_archived();
        let left: u64 = self.client.value(&call).await?.view()?;
        if left == 0 {
            return Ok(true);
        }
        if !empty {
            return Ok(false);
        }
        let mut jump = JUMP;
        while jump < ALL {
            let limit = u32::try_from(jump).unwrap_or(u32::MAX);
            let ids = salvage::ids(&self.client, &self.model.name, &self.domain()?, limit).await?;
            if let Some(next) = ids.iter().min() {
                // Behind the last id that the walk has seen, so that it always goes forward.
                self.run.last = self.run.last.max(next - 1);
                return Ok(false);
            }
            jump = jump.saturating_mul(LONGER);
        }
        // As many as there can be were looked at, and none is seen.
        Ok(true)
    }

    fn domain(&self) -> Result<Vec<RawJson>> {
        let mut domain = vec![RawJson::of(&json!(["id", ">", self.run.last]))?];
        if let Some(since) = &self.run.since {
            // Not `>`: Odoo 17 compares hidden microseconds, 19 whole seconds, and `>=` is right for both.
            // What was written past Odoo's own code has no date, and would never come again.
            domain.push(RawJson::of("|")?);
            domain.push(RawJson::of(&json!(["write_date", ">=", since.as_str()]))?);
            domain.push(RawJson::of(&json!(["write_date", "=", false]))?);
        }
        domain.extend(self.conditions.iter().cloned());
        Ok(domain)
    }

    async fn keys(&self, limit: u32) -> Result<Step> {
        let ids = salvage::ids(&self.client, &self.model.name, &self.domain()?, limit).await?;
        let last = self.behind(ids.last().copied())?;
        let asked = ids.len();
        let changes = ids.into_iter().map(|id| Change::Present(id.into())).collect();
        Ok(Step { changes, issues: Vec::new(), last, asked })
    }

    async fn records(&mut self, limit: u32) -> Result<Step> {
        let domain = self.domain()?;
        let call = Call::reading(&self.model.name, "search_read")
            .arg("domain", &domain)?
            .named("fields", &self.fields)?
            .named("limit", &limit)?
            .named("order", "id")?
            .with_archived();
        let page = match self.client.records(&call, &self.model).await {
            Ok((records, date)) => Page { asked: records.len(), records, date, ..Page::default() },
            Err(error) if salvage::may_be_data(&error) => {
                salvage::page(&self.client, &self.model, &mut self.fields, &domain, limit, error).await?
            }
            Err(error) => return Err(error),
        };
        self.run.lost |= page.lost;
        // Without the server's clock, ours may be ahead of it.
        let started = page.date.unwrap_or_else(|| self.client.now() - OVERLAP);
        self.run.started.get_or_insert(started);
        let mut highest = MaxWatermark::new(
            self.run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok()),
        );
        let (mut issues, mut last) = (page.issues, page.last);
        let mut read: Vec<(i64, Record)> = Vec::with_capacity(page.records.len());
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
            // A model over a view of the database may give one id to several rows.
            if let Some((before, other)) = read.last()
                && *before == id
                && other.payload != record.payload
            {
                issues.push(
                    Issue::new("several rows have this id: the model is a view, and one of them is kept")
                        .on(self.entity.clone(), id)
                        .refused(),
                );
                continue;
            }
            read.push((id, record));
        }
        for issue in &mut issues {
            issue.entity.get_or_insert_with(|| self.entity.clone());
        }
        self.run.highest = highest.finish()?.map(|highest| highest.text().clone());
        let last = self.behind(last)?;
        let changes = read.into_iter().map(|(_, record)| Change::Upsert(record)).collect();
        Ok(Step { changes, issues, last, asked: page.asked })
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

/// What one page gave.
struct Step {
    changes: Vec<Change>,
    issues: Vec<Issue>,
    last: Option<i64>,
    /// How many records were asked for and are there, read or not.
    asked: usize,
}

fn id_of(record: &Record) -> Option<i64> {
    record.key.as_str().parse().ok()
}
