//! The main job, and what must not change its result.

use std::sync::Arc;
use std::time::Duration;

use tieline::sqlite::SqliteStore;
use tieline::store::{MemoryStore, SyncStore};
use tieline_sandbox::pipedrive::Entity;
use tieline_sandbox::{Fault, FaultRule, Object, RetryAfter, Sandbox};

use crate::world::*;

async fn undisturbed() -> Vec<String> {
    let sandbox = sandbox().await;
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    run(&connect(&sandbox).await, &store).run().await.into_result().unwrap();
    everything(&store).await
}

#[tokio::test]
async fn a_second_run_writes_what_changed_and_nothing_else() {
    let sandbox = sandbox().await;
    let crm = connect(&sandbox).await;
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::in_memory().await.unwrap());
    let first = run(&crm, &store).run().await.into_result().unwrap();
    let deals = first.stream("deals").unwrap();
    let seeded = sandbox.summary();
    assert_eq!(seeded.visible, 193);
    assert_eq!(deals.mirror.created as usize, seeded.visible + seeded.archived);
    assert_eq!(deals.issue_count, 0, "{:?}", deals.issues);
    let before = everything(&store).await;

    let mut keys = before.iter().filter_map(|line| line.strip_prefix("row ")?.split(' ').next());
    let (changed, deleted): (i64, i64) =
        (keys.next().unwrap().parse().unwrap(), keys.next().unwrap().parse().unwrap());
    sandbox.advance(Duration::from_secs(3600));
    sandbox.update(Entity::Deals, changed, Object::default().with("title", "Nytt namn")).unwrap();
    let created = sandbox.create(Entity::Deals, Object::default().with("title", "Ny")).unwrap();
    sandbox.delete(Entity::Deals, deleted).unwrap();
    let second = run(&crm, &store).run().await.into_result().unwrap();
    let deals = second.stream("deals").unwrap();
    assert_eq!((deals.mirror.created, deals.mirror.updated, deals.mirror.deleted), (1, 1, 1));
    let others = [second.stream("stages").unwrap().mirror, second.stream("organizations").unwrap().mirror];
    assert!(others.iter().all(|tally| tally.created + tally.updated + tally.deleted == 0));

    let after = everything(&store).await;
    let written = [changed, deleted, created].map(|key| [format!("deals {key} "), format!("row {key} ")]);
    let touched = |line: &&String| written.iter().flatten().any(|start| line.starts_with(start));
    let rest = |all: &[String]| all.iter().filter(|line| !touched(line)).cloned().collect::<Vec<_>>();
    assert_eq!(rest(&before), rest(&after));
    assert!(
        after.iter().any(|line| line.starts_with(&format!("row {changed} ")) && line.contains("Nytt namn"))
    );
    assert!(!after.iter().any(|line| line.starts_with(&format!("deals {deleted} "))));
    assert!(!after.iter().any(|line| line.starts_with(&format!("row {deleted} "))));

    let third = run(&crm, &store).run().await.into_result().unwrap();
    let deals = third.stream("deals").unwrap().mirror;
    assert_eq!(deals.created + deals.updated + deals.deleted, 0);
}

