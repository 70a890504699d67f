//! The hunt for the secret.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use tieline_core::{
    AuthScheme, CheckRequest, DiscoverRequest, Entity, KeyPlacement, LookupRequest, ReadRequest,
};
use tieline_http::RetryPolicy;
use tieline_store::SyncStore;
use tieline_store_sql::sqlite::SqliteStore;
use tieline_sync::{OneWaySync, StreamPlan};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::writes::create;
use crate::bench::{Bench, HOUR, Lab, kept};
use crate::consents::try_consents;
use crate::mirror::Mirror;
use crate::verdict::{Applies, Verdict, ensure, not};
use crate::wire::{Hint, Trouble};
use crate::{Failure, Hunt, Log};

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

pub(crate) async fn the_secret_is_found_nowhere(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let log = Log::default();
    // With a second one alive, a call site that another test's thread meets first asks both, and is not taken for
    // one that nobody wants.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = log.subscriber().set_default();
    let folder = tempfile::tempdir()?;
    let database = SqliteStore::open(folder.path().join("conformance.db")).await?;
    let store: Arc<dyn SyncStore> = Arc::new(database.clone());

    let secret = lab.subject.secret();
    let mut shown = Hunt::default().with_provider_texts();
    shown.secret("the secret", &secret);
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
    let what = "consents and renewals";
    if try_consents(lab, Arc::new(database.clone()), &mut shown).await? {
        verdict.add(what, Applies::Kept);
    } else {
        verdict.add(what, Applies::Not("the provider has none, or its world does not model them"));
    }
    drop(store);
    shown.folder("the database's file", folder.path());
    // Closed, its side files are in it.
    database.close().await;
    let before = shown.searched();
    shown.folder("the closed database's file", folder.path());
    ensure!(shown.searched() > before, "the sync left no database file");
    let log = log.text();
    ensure!(!log.is_empty(), "nothing was logged at TRACE");
    shown.text("the log", log);
    let found = shown.found();
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(verdict)
}

async fn try_everything(
    bench: &Bench<'_>,
    entity: &Entity,
    store: &Arc<dyn SyncStore>,
    shown: &mut Hunt,
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

async fn sync(bench: &Bench<'_>, entity: &Entity, store: &Arc<dyn SyncStore>, shown: &mut Hunt) {
    let report = OneWaySync::new(Arc::clone(&bench.crm), Arc::clone(store), "conformance")
        .stream(StreamPlan::mirror(entity.name.clone()))
        .run()
        .await;
    shown.debug("the report of a sync", &report);
}
