//! The stack as a connector and a host see it. Laws about time hold under paused time; faults of the network are played
//! on loopback.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod auth;
mod downloads;
mod faults;
mod guard;
mod headers;
mod limits;
mod messages;
#[cfg(feature = "metrics")]
mod metrics;
mod network;
mod retries;
mod secrets;
mod stack;
mod uploads;
mod usage;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::StatusCode;
use serde_json::Value;
use tieline_core::http::{Classification, HttpClient, HttpRequest, ResponseView, Transport};
use tieline_core::{
    BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Limit, Origins,
    Result,
};
use tieline_http::memory::MemoryTransport;
use tieline_http::{ClientOptions, HttpStack, HttpStackBuilder, TokioClock};
use url::Url;

const BASE: &str = "https://api.demo.example";

/// A provider as its connector crate would describe it.
#[derive(Debug)]
struct Demo(ConnectorSpec);

impl Demo {
    fn new(limits: Vec<Limit>) -> Self {
        let mut spec = ConnectorSpec::new("demo", "Demo", Category::Other);
        spec.origins = Origins::Patterns(vec!["*.demo.example".into()]);
        spec.limits = limits;
        Self(spec)
    }
}

impl ConnectorFactory for Demo {
    fn spec(&self) -> &ConnectorSpec {
        &self.0
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        let kind = match answer.status.as_u16() {
            200..300 => return Classification::accept(),
            401 => ErrorKind::Unauthenticated,
            402 => ErrorKind::QuotaExhausted,
            403 => ErrorKind::Forbidden,
            404 => ErrorKind::NotFound,
            429 => ErrorKind::RateLimited,
            500.. => ErrorKind::Unavailable,
            _ => ErrorKind::Rejected,
        };
        let said = String::from_utf8_lossy(answer.body);
        Classification::fail(Error::new(kind, format!("Demo says {said:?}")))
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        Ok(url(""))
    }

    fn build(&self, _: BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::unsupported("building a demo connector"))
    }
}

fn url(path: &str) -> Url {
    format!("{BASE}{path}").parse().unwrap()
}

fn get(path: &str) -> HttpRequest {
    HttpRequest::get(url(path))
}

fn post(path: &str) -> HttpRequest {
    HttpRequest::post(url(path), "{}")
}

fn new_year() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// A host over a provider in memory, on tokio's time.
fn host(provider: &MemoryTransport) -> HttpStackBuilder {
    HttpStack::builder()
        .transport(Arc::new(provider.clone()) as Arc<dyn Transport>)
        .clock(Arc::new(TokioClock::starting_at(new_year())))
}

fn options(limits: Vec<Limit>) -> ClientOptions {
    ClientOptions::new(Arc::new(Demo::new(limits)), url(""))
}

fn client(provider: &MemoryTransport) -> HttpClient {
    host(provider).build().unwrap().client(options(Vec::new())).unwrap()
}

/// Always the same short answer.
fn provider(status: u16, headers: &'static [(&'static str, &'static str)]) -> MemoryTransport {
    let status = StatusCode::from_u16(status).unwrap();
    MemoryTransport::new(move |_| Ok(tieline_http::memory::answer(status, headers, "")))
}

/// These statuses, one after the other.
fn statuses(statuses: &[u16]) -> MemoryTransport {
    MemoryTransport::script(
        statuses
            .iter()
            .map(|status| Ok(tieline_http::memory::answer(StatusCode::from_u16(*status).unwrap(), &[], ""))),
    )
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}
