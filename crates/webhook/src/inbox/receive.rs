//! One delivery: verified, stored, answered.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Request, Response, StatusCode};
use tieline_core::webhook::{
    HANDSHAKE_LIMIT, Hint, HintKind, Hints, Missed, ReceiveRequest, Records, WebhookEvent, WebhookReceiver,
};
use tieline_core::{Change, Clock, ErrorKind, SystemClock};
use tieline_store::inbox::{NewDelivery, encode_event};
use url::Url;

use super::{Endpoint, FindEndpoints, RateLimit};
use crate::{FetchKey, FetchedKeys, Identity, Trust, Verified, Verifier};

/// The most bytes of a body that are taken: 1 MiB, unless a host says otherwise.
pub const BODY_LIMIT: usize = 1024 * 1024;
/// The most endpoints that one delivery is for.
const ENDPOINTS: usize = 100;
/// The wait in seconds that a paused endpoint asks for.
const PAUSED: u64 = 15 * 60;

/// Takes deliveries of providers: each is verified, stored, and only then answered. Nothing of a body is logged.
///
/// | response | meaning |
/// |---|---|
/// | 202, or what the endpoint says | stored; also for a repeated one |
/// | the provider's own | a handshake |
/// | 401 | not signed under a secret in force, or too long ago |
/// | 404 | no endpoint is there |
/// | 413 | the body is too large |
/// | 429 with `Retry-After` | too many for the endpoint |
/// | 503 | the store is down, or the endpoint is paused: the provider sends again |
#[derive(Debug)]
pub struct WebhookInbox {
    endpoints: Arc<dyn FindEndpoints>,
    keys: Option<FetchedKeys>,
    clock: Arc<dyn Clock>,
    limit: RateLimit,
    body_limit: usize,
}

impl WebhookInbox {
    /// An inbox for these endpoints, with 6,000 deliveries a minute for each.
    pub fn new(endpoints: Arc<dyn FindEndpoints>) -> Self {
        Self {
            endpoints,
            keys: None,
            clock: Arc::new(SystemClock),
            limit: RateLimit::new(6_000),
            body_limit: BODY_LIMIT,
        }
    }

    /// Sets how keys that providers publish are fetched. Without it, schemes that need one are refused with 503.
    #[must_use]
    pub fn with_keys(mut self, fetch: Arc<dyn FetchKey>) -> Self {
        self.keys = Some(FetchedKeys::new(fetch));
        self
    }

    /// Sets the clock that signed times are compared with.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets the limit of each endpoint.
    #[must_use]
    pub fn with_rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = limit;
        self
    }

    /// Sets the most bytes of a body.
    #[must_use]
    pub fn with_body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The most bytes of a body, for whoever collects it.
    pub fn body_limit(&self) -> usize {
        self.body_limit
    }

    /// Takes a delivery that arrived at `url`, the address as the provider knows it: put together from what the host
    /// knows of itself, never from the `Host` header.
    pub async fn receive(
        &self,
        provider: &str,
        receiver: &dyn WebhookReceiver,
        request: &Request<Bytes>,
        url: &Url,
    ) -> Response<Bytes> {
        if request.body().len() > self.body_limit {
            return status(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let Ok(routes) = receiver.route(request) else { return status(StatusCode::NOT_FOUND) };
        let mut endpoints = Vec::new();
        for route in routes.iter().take(ENDPOINTS) {
            match self.endpoints.find(provider, route).await {
                Ok(found) => endpoints.extend(found),
                Err(_) => return status(StatusCode::SERVICE_UNAVAILABLE),
            }
        }
        endpoints.truncate(ENDPOINTS);
        if endpoints.is_empty() {
            return status(StatusCode::NOT_FOUND);
        }
        // A delivery for several connections is accepted when all of them have it.
        let mut response = status(StatusCode::NOT_FOUND);
        for endpoint in &endpoints {
            response = self.receive_at(endpoint, receiver, request, url).await;
            if !response.status().is_success() {
                return response;
            }
        }
        response
    }

    async fn receive_at(
        &self,
        endpoint: &Endpoint,
        receiver: &dyn WebhookReceiver,
        request: &Request<Bytes>,
        url: &Url,
    ) -> Response<Bytes> {
        if !endpoint.is_active {
            return later(StatusCode::SERVICE_UNAVAILABLE, PAUSED);
        }
        if let Err(wait) = self.limit.take(&endpoint.id) {
            return later(StatusCode::TOO_MANY_REQUESTS, wait.as_secs() + 1);
        }
        let delivery =
            ReceiveRequest::new(request, url, &endpoint.secrets, &endpoint.config, self.clock.now());
        let verification = receiver.verification(&endpoint.config);
        let Ok(verifier) = Verifier::new(&verification) else {
            return status(StatusCode::SERVICE_UNAVAILABLE);
        };
        let verified = match &self.keys {
            Some(keys) => keys.verify(&verifier, &delivery).await,
            None => verifier.verify(&delivery),
        };
        let verified = match verified {
            Ok(verified) => verified,
            Err(refusal) => return status(refusal.status()),
        };
        let event = match receiver.receive(&delivery) {
            Ok(event) => event,
            Err(error) if error.kind() == ErrorKind::Decode && verified.trust != Trust::Handshake => {
                // A form that is new says that something changed: it is read, not dropped.
                WebhookEvent::Missed(Missed::new(None))
            }
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                return status(StatusCode::SERVICE_UNAVAILABLE);
            }
            Err(_) => return status(StatusCode::UNAUTHORIZED),
        };
        match event {
            WebhookEvent::Handshake(handshake) => handshaken(handshake.response),
            _ if verified.trust == Trust::Handshake => status(StatusCode::UNAUTHORIZED),
            event => store(endpoint, &verified, event).await,
        }
    }
}

