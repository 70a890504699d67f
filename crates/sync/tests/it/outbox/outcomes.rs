//! What becomes of each outcome.

use insta::assert_snapshot;
use tieline_core::{Clock, ErrorKind, Operation, RawJson, WriteOp};
use tieline_store::outbox::{Status, StatusKind};

use super::world::*;

#[tokio::test]
async fn each_outcome_is_kept_with_what_a_person_needs_to_know() {
    let world = World::new();
    for (id, fate) in [
        ("unchanged", Fate::Unchanged),
        ("partial", Fate::Partial),
        ("conflict", Fate::Conflict),
        ("rejected", Fate::Refused),
        ("deferred", Fate::Deferred(ErrorKind::Conflict)),
        ("lost", Fate::DoneAndLost),
    ] {
        world.crm.fates(id, &[fate]);
    }
    let ids = ["applied", "unchanged", "partial", "conflict", "rejected", "deferred", "lost"];
    let updates: Vec<Operation> = ids.iter().map(|id| update(id, id)).collect();
    world.enqueue("leads", &updates).await;
    let report = world.run().await;
    assert_snapshot!(format!("{report}\n\n{}", world.told().await));
    assert_eq!(world.entry("applied").await.status, Status::Applied { key: Some("applied".into()) });
    assert_eq!(world.crm.sizes(), [7], "one request for all of them");
    assert!(report.into_result().is_ok());
}

#[tokio::test]
async fn questions_say_what_to_do() {
    let world = World::new();
    let invoke = |id: &str, key: Option<&str>| {
        let input = RawJson::parse("{}").unwrap();
        Operation::new(id, WriteOp::invoke("send", input).with_key(key.map(Into::into)))
    };
    let operations = [
        create("create"),
        update("update", "1"),
        Operation::new("delete", WriteOp::delete("2")),
        invoke("invoke", None),
        invoke("invoke-3", Some("3")),
        create("done"),
    ];
    for operation in &operations[..5] {
        world.crm.fates(operation.id.as_str(), &[Fate::Lost]);
    }
    world.enqueue("notes", &operations).await;
    let report = world.run().await;
    assert_snapshot!(format!("{report}\n\n{}", world.told().await));
    world.come_to_rest().await;
    assert_eq!(world.crm.effects().len(), 1, "nothing is sent again unless a person says so");
}

#[tokio::test]
async fn what_is_deferred_waits_longer_each_time() {
    let world = World::new();
    world.crm.fates("a", &[Fate::Deferred(ErrorKind::Conflict); 9]);
    world.enqueue("leads", &[create("a")]).await;
    let mut waits = Vec::new();
    for attempt in 1..=10 {
        let start = world.clock.now();
        world.run().await;
        let entry = world.entry("a").await;
        assert_eq!(entry.attempts, attempt);
        let Some(due) = entry.status.due() else { break };
        waits.push((due - start).num_seconds());
        world.clock.advance((due - start).num_seconds() as u64 - 1);
        assert_eq!(world.run().await.sent, 0, "not before its time");
        world.clock.advance(1);
    }
    assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
    assert_eq!(world.stage("a").await, StatusKind::Applied);
}

#[tokio::test]
async fn a_failure_that_concerns_all_ends_the_run_and_loses_nothing() {
    for kind in
        [ErrorKind::Unauthenticated, ErrorKind::Config, ErrorKind::QuotaExhausted, ErrorKind::RateLimited]
    {
        let world = World::new();
        world.crm.fates("1", &[Fate::Deferred(kind)]);
        let operations: Vec<_> = (0..5).map(|n| create(&n.to_string())).collect();
        world.enqueue("leads", &operations).await;
        let report = world.outbox().chunk_size(2).run().await;
        assert_eq!(report.error.as_ref().map(tieline_core::Error::kind), Some(kind));
        assert_eq!((report.sent, report.applied, report.pending), (2, 1, 1));
        world.come_to_rest().await;
        assert_eq!(world.crm.effects().len(), 5);
    }
}

#[tokio::test]
async fn a_provider_that_does_not_answer_gets_no_more_operations() {
    let world = World::new();
    let operations: Vec<_> = (0..9).map(|n| create(&n.to_string())).collect();
    for operation in &operations {
        world.crm.fates(operation.id.as_str(), &[Fate::Lost]);
    }
    world.enqueue("notes", &operations).await;
    let report = world.outbox().chunk_size(3).run().await;
    assert_snapshot!(report, @"3 sent, 3 to be reviewed; stopped: the provider did not answer in time (timeout)");
    let untouched = world.all().await.iter().filter(|entry| entry.attempts == 0).count();
    assert_eq!(untouched, 6, "three questions, not nine");

    let world = World::new();
    for n in 0..9 {
        let id = n.to_string();
        // Each in a request of its own, and every third one is answered.
        world.crm.fates(&id, if n % 3 == 2 { &[Fate::Done] } else { &[Fate::Lost] });
        world.enqueue(if n % 2 == 0 { "notes" } else { "other" }, &[create(&id)]).await;
    }
    let report = world.run().await;
    assert_eq!((report.applied, report.needs_review), (3, 6), "lost answers are no silence: {report}");
    assert!(report.error.is_none());
}