#[tokio::test]
async fn passing_faults_change_nothing() {
    let expected = undisturbed().await;
    let faults = [
        Fault::Status { status: 500, body: None },
        Fault::Status { status: 503, body: Some("<html>maintenance</html>".into()) },
        Fault::ResetBeforeAnswer,
        Fault::ResetMidBody,
        Fault::TruncateBody,
        Fault::EmptyPage,
        Fault::DuplicateRecords,
        Fault::SlowBytes { piece: 20_000, pause_ms: 1 },
    ];
    for fault in faults {
        let sandbox = sandbox().await;
        for skip in [0, 2, 5] {
            sandbox.inject(FaultRule::new(fault.clone()).on("GET", "/api/v2/deals").skip(skip));
        }
        let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
        let report = run(&connect(&sandbox).await, &store).run().await;
        let report = report.into_result().unwrap_or_else(|error| panic!("{fault:?}: {error}"));
        assert!(sandbox.waiting_faults().is_empty(), "{fault:?} was met");
        assert_eq!(everything(&store).await, expected, "{fault:?}");
        assert_eq!(report.stream("deals").unwrap().mirror.updated, 0, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_are_waited_for_as_told() {
    let expected = undisturbed_in_process().await;
    for (retry_after, at_least) in
        [(RetryAfter::None, 2), (RetryAfter::Seconds(7), 7), (RetryAfter::HttpDate(9), 9)]
    {
        let sandbox = Sandbox::pipedrive();
        for skip in [0, 5] {
            let fault = Fault::TooManyRequests { retry_after };
            sandbox.inject(FaultRule::new(fault).on("GET", "/api/v2/deals").skip(skip));
        }
        let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
        let begun = tokio::time::Instant::now();
        run(&connect_in_process(&sandbox).await, &store).run().await.into_result().unwrap();
        assert!(sandbox.waiting_faults().is_empty());
        assert_eq!(everything(&store).await, expected, "{retry_after:?}");
        assert!(begun.elapsed() >= Duration::from_secs(2 * at_least), "{retry_after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_published_limit_is_never_hit() {
    let sandbox = Sandbox::pipedrive();
    sandbox.add_deals(3000);
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    run(&connect_in_process(&sandbox).await, &store).run().await.into_result().unwrap();
    let counters = sandbox.counters();
    assert!(counters.requests > 100, "it is more than a burst: {}", counters.requests);
    assert!(sandbox.requests().iter().all(|seen| seen.status == 200));
}

async fn undisturbed_in_process() -> Vec<String> {
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    run(&connect_in_process(&Sandbox::pipedrive()).await, &store).run().await.into_result().unwrap();
    everything(&store).await
}

#[tokio::test]
async fn a_run_that_breaks_at_any_page_goes_on_from_there() {
    let expected = undisturbed().await;
    let folder = tempfile::tempdir().unwrap();
    let mut pages = 0;
    for skip in 0.. {
        let sandbox = sandbox().await;
        let path = folder.path().join(format!("{skip}.db"));
        let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(&path).await.unwrap());
        // A token that dies in the middle of the read: the run stops at once.
        sandbox.inject(FaultRule::new(Fault::Unauthorized).on("GET", "/api/v2/").skip(skip));
        let report = run(&connect(&sandbox).await, &store).run().await;
        let broken = report.into_result().is_err();
        if !sandbox.waiting_faults().is_empty() {
            break;
        }
        if !broken {
            // It was the question what the provider has, which a run goes on without.
            assert_eq!(everything(&store).await, expected, "after {skip} requests");
            continue;
        }
        pages += 1;
        drop(store);
        let requests = sandbox.counters().requests;
        let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(&path).await.unwrap());
        run(&connect(&sandbox).await, &store).run().await.into_result().unwrap();
        assert_eq!(everything(&store).await, expected, "after {skip} pages");
        // It went on rather than beginning anew: entities that were finished cost a page or two again.
        assert!(sandbox.counters().requests <= requests + 20, "after {skip} pages");
    }
    assert!(pages >= 8, "the walk has pages to break at, {pages} seen");
}

#[tokio::test]
async fn a_name_that_changes_at_the_provider_changes_in_every_row() {
    let sandbox = sandbox().await;
    let crm = connect(&sandbox).await;
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::in_memory().await.unwrap());
    run(&crm, &store).run().await.into_result().unwrap();
    let deals = everything(&store).await;
    let row = deals
        .iter()
        .find(|line| line.starts_with("row ") && !line.contains(r#""organization":null"#))
        .unwrap();
    let deal: i64 = row.split(' ').nth(1).unwrap().parse().unwrap();
    let organization = sandbox.record(Entity::Deals, deal).unwrap().get("org_id").unwrap().as_i64().unwrap();

    sandbox.advance(Duration::from_secs(3600));
    sandbox
        .update(Entity::Organizations, organization, Object::default().with("name", "Nya Bolaget AB"))
        .unwrap();
    let report = run(&crm, &store).run().await.into_result().unwrap();
    assert_eq!(report.stream("deals").unwrap().mirror.updated, 0, "no deal changed");
    assert!(report.stream("deals").unwrap().rows.updated >= 1);
    let after = everything(&store).await;
    assert!(
        after.iter().any(|line| line.starts_with(&format!("row {deal} ")) && line.contains("Nya Bolaget AB"))
    );
}

#[tokio::test]
async fn digits_beyond_a_float_arrive() {
    let sandbox = sandbox().await;
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::in_memory().await.unwrap());
    run(&connect(&sandbox).await, &store).run().await.into_result().unwrap();
    let all = everything(&store).await;
    assert!(all.iter().any(|line| line.starts_with("deals ") && line.contains("12345678901234567.89")));
}
