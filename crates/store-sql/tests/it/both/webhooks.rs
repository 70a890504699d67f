//! Endpoints, subscribers and the queue of notifications.
#![allow(clippy::panic, reason = "helpers of tests fail like tests")]

use std::collections::HashSet;
use std::time::Duration;

use tieline_core::{ErrorKind, Subscription};
use tieline_store::connections::{Actor, ConnectionChange, ConnectionStore, NewConnection};
use tieline_store::contract::Elapse;
use tieline_store::events::{EventStore, NewEvent};
use tieline_store::webhooks::{
    EndpointStore, NewAttempt, NewEndpoint, NewSubscriber, NotificationEnd, NotificationStatus,
    NotificationStore, SEALED_AS, SECRETS_IN_FORCE, SecretPurpose,
};
use tieline_store::{SyncStore, TenantId};
use tieline_store_sql::{Database, SqlStore};
use tieline_vault::{Context, Key, KeyRing, Sealed, Vault};

use super::{in_both, json};

in_both! {
    an_endpoint_is_found_by_its_path_and_goes_with_its_connection
    secrets_overlap_and_end
    an_account_leads_to_the_connections_that_stored_it
    each_event_becomes_one_notification
    a_notification_is_claimed_and_settled_once
    one_that_is_given_up_pauses_its_subscriber
}

const MINUTE: Duration = Duration::from_secs(60);

pub(super) async fn sealed(word: &str) -> Sealed {
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    let context = Context::new("main", "endpoint", SEALED_AS);
    vault.seal_text(&context, &word.to_owned().into()).await.unwrap()
}

async fn endpoint(id: &str, connection: &str, byte: u8) -> NewEndpoint {
    let new = NewEndpoint::new(id, connection.into(), "demo", ([byte; 32], sealed("path").await));
    new.with_secret(Some(sealed("first").await)).with_entities(vec!["deals".into()])
}

async fn an_endpoint_is_found_by_its_path_and_goes_with_its_connection<D: Database>(store: SqlStore<D>) {
    let (by, now) = (Actor::new("anna"), chrono::DateTime::UNIX_EPOCH);
    store.create(NewConnection::new("acme", "demo", "Sales"), Vec::new(), &by, now).await.unwrap();
    let made = store.create_endpoint(endpoint("e1", "acme", 1).await).await.unwrap();
    assert_eq!((made.entities.len(), made.secrets.len(), made.is_active), (1, 2, true));
    let taken = store.create_endpoint(endpoint("e1", "acme", 2).await).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    let path = store.create_endpoint(endpoint("e2", "acme", 1).await).await.unwrap_err();
    assert_eq!(path.kind(), ErrorKind::Conflict);

    assert_eq!(store.tenant_at(&[1; 32]).await.unwrap(), Some(TenantId::default()));
    assert_eq!(store.tenant_at(&[9; 32]).await.unwrap(), None);
    let found = store.endpoint_at(&[1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.id.as_str(), found.connection.as_str(), found.provider.as_str()),
        ("e1", "acme", "demo")
    );
    let globex = store.for_tenant("globex".into());
    assert!(globex.endpoint_at(&[1; 32]).await.unwrap().is_none(), "another tenant does not see it");
    assert!(!globex.set_endpoint_active("e1", false).await.unwrap());
    assert!(!globex.remove_endpoint("e1").await.unwrap());

    let subscription = Subscription::new("77").with_entity("deals").with_ends_at(now);
    assert!(store.set_endpoint_subscriptions("e1", std::slice::from_ref(&subscription)).await.unwrap());
    assert_eq!(store.endpoint("e1").await.unwrap().unwrap().subscriptions, [subscription]);
    assert!(store.set_endpoint_active("e1", false).await.unwrap());
    assert!(!store.endpoint("e1").await.unwrap().unwrap().is_active);
    store.create_endpoint(endpoint("e2", "acme", 2).await).await.unwrap();
    assert_eq!(store.endpoints(Some(&"acme".into()), Some("e1"), 9).await.unwrap().len(), 1);
    assert!(store.remove_endpoint("e2").await.unwrap());
    assert_eq!(store.tenant_at(&[2; 32]).await.unwrap(), None);
    store.remove(&"acme".into(), &by, now).await.unwrap();
    assert!(store.endpoint("e1").await.unwrap().is_none());
    assert_eq!(store.tenant_at(&[1; 32]).await.unwrap(), None);
    assert!(store.endpoint_secrets(None, 9).await.unwrap().is_empty());
}

