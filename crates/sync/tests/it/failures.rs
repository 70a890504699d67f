//! What goes wrong, and what a run makes of it.

use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use tieline_core::{Change, ErrorKind, Key, PassEnd, ReadMode};
use tieline_store::{ConnectionId, DeleteThreshold, SyncStore};
use tieline_store_sql::sqlite::SqliteStore;
use tieline_sync::{Event, OneWaySync, StreamPlan};

use crate::provider::*;

#[tokio::test]
async fn an_entity_that_fails_does_not_stop_the_others() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("organizations", vec![put("4", r#"{"name":"Åkeri AB"}"#)]);
    provider.log("deals", vec![put("1", r#"{"title":"A","org":4,"stage":"Ny"}"#)]);
    provider.fail("organizations", 0, ErrorKind::Forbidden);
    let report = run(&provider, &store).run().await;
    assert_snapshot!(texts(&report), @r"
    organizations: 0 created, 0 updated, 0 deleted, 0 unchanged; stopped: the provider fails (forbidden, entity=organizations)
    deals: 1 created, 0 updated, 0 deleted, 0 unchanged; 1 issue
    ");
    assert_eq!(report.into_result().unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn a_failure_that_concerns_all_stops_all() {
    for kind in [ErrorKind::Unauthenticated, ErrorKind::QuotaExhausted, ErrorKind::RateLimited] {
        let (provider, store) = (Provider::new(), memory());
        provider.log("organizations", vec![put("4", "{}")]);
        provider.log("deals", vec![put("1", "{}")]);
        provider.fail("organizations", 0, kind);
        let report = run(&provider, &store).run().await;
        assert!(report.streams[1].skipped, "{kind}");
        assert_eq!(provider.batches_read(), 1, "{kind}: nothing more was asked");
        assert_eq!(report.streams[1].to_string(), "deals: not read, because an earlier failure concerns all");
    }
}

#[tokio::test]
async fn an_unusable_state_leads_to_a_full_read_once() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny"}"#)]);
    run(&provider, &store).run().await;

    // Another kind of connector left a state that this one cannot read.
    let alien = tieline_core::Batch::new("deals", vec![], tieline_core::State::new(9, "alien").unwrap());
    let stream = tieline_store::StreamId::new("acme", "deals");
    store.commit(tieline_store::Commit::batch(stream, alien)).await.unwrap();
    let report = run(&provider, &store).run().await;
    assert_snapshot!(report.streams[1].to_string(), @"deals: 0 created, 0 updated, 0 deleted, 1 unchanged; the stored state was unusable, so everything was read again");
    assert_eq!(rows(&store).await.len(), 1);

    provider.fail("deals", 0, ErrorKind::StateInvalid);
    store.reset(&tieline_store::StreamId::new("acme", "deals")).await.unwrap();
    let report = run(&provider, &store).run().await;
    assert_eq!(
        report.streams[1].error.as_ref().unwrap().kind(),
        ErrorKind::StateInvalid,
        "it does not go round"
    );
}

#[tokio::test]
async fn a_pass_that_saw_little_deletes_nothing_until_a_person_says_so() {
    let (provider, store) = (Provider::new(), memory());
    let all = (0..50).map(|n| put(&n.to_string(), r#"{"title":"A","stage":"Ny"}"#)).collect();
    provider.log_pass("deals", all, ReadMode::Full, Some(PassEnd::Complete));
    run(&provider, &store).run().await;

    let few: Vec<Change> = (0..3).map(|n| Change::Present(Key::from(n as u64))).collect();
    provider.log_pass("deals", few.clone(), ReadMode::Keys, Some(PassEnd::Complete));
    let report = run(&provider, &store).run().await;
    assert_snapshot!(report.streams[1].to_string(), @"deals: 0 created, 0 updated, 0 deleted, 0 unchanged; the pass did not see 47 of 50 records, so nothing was deleted: check the account's permissions, then confirm by a run without brake");
    assert_eq!(rows(&store).await.len(), 50);

    provider.log_pass("deals", few, ReadMode::Keys, Some(PassEnd::Complete));
    let report = run(&provider, &store).brake(DeleteThreshold::OFF).run().await;
    assert_eq!((report.streams[1].swept, report.streams[1].rows.deleted), (47, 47));
    assert_eq!(rows(&store).await.len(), 3);
}

#[tokio::test]
async fn issues_are_counted_and_the_first_are_kept() {
    let (provider, store) = (Provider::new(), memory());
    let odd = (0..150).map(|n| put(&n.to_string(), r#"{"title":"A","stage":"?"}"#)).collect();
    provider.log("deals", odd);
    let report = run(&provider, &store).run().await;
    assert_eq!((report.streams[1].issue_count, report.streams[1].issues.len()), (150, 100));
    assert_eq!(rows(&store).await.len(), 150, "a bad field does not lose the record");
}

#[tokio::test]
async fn two_runs_of_one_stream_cannot_interleave() {
    let (provider, store) = (Provider::new(), memory());
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny"}"#)]);
    provider.log("deals", vec![put("2", r#"{"title":"B","stage":"Ny"}"#)]);
    // Between the two batches of this run, another one commits.
    let other = Arc::new(Mutex::new(Some((provider.clone(), store.clone()))));
    let report = OneWaySync::new(provider.clone(), store.clone(), "acme")
        .stream(StreamPlan::mirror("deals"))
        .on_event(move |event| {
            if let Event::Committed { .. } = event
                && let Some((provider, store)) = other.lock().unwrap().take()
            {
                let run = OneWaySync::new(provider, store, "acme").stream(StreamPlan::mirror("deals")).run();
                let inner = std::thread::spawn(|| {
                    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run)
                });
                assert!(inner.join().unwrap().into_result().is_ok());
            }
        })
        .run()
        .await;
    assert_eq!(report.streams[0].error.as_ref().unwrap().kind(), ErrorKind::Conflict);
    assert_eq!(mirror(&store, "deals").await.len(), 2);
}

#[tokio::test]
async fn a_connection_never_sees_another() {
    let folder = tempfile::tempdir().unwrap();
    let store: Arc<dyn SyncStore> =
        Arc::new(SqliteStore::open(folder.path().join("tieline.db")).await.unwrap());
    let provider = Provider::new();
    provider.log("deals", vec![put("1", r#"{"title":"A","stage":"Ny"}"#)]);
    for connection in ["acme", "other"] {
        let report = OneWaySync::new(provider.clone(), store.clone(), connection)
            .stream(StreamPlan::mapped("deals", "deals", deals_mapping()))
            .run()
            .await;
        assert_eq!(report.into_result().unwrap().streams[0].rows.created, 1);
    }
    store.erase(&ConnectionId::new("other")).await.unwrap();
    assert_eq!(rows(&store).await.len(), 1);
}
