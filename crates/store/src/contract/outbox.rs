//! The outbox: operations are stored once, sent once, and keep what became of them.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tieline_core::{ErrorKind, FieldPatch, FieldPath, MarkerField, Operation, OperationId, Patch, WriteOp};

use super::host::TimedOutbox;
use super::world::{CONNECTION, json};
use crate::outbox::{Answer, Claim, Entry, Status, StatusKind};

pub(super) fn create(id: &str) -> Operation {
    Operation::new(id, WriteOp::create(json(r#"{"value":1250.10}"#)))
}

pub(super) fn update(id: &str, key: &str) -> Operation {
    let patch = Patch(vec![(FieldPath::field("title"), FieldPatch::Clear)]);
    Operation::new(id, WriteOp::update(key, patch))
}

/// A store whose time passes in minutes, when a law says so.
pub(super) struct Passing<'s> {
    store: &'s dyn TimedOutbox,
    start: DateTime<Utc>,
    minute: Mutex<i64>,
}

impl<'s> Passing<'s> {
    pub(super) async fn new(store: &'s dyn TimedOutbox) -> Self {
        Self { store, start: store.now().await.unwrap(), minute: Mutex::new(0) }
    }

    pub(super) fn minute(&self) -> i64 {
        *self.minute.lock().unwrap()
    }

    pub(super) async fn pass_to(&self, minute: i64) {
        // It never goes back.
        let passed = u64::try_from(minute - self.minute()).unwrap_or(0);
        if passed > 0 {
            *self.minute.lock().unwrap() = minute;
            self.store.elapse(minutes(passed)).await;
        }
    }

    /// That minute as the store's clock says it, which does not move: what is due comes nearer instead. A little before
    /// it, because the machine's own time passes too.
    pub(super) fn at(&self, minute: i64) -> DateTime<Utc> {
        self.start + TimeDelta::seconds((minute - self.minute()) * 60)
    }

    /// Whether that is the minute, give or take what the laws themselves take.
    pub(super) fn is(&self, time: DateTime<Utc>, minute: i64) -> bool {
        (time - self.at(minute)).num_seconds().abs() < 50
    }

    /// What a claim at that minute takes, for ten minutes.
    pub(super) async fn claim(&self, minute: i64, limit: u32) -> Vec<Entry> {
        self.pass_to(minute).await;
        self.store.claim(&CONNECTION.into(), &lease(limit)).await.unwrap()
    }

    pub(super) async fn becomes(&self, entry: &Entry, mut to: Status, minute: i64) -> Option<Entry> {
        let before = self.minute();
        self.pass_to(minute).await;
        // What it says was said before that.
        let passed = TimeDelta::minutes(self.minute() - before);
        if let Status::Pending { not_before: due }
        | Status::Accepted { not_before: due, .. }
        | Status::Unknown { not_before: due, .. } = &mut to
        {
            *due -= passed;
        }
        let note = Some("why".to_owned());
        self.store.advance(&CONNECTION.into(), entry.at_revision(), to, note).await.unwrap()
    }

    pub(super) async fn unsettled(&self, minute: i64, after: Option<u64>, limit: u32) -> Vec<Entry> {
        self.pass_to(minute).await;
        self.store.unsettled(&CONNECTION.into(), after, limit).await.unwrap()
    }

    /// Every status but the first, with all that it can hold.
    pub(super) fn statuses(&self) -> Vec<Status> {
        vec![
            Status::Pending { not_before: self.at(90) },
            Status::Accepted { ticket: "job-1".into(), not_before: self.at(91) },
            Status::Unknown { not_before: self.at(92), conclusive: true },
            Status::Unknown { not_before: self.at(93), conclusive: false },
            Status::NeedsReview,
            Status::Applied { key: Some("42".into()) },
            Status::Applied { key: None },
            Status::Unchanged,
            Status::Partial,
            Status::Conflict,
            Status::Rejected,
        ]
    }
}

pub(super) fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

pub(super) fn lease(limit: u32) -> Claim {
    Claim::new(Duration::from_secs(600), limit)
}

pub(super) async fn put(
    store: &dyn TimedOutbox,
    connection: &str,
    entity: &str,
    operations: &[Operation],
) -> u64 {
    store.enqueue(&connection.into(), &entity.into(), operations).await.unwrap()
}

pub(super) async fn all(store: &dyn TimedOutbox, connection: &str) -> Vec<Entry> {
    store.entries(&connection.into(), None, None, 10_000).await.unwrap()
}

/// What tells whether entries changed: not their times, which pass.
pub(super) fn states(entries: &[Entry]) -> Vec<(u64, u64, StatusKind, Option<String>)> {
    let state = |entry: &Entry| (entry.number, entry.revision, entry.status.kind(), entry.note.clone());
    entries.iter().map(state).collect()
}

pub(super) fn ids(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.operation.id.as_str()).collect()
}

/// An id names one operation, for ever. Who enqueues again changes nothing; who enqueues another is told.
pub async fn an_operation_is_stored_once(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    assert_eq!(put(store, CONNECTION, "deals", &[create("a"), update("b", "1"), create("a")]).await, 2);
    assert_eq!(put(store, CONNECTION, "deals", &[update("b", "1"), create("c")]).await, 1);
    let before = all(store, CONNECTION).await;
    assert_eq!(ids(&before), ["a", "b", "c"]);
    for (entity, operation) in [("persons", create("a")), ("deals", update("a", "1"))] {
        let operations = [create("new"), operation];
        let error = store.enqueue(&CONNECTION.into(), &entity.into(), &operations).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(all(store, CONNECTION).await, before, "all or none");
    }
    let twins = [create("new"), update("new", "1")];
    let error = store.enqueue(&CONNECTION.into(), &"deals".into(), &twins).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);

    let claimed = time.claim(1, 1).await;
    time.becomes(&claimed[0], Status::Applied { key: Some("7".into()) }, 2).await.unwrap();
    assert_eq!(put(store, CONNECTION, "deals", &[create("a")]).await, 0, "also when it is done");
    let done = store.entry(&CONNECTION.into(), &"a".into()).await.unwrap().unwrap();
    assert_eq!(done.status, Status::Applied { key: Some("7".into()) });
}