async fn secrets_overlap_and_end<D: Database>(store: SqlStore<D>) {
    store.create_endpoint(endpoint("e1", "acme", 1).await).await.unwrap();
    let signing = async || {
        let secrets = store.endpoint("e1").await.unwrap().unwrap().secrets;
        let signing = secrets.into_iter().filter(|secret| secret.purpose == SecretPurpose::Signing);
        signing.map(|secret| (secret.number, secret.ends_at.is_some())).collect::<Vec<_>>()
    };
    let [(first, false)] = signing().await[..] else { panic!("one secret without an end") };
    store.add_endpoint_secret("e1", sealed("second").await, MINUTE).await.unwrap();
    let both = signing().await;
    assert!(both.len() == 2 && both[0].0 > first && both[1] == (first, true), "the newest first: {both:?}");
    store.elapse(MINUTE).await;
    assert_eq!(signing().await, [(both[0].0, false)], "the old one ended, the path did not");
    assert_eq!(store.endpoint("e1").await.unwrap().unwrap().secrets.len(), 2);
    for _ in 0..SECRETS_IN_FORCE + 2 {
        store.add_endpoint_secret("e1", sealed("next").await, MINUTE).await.unwrap();
    }
    assert_eq!(signing().await.len(), SECRETS_IN_FORCE);
    let unknown = store.add_endpoint_secret("e9", sealed("x").await, MINUTE).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::NotFound);

    let all = store.endpoint_secrets(None, 99).await.unwrap();
    let other = sealed("rewrapped").await;
    assert!(store.rewrap_endpoint_secret(&all[0], other.clone()).await.unwrap());
    assert!(!store.rewrap_endpoint_secret(&all[0], other.clone()).await.unwrap(), "it changed since");
    assert_eq!(store.endpoint_secrets(None, 1).await.unwrap()[0].sealed, other);
}

