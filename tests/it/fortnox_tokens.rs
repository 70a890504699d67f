//! A Fortnox connection whose access token ends in the middle of a run: by a refresh token that works once, and by an
//! application that asks for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tieline::fortnox::FortnoxFactory;
use tieline::store::connections::NewConnection;
use tieline::store::{MemoryStore, SyncStore};
use tieline::sync::{Event, OneWaySync, StreamPlan};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{Callback, OAuthApp, Provider, Tenant, Tieline};
use tieline_http::TokioClock;
use tieline_sandbox::fortnox::Fortnox as Model;
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, OAuthCounters, REDIRECT_URI};
use tieline_sandbox::{InProcess, Sandbox};
use url::Url;

const INVOICES: u32 = 250;

fn build(sandbox: &Arc<Sandbox<Model>>, store: &MemoryStore, app: OAuthApp) -> Tenant {
    let clock = TokioClock::starting_at(sandbox.now());
    let transport = Arc::new(InProcess::new(Arc::clone(sandbox)));
    let app = Tieline::builder()
        .store(Arc::new(store.clone()))
        .vault(Vault::new(KeyRing::new(Key::generate().unwrap())))
        .provider(Provider::new(FortnoxFactory::default()).with_app(app))
        .clock(Arc::new(clock));
    app.http(|http| http.transport(transport)).build_unverified().unwrap().tenant("main")
}

fn app() -> OAuthApp {
    OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap())
}

/// Connects, and mirrors a year of invoices while the access token ends after the first commit.
async fn a_year(sandbox: &Arc<Sandbox<Model>>, app: OAuthApp, as_application: bool) -> OAuthCounters {
    let store = MemoryStore::new();
    let connections = build(sandbox, &store, app);
    let url = connections
        .begin_consent(NewConnection::new("books", "fortnox", "Books"), "cookie")
        .await
        .unwrap()
        .url;
    let reply = sandbox.handle(http::Request::get(url.as_str()).body(bytes::Bytes::new()).unwrap());
    let location: Url = reply.headers["location"].to_str().unwrap().parse().unwrap();
    let callback = Callback::new(location.query().unwrap().to_owned(), "cookie");
    let draft = connections.finish_consent(&callback).await.unwrap();
    let mut draft = if as_application { draft.as_application() } else { draft };
    draft.check().await.unwrap();
    draft.store(&"anna".into()).await.unwrap();

    let books = connections.connection("books").connect().await.unwrap();
    let (ended, company) = (AtomicBool::new(false), Arc::clone(sandbox));
    let report = OneWaySync::new(books, Arc::new(store.clone()), "books")
        .on_event(move |event| {
            if matches!(event, Event::Committed { .. }) && !ended.swap(true, Ordering::Relaxed) {
                company.expire_access_tokens();
            }
        })
        .stream(StreamPlan::mirror("invoices"))
        .run()
        .await;
    report.into_result().unwrap();
    let counts = store.counts(&"books".into()).await.unwrap();
    assert_eq!(counts.records("invoices"), u64::from(INVOICES));
    sandbox.authorization().counters()
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_that_works_once_carries_a_run_on() {
    let sandbox = Model::builder().invoices(INVOICES).build();
    let counters = a_year(&sandbox, app(), false).await;
    assert_eq!((counters.refreshes, counters.refresh_tokens_reused), (1, 0));
    assert_eq!(sandbox.usage().refused, 0);
}

#[tokio::test(start_paused = true)]
async fn an_application_asks_for_itself_in_the_name_of_the_company() {
    let sandbox = Model::builder().invoices(INVOICES).build();
    let app = app().with_authorize_param("account_type", "service");
    let counters = a_year(&sandbox, app, true).await;
    // One for the test before it was stored, one for the run, one when that had ended.
    assert_eq!((counters.refreshes, counters.client_credentials), (0, 3));
}
