//! Wherever a run dies, the next one ends where an undisturbed one would have.

use std::sync::Arc;

use proptest::prelude::*;
use tieline_core::{Change, ErrorKind, PassEnd, ReadMode};
use tieline_store::SyncStore;
use tieline_store_sql::sqlite::SqliteStore;

use crate::provider::*;

#[derive(Clone, Debug)]
struct History {
    organizations: Vec<Vec<Change>>,
    deals: Vec<(Vec<Change>, ReadMode, Option<PassEnd>)>,
}

fn any_history() -> impl Strategy<Value = History> {
    let organization = (0..3u8, 0..4u8).prop_map(|(key, name)| {
        if name == 0 {
            gone(&key.to_string())
        } else {
            put(&key.to_string(), &format!(r#"{{"name":"N{name}"}}"#))
        }
    });
    let deal = (0..6u8, 0..3u8, 0..5u8).prop_map(|(key, org, kind)| match kind {
        0 => gone(&key.to_string()),
        1 => put(&key.to_string(), &format!(r#"{{"title":"T","org":{org},"status":"lost"}}"#)),
        kind => put(&key.to_string(), &format!(r#"{{"title":"T{kind}","org":{org},"stage":"Ny"}}"#)),
    });
    let pass = prop_oneof![
        4 => Just((ReadMode::Changes, None)),
        1 => Just((ReadMode::Full, None)),
        1 => Just((ReadMode::Full, Some(PassEnd::Complete))),
        1 => Just((ReadMode::Full, Some(PassEnd::Partial))),
    ];
    let batch =
        (prop::collection::vec(deal, 0..5), pass).prop_map(|(changes, (pass, end))| (changes, pass, end));
    (
        prop::collection::vec(prop::collection::vec(organization, 0..3), 0..5),
        prop::collection::vec(batch, 0..7),
    )
        .prop_map(|(organizations, deals)| History { organizations, deals })
}

fn provider(history: &History) -> Arc<Provider> {
    let provider = Provider::new();
    for changes in &history.organizations {
        provider.log("organizations", changes.clone());
    }
    for (changes, pass, end) in &history.deals {
        provider.log_pass("deals", changes.clone(), *pass, *end);
    }
    provider
}

async fn everything(store: &Arc<dyn SyncStore>) -> Vec<String> {
    let mut all = rows(store).await;
    all.extend(mirror(store, "deals").await);
    all.extend(mirror(store, "organizations").await);
    all
}

async fn sqlite(folder: &tempfile::TempDir) -> Arc<dyn SyncStore> {
    Arc::new(SqliteStore::open(folder.path().join("tieline.db")).await.unwrap())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn an_interrupted_run_resumes_at_any_batch(history in any_history(), in_sqlite in prop::bool::weighted(0.2)) {
        block_on(async {
            let undisturbed = memory();
            run(&provider(&history), &undisturbed).run().await.into_result().unwrap();
            let expected = everything(&undisturbed).await;
            for (entity, batches) in [("organizations", history.organizations.len()), ("deals", history.deals.len())] {
                for cut in 0..batches {
                    let folder = tempfile::tempdir().unwrap();
                    let store = if in_sqlite { sqlite(&folder).await } else { memory() };
                    let provider = provider(&history);
                    provider.fail(entity, cut, ErrorKind::Unavailable);
                    let report = run(&provider, &store).run().await;
                    assert_eq!(report.stream(entity).unwrap().error.as_ref().unwrap().kind(), ErrorKind::Unavailable);
                    provider.heal();
                    // Opened again, as another process would.
                    let store = if in_sqlite { drop(store); sqlite(&folder).await } else { store };
                    run(&provider, &store).run().await.into_result().unwrap();
                    assert_eq!(everything(&store).await, expected, "cut at {entity} {cut}");
                    let idle = run(&provider, &store).run().await.into_result().unwrap();
                    assert!(idle.streams.iter().all(|stream| stream.read == 0), "there is nothing left to read");
                }
            }
        });
    }
}
