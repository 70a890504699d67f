//! A provider that answers what a closure says, by way of the description's own rules.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, TimeZone as _, Utc};
use futures_util::TryStreamExt as _;
use http::StatusCode;
use serde_json::{Value, json};
use tieline_core::http::{Classification, HttpClient, HttpRequest, HttpResponse, HttpService, ResponseView};
use tieline_core::{
    Batch, BuildContext, Category, Change, Clock, Connector, ConnectorFactory, ReadRequest, Result, State,
};
use tieline_rest::RestFactory;

/// An answer: status, headers, body.
pub(crate) type Answer = (u16, Vec<(&'static str, String)>, String);

pub(crate) fn ok(body: impl ToString) -> Answer {
    (200, Vec::new(), body.to_string())
}

/// A request as the provider sees it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) body: Value,
    pub(crate) headers: http::HeaderMap,
    pub(crate) idempotent: bool,
}

impl Seen {
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `GET /path?a=b {"body":1}`.
    pub(crate) fn line(&self) -> String {
        let query: Vec<String> = self.query.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let query = if query.is_empty() { String::new() } else { format!("?{}", query.join("&")) };
        let body = if self.body.is_null() { String::new() } else { format!(" {}", self.body) };
        format!("{} {}{query}{body}", self.method, self.path)
    }
}

type Handler = dyn Fn(&Seen) -> Answer + Send + Sync;

#[derive(Clone)]
pub(crate) struct Provider {
    handler: Arc<Handler>,
    factory: RestFactory,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    now: Arc<Mutex<DateTime<Utc>>>,
    /// How far its own clock is ahead.
    ahead: Arc<Mutex<TimeDelta>>,
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Provider")
    }
}

impl Clock for Provider {
    fn now(&self) -> DateTime<Utc> {
        *self.now.lock().unwrap()
    }
}

#[async_trait]
impl HttpService for Provider {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse> {
        let url = request.url();
        let bytes = request.body().bytes()?;
        let body = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) if bytes.is_empty() => Value::Null,
            Err(_) => Value::from(String::from_utf8_lossy(&bytes).into_owned()),
        };
        let seen = Seen {
            method: request.method().to_string(),
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            body,
            headers: request.headers().clone(),
            idempotent: request.is_idempotent(),
        };
        self.seen.lock().unwrap().push(seen.clone());
        let (status, headers, body) = (self.handler)(&seen);
        let mut response = HttpResponse::new(StatusCode::from_u16(status).unwrap());
        for (name, value) in headers {
            response.headers.insert(name, value.parse().unwrap());
        }
        response.body = body.into();
        response.date = Some(self.now() + *self.ahead.lock().unwrap());
        let view = ResponseView::new(response.status, &response.headers, &response.body, self.now())
            .with_request(&request);
        match self.factory.classify(&view) {
            Classification::Fail { error, .. } => Err(error.with_attempts(1)),
            _ => Ok(response),
        }
    }
}

impl Provider {
    pub(crate) fn new(file: &str, handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::of(RestFactory::from_file("test", "test.yaml", file, Category::Other).unwrap(), handler)
    }

    pub(crate) fn of(
        factory: RestFactory,
        handler: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let now = Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap();
        let now = Arc::new(Mutex::new(now));
        Self { handler: Arc::new(handler), factory, seen: Arc::default(), now, ahead: Arc::default() }
    }

    /// Sets how far the provider's clock is ahead.
    pub(crate) fn answers_at(&self, ahead: TimeDelta) {
        *self.ahead.lock().unwrap() = ahead;
    }

    pub(crate) fn at(&self, now: DateTime<Utc>) {
        *self.now.lock().unwrap() = now;
    }

    pub(crate) fn connect(&self) -> Arc<dyn Connector> {
        self.connect_with(json!({}))
    }

    pub(crate) fn connect_with(&self, config: Value) -> Arc<dyn Connector> {
        let base = self.factory.base_url(&config).unwrap();
        let context =
            BuildContext::new(config, base, HttpClient::new(Arc::new(self.clone())), Arc::new(self.clone()));
        self.factory.build(context).unwrap()
    }

    /// What was asked since the last time, a line each.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.seen.lock().unwrap().drain(..).map(|seen| seen.line()).collect()
    }
}

/// All of a read: keys that are there, keys that are gone (with a minus), and the batches.
pub(crate) async fn read(
    connector: &Arc<dyn Connector>,
    request: ReadRequest,
) -> Result<(Vec<String>, Vec<Batch>)> {
    let batches: Vec<Batch> = connector.read(request)?.try_collect().await?;
    let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    let keys = changes
        .map(|change| match change {
            Change::Upsert(record) => record.key.to_string(),
            Change::Merged { from, into, .. } => format!("{from}>{into}"),
            other => format!("-{}", other.key()),
        })
        .collect();
    Ok((keys, batches))
}

pub(crate) fn state(batches: &[Batch]) -> Option<State> {
    // As it is stored.
    batches.last().map(|batch| State::from_text(&batch.state.to_text().unwrap()).unwrap())
}
