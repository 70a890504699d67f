//! The inbox of webhooks.
#![allow(clippy::panic, reason = "helpers of tests fail like tests")]

use std::collections::HashSet;
use std::time::Duration;

use tieline_core::ErrorKind;
use tieline_core::webhook::{Hint, Hints, Records, WebhookEvent};
use tieline_core::{Change, EntityChanges, RawJson, Record};
use tieline_store::contract::Elapse;
use tieline_store::inbox::{
    DeliveryStatus, InboxClaim, InboxStore, NewDelivery, Received, Settlement, encode_event,
};
use tieline_store::{ConnectionId, SyncStore, TenantId};
use tieline_store_sql::{Database, SqlStore, directory};

use super::{in_both, json};

in_both! {
    a_delivery_is_stored_once
    hints_that_nothing_tells_apart_are_handled_again
    what_is_claimed_is_claimed_once
    an_attempt_ends_once
    dead_deliveries_are_replayed
    inboxes_do_not_see_each_other
    what_waits_anywhere_is_one_question
    only_deliveries_at_rest_are_pruned
}

const MINUTE: Duration = Duration::from_secs(60);

fn acme() -> ConnectionId {
    "acme".into()
}

fn hints(key: &str) -> NewDelivery {
    let event = Hints::new(vec![Hint::new("deals", Some(key.into()))]).into();
    let (kind, text) = encode_event(&event).unwrap().unwrap();
    NewDelivery::new("endpoint", kind, text)
}

fn records(payload: &str) -> NewDelivery {
    let change = Change::Upsert(Record::new("1", json(payload)));
    let event = Records::new(vec![EntityChanges::new("messages", vec![change])]).into();
    let (kind, text) = encode_event(&event).unwrap().unwrap();
    NewDelivery::new("endpoint", kind, text)
}

async fn claimed<D: Database>(store: &SqlStore<D>, limit: u32) -> Vec<tieline_store::inbox::Delivery> {
    store.claim_deliveries(&acme(), &InboxClaim::new(limit, MINUTE)).await.unwrap()
}

async fn stages<D: Database>(store: &SqlStore<D>) -> Vec<DeliveryStatus> {
    let all = store.deliveries(&acme(), None, None, 1_000).await.unwrap();
    all.into_iter().map(|delivery| delivery.status).collect()
}

async fn a_delivery_is_stored_once<D: Database>(store: SqlStore<D>) {
    let exact = || hints("1").with_identity([1; 32], true);
    let Received::Stored(number) = store.receive(&acme(), exact()).await.unwrap() else { panic!() };
    assert_eq!(store.receive(&acme(), exact()).await.unwrap(), Received::Repeated(number));
    let [first] = claimed(&store, 9).await.try_into().unwrap();
    assert_eq!((first.revision.number, first.attempts, first.status), (number, 1, DeliveryStatus::Working));
    let WebhookEvent::Hints(event) = &first.event else { panic!() };
    assert_eq!(event.hints, [Hint::new("deals", Some("1".into()))]);
    assert_eq!(store.receive(&acme(), exact()).await.unwrap(), Received::Repeated(number));
    assert!(store.settle_delivery(&acme(), first.revision, Settlement::Done).await.unwrap());
    assert_eq!(store.receive(&acme(), exact()).await.unwrap(), Received::Repeated(number));
    assert!(claimed(&store, 9).await.is_empty(), "it is not handled again");

    // Another endpoint, and no identity, are other deliveries.
    let mut other = exact();
    other.endpoint = "other".into();
    assert!(matches!(store.receive(&acme(), other).await.unwrap(), Received::Stored(_)));
    for _ in 0..2 {
        assert!(matches!(store.receive(&acme(), hints("1")).await.unwrap(), Received::Stored(_)));
    }
    assert_eq!(stages(&store).await.len(), 4);
    let nul = NewDelivery::new("end\0point", hints("1").kind, hints("1").event);
    assert_eq!(store.receive(&acme(), nul).await.unwrap_err().kind(), ErrorKind::Rejected);
}

