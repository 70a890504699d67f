//! Links, changed records, conflicts and tasks of pairings.

use std::time::Duration;

use tieline_core::{ErrorKind, FieldPath, Key};
use tieline_store::contract::Elapse;
use tieline_store::pairings::{
    ConflictWinner, LinkChange, LinkId, LinkRevision, LinkState, MatchValues, NewConflict, NewTask, PairSide,
    PairingId, PairingStore, RowChangeStore, TaskDecision, TaskKind, TaskStatus,
};
use tieline_store::{ConnectionId, SyncStore, TargetChange, TenantId};
use tieline_store_sql::{Database, SqlStore};

use super::{changes, in_both, json, put, upsert};

in_both! {
    a_cursor_moves_with_its_changes_or_not_at_all
    a_change_that_came_meanwhile_is_left_to_be_handled
    a_record_is_linked_once
    a_link_changes_only_as_it_was_seen
    one_task_of_a_subject_is_open
    a_task_is_decided_once_and_only_as_it_was_seen
    conflicts_keep_every_digit
    unlinked_records_are_found_by_their_values
    a_pairing_goes_with_either_of_its_connections
    rows_are_followed_by_a_cursor_of_text
}

fn pairing() -> PairingId {
    "companies".into()
}

fn keys(keys: &[&str]) -> Vec<Key> {
    keys.iter().copied().map(Key::from).collect()
}

async fn open<D: Database>(store: &SqlStore<D>) {
    let (left, right) = (ConnectionId::new("crm"), ConnectionId::new("books"));
    store.open_pairing(&pairing(), [Some(&left), Some(&right)], "1").await.unwrap();
}

fn new_link(left: &str, right: &str) -> LinkChange {
    LinkChange::create(Some(left.into()), Some(right.into()), LinkState::Linked, json(r#"{"v":1}"#))
}

async fn a_cursor_moves_with_its_changes_or_not_at_all<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let note = async |keys: &[Key], from, to| {
        store.note_changes(&pairing(), PairSide::Left, keys, (from, to)).await.unwrap()
    };
    assert!(note(&keys(&["1", "2", "1"]), None, Some("a")).await);
    assert!(!note(&keys(&["3"]), None, Some("b")).await, "somebody else was quicker");
    assert!(note(&keys(&["2"]), Some("a"), Some("b")).await);
    let due = store.changed_records(&pairing(), None, 9).await.unwrap();
    let named: Vec<&str> = due.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(named, ["1", "2"], "in the order of their last change");
    let next = store.changed_records(&pairing(), Some(&due[0]), 9).await.unwrap();
    assert_eq!(next, due[1..]);
    let (left, right) = (ConnectionId::new("crm"), ConnectionId::new("books"));
    let position = store.open_pairing(&pairing(), [Some(&left), Some(&right)], "2").await.unwrap();
    assert_eq!((position.cursor(PairSide::Left), position.cursor(PairSide::Right)), (Some("b"), None));
    assert_eq!((position.fingerprint.as_str(), position.confirmed), ("1", false));
    store.confirm_pairing(&pairing()).await.unwrap();
    let position = store.open_pairing(&pairing(), [Some(&left), Some(&right)], "2").await.unwrap();
    assert_eq!((position.fingerprint.as_str(), position.confirmed), ("2", true));
    let other = store.open_pairing(&pairing(), [Some(&left), None], "2").await;
    assert_eq!(other.unwrap_err().kind(), ErrorKind::Config);
}

async fn a_change_that_came_meanwhile_is_left_to_be_handled<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let note = async |from, to| {
        let keys = keys(&["1", "2"]);
        assert!(store.note_changes(&pairing(), PairSide::Right, &keys, (from, to)).await.unwrap());
    };
    note(None, Some("a")).await;
    let seen = store.changed_records(&pairing(), None, 9).await.unwrap();
    note(Some("a"), Some("b")).await;
    store.forget_changes(&pairing(), &seen).await.unwrap();
    let due = store.changed_records(&pairing(), None, 9).await.unwrap();
    assert_eq!(due.len(), 2);
    // A decision takes what it is about off the list, and may ask for another look later.
    let mut change = new_link("l1", "1");
    change.handled = vec![due[0].clone()];
    change.again = vec![(PairSide::Left, "l1".into(), Duration::from_secs(60))];
    store.store_link(&pairing(), change).await.unwrap().unwrap();
    let due = async || store.changed_records(&pairing(), None, 9).await.unwrap();
    assert_eq!(due().await.len(), 1);
    store.elapse(Duration::from_secs(60)).await;
    let due = due().await;
    assert_eq!(due.iter().map(|record| record.key.as_str()).collect::<Vec<_>>(), ["2", "l1"]);
}

