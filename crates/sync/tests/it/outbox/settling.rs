//! How doubt ends.

use std::time::Duration;

use insta::assert_snapshot;
use tieline_core::{Clock, ErrorKind, Operation, Partition, RawJson, WriteOp};
use tieline_store::outbox::{Answer, Destination, OutboxStore, Status, StatusKind};

use super::world::*;

/// The grace of a minute and the search delay of the provider.
const DOUBT: u64 = 80;

async fn answer(world: &World, id: &str, answer: Answer) {
    world.store.store.answer(&"acme".into(), &id.into(), answer).await.unwrap();
}

#[tokio::test]
async fn a_create_whose_answer_was_lost_is_looked_for_when_the_search_can_know() {
    let world = World::new();
    world.crm.fates("done", &[Fate::DoneAndLost]);
    world.crm.fates("late", &[Fate::DoneLate(59)]);
    world.crm.fates("not", &[Fate::Lost]);
    world.enqueue("leads", &[create("done"), create("late"), create("not"), create("4")]).await;
    let report = world.run().await;
    assert_eq!((report.applied, report.unknown), (1, 3));
    world.clock.advance(DOUBT - 1);
    assert_eq!(world.run().await.to_string(), "0 sent", "looking earlier proves nothing");
    world.clock.advance(1);
    let report = world.run().await;
    assert_eq!((report.applied, report.pending, report.sent), (3, 1, 1), "{report}");
    for id in ["done", "late", "not", "4"] {
        let key = world.crm.effects().into_iter().find(|effect| effect.id == id).map(|effect| effect.key);
        assert_eq!(world.entry(id).await.status, Status::Applied { key });
        assert_eq!(world.crm.times(id), 1);
    }
    assert_eq!(world.entry("not").await.attempts, 2);
    assert_eq!(world.crm.effects()[0].marker, Some("done".into()), "the operation's id is the marker");
}

#[tokio::test]
async fn a_partition_reaches_every_request() {
    let world = World::new();
    world.crm.fates("lost", &[Fate::DoneAndLost]);
    world.crm.fates("job", &[Fate::Job, Fate::Done]);
    let of = |partition: &str| Destination::from("leads").with_partition(partition);
    world.enqueue(of("7"), &[create("lost"), create("job")]).await;
    world.enqueue(of("8"), &[create("fine")]).await;
    world.enqueue("leads", &[create("whole")]).await;
    world.run().await;
    world.clock.advance(3_700);
    let report = world.run().await;
    assert_eq!(report.applied, 2, "{report}");
    let asked = world.crm.partitions();
    let told: Vec<_> = asked.iter().map(|partition| partition.as_ref().map(Partition::as_str)).collect();
    // Three writes, then a look-up and a poll, in either order.
    assert_eq!(told, [Some("7"), Some("8"), None, Some("7"), Some("7")]);
}

