//! Reading, page by page.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::Result;
use tieline_core::{
    Batch, BatchStream, Change, Deletion, Entity, Error, ErrorKind, FieldPath, PassEnd, ReadMode,
    ReadRequest, State, Text,
};
use tieline_kit::{Budget, Call, MaxWatermark, TokenGuard, Watermark, batches, parse_page};

use crate::connector::{Head, TickConnector, entity};

const VERSION: u32 = 1;
const PAGE: u32 = 20;
/// Tasks are committed up to a minute after they are stamped.
const OVERLAP: TimeDelta = TimeDelta::minutes(1);

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Position {
    entity: Text,
    watermark: Option<Text>,
    run: Option<Run>,
}

/// A pass in progress.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Run {
    kind: Kind,
    since: Option<String>,
    /// When it began, by Tick's clock.
    started: Option<DateTime<Utc>>,
    cursor: Option<String>,
    highest: Option<Text>,
    done: u64,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
enum Kind {
    Full,
    Changes,
    Keys,
}

struct Walk {
    connector: TickConnector,
    entity: Entity,
    watermark: Option<Watermark>,
    run: Run,
    guard: TokenGuard,
    budget: Budget,
    page: u32,
    fields: Vec<FieldPath>,
}

pub fn read(connector: TickConnector, request: ReadRequest) -> Result<BatchStream> {
    let entity = entity(request.entity.as_str())?;
    let refuse = |what: &str| Err(Error::unsupported(what).with_context("entity", &entity.name));
    if request.partition.is_some() {
        return refuse("reading a part of an entity");
    }
    if !request.filters.is_empty() {
        return refuse("reading only some records");
    }
    let position = match &request.state {
        Some(state) => Position::of(state, &entity)?,
        None => Position { entity: entity.name.as_str().into(), watermark: None, run: None },
    };
    let watermark = position.watermark.as_ref().map(|text| Watermark::parse(text.as_str())).transpose();
    let watermark = watermark.map_err(|error| {
        Error::new(ErrorKind::StateInvalid, "the stored watermark is no time").with_source(error)
    })?;
    let kind = match request.mode {
        ReadMode::Full => Kind::Full,
        ReadMode::Keys if entity.capabilities.keys_only => Kind::Keys,
        ReadMode::Changes if watermark.is_some() => Kind::Changes,
        ReadMode::Changes => Kind::Full,
        _ => return refuse("this way of reading"),
    };
    let goes_on =
        |run: &Run| run.kind == kind || (request.mode == ReadMode::Changes && run.kind == Kind::Full);
    let run = position.run.filter(goes_on).unwrap_or_else(|| {
        let since =
            watermark.as_ref().filter(|_| kind == Kind::Changes).map(|watermark| watermark.since(OVERLAP));
        Run { kind, since, started: None, cursor: None, highest: None, done: 0 }
    });
    let budget = Budget::new(run.done, request.max_records);
    let page = request.page_size.unwrap_or(PAGE).clamp(1, PAGE);
    let fields = request.fields;
    let walk = Walk { connector, entity, watermark, run, guard: TokenGuard::new(), budget, page, fields };
    Ok(batches(Some(walk), |walk| async move {
        let Some(walk) = walk else { return Ok(None) };
        let name = walk.entity.name.clone();
        walk.step().await.map(Some).map_err(|error| error.with_context("entity", name))
    }))
}

impl Position {
    fn of(state: &State, entity: &Entity) -> Result<Self> {
        let unusable = |why: &str| {
            Error::new(ErrorKind::StateInvalid, format!("the stored state {why}"))
                .with_advice("start over without state: a full read skips nothing")
                .with_context("entity", &entity.name)
        };
        if state.version() != VERSION {
            return Err(unusable("is of another version"));
        }
        let position: Self = state.body()?;
        if position.entity.as_str() != entity.name.as_str() {
            return Err(unusable("is another entity's"));
        }
        Ok(position)
    }
}

impl Walk {
    fn call(&self) -> Call {
        let path = if self.entity.name == "tasks" { "/v1/tasks" } else { "/v1/lists" };
        let fields: Vec<&str> = match self.run.kind {
            Kind::Keys => vec!["id"],
            _ => self.fields.iter().filter_map(|field| field.as_str().split('/').nth(1)).collect(),
        };
        Call::get(path)
            .query("limit", self.budget.page(self.page))
            .query_some("updated_since", self.run.since.as_deref())
            .query_some("with_deleted", (self.run.kind == Kind::Changes).then_some(true))
            .query_some("fields", (!fields.is_empty()).then(|| fields.join(",")))
            .query_some("cursor", self.run.cursor.as_deref())
    }

    async fn step(mut self) -> Result<(Batch, Option<Self>)> {
        if let Some(cursor) = &self.run.cursor {
            self.guard.next(cursor)?;
        }
        let answer = self.connector.send(self.call()).await?;
        let started = self.run.started.or(answer.date).unwrap_or_else(|| self.connector.clock.now());
        self.run.started = Some(started);

        let mut changes = Vec::new();
        let mut highest = MaxWatermark::new(
            self.run.highest.as_ref().and_then(|text| Watermark::parse(text.as_str()).ok()),
        );
        let keys_only = self.run.kind == Kind::Keys;
        let page = parse_page(answer.text()?, &["items"], |head: Head<'_>, raw| {
            if let Some(time) = head.updated_at.get() {
                highest.see(time);
            }
            changes.push(match head.record(raw)? {
                Ok(record) if keys_only => Change::Present(record.key),
                Ok(record) => Change::Upsert(record),
                Err(key) => Change::Delete(Deletion::new(key)),
            });
            Ok(())
        })?;
        page.count("items")?;
        self.run.cursor = page.member::<Option<String>>("next")?.flatten();
        self.run.highest = highest.finish()?.map(|highest| highest.text().clone());
        self.budget.spend(changes.len());
        self.run.done = self.budget.done();

        let mut end = None;
        let mut run = Some(self.run.clone());
        if self.run.cursor.is_none() {
            end = Some(PassEnd::Complete);
            run = None;
            if !keys_only && self.entity.capabilities.changes {
                self.watermark = Watermark::advanced(self.watermark.take(), highest.get(), started);
            }
        } else if self.budget.is_spent() {
            end = Some(PassEnd::Partial);
        }
        let watermark = self.watermark.as_ref().map(|watermark| watermark.text().clone());
        let position = Position { entity: self.entity.name.as_str().into(), watermark, run };
        let pass = match self.run.kind {
            Kind::Full => ReadMode::Full,
            Kind::Changes => ReadMode::Changes,
            Kind::Keys => ReadMode::Keys,
        };
        let mut batch = Batch::new(self.entity.name.clone(), changes, State::new(VERSION, &position)?)
            .with_pass(pass)
            .with_progress(self.budget.progress());
        batch.end = end;
        Ok((batch, end.is_none().then_some(self)))
    }
}