#[tokio::test]
async fn what_has_no_outcome_is_in_doubt() {
    for (fate, effects) in [(Fate::EndsBefore, 1), (Fate::EndsAfter, 2)] {
        let world = World::new();
        world.crm.fates("2", &[fate]);
        let operations: Vec<_> = (1..=4).map(|n| create(&n.to_string())).collect();
        world.enqueue("leads", &operations).await;
        let report = world.run().await;
        assert_eq!((report.applied, report.unknown), (1, 3));
        assert_eq!(
            report.error.unwrap().to_string(),
            "the connector left operations without an outcome: report it to the authors of the connector (internal)"
        );
        assert_eq!(world.crm.effects().len(), effects);
        world.come_to_rest().await;
        assert!((1..=4).all(|n| world.crm.times(&n.to_string()) == 1));
    }
}

#[tokio::test]
async fn a_request_that_is_refused_as_a_whole_is_taken_apart() {
    let world = World::new();
    world.crm.refuse("2", ErrorKind::Rejected);
    world.enqueue("leads", &[create("1"), create("2"), create("3")]).await;
    let report = world.run().await;
    assert_snapshot!(format!("{report}\n{}", world.told().await), @r"
    3 sent, 2 applied, 1 rejected
    1 applied: -
    2 rejected: the request is refused (rejected, entity=leads)
    3 applied: -
    ");
    assert_eq!(world.crm.sizes(), [1, 1]);
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_now_waits() {
    for (kind, ends) in
        [(ErrorKind::Unauthenticated, true), (ErrorKind::Config, true), (ErrorKind::Forbidden, false)]
    {
        let world = World::new();
        world.crm.refuse("1", kind);
        world.enqueue("leads", &[create("1"), create("2")]).await;
        world.enqueue("notes", &[create("3")]).await;
        let report = world.run().await;
        assert_eq!(report.error.is_some(), ends, "{kind}");
        assert_eq!(
            (world.stage("1").await, world.stage("2").await),
            (StatusKind::Pending, StatusKind::Pending)
        );
        let expected = if ends { StatusKind::Pending } else { StatusKind::Applied };
        assert_eq!(world.stage("3").await, expected, "{kind}: another entity");
        assert!(world.entry("1").await.status.due().unwrap() > world.clock.now());
    }
}

#[tokio::test]
async fn operations_on_a_record_follow_each_other_in_one_run() {
    let world = World::new();
    world.enqueue("leads", &[update("1", "7"), update("2", "7"), update("3", "8"), update("4", "7")]).await;
    let report = world.run().await;
    assert_eq!((report.sent, report.applied), (4, 4));
    assert_eq!(world.crm.sizes(), [2, 1, 1], "never two on one record in a request");

    world.crm.fates("5", &[Fate::Deferred(ErrorKind::Conflict)]);
    world.enqueue("leads", &[update("5", "7"), update("6", "7")]).await;
    world.run().await;
    assert_eq!(world.crm.times("6"), 0, "it waits with the one before it");
    world.come_to_rest().await;
    let order: Vec<_> = world.crm.effects().into_iter().map(|effect| effect.id.to_string()).collect();
    assert_eq!(order, ["1", "3", "2", "4", "5", "6"]);
}

#[tokio::test]
async fn a_job_is_asked_for_until_it_is_done() {
    let world = World::new();
    let jobs = [Fate::Job, Fate::Job, Fate::Lost, Fate::Done];
    world.crm.fates("1", &jobs);
    world.crm.fates("2", &[Fate::Job, Fate::Refused]);
    world.enqueue("notes", &[create("1"), create("2")]).await;
    assert_eq!(world.run().await.accepted, 2);
    assert_eq!(world.run().await.to_string(), "0 sent", "not at once");
    world.clock.advance(31);
    world.crm.fail_polls(&[ErrorKind::Unavailable]);
    assert_eq!(world.run().await.error.unwrap().kind(), ErrorKind::Unavailable);
    assert_eq!(world.stage("1").await, StatusKind::Accepted);
    world.come_to_rest().await;
    assert_eq!((world.stage("1").await, world.stage("2").await), (StatusKind::Applied, StatusKind::Rejected));
    assert_eq!((world.crm.times("1"), world.entry("1").await.attempts), (1, 1), "asking is not sending");

    let world = World::new();
    world.crm.fates("1", &[Fate::Job]);
    world.crm.fail_polls(&[ErrorKind::Unsupported]);
    world.enqueue("notes", &[create("1")]).await;
    world.run().await;
    world.clock.advance(31);
    world.run().await;
    assert_eq!(world.stage("1").await, StatusKind::NeedsReview, "nobody can ask for it");
}

#[tokio::test]
async fn an_empty_outbox_asks_nobody() {
    let world = World::new();
    world.crm.refuse("none", ErrorKind::Internal);
    assert_eq!(world.run().await.to_string(), "0 sent");
    assert!(world.crm.sizes().is_empty());
}
