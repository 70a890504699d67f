//! Verification with vectors: of providers' documentation, and computed with OpenSSL and Python.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod content;
mod fetched;
mod hostile;
#[cfg(unix)]
mod killed;
mod live;
mod outgoing;
mod receivers;
mod receiving;
mod sending;
mod stored;
mod support;
mod tokens;
mod vectors;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use tieline_core::webhook::{ReceiveRequest, Verification};
use tieline_webhook::{Refusal, Verified, Verifier};
use url::Url;

/// A delivery that a test builds.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) verification: Verification,
    pub(crate) request: http::Request<Bytes>,
    pub(crate) url: Url,
    pub(crate) secrets: Vec<SecretString>,
    pub(crate) now: DateTime<Utc>,
}

/// The time of all vectors.
pub(crate) const AT: i64 = 1_767_225_600;

impl Delivery {
    pub(crate) fn named(name: &'static str, secret: &str, body: &str) -> Self {
        Self::of(Verification::Named(name.into()), secret, body)
    }

    pub(crate) fn of(verification: Verification, secret: &str, body: &str) -> Self {
        let request = http::Request::post("/hook").body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
        Self {
            verification,
            request,
            url: "https://hooks.example.test/hook".parse().unwrap(),
            secrets: vec![SecretString::from(secret)],
            now: DateTime::from_timestamp(AT, 0).unwrap(),
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = http::HeaderName::try_from(name.to_ascii_lowercase()).unwrap();
        self.request.headers_mut().append(name, value.parse().unwrap());
        self
    }

    /// Replaces a header.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.request.headers_mut().remove(name);
        self.header(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.request.headers_mut().remove(name).unwrap();
        self
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        *self.request.method_mut() = method.parse().unwrap();
        self
    }

    pub(crate) fn at(mut self, url: &str) -> Self {
        self.url = url.parse().unwrap();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) fn secrets(mut self, secrets: &[&str]) -> Self {
        self.secrets = secrets.iter().copied().map(SecretString::from).collect();
        self
    }

    pub(crate) fn later(mut self, seconds: i64) -> Self {
        self.now += chrono::TimeDelta::seconds(seconds);
        self
    }

    pub(crate) fn delivery(&self) -> ReceiveRequest<'_> {
        ReceiveRequest::new(&self.request, &self.url, &self.secrets, &Value::Null, self.now)
    }

    pub(crate) fn verifier(&self) -> Verifier {
        Verifier::new(&self.verification).unwrap()
    }

    pub(crate) fn verify(&self) -> Result<Verified, Refusal> {
        self.verifier().verify(&self.delivery())
    }
}

/// The vectors of providers' documentation.
pub(crate) fn signatures() -> Value {
    serde_json::from_str(include_str!("vectors/signatures.json")).unwrap()
}

/// The vectors that were computed with OpenSSL and Python.
pub(crate) fn computed() -> Value {
    serde_json::from_str(include_str!("vectors/computed.json")).unwrap()
}

pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_else(|| panic!("{pointer}"))
}
