//! The connector on its real HTTP stack, over a sandbox or over scripted answers, under paused time.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use http::StatusCode;
use tieline_auth::ApiKey;
use tieline_core::http::Transport;
use tieline_core::{
    Batch, Change, Clock, Connector, ConnectorConfig, ConnectorFactory, Error, IntoCredential, ReadRequest,
    Result, State,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpHost};
use tieline_pipedrive::{Pipedrive, PipedriveConfig, PipedriveFactory};
use tieline_sandbox::pipedrive::{COMPANY, Limits, Pipedrive as Model, TOKEN};
use tieline_sandbox::{InProcess, Sandbox};

/// A sandbox without limits, and the connector to it.
pub(crate) fn account() -> (Arc<Sandbox<Model>>, Arc<Pipedrive>) {
    let sandbox = Sandbox::pipedrive();
    sandbox.set_limits(Limits::none());
    (Arc::clone(&sandbox), connected(&sandbox))
}

pub(crate) fn connected(sandbox: &Arc<Sandbox<Model>>) -> Arc<Pipedrive> {
    let clock = Arc::new(SandboxClock(Arc::clone(sandbox)));
    over(Arc::new(InProcess::new(Arc::clone(sandbox))), clock, COMPANY)
}

#[derive(Debug)]
struct SandboxClock(Arc<Sandbox<Model>>);

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

#[derive(Debug)]
struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn over(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, company: &str) -> Arc<Pipedrive> {
    let factory = Arc::new(PipedriveFactory::default());
    let config = PipedriveConfig::company(company);
    let base = config.base_url().unwrap();
    let credential = ApiKey::new(TOKEN.to_owned()).into_credential(&factory.spec().auth).unwrap();
    let host = HttpHost::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let options =
        ClientOptions::new(factory, base.clone()).with_credential(credential).with_limits(Vec::new());
    let http = host.client(options).unwrap();
    config.connect(base, http, clock).unwrap()
}

/// The connector over answers from a function of path and query.
pub(crate) fn answering(
    reply: impl Fn(&str) -> (u16, String) + Send + Sync + 'static,
) -> (MemoryTransport, Arc<Pipedrive>) {
    let transport = MemoryTransport::new(move |request| {
        let (status, body) = reply(request.uri().path_and_query().unwrap().as_str());
        let headers = [("content-type", "application/json"), ("date", "Tue, 03 Nov 2026 08:00:00 GMT")];
        Ok(answer(StatusCode::from_u16(status).unwrap(), &headers, body))
    });
    let clock = Arc::new(At("2026-11-03T07:00:00Z".parse().unwrap()));
    (transport.clone(), over(Arc::new(transport), clock, "acme"))
}

/// What was asked for, as paths with queries.
pub(crate) fn asked(transport: &MemoryTransport) -> Vec<String> {
    transport.requests().iter().map(|request| request.uri().path_and_query().unwrap().to_string()).collect()
}

pub(crate) async fn batches(crm: &Pipedrive, request: ReadRequest) -> Result<Vec<Batch>> {
    let stream = crm.read(request)?;
    let batches: Vec<Result<Batch>> = stream.collect().await;
    batches.into_iter().collect()
}

/// The error in the place of a batch.
pub(crate) async fn broken(crm: &Pipedrive, request: ReadRequest) -> Error {
    batches(crm, request).await.unwrap_err()
}

/// A store of one entity, as a host would keep it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    pub(crate) rows: BTreeMap<String, String>,
    pub(crate) state: Option<State>,
    pub(crate) upserts: usize,
    pub(crate) deletes: usize,
}

impl Store {
    pub(crate) fn apply(&mut self, batch: &Batch) {
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Upsert(record) => {
                    self.upserts += 1;
                    self.rows.insert(record.key.to_string(), record.payload.get().to_owned());
                }
                Change::Delete(deletion) => {
                    self.deletes += 1;
                    self.rows.remove(deletion.key.as_str());
                }
                other => panic!("{other:?}"),
            }
        }
        // The state goes through text, as in a database.
        self.state = Some(State::from_text(&batch.state.to_text().unwrap()).unwrap());
    }

    pub(crate) async fn pull(&mut self, crm: &Pipedrive, request: ReadRequest) -> Vec<Batch> {
        (self.upserts, self.deletes) = (0, 0);
        let batches = batches(crm, request.with_state(self.state.clone())).await.unwrap();
        for batch in &batches {
            self.apply(batch);
        }
        batches
    }
}
