//! An API key over everything that a connector and a sync do.

use std::sync::Arc;

use futures_util::StreamExt;
use tieline::sqlite::SqliteStore;
use tieline::store::SyncStore;
use tieline::{CheckRequest, Connector, DiscoverRequest, Key, LookupRequest, ReadRequest};
use tieline_conformance::Hunt;
use tieline_sandbox::{Fault, FaultRule};

use crate::world::*;

const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

#[tokio::test]
async fn the_secret_is_found_nowhere() {
    let log = super::log();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tieline.db");
    let mut hunt = Hunt::default();
    hunt.secret("the key", CANARY);

    let sandbox = sandbox().await;
    sandbox.set_token(CANARY);
    let key = tieline::ApiKey::new(CANARY);
    hunt.debug("the key", &key);
    let crm = connect_to(&impatient(&sandbox).await, CANARY).unwrap();
    hunt.debug("the connector", &crm);
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(&path).await.unwrap());
    let report = run(&crm, &store).run().await;
    hunt.debug("a report", &report);
    hunt.debug("a check", &crm.check(CheckRequest::default()).await);
    hunt.debug("the catalog", &crm.discover(DiscoverRequest::schemas()).await);

    let faults = [
        Fault::EchoSecrets { status: 200 },
        Fault::EchoSecrets { status: 400 },
        Fault::EchoSecrets { status: 401 },
        Fault::EchoSecrets { status: 403 },
        Fault::EchoSecrets { status: 500 },
        Fault::EchoSecrets { status: 302 },
        Fault::Unauthorized,
        Fault::ResetBeforeAnswer,
        Fault::ResetMidBody,
        Fault::TruncateBody,
        Fault::HtmlPage { status: 200 },
        Fault::MalformedJson,
        Fault::RepeatPageToken,
        // The last, because it holds everything up.
        Fault::EchoSecrets { status: 429 },
    ];
    let mut errors = 0;
    for fault in faults {
        sandbox.clear_faults();
        sandbox.inject(FaultRule::new(fault).always());
        let mut failures = vec![
            crm.check(CheckRequest::default()).await.err(),
            crm.discover(DiscoverRequest::schemas()).await.err(),
            crm.lookup(LookupRequest::keys("deals", [Key::new("1")])).await.err(),
        ];
        let batches: Vec<_> = crm.read(ReadRequest::full("deals")).unwrap().take(5).collect().await;
        failures.extend(batches.into_iter().map(Result::err));
        for error in failures.into_iter().flatten() {
            errors += 1;
            hunt.error("an error", &error);
        }
        let report = run(&crm, &store).run().await;
        hunt.debug("a report", &report);
    }
    sandbox.clear_faults();
    assert!(errors > 20, "the faults were met: {errors}");
    hunt.debug("the sandbox's log", &sandbox.requests());
    drop(crm);
    drop(store);

    hunt.folder("the database's", folder.path());
    let log = log.text();
    assert!(log.contains("/api/v2/deals"), "the log has the calls");
    hunt.text("the log", log);
    assert_eq!(hunt.found(), [""; 0]);
}
