//! A provider as a log of batches per entity. Its state is the number of batches that were read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::stream;
use tieline_core::*;
use tieline_mapping::{Mapping, Otherwise, Source};
use tieline_store::{ConnectionId, MemoryStore, SyncStore};
use tieline_sync::{OneWaySync, Report, StreamPlan};

#[derive(Debug, Default)]
pub struct Provider(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    log: BTreeMap<EntityName, Vec<Logged>>,
    /// Fails before this batch of the entity, until it is taken back.
    fault: Option<(EntityName, usize, ErrorKind)>,
    reads: u64,
    /// What discovery says, or how it fails.
    catalog: Catalog,
    no_discovery: Option<ErrorKind>,
    /// What is said with the next batch that is logged.
    complaint: Vec<Issue>,
    /// The answers of a lookup; nothing is said of other keys.
    found: BTreeMap<Key, Found>,
    /// The keys of each lookup, and the fields of the last read.
    looked_up: Vec<Vec<Key>>,
    fields: Vec<FieldPath>,
}

/// The answer of a lookup about a key.
#[derive(Clone, Debug)]
pub enum Found {
    Record(&'static str),
    Missing,
    Forbidden,
    /// The whole lookup fails.
    Fails(ErrorKind),
}

#[derive(Clone, Debug)]
pub struct Logged {
    pub changes: Vec<Change>,
    pub pass: ReadMode,
    pub end: Option<PassEnd>,
    pub issues: Vec<Issue>,
}

impl Provider {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn log(&self, entity: &str, changes: Vec<Change>) {
        self.log_pass(entity, changes, ReadMode::Changes, None);
    }

    pub fn log_pass(&self, entity: &str, changes: Vec<Change>, pass: ReadMode, end: Option<PassEnd>) {
        let mut inner = self.0.lock().unwrap();
        let issues = std::mem::take(&mut inner.complaint);
        inner.log.entry(entity.into()).or_default().push(Logged { changes, pass, end, issues });
    }

    pub fn fail(&self, entity: &str, before: usize, kind: ErrorKind) {
        self.0.lock().unwrap().fault = Some((entity.into(), before, kind));
    }

    pub fn heal(&self) {
        self.0.lock().unwrap().fault = None;
    }

    /// Says this with the next batch that is logged.
    pub fn complain(&self, issue: Issue) {
        self.0.lock().unwrap().complaint.push(issue);
    }

    /// Has this entity, and no other, from now on.
    pub fn describe(&self, entity: Entity) {
        self.0.lock().unwrap().catalog = Catalog::new(vec![entity]);
    }

    pub fn refuse_discovery(&self, kind: ErrorKind) {
        self.0.lock().unwrap().no_discovery = Some(kind);
    }

    /// Sets the answer of lookups about a key.
    pub fn find(&self, key: &str, found: Found) {
        self.0.lock().unwrap().found.insert(key.into(), found);
    }

    /// The keys of each lookup since the last time that this was asked.
    pub fn looked_up(&self) -> Vec<String> {
        let asked = std::mem::take(&mut self.0.lock().unwrap().looked_up);
        asked.iter().map(|keys| keys.iter().map(Key::as_str).collect::<Vec<_>>().join(" ")).collect()
    }

    /// The fields that the last read named.
    pub fn fields_read(&self) -> Vec<String> {
        self.0.lock().unwrap().fields.iter().map(ToString::to_string).collect()
    }

    pub fn batches_read(&self) -> u64 {
        self.0.lock().unwrap().reads
    }
}

#[async_trait]
impl Connector for Provider {
    async fn check(&self, _: CheckRequest) -> Result<Account> {
        Ok(Account::new("log"))
    }

    async fn discover(&self, _: DiscoverRequest) -> Result<Catalog> {
        let inner = self.0.lock().unwrap();
        match inner.no_discovery {
            Some(kind) => Err(Error::new(kind, "no discovery")),
            None => Ok(inner.catalog.clone()),
        }
    }

    fn read(&self, request: ReadRequest) -> Result<BatchStream> {
        let mut inner = self.0.lock().unwrap();
        let start: usize = request.state.as_ref().map(State::body).transpose()?.unwrap_or(0);
        let mut batches: Vec<Result<Batch>> = Vec::new();
        let log = inner.log.get(&request.entity).cloned().unwrap_or_default();
        for (index, logged) in log.into_iter().enumerate().skip(start) {
            if let Some((entity, before, kind)) = &inner.fault
                && *entity == request.entity
                && *before == index
            {
                batches.push(Err(Error::new(*kind, "the provider fails").with_context("entity", entity)));
                break;
            }
            let mut batch = Batch::new(request.entity.clone(), logged.changes, State::new(1, &(index + 1))?)
                .with_pass(logged.pass);
            batch.end = logged.end;
            batch.issues = logged.issues;
            batches.push(Ok(batch));
        }
        inner.reads += batches.len() as u64;
        inner.fields = request.fields;
        Ok(Box::pin(stream::iter(batches)))
    }

    async fn lookup(&self, request: LookupRequest) -> Result<Lookups> {
        let mut inner = self.0.lock().unwrap();
        let LookupBy::Keys(keys) = request.by else { return Ok(Lookups::default()) };
        inner.looked_up.push(keys.clone());
        let mut answers = Vec::new();
        for key in keys {
            answers.push(match inner.found.get(&key) {
                Some(Found::Record(json)) => Lookup::Record(Record::new(key, RawJson::parse(*json)?)),
                Some(Found::Missing) => Lookup::Missing(key),
                Some(Found::Forbidden) => Lookup::Forbidden(key),
                Some(Found::Fails(kind)) => {
                    return Err(Error::new(*kind, "the provider refuses (code 2000)"));
                }
                None => continue,
            });
        }
        Ok(Lookups::new(answers))
    }
}

pub fn put(key: &str, json: &str) -> Change {
    Change::Upsert(Record::new(key, RawJson::parse(json).unwrap()))
}

pub fn gone(key: &str) -> Change {
    Change::Delete(Deletion::new(key))
}

pub fn memory() -> Arc<dyn SyncStore> {
    Arc::new(MemoryStore::new())
}

/// Deals with the name of their organization; lost ones are left out.
pub fn deals_mapping() -> Arc<dyn FieldMapping> {
    let plan = Mapping::new()
        .field("title", Source::path("/title"))
        .field("organization", Source::lookup("/org", "organizations", "/name"))
        .field("stage", Source::path("/stage").table([("Ny", "lead")], Otherwise::Issue))
        .exclude("/status", ["lost"]);
    Arc::new(plan.compile().unwrap())
}

pub fn run(provider: &Arc<Provider>, store: &Arc<dyn SyncStore>) -> OneWaySync {
    OneWaySync::new(provider.clone(), store.clone(), "acme")
        .stream(StreamPlan::mirror("organizations"))
        .stream(StreamPlan::mapped("deals", "deals", deals_mapping()))
}

pub async fn rows(store: &Arc<dyn SyncStore>) -> Vec<String> {
    let rows = store.rows(&ConnectionId::new("acme"), &"deals".into(), None, 1000).await.unwrap();
    rows.iter().map(|row| format!("{} {}", row.key, row.fields)).collect()
}

pub async fn mirror(store: &Arc<dyn SyncStore>, entity: &str) -> Vec<String> {
    let records = store.records(&ConnectionId::new("acme"), &entity.into(), None, 1000).await.unwrap();
    records.iter().map(|record| format!("{} {}", record.key, record.payload)).collect()
}

pub fn texts(report: &Report) -> String {
    report.streams.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
