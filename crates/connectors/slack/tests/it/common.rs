//! The connector on its real HTTP stack, over a sandbox, under paused time.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use futures_util::{StreamExt as _, TryStreamExt as _};
use http::StatusCode;
use tieline_auth::Bearer;
use tieline_core::http::Transport;
use tieline_core::{
    Batch, BuildContext, Change, Clock, Connector, ConnectorFactory, IntoCredential, Operation, Outcome,
    RawJson, ReadRequest, Result, State, WriteOp, WriteRequest,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};
use tieline_sandbox::engine::Provider;
use tieline_sandbox::{Clock as SandboxTime, InProcess, Sandbox};
use tieline_slack::{RestConnector, SlackFactory};

#[derive(Debug)]
pub(crate) struct SandboxClock(pub(crate) Arc<Sandbox<Provider>>);

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

pub(crate) fn start() -> DateTime<Utc> {
    "2026-11-02T08:00:00Z".parse().unwrap()
}

/// An account of about so many contacts, companies and deals, with its limits off, and the connector to it.
pub(crate) fn account(size: u32) -> (Arc<Sandbox<Provider>>, Arc<RestConnector>) {
    let sandbox = Sandbox::slack(SandboxTime::starting_at(start()), size).unwrap();
    sandbox.set_limited(false);
    let connector = connected(&sandbox, "bot");
    (sandbox, connector)
}

pub(crate) fn connected(sandbox: &Arc<Sandbox<Provider>>, caller: &str) -> Arc<RestConnector> {
    connected_with(sandbox, sandbox.token(caller))
}

pub(crate) fn connected_with(sandbox: &Arc<Sandbox<Provider>>, token: String) -> Arc<RestConnector> {
    over(Arc::new(InProcess::new(Arc::clone(sandbox))), Arc::new(SandboxClock(Arc::clone(sandbox))), token)
}

/// The connector over 200s with bodies from a function of path and query, and the requests with their bodies.
pub(crate) fn recording(
    body: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (Arc<Mutex<Vec<String>>>, Arc<RestConnector>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&seen);
    let transport = MemoryTransport::new(move |request| {
        let path = request.uri().path_and_query().unwrap().as_str().to_owned();
        let sent = String::from_utf8(request.body().to_vec()).unwrap();
        kept.lock().unwrap().push(format!("{} {path} {sent}", request.method()));
        let headers = [("content-type", "application/json"), ("date", "Mon, 02 Nov 2026 08:00:00 GMT")];
        Ok(answer(StatusCode::OK, &headers, body(&path)))
    });
    (seen, over(Arc::new(transport), Arc::new(At(start())), "tok-1".to_owned()))
}

#[derive(Debug)]
struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

fn over(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, token: String) -> Arc<RestConnector> {
    let factory = SlackFactory::default();
    let credential = Bearer::new(token).into_credential(&factory.spec().auth).unwrap();
    let config = serde_json::json!({});
    let base = factory.base_url(&config).unwrap();
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let options = ClientOptions::new(Arc::new(factory.clone()), base.clone())
        .with_credential(credential)
        .with_limits(Vec::new());
    let http = host.client(options).unwrap();
    factory.connect(BuildContext::new(config, base, http, clock)).unwrap()
}

/// All of a read: keys that are there, keys that are gone (with a minus), and the batches.
pub(crate) async fn read(
    connector: &RestConnector,
    request: ReadRequest,
) -> Result<(Vec<String>, Vec<Batch>)> {
    let batches: Vec<Batch> = connector.read(request)?.try_collect().await?;
    let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    let keys = changes
        .map(|change| match change {
            Change::Upsert(record) => record.key.to_string(),
            other => format!("-{}", other.key()),
        })
        .collect();
    Ok((keys, batches))
}

/// The state after a read, as it is stored.
pub(crate) fn state(batches: &[Batch]) -> Option<State> {
    batches.last().map(|batch| State::from_text(&batch.state.to_text().unwrap()).unwrap())
}

pub(crate) fn json(text: &str) -> RawJson {
    RawJson::parse(text).unwrap()
}

pub(crate) async fn one(connector: &dyn Connector, entity: &str, op: WriteOp) -> Outcome {
    let request = WriteRequest::new(entity, vec![Operation::new("op-1", op)]);
    connector.write(request).unwrap().next().await.unwrap().outcome
}

pub(crate) fn invoke(action: &str, key: Option<&str>, input: &str) -> WriteOp {
    WriteOp::invoke(action, json(input)).with_key(key.map(tieline_core::Key::from))
}
