//! The hunt for a secret: in logs at TRACE, errors, Debug output and the database file.

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use tieline::store::SyncStore;
use tieline::store_sqlite::SqliteStore;
use tieline::{CheckRequest, Connector, DiscoverRequest, Key, LookupRequest, ReadRequest};
use tieline_sandbox::{Fault, FaultRule};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::world::*;

const CANARY: &str = "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn the_secret_is_found_nowhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_span_events(FmtSpan::FULL)
        .finish();
    // Of the whole process: a call site that another test's thread meets first would else count as not wanted.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tieline.db");
    let mut seen = String::new();
    let mut note = |text: String| seen.push_str(&text);

    let sandbox = sandbox().await;
    sandbox.set_token(CANARY);
    let key = tieline::ApiKey::new(CANARY);
    note(format!("{key:?}"));
    let crm = connect_to(&impatient_host(), &sandbox, CANARY).unwrap();
    note(format!("{crm:?}"));
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(&path).await.unwrap());
    let report = run(&crm, &store).run().await;
    note(format!("{report:?}"));
    note(format!("{:?}", crm.check(CheckRequest::default()).await));
    note(format!("{:?}", crm.discover(DiscoverRequest::schemas()).await));

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
            let mut cause: Option<&dyn std::error::Error> = Some(&error);
            while let Some(error) = cause {
                note(format!("{error} {error:?}\n"));
                cause = error.source();
            }
        }
        let report = run(&crm, &store).run().await;
        note(format!("{report:?}"));
    }
    sandbox.clear_faults();
    assert!(errors > 20, "the faults were met: {errors}");
    note(format!("{:?}", sandbox.requests()));
    drop(crm);
    drop(store);

    assert!(!seen.contains(CANARY), "in a text: {}", around(&seen));
    let log = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(log.contains("/api/v2/deals"), "the log has the calls");
    assert!(!log.contains(CANARY), "in the log: {}", around(&log));
    for entry in std::fs::read_dir(folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()), "in the database");
    }
}

fn around(text: &str) -> &str {
    let at = text.find(CANARY).unwrap();
    let start = text[..at].char_indices().rev().nth(200).map_or(0, |(index, _)| index);
    &text[start..at]
}