#[tokio::test]
async fn without_a_marker_a_person_is_asked() {
    let world = World::new();
    for id in ["done", "not", "own", "unmarked"] {
        world.crm.fates(id, &[Fate::UnmarkedAndLost]);
    }
    world.crm.fates("not", &[Fate::Lost]);
    let own = RawJson::parse(r#"{"ref":"ours"}"#).unwrap();
    let own = Operation::new("own", WriteOp::create(own));
    world.enqueue("notes", &[create("done"), create("not"), create("fine")]).await;
    world.enqueue("leads", &[own, create("fine-as-well")]).await;
    world.enqueue("files", &[create("unmarked"), create("fine-too")]).await;
    let report = world.run().await;
    assert_eq!((report.needs_review, report.applied), (4, 3), "{report}");
    world.clock.advance(100_000);
    assert_eq!(world.run().await.sent, 0);

    answer(&world, "done", Answer::Done { key: Some("77".into()) }).await;
    answer(&world, "not", Answer::NotDone).await;
    assert_eq!(world.run().await.applied, 1);
    assert_eq!(world.entry("done").await.status, Status::Applied { key: Some("77".into()) });
    assert_eq!((world.crm.times("done"), world.crm.times("not")), (1, 1));
}

#[tokio::test]
async fn several_records_with_one_marker_are_a_question() {
    let world = World::new();
    world.crm.fates("a", &[Fate::DoneAndLost]);
    world.crm.add("55", "a");
    world.enqueue("leads", &[create("a"), create("b")]).await;
    world.run().await;
    world.clock.advance(DOUBT);
    let report = world.run().await;
    assert_snapshot!(format!("{report}\n{}", world.told().await), @r"
    0 sent, 1 to be reviewed
    a needs_review: 2 records of leads carry the marker a, which one create was sent with: 55, 1001. Remove the surplus ones at the provider, then answer that it is done, with the key of the one that stays.
    b applied: -
    ");
}

#[tokio::test]
async fn a_search_that_fails_is_tried_later_and_proves_nothing() {
    let world = World::new();
    world.crm.fates("a", &[Fate::DoneAndLost]);
    world.enqueue("leads", &[create("a"), create("b")]).await;
    world.run().await;
    world.crm.fail_lookups(&[ErrorKind::Timeout, ErrorKind::Unauthenticated, ErrorKind::Forbidden]);
    let mut kinds = Vec::new();
    while world.stage("a").await == StatusKind::Unknown {
        let due = world.entry("a").await.status.due().unwrap();
        world.clock.advance((due - world.clock.now()).num_seconds() as u64);
        kinds.push(world.run().await.error.map(|error| error.kind()));
        assert_eq!(world.entry("a").await.attempts, 1);
    }
    assert_eq!(kinds, [Some(ErrorKind::Timeout), Some(ErrorKind::Unauthenticated), None, None]);
    assert_eq!((world.stage("a").await, world.crm.times("a")), (StatusKind::Applied, 1));

    let world = World::new();
    world.crm.fates("a", &[Fate::DoneAndLost]);
    world.enqueue("leads", &[create("a"), create("b")]).await;
    world.run().await;
    world.crm.fail_lookups(&[ErrorKind::Unsupported]);
    world.clock.advance(DOUBT);
    world.run().await;
    assert_eq!(world.stage("a").await, StatusKind::NeedsReview, "there is no search");
}

#[tokio::test]
async fn settings_that_change_meanwhile_do_not_make_it_happen_twice() {
    // The marker is named after the create went out without one: finding nothing would prove nothing.
    let world = World::new();
    world.crm.drop_marker();
    world.crm.fates("a", &[Fate::DoneAndLost]);
    world.enqueue("leads", &[create("a"), create("b")]).await;
    world.run().await;
    assert_eq!(world.stage("a").await, StatusKind::NeedsReview);

    // And the other way round: it went out with a marker, and is found by it.
    let world = World::new();
    world.crm.fates("a", &[Fate::DoneAndLost]);
    world.enqueue("leads", &[create("a"), create("b")]).await;
    world.run().await;
    world.crm.drop_marker();
    world.clock.advance(DOUBT);
    world.run().await;
    assert_eq!((world.stage("a").await, world.crm.times("a")), (StatusKind::Applied, 1));
}

#[tokio::test]
async fn an_answer_that_comes_after_the_lease_still_counts() {
    let world = World::new();
    world.enqueue("notes", &[create("a")]).await;
    let (mut slow, mut steps) = (Box::pin(world.run()), 0);
    while world.crm.times("a") == 0 {
        assert!(poll_once(slow.as_mut()).await.is_pending());
        steps += 1;
        assert!(steps < 1_000);
    }
    world.clock.advance(901);
    assert_eq!(world.run().await.needs_review, 1, "another process takes it for lost");
    assert_eq!(slow.await.applied, 1);
    assert_eq!((world.stage("a").await, world.crm.times("a")), (StatusKind::Applied, 1));
}

#[tokio::test]
async fn a_slow_chunk_keeps_its_lease() {
    let world = World::new();
    let operations: Vec<_> = (0..6).map(|n| create(&n.to_string())).collect();
    world.enqueue("notes", &operations).await;
    let outbox = world.outbox().lease(Duration::from_secs(100));
    let mut run = Box::pin(outbox.run());
    let mut done = 0;
    loop {
        if let std::task::Poll::Ready(report) = poll_once(run.as_mut()).await {
            assert_eq!((report.applied, report.needs_review), (6, 0), "{report}");
            break;
        }
        if world.crm.effects().len() > done {
            done += 1;
            world.clock.advance(60);
            let other = world.run().await;
            assert_eq!(other.to_string(), "0 sent", "after {done}");
        }
    }
}

#[tokio::test]
async fn where_some_creates_carry_no_marker_only_finding_it_proves_something() {
    for (fate, stage) in [(Fate::EndsAfter, StatusKind::Applied), (Fate::EndsBefore, StatusKind::NeedsReview)]
    {
        let world = World::new();
        world.crm.fates("a", &[fate]);
        world.enqueue("files", &[create("a")]).await;
        world.run().await;
        world.clock.advance(DOUBT);
        world.run().await;
        assert_eq!(world.stage("a").await, stage);
        if stage == StatusKind::NeedsReview {
            assert_snapshot!(world.told().await, @"a needs_review: It is not known whether the create of a record of files, sent at 2027-01-15 08:00 UTC, took effect: the process that sent it ended before it was known whether the record would carry its marker, and no record carries it. Look for it at the provider. If it is there, answer that it is done, with its key; if not, answer that it is not done, and it is sent again.");
        }
    }
    let world = World::new();
    world.crm.fates("a", &[Fate::Lost]);
    world.enqueue("files", &[create("a"), create("b")]).await;
    world.run().await;
    world.clock.advance(DOUBT);
    assert_eq!(world.run().await.applied, 1, "here the connector said that it carried it");
}
