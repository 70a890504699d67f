//! Live events.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use futures_util::StreamExt;
use http::{HeaderMap, StatusCode};
use tieline_core::RawJson;
use tieline_store::events::{EventStore, NewEvent};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_webhook::axum::live_events;

async fn append(store: &SqliteStore, count: usize) {
    let event = NewEvent::new("sync.completed", RawJson::parse(r#"{"read":1}"#).unwrap());
    store.append_events(&"crm".into(), vec![event; count]).await.unwrap();
}

async fn open(store: &SqliteStore, last: Option<&str>) -> Response {
    let mut headers = HeaderMap::new();
    if let Some(last) = last {
        headers.insert("last-event-id", last.parse().unwrap());
    }
    live_events(Arc::new(store.clone()), headers).await
}

/// The ids of the events of a stream, up to a number.
async fn ids(response: Response, up_to: u64) -> Vec<u64> {
    let mut stream = response.into_body().into_data_stream();
    let mut ids: Vec<u64> = Vec::new();
    while ids.last() != Some(&up_to) {
        let next = tokio::time::timeout(Duration::from_secs(20), stream.next()).await;
        let bytes = next.unwrap().unwrap().unwrap();
        let text = std::str::from_utf8(&bytes).unwrap();
        ids.extend(text.lines().filter_map(|line| line.strip_prefix("id: ")?.parse::<u64>().ok()));
    }
    ids
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing() {
    let store = SqliteStore::in_memory().await.unwrap();
    append(&store, 250).await;
    let response = open(&store, None).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(ids(response, 250).await, (1..=250).collect::<Vec<_>>());
    assert_eq!(ids(open(&store, Some("247")).await, 250).await, [248, 249, 250]);
    assert_eq!(open(&store, Some("x")).await.status(), StatusCode::BAD_REQUEST);
    // One that waits is woken, by its own tenant's events only.
    let waiting = tokio::spawn(ids(open(&store, Some("250")).await, 251));
    append(&store.for_tenant("globex".into()), 1).await;
    append(&store, 1).await;
    assert_eq!(waiting.await.unwrap(), [251]);
}

#[tokio::test]
async fn a_gap_is_announced() {
    let store = SqliteStore::in_memory().await.unwrap();
    append(&store, 2).await;
    store.prune_events(Duration::ZERO).await.unwrap();
    append(&store, 1).await;
    let mut stream = open(&store, Some("1")).await.into_body().into_data_stream();
    let first = stream.next().await.unwrap().unwrap();
    assert!(first.starts_with(b"retry:"));
    let second = stream.next().await.unwrap().unwrap();
    let text = std::str::from_utf8(&second).unwrap();
    assert!(text.starts_with("event: gap\n") && text.contains("id: 3\n"), "{text}");
}