async fn hints_that_nothing_tells_apart_are_handled_again<D: Database>(store: SqlStore<D>) {
    let content = || hints("1").with_identity([1; 32], false);
    let Received::Stored(number) = store.receive(&acme(), content()).await.unwrap() else { panic!() };
    assert_eq!(store.receive(&acme(), content()).await.unwrap(), Received::Again(number));
    let [first] = claimed(&store, 9).await.try_into().unwrap();
    // The record changes again while a worker looks it up: what it found may be old.
    assert_eq!(store.receive(&acme(), content()).await.unwrap(), Received::Again(number));
    assert!(!store.settle_delivery(&acme(), first.revision, Settlement::Done).await.unwrap());
    let [second] = claimed(&store, 9).await.try_into().unwrap();
    assert!(store.settle_delivery(&acme(), second.revision, Settlement::Done).await.unwrap());
    assert_eq!(store.receive(&acme(), content()).await.unwrap(), Received::Again(number));
    assert_eq!(claimed(&store, 9).await.len(), 1);
    // Records say themselves what they are, and an old one must not come back.
    let records = || records(r#"{"n":1.50}"#).with_identity([2; 32], false);
    let Received::Stored(number) = store.receive(&acme(), records()).await.unwrap() else { panic!() };
    let [delivery] = claimed(&store, 9).await.try_into().unwrap();
    let WebhookEvent::Records(event) = &delivery.event else { panic!() };
    let Change::Upsert(record) = &event.changes[0].changes[0] else { panic!() };
    assert_eq!(record.payload, RawJson::parse(r#"{"n":1.50}"#).unwrap());
    assert!(store.settle_delivery(&acme(), delivery.revision, Settlement::Done).await.unwrap());
    assert_eq!(store.receive(&acme(), records()).await.unwrap(), Received::Repeated(number));
}

async fn what_is_claimed_is_claimed_once<D: Database>(store: SqlStore<D>) {
    for n in 0..40 {
        store.receive(&acme(), hints(&n.to_string())).await.unwrap();
    }
    let mut taken = Vec::new();
    loop {
        let (one, two, three) = tokio::join!(claimed(&store, 1), claimed(&store, 3), claimed(&store, 7));
        let claimed: Vec<_> = one.into_iter().chain(two).chain(three).collect();
        if claimed.is_empty() {
            break;
        }
        taken.extend(claimed.into_iter().map(|delivery| delivery.revision.number));
    }
    let distinct: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40));
    // The worker died: its lease ends.
    store.elapse(MINUTE / 2).await;
    assert!(claimed(&store, 99).await.is_empty());
    store.elapse(MINUTE).await;
    assert_eq!(claimed(&store, 99).await.len(), 40);
}

async fn an_attempt_ends_once<D: Database>(store: SqlStore<D>) {
    store.receive(&acme(), hints("1")).await.unwrap();
    let [first] = claimed(&store, 9).await.try_into().unwrap();
    let retry = Settlement::retry(MINUTE, "the provider is away");
    assert!(store.settle_delivery(&acme(), first.revision, retry).await.unwrap());
    assert!(!store.settle_delivery(&acme(), first.revision, Settlement::Done).await.unwrap());
    assert!(claimed(&store, 9).await.is_empty(), "it waits");
    store.elapse(MINUTE).await;
    let [second] = claimed(&store, 9).await.try_into().unwrap();
    assert_eq!((second.attempts, second.note.as_deref()), (2, Some("the provider is away")));
    // Another worker takes it after the lease, and the first one comes too late.
    store.elapse(MINUTE * 2).await;
    let [third] = claimed(&store, 9).await.try_into().unwrap();
    assert!(!store.settle_delivery(&acme(), second.revision, Settlement::Done).await.unwrap());
    assert!(store.settle_delivery(&acme(), third.revision, Settlement::Done).await.unwrap());
    assert_eq!(stages(&store).await, [DeliveryStatus::Done]);
}

async fn dead_deliveries_are_replayed<D: Database>(store: SqlStore<D>) {
    for n in 0..3 {
        store.receive(&acme(), hints(&n.to_string())).await.unwrap();
    }
    for (delivery, dead) in claimed(&store, 9).await.into_iter().zip([true, false, true]) {
        let end = if dead { Settlement::dead("no such record\0") } else { Settlement::Done };
        assert!(store.settle_delivery(&acme(), delivery.revision, end).await.unwrap());
    }
    let dead = store.deliveries(&acme(), Some(DeliveryStatus::Dead), None, 9).await.unwrap();
    assert_eq!(dead.len(), 2);
    assert_eq!(dead[0].note.as_deref(), Some("no such record"));
    let later = dead[0].received_at + chrono::TimeDelta::hours(1);
    let replay = async |status, since, limit| store.replay_deliveries(&acme(), status, since, limit).await;
    assert_eq!(replay(DeliveryStatus::Dead, Some(later), 9).await.unwrap(), 0);
    assert_eq!(replay(DeliveryStatus::Dead, None, 1).await.unwrap(), 1);
    assert_eq!(replay(DeliveryStatus::Dead, None, 9).await.unwrap(), 1);
    assert_eq!(replay(DeliveryStatus::Done, Some(dead[0].received_at), 9).await.unwrap(), 1);
    assert_eq!(replay(DeliveryStatus::Working, None, 9).await.unwrap_err().kind(), ErrorKind::Config);
    let again = claimed(&store, 9).await;
    assert_eq!(again.len(), 3);
    assert!(again.iter().all(|delivery| delivery.attempts == 1));
}

async fn inboxes_do_not_see_each_other<D: Database>(store: SqlStore<D>) {
    let globex = store.for_tenant(TenantId::new("globex"));
    let exact = || hints("1").with_identity([1; 32], true);
    let Received::Stored(_) = store.receive(&acme(), exact()).await.unwrap() else { panic!() };
    let other: ConnectionId = "other".into();
    for (store, connection) in [(&store, &other), (&globex, &acme())] {
        assert!(matches!(store.receive(connection, exact()).await.unwrap(), Received::Stored(_)));
    }
    let [mine] = claimed(&store, 9).await.try_into().unwrap();
    assert!(!globex.settle_delivery(&acme(), mine.revision, Settlement::Done).await.unwrap());
    assert!(!store.settle_delivery(&other, mine.revision, Settlement::Done).await.unwrap());
    assert_eq!(globex.deliveries(&acme(), None, None, 9).await.unwrap().len(), 1);
    store.erase(&acme()).await.unwrap();
    assert!(stages(&store).await.is_empty());
    assert!(!store.settle_delivery(&acme(), mine.revision, Settlement::Done).await.unwrap());
    assert_eq!(store.deliveries(&other, None, None, 9).await.unwrap().len(), 1);
    assert_eq!(stages(&globex).await, [DeliveryStatus::Pending]);
    assert!(matches!(store.receive(&acme(), exact()).await.unwrap(), Received::Stored(_)));
}

async fn what_waits_anywhere_is_one_question<D: Database>(store: SqlStore<D>) {
    let due = async || {
        let mut tx = store.begin().await.unwrap();
        let due = directory::due(&mut tx, None, 9).await.unwrap();
        tx.commit().await.unwrap();
        due.into_iter().map(|due| (due.connection, due.what)).collect::<Vec<_>>()
    };
    assert!(due().await.is_empty());
    store.receive(&acme(), hints("1")).await.unwrap();
    assert_eq!(due().await, [(acme(), "inbox".to_owned())]);
    let [first] = claimed(&store, 9).await.try_into().unwrap();
    assert!(due().await.is_empty(), "until the lease ends, nobody else has work");
    store.elapse(MINUTE).await;
    assert_eq!(due().await.len(), 1);
    let [second] = claimed(&store, 9).await.try_into().unwrap();
    assert!(!store.settle_delivery(&acme(), first.revision, Settlement::Done).await.unwrap());
    let retry = Settlement::retry(Duration::ZERO, "");
    assert!(store.settle_delivery(&acme(), second.revision, retry).await.unwrap());
    assert_eq!(due().await.len(), 1);
    let [third] = claimed(&store, 9).await.try_into().unwrap();
    assert!(store.settle_delivery(&acme(), third.revision, Settlement::Done).await.unwrap());
    assert!(claimed(&store, 9).await.is_empty());
    assert!(due().await.is_empty());
}

async fn only_deliveries_at_rest_are_pruned<D: Database>(store: SqlStore<D>) {
    for n in 0..4 {
        store.receive(&acme(), hints(&n.to_string())).await.unwrap();
    }
    let [done, dead, _] = claimed(&store, 3).await.try_into().unwrap();
    store.settle_delivery(&acme(), done.revision, Settlement::Done).await.unwrap();
    store.settle_delivery(&acme(), dead.revision, Settlement::dead("x")).await.unwrap();
    assert_eq!(store.prune_deliveries(&acme(), MINUTE).await.unwrap(), 0);
    store.elapse(MINUTE).await;
    assert_eq!(store.prune_deliveries(&acme(), MINUTE).await.unwrap(), 2);
    assert_eq!(stages(&store).await, [DeliveryStatus::Working, DeliveryStatus::Pending]);
}
