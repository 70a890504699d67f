//! The laws of an outbox with many operations and many claimants: pages, pruning, claims at the same time.

use std::collections::HashSet;

use tieline_core::{ErrorKind, Operation};

use super::host::TimedOutbox;
use super::outbox::{Passing, all, create, ids, lease, minutes, put, states, update};
use super::world::{CONNECTION, Task, all_at_once};
use crate::outbox::{Destination, Entry, Status, StatusKind};
use crate::{ConnectionId, SyncStore};

/// Pages follow each other by number.
pub async fn outbox_pages_are_stable(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let operations: Vec<_> = (0..7).map(|n| create(&n.to_string())).collect();
    put(store, CONNECTION, "deals", &operations).await;
    for entry in time.claim(0, 4).await.iter().step_by(2) {
        time.becomes(entry, Status::Rejected, 1).await.unwrap();
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = store.entries(&CONNECTION.into(), None, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.number);
        seen.extend(ids(&page).into_iter().map(str::to_owned));
        put(store, CONNECTION, "deals", &[create("late")]).await;
    }
    assert_eq!(seen, ["0", "1", "2", "3", "4", "5", "6", "late"]);
    let list = async |kind, after| store.entries(&CONNECTION.into(), Some(kind), after, 9).await.unwrap();
    let rejected = list(StatusKind::Rejected, None).await;
    assert_eq!(ids(&rejected), ["0", "2"]);
    assert_eq!(ids(&list(StatusKind::Rejected, Some(rejected[0].number)).await), ["2"]);
    assert_eq!(ids(&list(StatusKind::Sending, None).await), ["1", "3"]);
    assert!(list(StatusKind::NeedsReview, None).await.is_empty());
}

/// What is finished may be forgotten; what is not, never.
pub async fn only_finished_operations_are_pruned(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let operations: Vec<_> = (0..13).map(|n| create(&n.to_string())).collect();
    put(store, CONNECTION, "deals", &operations).await;
    for (entry, status) in time.claim(0, 12).await.iter().zip(time.statuses()) {
        time.becomes(entry, status, 5).await.unwrap();
    }
    let prune = async |age| store.prune(&CONNECTION.into(), minutes(age)).await.unwrap();
    time.pass_to(8).await;
    assert_eq!(prune(4).await, 0);
    assert_eq!(store.prune(&"other".into(), minutes(0)).await.unwrap(), 0);
    assert_eq!(prune(3).await, 6);
    let left = all(store, CONNECTION).await;
    assert_eq!(ids(&left), ["0", "1", "2", "3", "4", "11", "12"]);
    assert!(store.entry(&CONNECTION.into(), &"9".into()).await.unwrap().is_none());
    let last = left.last().unwrap().number;
    assert_eq!(put(store, CONNECTION, "deals", &[create("9")]).await, 1, "after that it is a new operation");
    assert!(all(store, CONNECTION).await.last().unwrap().number > last);
}

/// Two at once never take the same.
pub async fn what_is_claimed_is_claimed_once(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let operations: Vec<_> = (0..40).map(|n| create(&n.to_string())).collect();
    put(store, CONNECTION, "deals", &operations).await;
    let mut taken = Vec::new();
    loop {
        let claims = [1, 3, 7].map(|limit| Box::pin(time.claim(0, limit)) as Task<'_, _>);
        let answers = all_at_once(claims.into()).await;
        let claimed: Vec<Entry> = answers.into_iter().flatten().collect();
        if claimed.is_empty() {
            break;
        }
        taken.extend(claimed.into_iter().map(|entry| entry.operation.id));
    }
    let distinct: HashSet<_> = taken.iter().collect();
    assert_eq!((taken.len(), distinct.len()), (40, 40));
}

/// A part of an entity has an order of its own: no request carries operations of two, and none waits for one on a record
/// of the same key elsewhere.
pub async fn partitions_are_claimed_apart(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let of = |partition: &str| Destination::from("lines").with_partition(partition);
    let enqueue = async |to: Destination, operations: Vec<Operation>| {
        store.enqueue(&CONNECTION.into(), &to, &operations).await
    };
    enqueue(of("7"), vec![update("a", "1"), create("b")]).await.unwrap();
    // An empty name is a partition too.
    enqueue(of(""), vec![update("c", "1")]).await.unwrap();
    enqueue("lines".into(), vec![update("d", "1"), update("e", "1")]).await.unwrap();
    assert_eq!(enqueue(of("7"), vec![update("a", "1")]).await.unwrap(), 0);
    for other in [of("8"), "lines".into()] {
        let error = enqueue(other, vec![update("a", "1")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "an id names one place");
    }
    let mut claims = Vec::new();
    for _ in 0..4 {
        let claimed = time.claim(0, 9).await;
        let partitions: HashSet<_> = claimed.iter().map(|entry| entry.partition.clone()).collect();
        let partitions: Vec<_> =
            partitions.iter().map(|name| name.as_ref().map(ToString::to_string)).collect();
        claims.push((ids(&claimed).join(" "), partitions.into_iter().next().flatten()));
    }
    let claim = |ids: &str, partition: Option<&str>| (ids.to_owned(), partition.map(str::to_owned));
    assert_eq!(claims, [claim("a b", Some("7")), claim("c", Some("")), claim("d", None), claim("", None)]);
}

/// Nothing of one outbox is seen in another, and erasing a connection erases its outbox.
pub async fn outboxes_do_not_see_each_other(store: &(impl SyncStore + TimedOutbox)) {
    let time = Passing::new(store).await;
    for connection in [CONNECTION, "other"] {
        put(store, connection, "deals", &[create("a"), update("b", "1"), update("c", "1")]).await;
    }
    let before = states(&all(store, "other").await);
    let [a, b] = time.claim(0, 9).await.try_into().unwrap();
    let foreign = store.advance(&"other".into(), a.at_revision(), Status::Rejected, None).await.unwrap();
    assert_eq!(foreign, None, "a mark is good in its own connection only");
    time.becomes(&b, Status::NeedsReview, 1).await.unwrap();
    assert_eq!(states(&all(store, "other").await), before);
    for stranger in ["", "OTHER", "other ", "%"] {
        let stranger = ConnectionId::from(stranger);
        assert!(store.entries(&stranger, None, None, 9).await.unwrap().is_empty());
        assert!(store.entry(&stranger, &"a".into()).await.unwrap().is_none());
        assert!(store.unsettled(&stranger, None, 9).await.unwrap().is_empty());
        assert!(store.claim(&stranger, &lease(9)).await.unwrap().is_empty());
        assert_eq!(store.prune(&stranger, minutes(0)).await.unwrap(), 0);
    }
    store.erase(&CONNECTION.into()).await.unwrap();
    assert!(all(store, CONNECTION).await.is_empty());
    assert_eq!(time.becomes(&a, Status::Applied { key: None }, 2).await, None, "it is not revived");
    assert_eq!(states(&all(store, "other").await), before);
    assert_eq!(put(store, CONNECTION, "deals", &[update("a", "1")]).await, 1);
    assert_eq!(time.becomes(&a, Status::Applied { key: None }, 2).await, None, "nor taken for its successor");
}