/// Stores an event, as far as it may be believed.
async fn store(endpoint: &Endpoint, verified: &Verified, event: WebhookEvent) -> Response<Bytes> {
    let event = match event {
        WebhookEvent::Records(records) if verified.trust != Trust::Content => hints_of(&records).into(),
        event => event,
    };
    if endpoint.is_app {
        // It concerns no connection that is known.
        return status(endpoint.accepted);
    }
    let Some(event) = wanted(endpoint, event) else { return status(endpoint.accepted) };
    let (kind, text) = match encode_event(&event) {
        Ok(Some(encoded)) => encoded,
        Ok(None) => return status(endpoint.accepted),
        Err(_) => return status(StatusCode::SERVICE_UNAVAILABLE),
    };
    let mut delivery = NewDelivery::new(endpoint.id.clone(), kind, text);
    if let Some(hash) = verified.identity.hash() {
        delivery = delivery.with_identity(*hash, matches!(verified.identity, Identity::Exact(_)));
    }
    match endpoint.store.receive(&endpoint.connection, delivery).await {
        Ok(_) => status(endpoint.accepted),
        Err(error) if error.kind() == ErrorKind::Rejected => status(StatusCode::UNPROCESSABLE_ENTITY),
        Err(_) => status(StatusCode::SERVICE_UNAVAILABLE),
    }
}

/// What is left of an event when an endpoint takes some entities only; `None` when nothing is.
fn wanted(endpoint: &Endpoint, event: WebhookEvent) -> Option<WebhookEvent> {
    if endpoint.entities.is_empty() {
        return Some(event);
    }
    match event {
        WebhookEvent::Hints(mut hints) => {
            hints.hints.retain(|hint| endpoint.entities.contains(&hint.entity));
            (!hints.hints.is_empty()).then(|| hints.into())
        }
        WebhookEvent::Records(mut records) => {
            records.changes.retain(|group| endpoint.entities.contains(&group.entity));
            (!records.changes.is_empty()).then(|| records.into())
        }
        event => Some(event),
    }
}

/// The hints that are left of records when nothing proves who wrote them.
fn hints_of(records: &Records) -> Hints {
    let hint = |entity: &tieline_core::EntityName, change: &Change| {
        let hint = Hint::new(entity.clone(), Some(change.key().clone()));
        match change {
            Change::Delete(_) => hint.with_kind(HintKind::Deleted),
            Change::Merged { into, .. } => hint.with_kind(HintKind::Merged(into.clone())),
            _ => hint,
        }
    };
    let groups = records.changes.iter();
    Hints::new(
        groups.flat_map(|group| group.changes.iter().map(|change| hint(&group.entity, change))).collect(),
    )
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

fn later(code: StatusCode, seconds: u64) -> Response<Bytes> {
    let mut response = status(code);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response
}

/// The response to a handshake: short, and never a page that a browser runs.
fn handshaken(mut response: Response<Bytes>) -> Response<Bytes> {
    if response.body().len() > HANDSHAKE_LIMIT {
        return status(StatusCode::UNAUTHORIZED);
    }
    let headers = response.headers_mut();
    let is_plain = headers.get(CONTENT_TYPE).is_none_or(|kind| {
        let kind = kind.as_bytes().to_ascii_lowercase();
        kind.starts_with(b"text/plain") || kind.starts_with(b"application/json")
    });
    if !is_plain {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
