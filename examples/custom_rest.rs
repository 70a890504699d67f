//! An API that nobody wrote a connector for: four lines connect it, three more make its records readable, and what changed
//! comes in the second run. The API is a small server on this machine.

use std::error::Error;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use chrono::{DateTime, Utc};
use futures_util::TryStreamExt as _;
use serde_json::{Value, json};
use tieline::custom_rest::{CustomRestConfig, CustomRestFactory, RestConnector};
use tieline::store::MemoryStore;
use tieline::{Bearer, Change, Connector, Provider, ReadRequest, Tieline};
use url::form_urlencoded;

type Done<T> = Result<T, Box<dyn Error>>;

/// What a person writes, with the address of the API.
const DESCRIPTION: &str = "
name: Booking system
url: https://api.booking.example/v1
auth: bearer
headers: {X-Tenant: acme}
entities:
  bookings:
    list: /bookings?page=<page>&updated_since=<since>
    changed: updated_at
";
const TOKEN: &str = "an-invented-token";

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Done<()> {
    let bookings = Arc::new(Mutex::new((1..=25).map(booking).collect::<Vec<_>>()));
    let address = serve(Arc::clone(&bookings)).await?;
    // The description names a public address; the application sends its requests to the server on this machine.
    let there = Provider::new(CustomRestFactory::default()).with_base_url(address.parse()?);
    let app = Tieline::builder().provider(there).allow_network("127.0.0.1/32");
    let app = app.store(Arc::new(MemoryStore::new())).build().await?;
    let bookings_api = app.connection("main", "bookings");
    let api =
        bookings_api.open_with(CustomRestConfig::yaml(DESCRIPTION), Bearer::new(TOKEN))?.connector().clone();

    let (count, state) = read(&api, None).await?;
    println!("First run: {count} bookings");
    if let Ok(mut bookings) = bookings.lock()
        && let Some(first) = bookings.first_mut()
    {
        *first = booking(1);
    }
    let (count, state) = read(&api, state).await?;
    println!("Second run, after one was changed: {count}");
    let (count, _) = read(&api, state).await?;
    println!("Third run: {count}, because the last minute is read again");
    Ok(())
}

async fn read(api: &RestConnector, state: Option<tieline::State>) -> Done<(usize, Option<tieline::State>)> {
    let mut batches = api.read(ReadRequest::changes("bookings").with_state(state.clone()))?;
    let (mut count, mut state) = (0, state);
    while let Some(batch) = batches.try_next().await? {
        let changes = batch.groups.iter().flat_map(|group| &group.changes);
        count += changes.filter(|change| matches!(change, Change::Upsert(_))).count();
        state = Some(batch.state);
    }
    Ok((count, state))
}

/// A booking: changed now if it is the first, else some days ago.
fn booking(id: i64) -> Value {
    let at = Utc::now() - chrono::TimeDelta::days(id - 1);
    json!({ "id": id, "guest": format!("Guest {id}"), "updated_at": at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true) })
}

async fn serve(bookings: Arc<Mutex<Vec<Value>>>) -> Done<String> {
    let router = Router::new().route("/v1/bookings", get(list)).with_state(bookings);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

/// Ten bookings a page, those changed since a time.
async fn list(
    State(bookings): State<Arc<Mutex<Vec<Value>>>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Result<([(&'static str, &'static str); 1], String), StatusCode> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(&format!("Bearer {TOKEN}")) || header("x-tenant") != Some("acme") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let query = query.unwrap_or_default();
    let asked = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs.find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    };
    let page: usize = asked("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let since: Option<DateTime<Utc>> = asked("updated_since").and_then(|since| since.parse().ok());
    let bookings = bookings.lock().map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    let changed = |booking: &&Value| {
        let at = booking.get("updated_at").and_then(Value::as_str).and_then(|text| text.parse().ok());
        since.is_none_or(|since| at.is_some_and(|at: DateTime<Utc>| at >= since))
    };
    let skipped = page.saturating_sub(1) * 10;
    let page: Vec<Value> = bookings.iter().filter(changed).skip(skipped).take(10).cloned().collect();
    Ok(([("content-type", "application/json")], json!({ "data": page }).to_string()))
}
