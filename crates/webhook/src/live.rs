//! Live events for axum: Server-Sent Events of a tenant.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use tieline_core::Result;
use tieline_store::events::{EventStore, EventWaiter};

/// The most events of a message to a client, which is all that is held for it.
const PAGE: u32 = 100;
/// The pause after which a client that heard of nothing hears that the stream lives.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The time that a client has for taking a message.
const SLOW: Duration = Duration::from_secs(30);
/// The life of a stream; a client comes back with the last id that it has.
const LIFE: Duration = Duration::from_secs(15 * 60);

/// Responds with a tenant's events as Server-Sent Events, from the one after `Last-Event-ID` on; without that header, from
/// the oldest that is kept. `store` is the handle of the tenant whom the host authenticated.
///
/// A client that takes a message for over 30 seconds is disconnected, and each one after 15 minutes: it comes back by
/// itself with the last id that it has, and misses nothing. Events that are no longer kept are announced by an event
/// `gap`. For each client no more than one message of up to 100 events is held. A header that is no number gets 400.
///
/// ```
/// use std::sync::Arc;
///
/// use axum::Router;
/// use axum::http::HeaderMap;
/// use axum::routing::get;
/// use tieline_store::events::EventStore;
/// use tieline_webhook::axum::live_events;
///
/// fn routes(store: Arc<dyn EventStore>) -> Router {
///     // Behind a login, which says whose store it is.
///     Router::new().route("/events", get(move |headers: HeaderMap| live_events(store, headers)))
/// }
/// ```
pub async fn live_events(store: Arc<dyn EventStore>, headers: HeaderMap) -> Response {
    let after = match headers.get("last-event-id").map(|id| id.to_str().map(str::parse::<u64>)) {
        None => None,
        Some(Ok(Ok(number))) => Some(number),
        Some(_) => return status(StatusCode::BAD_REQUEST),
    };
    let Ok(waiter) = store.event_waiter().await else { return status(StatusCode::SERVICE_UNAVAILABLE) };
    let feed = Feed { store, waiter, after, begun: Instant::now(), sent: None };
    let messages = stream::unfold(Some(feed), |feed| async move { feed?.next().await });
    let mut response = Response::new(Body::from_stream(messages));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // For nginx, which would hold messages back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// What a client has seen.
struct Feed {
    store: Arc<dyn EventStore>,
    waiter: Box<dyn EventWaiter>,
    after: Option<u64>,
    begun: Instant,
    /// When it was last given a message.
    sent: Option<Instant>,
}

type Message = (Result<Bytes>, Option<Feed>);

impl Feed {
    async fn next(mut self) -> Option<Message> {
        let Some(sent) = self.sent else {
            // Headers go out with the first message.
            return self.say("retry: 1000\n\n".to_owned());
        };
        if sent.elapsed() > SLOW || self.begun.elapsed() > LIFE {
            return None;
        }
        let page = match self.store.events_since(self.after, PAGE).await {
            Ok(page) => page,
            // It comes back.
            Err(_) => return None,
        };
        if let Some(last) = page.events.last() {
            self.after = Some(last.number);
            let mut text = if page.gap { "event: gap\ndata: {}\n\n".to_owned() } else { String::new() };
            page.events.iter().for_each(|event| text.push_str(&event.to_sse()));
            return self.say(text);
        }
        // Woken or not, there may be something; the next message says that the stream lives.
        let woken = self.waiter.wait(HEARTBEAT).await.ok()?;
        self.say(if woken { ":\n\n" } else { ": still here\n\n" }.to_owned())
    }

    fn say(mut self, text: String) -> Option<Message> {
        self.sent = Some(Instant::now());
        Some((Ok(Bytes::from(text)), Some(self)))
    }
}