/// What goes out is what was handed in, to the letter.
pub async fn operations_come_back_as_they_were(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let fields = json(r#"{"value":12345678901234567.890, "tax" : 1e2,"nul":"\u0000"}"#);
    let patch = Patch(vec![
        (FieldPath::field("a/b"), FieldPatch::Set(json("1.10"))),
        (FieldPath::field("c"), FieldPatch::Clear),
        (FieldPath::field("d"), FieldPatch::Add(json("[1]"))),
        (FieldPath::field("e"), FieldPatch::Remove(json("null"))),
        (FieldPath::field("f"), FieldPatch::Raw(json(r#"{"x":1}"#))),
    ]);
    let operations = [
        Operation::new("'; --", WriteOp::create(fields.clone()).with_marker(Some("日本".into()))),
        Operation::new("é", WriteOp::update("%", patch).with_if_version(Some("7".into()))),
        Operation::new("e\u{301}", WriteOp::delete("")),
        Operation::new("A", WriteOp::invoke("confirm", fields).with_key(Some("9".into()))),
        Operation::new("a", WriteOp::invoke("ping", json("[]"))),
    ];
    put(store, CONNECTION, "deals", &operations).await;
    let stored: Vec<Operation> =
        all(store, CONNECTION).await.into_iter().map(|entry| entry.operation).collect();
    assert_eq!(stored, operations);
    let claimed = time.claim(0, 10).await;
    assert!(claimed.iter().map(|entry| &entry.operation).eq(&operations));
    for refused in [create(""), create("a\0b"), update("x", "a\0b")] {
        let error =
            store.enqueue(&CONNECTION.into(), &"deals".into(), &[create("y"), refused]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
    }
    assert_eq!(all(store, CONNECTION).await.len(), operations.len());
}

/// In the order in which they were stored, when they are due, one entity at a time.
pub async fn operations_go_out_in_order(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    put(store, CONNECTION, "deals", &[create("1"), create("2"), create("3")]).await;
    put(store, CONNECTION, "persons", &[create("4")]).await;
    put(store, CONNECTION, "deals", &[create("5")]).await;
    let first = time.claim(0, 2).await;
    assert_eq!(ids(&first), ["1", "2"]);
    assert!(matches!(first[0].status, Status::Sending { until } if time.is(until, 10)));
    assert!(first[0].attempts == 1 && first[0].attempted_at.is_some_and(|at| time.is(at, 0)));
    assert_eq!(ids(&time.claim(0, 2).await), ["3"], "up to another entity");
    time.becomes(&first[0], Status::Pending { not_before: time.at(5) }, 1).await.unwrap();
    assert_eq!(ids(&time.claim(4, 9).await), ["4"]);
    let again = time.claim(6, 9).await;
    assert_eq!(ids(&again), ["1", "5"]);
    assert_eq!((again[0].attempts, again[0].note.as_deref()), (2, Some("why")));
    assert!((again[0].enqueued_at - time.start).num_seconds().abs() < 50);
    assert!(time.claim(6, 9).await.is_empty());

    put(store, CONNECTION, "deals", &[create("6")]).await;
    time.becomes(&again[0], Status::Pending { not_before: time.at(8) }, 6).await.unwrap();
    time.pass_to(9).await;
    let due = lease(9).due_at(store.now().await.unwrap() - TimeDelta::seconds(90));
    let early = store.claim(&CONNECTION.into(), &due).await.unwrap();
    assert_eq!(ids(&early), ["6"], "due at an earlier time");
    assert_eq!(ids(&time.claim(9, 9).await), ["1"]);
}

/// A later operation on a record waits for the earlier one, however far that is; other records do not.
pub async fn operations_on_a_record_keep_their_order(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    for (n, status) in time.statuses().into_iter().enumerate() {
        let (entity, key) = (format!("entity-{n}"), "7");
        let name = |what: &str| format!("{what}-{n}");
        let delete = Operation::new(name("delete"), WriteOp::delete(key));
        let action =
            Operation::new(name("action"), WriteOp::invoke("x", json("{}")).with_key(Some(key.into())));
        let operations = [
            update(&name("first"), key),
            update(&name("second"), key),
            delete,
            action,
            update(&name("other"), "8"),
        ];
        put(store, CONNECTION, &entity, &operations).await;
        let claimed = time.claim(0, 9).await;
        assert_eq!(ids(&claimed), [name("first"), name("other")]);
        assert!(time.claim(0, 9).await.is_empty(), "while it is sent");
        let open = status.kind().is_open();
        time.becomes(&claimed[0], status.clone(), 1).await.unwrap();
        let next = time.claim(2, 9).await;
        if open {
            assert!(next.is_empty(), "{status:?}");
            continue;
        }
        assert_eq!(ids(&next), [name("second")], "{status:?}");
        time.becomes(&next[0], Status::Rejected, 2).await.unwrap();
        let next = time.claim(2, 9).await;
        assert_eq!(ids(&next), [name("delete")]);
        time.becomes(&next[0], Status::Unchanged, 2).await.unwrap();
        assert_eq!(ids(&time.claim(2, 9).await), [name("action")]);
    }
}

/// Nobody decides about an entry that another one has changed since.
pub async fn a_change_needs_the_entry_as_it_was(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    put(store, CONNECTION, "deals", &[create("a")]).await;
    let unsent = all(store, CONNECTION).await.remove(0);
    let claimed = time.claim(0, 1).await.remove(0);
    assert_eq!(claimed.number, unsent.number);
    assert_eq!(time.becomes(&unsent, Status::Rejected, 1).await, None, "it was claimed since");
    let error = store
        .advance(&CONNECTION.into(), claimed.at_revision(), Status::Sending { until: time.at(9) }, None)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal, "only a claim sends");
    assert_eq!(states(&all(store, CONNECTION).await), states(std::slice::from_ref(&claimed)));

    let unknown = time
        .becomes(&claimed, Status::Unknown { not_before: time.at(2), conclusive: true }, 1)
        .await
        .unwrap();
    assert_eq!(time.becomes(&claimed, Status::Applied { key: None }, 2).await, None);
    let applied = time.becomes(&unknown, Status::Applied { key: None }, 3).await.unwrap();
    assert_eq!(time.becomes(&applied, Status::Pending { not_before: time.at(3) }, 4).await, None, "finished");
    assert!(time.claim(9, 9).await.is_empty());
}

/// What became of it is kept, and told in full.
pub async fn each_status_is_kept(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    for (n, status) in time.statuses().into_iter().enumerate() {
        let id = format!("{n}");
        put(store, CONNECTION, "deals", &[create(&id)]).await;
        let claimed = time.claim(0, 9).await.remove(0);
        let changed = time.becomes(&claimed, status.clone(), 5).await.unwrap();
        assert_eq!((changed.status.kind(), changed.attempts), (status.kind(), 1));
        if status.due().is_none() {
            assert_eq!(changed.status, status);
        }
        assert!(time.is(changed.changed_at, 5));
        let stored = store.entry(&CONNECTION.into(), &OperationId::new(&id)).await.unwrap().unwrap();
        assert_eq!(stored, changed);
        assert_eq!(stored.note.as_deref(), Some("why"));
        assert_eq!(StatusKind::parse(status.kind().as_str()), Some(status.kind()));
    }
    let long = "å".repeat(5_000);
    let pending =
        store.entries(&CONNECTION.into(), Some(StatusKind::Pending), None, 1).await.unwrap().remove(0);
    let status = Status::Pending { not_before: time.at(1) };
    let cut =
        store.advance(&CONNECTION.into(), pending.at_revision(), status, Some(long)).await.unwrap().unwrap();
    assert!(cut.note.as_ref().is_some_and(|note| note.len() < 2_100 && note.ends_with("å…")));
    let silent = store
        .advance(&CONNECTION.into(), cut.at_revision(), Status::NeedsReview, None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(silent.note, None);
    assert!(store.entry(&CONNECTION.into(), &"never".into()).await.unwrap().is_none());
}

/// A process that says no more leaves what it sent to be settled by others, once its lease is over.
pub async fn a_lease_ends(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    put(store, CONNECTION, "deals", &[create("a"), create("b"), create("c")]).await;
    let [a, b, c] = time.claim(0, 9).await.try_into().unwrap();
    let unsettled = async |minute| time.unsettled(minute, None, 9).await;
    assert!(unsettled(9).await.is_empty());
    assert_eq!(ids(&unsettled(10).await), ["a", "b", "c"]);
    assert!(store.renew(&CONNECTION.into(), &[b.at_revision(), c.at_revision()], minutes(20)).await.unwrap());
    assert_eq!(ids(&unsettled(10).await), ["a"]);
    let taken =
        time.becomes(&a, Status::Unknown { not_before: time.at(20), conclusive: true }, 11).await.unwrap();
    assert!(
        !store.renew(&CONNECTION.into(), &[a.at_revision(), b.at_revision()], minutes(29)).await.unwrap(),
        "another took it"
    );
    assert!(
        !store.renew(&CONNECTION.into(), &[taken.at_revision()], minutes(29)).await.unwrap(),
        "it is not being sent"
    );
    assert!(!store.renew(&"other".into(), &[b.at_revision()], minutes(39)).await.unwrap());
    assert!(time.becomes(&b, Status::Applied { key: None }, 12).await.is_some(), "a renewal is no change");
    assert_eq!(ids(&unsettled(41).await), ["a", "c"]);
    assert!(time.claim(60, 9).await.is_empty(), "what may have happened is not sent");
}

/// What is to be settled: by number, when it is due, page by page. Questions wait for a person.
pub async fn unsettled_operations_are_listed_when_due(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let operations: Vec<_> = (0..10).map(|n| create(&n.to_string())).collect();
    put(store, CONNECTION, "deals", &operations).await;
    let claimed = time.claim(0, 9).await;
    time.pass_to(1).await;
    for (entry, status) in claimed.iter().zip(time.statuses()) {
        time.becomes(entry, status, 1).await.unwrap();
    }
    let list = async |minute, after, limit| time.unsettled(minute, after, limit).await;
    assert!(list(90, None, 9).await.is_empty());
    assert_eq!(ids(&list(91, None, 9).await), ["1"]);
    let first = list(99, None, 1).await;
    assert_eq!(ids(&first), ["1"]);
    assert_eq!(ids(&list(99, Some(first[0].number), 9).await), ["2", "3"]);
}

/// A person's answer settles a question, once, and nothing else.
pub async fn a_question_is_answered_once(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    put(store, CONNECTION, "deals", &[update("done", "7"), create("undone"), create("known")]).await;
    let answer = async |id: &str, answer| store.answer(&CONNECTION.into(), &id.into(), answer).await;
    let done = || Answer::Done { key: None };
    assert_eq!(answer("done", done()).await.unwrap_err().kind(), ErrorKind::Conflict, "nobody asked");
    for entry in time.claim(0, 9).await {
        time.becomes(&entry, Status::NeedsReview, 1).await.unwrap();
    }
    assert!(time.unsettled(99, None, 9).await.is_empty());
    let entry = answer("done", done()).await.unwrap();
    assert_eq!((entry.status, entry.note), (Status::Applied { key: Some("7".into()) }, None));
    let known = Answer::Done { key: Some("42".into()) };
    assert_eq!(answer("known", known).await.unwrap().status, Status::Applied { key: Some("42".into()) });
    assert_eq!(answer("undone", Answer::NotDone).await.unwrap().status.kind(), StatusKind::Pending);
    for id in ["done", "undone"] {
        assert_eq!(answer(id, Answer::NotDone).await.unwrap_err().kind(), ErrorKind::Conflict);
    }
    for (connection, id) in [(CONNECTION, "never"), ("other", "done")] {
        let error = store.answer(&connection.into(), &id.into(), done()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(ids(&time.claim(99, 9).await), ["undone"]);
}

/// How a create is found again is a matter of when it was sent, not of today's settings.
pub async fn the_marker_is_kept_with_the_attempt(store: &dyn TimedOutbox) {
    let time = Passing::new(store).await;
    let own = json(r#"{"ref":"taken"}"#);
    let operations = [
        create("plain"),
        Operation::new("named", WriteOp::create(json("{}")).with_marker(Some("m".into()))),
        Operation::new("own", WriteOp::create(own)),
        update("update", "1"),
    ];
    put(store, CONNECTION, "deals", &operations).await;
    let marker = MarkerField::new(FieldPath::field("ref"));
    let marker = marker.with_search_delay(Duration::from_millis(1_500)).always();
    let markers = [("deals".into(), marker.clone())].into();
    let sent = store.claim(&CONNECTION.into(), &lease(9).with_markers(markers)).await.unwrap();
    let kept: Vec<_> = sent.iter().map(|entry| entry.marker.as_ref()).collect();
    assert_eq!(kept, [Some(&marker), Some(&marker), None, None], "not where a field stands in its place");
    assert_eq!(sent[0].marker_value().as_ref().map(|text| text.as_str()), Some("plain"));
    assert_eq!(sent[1].marker_value().as_ref().map(|text| text.as_str()), Some("m"));
    assert_eq!((sent[2].marker_value(), sent[3].marker_value()), (None, None));
    let unknown = time
        .becomes(&sent[0], Status::Unknown { not_before: time.at(1), conclusive: true }, 1)
        .await
        .unwrap();
    assert_eq!(unknown.marker, Some(marker), "also when the settings name none by now");
    time.becomes(&unknown, Status::Pending { not_before: time.at(2) }, 2).await.unwrap();
    let again = time.claim(2, 9).await;
    assert_eq!((again[0].marker.clone(), again[0].marker_value()), (None, None));
}
