//! The hunt for the secret.

use std::error::Error as _;
use std::fmt::Debug;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tieline_core::{
    AuthScheme, CheckRequest, DiscoverRequest, Entity, Error, KeyPlacement, LookupRequest, ReadRequest,
};
use tieline_http::RetryPolicy;
use tieline_store::SyncStore;
use tieline_store_sqlite::SqliteStore;
use tieline_sync::{OneWay, StreamPlan};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use super::writes::create;
use crate::Failure;
use crate::bench::{Bench, HOUR, Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Applies, Verdict, ensure, not};
use crate::wire::{Hint, Trouble};

pub(crate) async fn the_secret_is_in_no_address(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let in_query = |scheme: &AuthScheme| {
            matches!(scheme, AuthScheme::ApiKey { placement: KeyPlacement::Query { .. }, .. })
        };
        if bench.subject.factory().spec().auth.iter().any(in_query) {
            return not("the provider takes its key in the query");
        }
        bench.crm.check(CheckRequest::default()).await?;
        bench.pull(&mut Mirror::default(), ReadRequest::full(entity.name.clone())).await?;
        let secret = bench.subject.secret();
        let found = bench.wire.sent().into_iter().any(|sent| sent.url.contains(&secret));
        ensure!(!found, "the secret is in an address");
        kept()
    })
    .await
}

/// A place where everything that is logged on this thread ends up.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
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

/// Everything that a host could come to show.
#[derive(Default)]
struct Shown(Vec<(String, String)>);

impl Shown {
    fn debug(&mut self, what: &str, value: &impl Debug) {
        self.0.push((what.to_owned(), format!("{value:?} {value:#?}")));
    }

    fn error(&mut self, what: &str, error: &Error) {
        self.0.push((what.to_owned(), format!("{error} {error:?}")));
        let mut cause = error.source();
        while let Some(error) = cause {
            self.0.push((format!("a cause of {what}"), format!("{error} {error:?}")));
            cause = error.source();
        }
    }

    fn result<T: Debug>(&mut self, what: &str, result: &Result<T, Error>) {
        match result {
            Ok(value) => self.debug(what, value),
            Err(error) => self.error(what, error),
        }
    }
}

pub(crate) async fn the_secret_is_found_nowhere(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_span_events(FmtSpan::FULL)
        .finish();
    // With a second one alive, a call site that another test's thread meets first asks both, and is not taken for
    // one that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let folder = tempfile::tempdir()?;
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(folder.path().join("conformance.db")).await?);

    let secret = lab.subject.secret();
    let mut shown = Shown::default();
    shown.debug("the credential", &lab.subject.credential(&secret)?);
    shown.debug("the factory", &lab.subject.factory());
    let mut verdict = Verdict::default();
    // Each in a world of its own, so that what one uses up of the provider's limits does not count for the next.
    for entity in lab.entities().await?.iter().take(4) {
        let bench = lab.bench()?;
        let mut stack = bench.stack();
        // Real time passes, so no wait is long.
        stack.limits = false;
        stack.retry = RetryPolicy::default()
            .with_budget(1.0, 100_000)
            .with_max_attempts(2)
            .with_first_wait(Duration::from_millis(1))
            .with_max_wait(Duration::from_millis(5));
        let bench = bench.with(stack)?;
        try_everything(&bench, entity, &store, &mut shown).await?;
        verdict.add(entity.name.as_str(), Applies::Kept);
    }
    drop(store);

    for (what, text) in &shown.0 {
        ensure!(!text.contains(&secret), "the secret is in {what}: {}", around(text, &secret));
    }
    let log = log.text();
    ensure!(!log.is_empty(), "nothing was logged at TRACE");
    ensure!(!log.contains(&secret), "the secret is in the log: {}", around(&log, &secret));
    let mut searched = 0;
    for entry in std::fs::read_dir(folder.path())? {
        let path = entry?.path();
        // SQLite takes its side files away when it closes.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        searched += bytes.len();
        let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        ensure!(!found, "the secret is in the database file {:?}", path.file_name());
    }
    ensure!(searched > 0, "the sync left no database file");
    Ok(verdict)
}

async fn try_everything(
    bench: &Bench<'_>,
    entity: &Entity,
    store: &Arc<dyn SyncStore>,
    shown: &mut Shown,
) -> Result<(), Failure> {
    shown.debug("the connector", &bench.crm);
    sync(bench, entity, store, shown).await;
    let mut troubles = vec![
        Trouble::Refused,
        Trouble::Reset,
        Trouble::BreaksOff,
        Trouble::Malformed,
        Trouble::WebPage,
        Trouble::Says(401, Hint::None),
    ];
    troubles.extend([400, 401, 403, 404, 409, 422, 429, 500, 503].map(Trouble::Echo));
    for trouble in troubles {
        bench.wire.calm();
        bench.wire.always(trouble);
        let what = |call: &str| format!("{call} of {} under {trouble:?}", entity.name);
        shown.result(&what("a check"), &bench.crm.check(CheckRequest::default()).await);
        let described = bench.crm.discover(DiscoverRequest::schemas().only(entity.name.clone())).await;
        shown.result(&what("discovering"), &described);
        let keys = bench.keys(entity)?.into_iter().take(1);
        let lookup = LookupRequest::keys(entity.name.clone(), keys);
        shown.result(&what("a look-up"), &bench.crm.lookup(lookup).await);
        let mut batches = bench.crm.read(ReadRequest::full(entity.name.clone()))?;
        while let Some(batch) = batches.next().await {
            shown.result(&what("a read"), &batch);
        }
        if let Some(draft) = bench.world.draft(entity.name.as_str(), 1).filter(|_| entity.capabilities.create)
        {
            shown.debug(
                &what("a write"),
                &bench.write(entity, vec![create("op-1", draft.fields, None)]).await,
            );
        }
        sync(bench, entity, store, shown).await;
        // A pause that a refusal asked for ends, and the provider's windows are empty again.
        bench.world.advance(HOUR);
        tokio::time::sleep(Duration::from_millis(6)).await;
    }
    bench.wire.calm();
    shown.debug("the connector at last", &bench.crm);
    Ok(())
}

async fn sync(bench: &Bench<'_>, entity: &Entity, store: &Arc<dyn SyncStore>, shown: &mut Shown) {
    let report = OneWay::new(Arc::clone(&bench.crm), Arc::clone(store), "conformance")
        .stream(StreamPlan::mirror(entity.name.clone()))
        .run()
        .await;
    shown.debug("the report of a sync", &report);
}

/// What stands before the secret, without it.
fn around(text: &str, secret: &str) -> String {
    let before = text.split(secret).next().unwrap_or_default();
    let tail: Vec<char> = before.chars().rev().take(120).collect();
    tail.into_iter().rev().collect()
}