async fn an_account_leads_to_the_connections_that_stored_it<D: Database>(store: SqlStore<D>) {
    let (by, now) = (Actor::new("anna"), chrono::DateTime::UNIX_EPOCH);
    let connection = |id: &str, account: Option<&str>| {
        let mut new = NewConnection::new(id, "demo", "Sales");
        new.account = account.map(str::to_owned);
        new
    };
    store.create(connection("a", Some("T1")), Vec::new(), &by, now).await.unwrap();
    store.create(connection("b", Some("T1")), Vec::new(), &by, now).await.unwrap();
    store.create(connection("c", None), Vec::new(), &by, now).await.unwrap();
    let of = async |account: &str| {
        let found = store.connections_of_account("demo", account, 9).await.unwrap();
        found.into_iter().map(|(_, connection)| connection.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(of("T1").await, ["a", "b"]);
    assert_eq!(of("").await, [""; 0]);
    assert!(store.connections_of_account("other", "T1", 9).await.unwrap().is_empty());
    store.remove(&"a".into(), &by, now).await.unwrap();
    let mut change = ConnectionChange::default();
    change.name = Some("Renamed".to_owned());
    store.change(&"b".into(), change, &by, now).await.unwrap();
    assert_eq!(of("T1").await, ["b"]);
}

async fn subscribe<D: Database>(store: &SqlStore<D>, id: &str, kinds: &[&str]) {
    let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
    let new = NewSubscriber::new(id, "https://example.test/hook", sealed("s").await).with_kinds(kinds);
    store.create_subscriber(new).await.unwrap();
}

async fn append<D: Database>(store: &SqlStore<D>, kind: &str, count: usize) {
    let event = NewEvent::new(kind, json(r#"{"read":1.50}"#));
    store.append_events(&"acme".into(), vec![event; count]).await.unwrap();
}

async fn each_event_becomes_one_notification<D: Database>(store: SqlStore<D>) {
    append(&store, "sync.completed", 1).await;
    subscribe(&store, "s1", &["sync.*"]).await;
    append(&store, "sync.completed", 2).await;
    append(&store, "rows.changed", 1).await;
    append(&store, "sync.failed", 1).await;
    assert_eq!(store.follow_events("s1", 2, 99).await.unwrap(), 2);
    assert_eq!(store.follow_events("s1", 9, 2).await.unwrap(), 0, "so many wait already");
    assert_eq!(store.follow_events("s1", 9, 3).await.unwrap(), 2);
    assert_eq!(store.follow_events("s1", 9, 9).await.unwrap(), 0);
    let all = store.notifications("s1", None, None, 9).await.unwrap();
    let seen: Vec<_> = all.iter().map(|one| (one.message_id(), one.kind.as_str())).collect();
    let wanted = [("s1_2", "sync.completed"), ("s1_3", "sync.completed"), ("s1_5", "sync.failed")];
    assert_eq!(seen, wanted.map(|(id, kind)| (id.to_owned(), kind)), "not those from before it was there");
    let body: serde_json::Value = serde_json::from_str(&all[0].body).unwrap();
    assert_eq!((&body["type"], &body["connection"]), (&"sync.completed".into(), &"acme".into()));
    assert!(all[0].body.ends_with(r#""data":{"read":1.50}}"#), "no digit is lost");
    // A paused one follows when it is resumed.
    store.set_subscriber_active("s1", false).await.unwrap();
    append(&store, "sync.failed", 1).await;
    assert_eq!(store.follow_events("s1", 9, 9).await.unwrap(), 0);
    assert!(store.claim_notifications("s1", 9, MINUTE).await.unwrap().is_empty());
    store.set_subscriber_active("s1", true).await.unwrap();
    assert_eq!(store.follow_events("s1", 9, 9).await.unwrap(), 1);
    let globex = store.for_tenant("globex".into());
    assert_eq!(globex.follow_events("s1", 9, 9).await.unwrap(), 0);
    assert!(globex.subscriber("s1").await.unwrap().is_none());
    assert!(globex.notifications("s1", None, None, 9).await.unwrap().is_empty());
    store.erase(&"acme".into()).await.unwrap();
    assert!(
        store.notifications("s1", None, None, 9).await.unwrap().is_empty(),
        "they go with the connection"
    );
    assert!(store.remove_subscriber("s1").await.unwrap());
}

async fn a_notification_is_claimed_and_settled_once<D: Database>(store: SqlStore<D>) {
    subscribe(&store, "s1", &[]).await;
    append(&store, "sync.completed", 12).await;
    store.follow_events("s1", 99, 99).await.unwrap();
    let claim = async |limit| store.claim_notifications("s1", limit, MINUTE).await.unwrap();
    let (one, two) = tokio::join!(claim(5), claim(9));
    let taken: HashSet<u64> = one.iter().chain(&two).map(|taken| taken.revision.number).collect();
    assert_eq!((one.len() + two.len(), taken.len()), (12, 12));
    // A sender that died.
    store.elapse(MINUTE).await;
    let again = claim(99).await;
    assert_eq!(again.len(), 12);
    let late = &one[0];
    assert!(!store.settle_notification(late.revision, NotificationEnd::Delivered, None).await.unwrap());
    let attempt = NewAttempt::new(Some(503), Duration::from_millis(20), Some("not well\0".to_owned()));
    let settle = async |at: usize, end, attempt: Option<&NewAttempt>| {
        store.settle_notification(again[at].revision, end, attempt.cloned()).await.unwrap()
    };
    assert!(settle(0, NotificationEnd::Delivered, Some(&NewAttempt::new(Some(204), MINUTE, None))).await);
    assert!(!settle(0, NotificationEnd::Delivered, None).await);
    assert!(settle(1, NotificationEnd::Retry(MINUTE), Some(&attempt)).await);
    assert!(settle(2, NotificationEnd::Postponed(MINUTE), None).await);
    assert!(claim(9).await.is_empty());
    store.elapse(MINUTE).await;
    let due = claim(2).await;
    let failed: Vec<u32> = due.iter().map(|one| one.failed).collect();
    assert_eq!(failed, [0, 0], "the leases of the others ended first");
    let log = store.attempts("s1", None, 9).await.unwrap();
    assert_eq!(log.len(), 2);
    assert_eq!(log[1].attempt.note.as_deref(), Some("not well"));
    assert_eq!((log[0].attempt.http_status, log[0].attempt.took), (Some(204), MINUTE));
    let replay = async |number, since| store.replay_notifications("s1", number, since, 9).await.unwrap();
    assert_eq!(replay(Some(again[1].revision.number), None).await, 0, "it is not at rest");
    let later = again[0].created_at + chrono::TimeDelta::days(1);
    assert_eq!(replay(None, Some(later)).await, 0);
    assert_eq!(replay(Some(again[0].revision.number), None).await, 1);
    assert_eq!(store.prune_notifications(Duration::ZERO).await.unwrap(), 0);
    assert_eq!(store.attempts("s1", None, 9).await.unwrap().len(), 2);
}

async fn one_that_is_given_up_pauses_its_subscriber<D: Database>(store: SqlStore<D>) {
    subscribe(&store, "s1", &["sync.*"]).await;
    append(&store, "sync.completed", 2).await;
    store.follow_events("s1", 99, 99).await.unwrap();
    let [first] = store.claim_notifications("s1", 1, MINUTE).await.unwrap().try_into().unwrap();
    assert!(store.settle_notification(first.revision, NotificationEnd::GivenUp, None).await.unwrap());
    let paused = store.subscriber("s1").await.unwrap().unwrap();
    assert!(!paused.is_active && paused.pause.is_some());
    let events = store.events_since(Some(2), 9).await.unwrap().events;
    assert_eq!(events[0].kind, "webhook.paused");
    assert!(events[0].data.get().contains("\"s1\""));
    assert!(store.claim_notifications("s1", 9, MINUTE).await.unwrap().is_empty());
    store.set_subscriber_active("s1", true).await.unwrap();
    assert_eq!(store.subscriber("s1").await.unwrap().unwrap().pause, None);
    assert_eq!(store.claim_notifications("s1", 9, MINUTE).await.unwrap().len(), 1, "what waited is due");
    let dead = store.notifications("s1", Some(NotificationStatus::Dead), None, 9).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(store.replay_notifications("s1", None, None, 9).await.unwrap(), 1);
    let [again] = store.claim_notifications("s1", 9, MINUTE).await.unwrap().try_into().unwrap();
    assert_eq!(again.message_id(), first.message_id(), "a replay keeps the id");
    assert!(store.settle_notification(again.revision, NotificationEnd::Delivered, None).await.unwrap());
    store.elapse(MINUTE).await;
    assert_eq!(store.prune_notifications(MINUTE).await.unwrap(), 1);
}
