//! For axum: a receiver, and a stream of live events.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request};
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use tieline_core::ConnectorFactory;
use url::Url;

use crate::inbox::WebhookInbox;
pub use crate::live::live_events;

/// The time in which a body must be there.
const BODY_TIME: Duration = Duration::from_secs(10);

/// Returns routes that take the deliveries of a connector's provider, of any method, at any path below where they are
/// nested. `origin` is the host's own address as the provider calls it, such as `https://hooks.example.com`: schemes
/// that sign the address are verified with it, whatever a proxy made of the request.
///
/// A body that is larger than the inbox takes gets 413, one that takes longer than ten seconds 408.
pub fn webhooks(inbox: Arc<WebhookInbox>, factory: Arc<dyn ConnectorFactory>, origin: Url) -> Router {
    Router::new().fallback(move |request: Request| {
        let (inbox, factory, origin) = (Arc::clone(&inbox), Arc::clone(&factory), origin.clone());
        async move { receive(&inbox, &*factory, &origin, request).await.map(Body::from) }
    })
}

async fn receive(
    inbox: &WebhookInbox,
    factory: &dyn ConnectorFactory,
    origin: &Url,
    request: Request,
) -> Response<Bytes> {
    let Some(receiver) = factory.webhooks() else { return status(StatusCode::NOT_FOUND) };
    let (mut head, body) = request.into_parts();
    if let Some(OriginalUri(uri)) = head.extensions.get::<OriginalUri>() {
        head.uri = uri.clone();
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    // Joined as text: a path that begins with two slashes must not name another host.
    let address = format!("{}{path}", origin.as_str().trim_end_matches('/'));
    let Ok(url) = Url::parse(&address) else { return status(StatusCode::BAD_REQUEST) };
    let limit = inbox.body_limit();
    let body = match tokio::time::timeout(BODY_TIME, to_bytes(body, limit)).await {
        Ok(Ok(body)) => body,
        Ok(Err(_)) => return status(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => return status(StatusCode::REQUEST_TIMEOUT),
    };
    let request = http::Request::from_parts(head, body);
    inbox.receive(&factory.spec().id, receiver, &request, &url).await
}

fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
