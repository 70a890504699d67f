//! The log of events: each with what it tells of, in order, for its own tenant.

use std::sync::Arc;
use std::time::Duration;

use tieline_store::contract::Elapse;
use tieline_store::{SyncStore, TargetChange, TenantId};
use tieline_store_sql::events::{self, EventSink, EventsPage, NewEvent};
use tieline_store_sql::{Database, SqlStore};

use super::{changes, in_both, json, put, upsert};

in_both! {
    events_come_in_order_and_with_what_they_tell_of
    a_client_is_told_of_a_gap
}

async fn append<D: Database>(store: &SqlStore<D>, connection: &str, data: &str) {
    let mut tx = store.begin().await.unwrap();
    let event = NewEvent::new("sync.completed", json(data));
    events::append(&mut tx, &connection.into(), &[event.clone(), event]).await.unwrap();
    tx.commit().await.unwrap();
}

async fn since<D: Database>(store: &SqlStore<D>, after: Option<u64>, limit: u32) -> EventsPage {
    store.events_since(after, limit).await.unwrap()
}

fn numbers(page: &EventsPage) -> Vec<u64> {
    page.events.iter().map(|event| event.number).collect()
}

async fn events_come_in_order_and_with_what_they_tell_of<D: Database>(store: SqlStore<D>) {
    let other = store.for_tenant(TenantId::new("globex"));
    append(&store, "acme", "{\"read\":\n1.10}").await;
    append(&other, "acme", "{}").await;
    let (acme, copy) = ("acme".into(), "copy".into());
    store.open_target(&acme, &copy, &"deals".into(), "1").await.unwrap();
    let store = store.with_sink(Arc::new(EventSink::new("copy")));
    let row = |key: &str| TargetChange::put(key, json("{}"), Vec::new());
    let commit = || changes("deals", vec![upsert("7", "{}")]).with_target("copy", vec![row("7")]);
    put(&store, commit()).await;
    put(&store, commit()).await;
    // What is rolled back was never told of, and leaves no gap.
    store.commit(commit().with_target("unopened", vec![row("7")])).await.unwrap_err();
    append(&store, "acme", "{}").await;

    let page = since(&store, None, 3).await;
    assert_eq!((numbers(&page), page.gap), (vec![1, 2, 3], false));
    assert_eq!(
        page.events[0].to_sse(),
        "id: 1\nevent: sync.completed\ndata: {\"connection\":\"acme\",\"data\":{\"read\":\ndata: 1.10}}\n\n"
    );
    assert_eq!(page.events[2].kind, "rows.changed");
    assert_eq!(page.events[2].data.get(), r#"{"keys":["7"],"put":1,"removed":0,"target":"copy"}"#);
    assert_eq!(numbers(&since(&store, Some(3), 9).await), [4, 5], "an unchanged row is no event");
    assert_eq!(numbers(&since(&store, Some(5), 9).await), [0; 0]);
    assert_eq!(numbers(&since(&other, None, 9).await), [1, 2], "each tenant counts for itself");
}

async fn a_client_is_told_of_a_gap<D: Database>(store: SqlStore<D>) {
    append(&store, "acme", "{}").await;
    append(&store, "other", "{}").await;
    store.erase(&"acme".into()).await.unwrap();
    let page = since(&store, Some(1), 9).await;
    assert_eq!((numbers(&page), page.gap), (vec![3, 4], true));
    store.elapse(Duration::from_secs(3_600)).await;
    append(&store, "other", "{}").await;
    assert_eq!(store.prune_events(Duration::from_secs(1_800)).await.unwrap(), 2);
    let page = since(&store, Some(4), 9).await;
    assert_eq!((numbers(&page), page.gap), (vec![5, 6], false));
    assert!(since(&store, Some(3), 9).await.gap);
    assert!(!since(&store, None, 9).await.gap);
}
