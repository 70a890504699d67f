//! Records that are undecided: none is lost, and none is deleted on a word that may be wrong.

use std::sync::Arc;

use insta::assert_snapshot;
use tieline_core::{Change, ErrorKind, Issue, PassEnd, ReadMode};
use tieline_store::{DeleteThreshold, PendingCounts, SweepRefused};
use tieline_sync::{OneWaySync, StreamPlan};

use crate::provider::*;

fn deal(key: &str) -> Change {
    put(key, r#"{"title":"A","stage":"Ny"}"#)
}

/// Fifty deals with their rows, then a batch that says that some of them are gone.
async fn fifty_of_which_are_gone(
    count: u32,
) -> (Arc<Provider>, Arc<dyn tieline_store::SyncStore>, tieline_sync::Report) {
    let (provider, store) = (Provider::new(), memory());
    let all = (0..50).map(|key| deal(&format!("{key:02}"))).collect();
    provider.log_pass("deals", all, ReadMode::Full, Some(PassEnd::Complete));
    run(&provider, &store).run().await.into_result().unwrap();
    provider.log("deals", (0..count).map(|key| gone(&format!("{key:02}"))).collect());
    let report = run(&provider, &store).run().await;
    (provider, store, report)
}

#[tokio::test]
async fn a_refused_record_is_asked_for_again_until_it_comes() {
    let (provider, store) = (Provider::new(), memory());
    for key in ["2", "3"] {
        provider.complain(Issue::new("it is refused (code 2000)").on("deals", key).refused());
    }
    provider.log("deals", vec![deal("1")]);
    let report = run(&provider, &store).run().await;
    let deals = report.stream("deals").unwrap();
    assert_eq!((deals.pending, deals.is_complete()), (PendingCounts::new(2, 0), false));
    assert!(provider.looked_up().is_empty(), "it was refused a moment ago");
    assert_snapshot!(deals, @"deals: 1 created, 0 updated, 0 deleted, 0 unchanged; 2 records could not be read and will be asked for again; 2 issues");

    // One of them is still refused, which fails the lookup of both.
    provider.find("2", Found::Fails(ErrorKind::Rejected));
    provider.find("3", Found::Record(r#"{"title":"C","stage":"Ny"}"#));
    let report = run(&provider, &store).run().await;
    assert_eq!(provider.looked_up(), ["2 3", "2", "3"]);
    let deals = report.stream("deals").unwrap();
    assert_eq!((deals.pending.refused, deals.rows.created), (1, 1));
    assert_snapshot!(rows(&store).await.join("\n"), @r#"
    1 {"title":"A","organization":null,"stage":"lead"}
    3 {"title":"C","organization":null,"stage":"lead"}
    "#);

    provider.find("2", Found::Forbidden);
    let report = run(&provider, &store).run().await;
    assert_snapshot!(report.stream("deals").unwrap().issues[0], @"deals 2 (left out): this credential may not see it");
    provider.find("2", Found::Record(r#"{"title":"B","stage":"Ny"}"#));
    let report = run(&provider, &store).run().await;
    assert!(report.is_complete(), "{}", texts(&report));
    assert_eq!(rows(&store).await.len(), 3);
    run(&provider, &store).run().await;
    assert_eq!(provider.looked_up(), ["2", "2"], "once it came, it is not asked for");
}

#[tokio::test]
async fn a_refused_record_that_is_gone_is_forgotten() {
    let (provider, store) = (Provider::new(), memory());
    provider.complain(Issue::new("it is refused").on("deals", "2").refused());
    provider.log("deals", vec![deal("1")]);
    run(&provider, &store).run().await;
    provider.find("2", Found::Missing);
    let report = run(&provider, &store).run().await;
    assert!(report.is_complete(), "{}", texts(&report));
}

#[tokio::test]
async fn a_failed_lookup_leaves_what_is_pending_and_the_run_goes_on() {
    let (provider, store) = (Provider::new(), memory());
    provider.complain(Issue::new("it is refused").on("deals", "2").refused());
    provider.log("deals", vec![deal("1")]);
    run(&provider, &store).run().await;
    provider.find("2", Found::Fails(ErrorKind::Unavailable));
    provider.log("deals", vec![deal("4")]);
    let report = run(&provider, &store).run().await;
    let deals = report.stream("deals").unwrap();
    assert_eq!((deals.pending.refused, deals.rows.created, deals.error.is_none()), (1, 1, true));
    assert_snapshot!(deals.issues[0], @"deals: records left undecided could not be asked for again: the provider refuses (code 2000)");
}

/// As when something between us and the provider answers each request with 404.
#[tokio::test]
async fn deletions_found_one_by_one_fall_under_the_brake() {
    let (provider, store, report) = fifty_of_which_are_gone(30).await;
    let deals = report.stream("deals").unwrap();
    assert_eq!(deals.deletions_refused, Some(SweepRefused::new(30, 50)));
    assert_eq!((deals.rows.deleted, deals.pending.gone, rows(&store).await.len()), (0, 30, 50));
    assert!(!report.is_complete());
    assert_snapshot!(deals, @"deals: 0 created, 0 updated, 0 deleted, 0 unchanged; 30 of 50 records are said to be gone, so none of them was deleted: check the account and the connection, then confirm by a run without brake");

    // Those that are there after all stay; those that are gone are few.
    for key in 0..25 {
        provider.find(&format!("{key:02}"), Found::Record(r#"{"title":"A","stage":"Ny"}"#));
    }
    (25..30).for_each(|key| provider.find(&format!("{key:02}"), Found::Missing));
    let report = run(&provider, &store).run().await;
    let deals = report.stream("deals").unwrap();
    assert_eq!((deals.rows.deleted, deals.mirror.deleted), (5, 5));
    assert_eq!((rows(&store).await.len(), report.is_complete()), (45, true));
}

#[tokio::test]
async fn a_person_may_confirm_that_many_records_are_gone() {
    let (provider, store, _) = fifty_of_which_are_gone(30).await;
    let report = run(&provider, &store).brake(DeleteThreshold::OFF).run().await;
    assert_eq!(report.stream("deals").unwrap().rows.deleted, 30);
    assert_eq!((rows(&store).await.len(), report.is_complete()), (20, true));
}

#[tokio::test]
async fn a_few_deletions_are_made_at_the_end_of_the_run() {
    let (_, store, report) = fifty_of_which_are_gone(3).await;
    assert_eq!(report.stream("deals").unwrap().rows.deleted, 3);
    assert_eq!((rows(&store).await.len(), report.is_complete()), (47, true));
}

#[tokio::test]
async fn a_run_that_fails_leaves_its_deletions_to_the_next() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![deal("1"), deal("2")]);
    run(&provider, &store).run().await;
    provider.log("deals", vec![gone("2")]);
    provider.log("deals", vec![deal("3")]);
    provider.fail("deals", 2, ErrorKind::Unavailable);
    run(&provider, &store).run().await;
    assert_eq!(rows(&store).await.len(), 2, "the end was not reached");
    provider.heal();
    provider.find("2", Found::Missing);
    run(&provider, &store).run().await.into_result().unwrap();
    assert_eq!(mirror(&store, "deals").await.len(), 2);
}

/// A pass over keys asks for nothing: it is the cheap one.
#[tokio::test]
async fn a_pass_over_keys_asks_for_no_record() {
    let (provider, store) = (Provider::new(), memory());
    provider.complain(Issue::new("it is refused").on("deals", "2").refused());
    provider.log("deals", vec![deal("1")]);
    run(&provider, &store).run().await;
    let keys = StreamPlan::mirror("deals").keys();
    let report = OneWaySync::new(provider.clone(), store.clone(), "acme").stream(keys).run().await;
    assert!(provider.looked_up().is_empty());
    assert_eq!(report.streams[0].pending.refused, 1);
}