async fn a_record_is_linked_once<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let first = store.store_link(&pairing(), new_link("l1", "r1")).await.unwrap().unwrap();
    assert_eq!(store.store_link(&pairing(), new_link("l1", "r2")).await.unwrap(), None);
    assert_eq!(store.store_link(&pairing(), new_link("l2", "r1")).await.unwrap(), None);
    let second = store.store_link(&pairing(), new_link("l2", "r2")).await.unwrap().unwrap();
    let mut moved = LinkChange::of(&second, LinkState::Linked, second.body.clone());
    moved.set_key(PairSide::Right, Some("r1".into()));
    assert_eq!(store.store_link(&pairing(), moved).await.unwrap(), None);
    let found = store.links_of(&pairing(), PairSide::Right, &keys(&["r1", "r2", "r3"])).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&first) && found.contains(&second));
    let none = LinkChange::create(Some("l3".into()), None, LinkState::Writing, json("{}"));
    for side in ["l3", "l4"] {
        let mut waiting = none.clone();
        waiting.left = Some(side.into());
        assert!(store.store_link(&pairing(), waiting).await.unwrap().is_some(), "no key is no record");
    }
    let writing = store.links_in(&pairing(), LinkState::Writing, None, 9).await.unwrap();
    assert_eq!(writing.len(), 2);
    let rest = store.links_in(&pairing(), LinkState::Writing, Some(writing[0].at.link), 9).await.unwrap();
    assert_eq!(rest, writing[1..]);
    let counts = store.pairing_counts(&pairing()).await.unwrap();
    assert_eq!((counts.links, counts.writing, counts.held), (4, 2, 0));
}

async fn a_link_changes_only_as_it_was_seen<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let link = store.store_link(&pairing(), new_link("l1", "r1")).await.unwrap().unwrap();
    let change = LinkChange::of(&link, LinkState::Held, json(r#"{"n":1.50}"#));
    let held = store.store_link(&pairing(), change.clone()).await.unwrap().unwrap();
    assert_eq!((held.at.revision, held.state), (2, LinkState::Held));
    assert_eq!(store.store_link(&pairing(), change).await.unwrap(), None);
    assert_eq!(store.link(&pairing(), link.at.link).await.unwrap(), Some(held));
    let globex = store.for_tenant(TenantId::new("globex"));
    open(&globex).await;
    assert_eq!(globex.link(&pairing(), link.at.link).await.unwrap(), None);
    assert!(globex.links_of(&pairing(), PairSide::Left, &keys(&["l1"])).await.unwrap().is_empty());
}

fn task(kind: TaskKind, subject: &str) -> NewTask {
    NewTask::new(kind, subject, json(r#"{"why":"x"}"#))
}

async fn one_task_of_a_subject_is_open<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let mut change = new_link("l1", "r1");
    change.tasks = vec![task(TaskKind::Conflict, "/name"), task(TaskKind::Conflict, "/city")];
    let link = store.store_link(&pairing(), change).await.unwrap().unwrap();
    store.add_task(&pairing(), Some(link.at), task(TaskKind::Conflict, "/name")).await.unwrap();
    store.add_task(&pairing(), None, task(TaskKind::Brake, "right")).await.unwrap();
    let open = store.tasks(&pairing(), Some(TaskStatus::Open), None, 9).await.unwrap();
    assert_eq!(open.len(), 3);
    assert_eq!(open[2].link, None);
    assert_eq!(store.tasks(&pairing(), None, Some(1), 9).await.unwrap().len(), 3);
    let mut change = LinkChange::of(&link, LinkState::Linked, link.body.clone());
    change.supersedes = vec![TaskKind::Conflict];
    store.store_link(&pairing(), change).await.unwrap().unwrap();
    let open = store.tasks(&pairing(), Some(TaskStatus::Open), None, 9).await.unwrap();
    assert_eq!(open.iter().map(|task| task.task.kind).collect::<Vec<_>>(), [TaskKind::Brake]);
    assert_eq!(store.pairing_counts(&pairing()).await.unwrap().open_tasks, 1);
}

async fn a_task_is_decided_once_and_only_as_it_was_seen<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let mut change = new_link("l1", "r1");
    change.state = LinkState::Held;
    change.tasks = vec![task(TaskKind::Approval, "right")];
    let link = store.store_link(&pairing(), change).await.unwrap().unwrap();
    let [held] = store.tasks(&pairing(), None, None, 9).await.unwrap().try_into().unwrap();
    assert_eq!((held.link, held.link_revision), (Some(link.at.link), 1));
    let approve = TaskDecision::new(held.number, TaskStatus::Approved, "anna");
    let mut stale = LinkChange::of(&link, LinkState::Writing, link.body.clone());
    stale.from = Some(LinkRevision::new(link.at.link, 7));
    assert!(!store.decide_task(&pairing(), &approve, Some(stale)).await.unwrap());
    let change = LinkChange::of(&link, LinkState::Writing, link.body.clone());
    assert!(store.decide_task(&pairing(), &approve, Some(change.clone())).await.unwrap());
    assert!(!store.decide_task(&pairing(), &approve, None).await.unwrap());
    let decided = store.task(&pairing(), held.number).await.unwrap().unwrap();
    assert_eq!((decided.status, decided.decided_by.as_deref()), (TaskStatus::Approved, Some("anna")));
    assert!(decided.decided_at.is_some());
    assert_eq!(store.link(&pairing(), link.at.link).await.unwrap().unwrap().state, LinkState::Writing);
    assert_eq!(store.task(&pairing(), 99).await.unwrap(), None);
}

async fn conflicts_keep_every_digit<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let mut conflict = NewConflict::new(FieldPath::field("price"), "left", ConflictWinner::Left);
    conflict.left = Some(json("12345678901234567.890"));
    conflict.right = Some(json("null"));
    let mut change = new_link("l1", "r1");
    change.conflicts = vec![conflict.clone()];
    store.store_link(&pairing(), change).await.unwrap().unwrap();
    let [logged] = store.conflicts(&pairing(), None, 9).await.unwrap().try_into().unwrap();
    assert_eq!(logged.conflict, conflict);
    assert_eq!(logged.link, LinkId::new(1));
    assert!(store.conflicts(&pairing(), Some(logged.number), 9).await.unwrap().is_empty());
    assert!(!format!("{logged:?}").contains("12345678"));
}

