//! The application of `docs/testing-your-app.md`, and its test.

#[test]
fn the_guide_shows_this_file() {
    let guide = include_str!("../../docs/testing-your-app.md");
    let file = include_str!("your_app.rs");
    let code = |text: &'static str, begin, end| text.split_once(begin).unwrap().1.split_once(end).unwrap().0;
    let (shown, here) = (code(guide, "```rust,ignore\n", "```"), code(file, "// BEGIN\n", "// END"));
    assert_eq!(shown, here);
    let test = here.split_once("#[tokio::test]\n").unwrap().1;
    assert!(test.lines().count() < 60, "the guide promises a short test");
}

// BEGIN
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{Request, StatusCode};
use axum::{Router, routing::post};
use tieline::fortnox::FortnoxFactory;
use tieline::pipedrive::PipedriveFactory;
use tieline::store::MemoryStore;
use tieline::store::connections::{Health, NewConnection};
use tieline::sync::{Report, StreamPlan};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{Callback, ErrorKind, Fields, OAuthApp, Operation, Provider, RawJson, Tieline, WriteOp};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_sandbox::pipedrive::{COMPANY, Entity};
use tieline_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};

fn app(tieline: Tieline) -> Router {
    let routes = Router::new().route("/sync/{id}/{entity}", post(sync)).route("/order/{number}", post(order));
    routes.with_state(tieline)
}

async fn sync(
    State(app): State<Tieline>,
    Path((id, entity)): Path<(String, String)>,
) -> (StatusCode, String) {
    let run = app.connection("acme", id).sync(|run| run.stream(StreamPlan::mirror(entity))).await;
    match run.and_then(Report::into_result) {
        Ok(_) => (StatusCode::OK, "done".to_owned()),
        Err(error) if error.kind() == ErrorKind::Unauthenticated => {
            (StatusCode::CONFLICT, "connect again".to_owned())
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("again in {:?}", error.retry_after())),
    }
}

async fn order(State(app): State<Tieline>, Path(number): Path<String>) -> Result<StatusCode, StatusCode> {
    let deal = RawJson::of(&serde_json::json!({ "title": number })).map_err(|_| StatusCode::BAD_REQUEST)?;
    let (operation, outbox) =
        (Operation::new(number, WriteOp::create(deal)), app.connection("acme", "crm").outbox());
    outbox.enqueue("deals", &[operation]).await.map_err(|_| StatusCode::CONFLICT)?;
    let sent = outbox.run(|outbox| outbox).await.map_err(|_| StatusCode::SERVICE_UNAVAILABLE)?;
    Ok(if sent.applied == 1 { StatusCode::CREATED } else { StatusCode::ACCEPTED })
}

#[tokio::test]
async fn the_application_bears_what_providers_do() -> Result<(), Box<dyn std::error::Error>> {
    let (crm, books) = (Sandbox::pipedrive().serve().await?, Sandbox::fortnox().serve().await?);
    let fortnox = Provider::new(FortnoxFactory::default()).with_base_url(books.base_url().parse()?);
    let oauth = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse()?);
    let tieline = Tieline::builder()
        .store(Arc::new(MemoryStore::new()))
        .vault(Vault::new(KeyRing::new(Key::generate()?)))
        .provider(Provider::new(PipedriveFactory::default()).with_base_url(crm.base_url().parse()?))
        .provider(fortnox.with_oauth_server(books.base_url().parse()?).with_app(oauth))
        .allow_network("127.0.0.1/32")
        .build()
        .await?;
    let (acme, by) = (tieline.tenant("acme"), "test".into());
    let new =
        NewConnection::new("crm", "pipedrive", "CRM").with_config(serde_json::json!({ "company": COMPANY }));
    acme.draft(new, Fields::new([("api_token", crm.token())]))?.store(&by).await?;
    let consent = acme.begin_consent(NewConnection::new("books", "fortnox", "Books"), "session").await?;
    let consented = books.handle(Request::get(consent.url.as_str()).body(Default::default())?);
    let query = consented.headers["location"].to_str()?.split('?').nth(1).unwrap_or_default();
    acme.finish_consent(&Callback::new(query.to_owned(), "session")).await?.store(&by).await?;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, app(tieline.clone())).into_future());
    let browser = reqwest::Client::builder().no_proxy().build()?;
    let post =
        async |path| browser.post(format!("{address}{path}")).send().await.map(|answer| answer.status());

    // Pipedrive answers 429 and asks for a minute: the application hands the wait on, and goes on after it.
    let busy = Fault::TooManyRequests { retry_after: RetryAfter::Seconds(60) };
    crm.inject(FaultRule::new(busy).on("GET", "/api/"));
    assert_eq!(post("/sync/crm/deals").await?, StatusCode::SERVICE_UNAVAILABLE);
    tieline.http().limit_pauses().iter().for_each(|pause| assert!(tieline.http().lift_pause(pause)));
    assert_eq!(post("/sync/crm/deals").await?, StatusCode::OK);

    // The answer to a create is lost after Pipedrive did it: nothing is created twice, however often it is ordered.
    crm.inject(FaultRule::new(Fault::ResetBeforeAnswer).on("POST", "/api/").takes_effect(true));
    assert_eq!(
        (post("/order/1001").await?, post("/order/1001").await?),
        (StatusCode::ACCEPTED, StatusCode::ACCEPTED)
    );
    let is_it =
        |id: &i64| crm.record(Entity::Deals, *id).is_some_and(|deal| deal.to_string().contains("\"1001\""));
    assert_eq!((1..2_000).filter(is_it).count(), 1);

    // The customer takes the consent back at Fortnox: the application asks to connect again.
    books
        .authorization()
        .consents()
        .iter()
        .try_for_each(|consent| books.authorization().withdraw(consent.id))?;
    assert_eq!(post("/sync/books/customers").await?, StatusCode::CONFLICT);
    assert_eq!(acme.connection("books").health().await?.health, Health::NeedsReconnect);
    Ok(())
}
// END
