//! A sandbox on a socket, a connector with the whole stack in front of it, and a run into a store.

use std::sync::Arc;
use std::time::Duration;

use tieline::mapping::{Mapping, Otherwise, Source};
use tieline::pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory};
use tieline::store::{ConnectionId, MemoryStore, SyncStore};
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::{ApiKey, FieldMapping, Provider, Result, Tieline};
use tieline_http::{RetryPolicy, TokioClock};
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive as Model};
use tieline_sandbox::{InProcess, Sandbox, Server};

pub const CONNECTION: &str = "acme";

/// A sandbox without limits.
pub async fn sandbox() -> Server<Model> {
    let sandbox = Sandbox::pipedrive();
    sandbox.set_limits(Limits::none());
    sandbox.serve().await.unwrap()
}

fn retry() -> RetryPolicy {
    RetryPolicy::default().with_first_wait(Duration::from_millis(1)).with_budget(1.0, 100)
}

async fn local_with(provider: Provider, retry: RetryPolicy) -> Tieline {
    let app = Tieline::builder().store(Arc::new(MemoryStore::new())).provider(provider);
    app.allow_network("127.0.0.1/32").http(|http| http.retry(retry)).build().await.unwrap()
}

/// An application that may reach this machine and does not wait long before it tries again.
pub async fn local(provider: Provider) -> Tieline {
    local_with(provider, retry()).await
}

/// The sandbox, which has no limits.
fn there(sandbox: &Server<Model>) -> Provider {
    let url = sandbox.base_url().parse().unwrap();
    Provider::new(PipedriveFactory::default()).with_base_url(url).with_limits(Vec::new())
}

pub async fn application(sandbox: &Server<Model>) -> Tieline {
    local(there(sandbox)).await
}

/// An application that hands every wait up.
pub async fn impatient(sandbox: &Server<Model>) -> Tieline {
    local_with(there(sandbox), retry().with_max_wait(Duration::from_millis(10)).with_max_attempts(2)).await
}

pub async fn connect(sandbox: &Server<Model>) -> Arc<Pipedrive> {
    connect_with(sandbox, &sandbox.token()).await.unwrap()
}

pub async fn connect_with(sandbox: &Server<Model>, token: &str) -> Result<Arc<Pipedrive>> {
    connect_to(&application(sandbox).await, token)
}

pub fn connect_to(app: &Tieline, token: &str) -> Result<Arc<Pipedrive>> {
    let connection = app.connection("main", CONNECTION);
    let crm = connection.open_with(PipedriveConfig::company(COMPANY), ApiKey::new(token))?;
    Ok(Arc::clone(crm.connector()))
}

/// Without a socket, so that the runtime's time can be paused.
pub async fn connect_in_process(sandbox: &Arc<Sandbox<Model>>) -> Arc<Pipedrive> {
    let transport = Arc::new(InProcess::new(Arc::clone(sandbox)));
    let app = Tieline::builder()
        .store(Arc::new(MemoryStore::new()))
        .clock(Arc::new(TokioClock::starting_at(sandbox.now())))
        .http(|http| http.transport(transport))
        .build()
        .await
        .unwrap();
    connect_to(&app, &sandbox.token()).unwrap()
}

pub fn deals_mapping() -> Arc<dyn FieldMapping> {
    let plan = Mapping::new()
        .field("title", Source::path("/title"))
        .field("value", Source::path("/value"))
        .field("organization", Source::lookup("/org_id", "organizations", "/name"))
        .field("stage", Source::lookup("/stage_id", "stages", "/name"))
        .field("open", Source::path("/status").table([("open", true), ("won", false)], Otherwise::Issue))
        .exclude("/status", ["lost"]);
    Arc::new(plan.compile().unwrap())
}

pub fn run(crm: &Arc<Pipedrive>, store: &Arc<dyn SyncStore>) -> OneWaySync {
    OneWaySync::new(crm.clone(), store.clone(), CONNECTION)
        .stream(StreamPlan::mirror("stages"))
        .stream(StreamPlan::mirror("organizations").page_size(25))
        .stream(StreamPlan::mapped("deals", "deals", deals_mapping()).page_size(25))
}

/// Everything that the store holds, as text.
pub async fn everything(store: &Arc<dyn SyncStore>) -> Vec<String> {
    let connection = ConnectionId::new(CONNECTION);
    let mut all = Vec::new();
    for entity in ["stages", "organizations", "deals"] {
        for record in store.records(&connection, &entity.into(), None, 10_000).await.unwrap() {
            all.push(format!("{entity} {} {}", record.key, record.payload));
        }
    }
    for row in store.rows(&connection, &"deals".into(), None, 10_000).await.unwrap() {
        all.push(format!("row {} {}", row.key, row.fields));
    }
    all
}