async fn a_pairing_goes_with_either_of_its_connections<D: Database>(store: SqlStore<D>) {
    for connection in ["crm", "books"] {
        open(&store).await;
        let mut change = new_link("l1", "r1");
        change.tasks = vec![task(TaskKind::Conflict, "/name")];
        store.store_link(&pairing(), change).await.unwrap().unwrap();
        store.erase(&connection.into()).await.unwrap();
        let counts = store.pairing_counts(&pairing()).await.unwrap();
        assert_eq!((counts.links, counts.open_tasks), (0, 0));
        assert!(store.tasks(&pairing(), None, None, 9).await.unwrap().is_empty());
    }
}

async fn rows_are_followed_by_a_cursor_of_text<D: Database>(store: SqlStore<D>) {
    let (acme, copy) = (ConnectionId::new("acme"), "copy".into());
    let row = |key: &str, fields: &str| TargetChange::put(key, json(fields), Vec::new());
    store.open_target(&acme, &copy, &"deals".into(), "1").await.unwrap();
    let both = changes("deals", vec![upsert("1", "{}"), upsert("2", "{}")]);
    put(&store, both.with_target("copy", vec![row("1", r#"{"a":1}"#), row("2", r#"{"a":2}"#)])).await;
    let first = store.changed_rows(&acme, &copy, None, 1).await.unwrap();
    assert_eq!((first.keys, first.more), (keys(&["1"]), true));
    let second = store.changed_rows(&acme, &copy, Some(&first.next), 9).await.unwrap();
    assert_eq!((second.keys, second.more), (keys(&["2"]), false));
    put(&store, changes("deals", vec![upsert("1", "[]")]).with_target("copy", vec![row("1", r#"{"a":3}"#)]))
        .await;
    let third = store.changed_rows(&acme, &copy, Some(&second.next), 9).await.unwrap();
    assert_eq!(third.keys, keys(&["1"]));
    let broken = store.changed_rows(&acme, &copy, Some("x"), 9).await;
    assert_eq!(broken.unwrap_err().kind(), ErrorKind::StateInvalid);
}

async fn unlinked_records_are_found_by_their_values<D: Database>(store: SqlStore<D>) {
    open(&store).await;
    let values = |key: &str, values: &[(u32, &str)]| {
        MatchValues::new(
            key.into(),
            values.iter().map(|(rule, value)| (*rule, (*value).to_owned())).collect(),
        )
    };
    let put = async |side, of: MatchValues| store.put_match_values(&pairing(), side, &[of]).await.unwrap();
    let find = async |side, rule, value: &str| {
        store.matching_records(&pairing(), side, (rule, value), 3).await.unwrap()
    };
    put(PairSide::Left, values("l1", &[(0, "5560"), (1, "a@b.se")])).await;
    put(PairSide::Left, values("l2", &[(0, "5560")])).await;
    put(PairSide::Right, values("r1", &[(0, "5560")])).await;
    assert_eq!(find(PairSide::Left, 0, "5560").await, keys(&["l1", "l2"]));
    assert_eq!(find(PairSide::Left, 1, "5560").await, keys(&[]));
    put(PairSide::Left, values("l2", &[(0, "5561")])).await;
    assert_eq!(find(PairSide::Left, 0, "5560").await, keys(&["l1"]));
    store.store_link(&pairing(), new_link("l1", "r1")).await.unwrap().unwrap();
    assert_eq!(find(PairSide::Left, 0, "5560").await, keys(&[]), "a linked record is not matched again");
    assert_eq!(find(PairSide::Right, 0, "5560").await, keys(&[]));
    assert_eq!(find(PairSide::Left, 0, "5561").await, keys(&["l2"]));
}
