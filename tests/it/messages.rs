//! What people read when something is wrong, as text.

use std::sync::Arc;

use futures_util::StreamExt;
use insta::assert_snapshot;
use tieline::pipedrive::{PipedriveConfig, PipedriveFactory};
use tieline::sqlite::SqliteStore;
use tieline::store::{MemoryStore, SyncStore};
use tieline::{
    ApiKey, CheckRequest, Connector, Error, FieldPath, Filter, Provider, RawJson, ReadRequest, State, Tieline,
};
use tieline_sandbox::{Fault, FaultRule};

use crate::world::*;

/// The error with the port, which is another one each time, taken out.
fn text(error: Error) -> String {
    let text = error.to_string();
    let Some((before, after)) = text.split_once("127.0.0.1:") else { return text };
    format!("{before}127.0.0.1:PORT{}", after.trim_start_matches(|c: char| c.is_ascii_digit()))
}

async fn read_error(request: ReadRequest, fault: Option<Fault>) -> String {
    let sandbox = sandbox().await;
    if let Some(fault) = fault {
        sandbox.inject(FaultRule::new(fault).on("GET", "/api/v2/deals").always());
    }
    let crm = connect(&sandbox).await;
    let mut batches = match crm.read(request) {
        Ok(batches) => batches,
        Err(error) => return text(error),
    };
    while let Some(batch) = batches.next().await {
        if let Err(error) = batch {
            return text(error);
        }
    }
    panic!("the read went well")
}

#[tokio::test]
async fn a_wrong_token() {
    let sandbox = sandbox().await;
    let crm = connect_with(&sandbox, "0000000000000000000000000000000000000000").await.unwrap();
    assert_snapshot!(text(crm.check(CheckRequest::default()).await.unwrap_err()));
    let error = connect_with(&sandbox, "two\nlines").await.unwrap_err();
    assert_snapshot!(text(error));
}

#[tokio::test]
async fn a_wrong_company() {
    let errors = ["", "acme corp", "https://evil.test/x", "acme.pipedrive.com.evil.test", "å"]
        .map(|company| tieline::connect(PipedriveConfig::company(company), ApiKey::new("0")).unwrap_err());
    assert_snapshot!("a_wrong_company", errors.map(text).join("\n"));
    let sandbox = sandbox().await;
    let connection = application(&sandbox).await.connection("main", CONNECTION);
    let config = PipedriveConfig::company("another");
    let crm = connection.open_with(config, ApiKey::new(sandbox.token())).unwrap();
    let account = crm.check(CheckRequest::default()).await.unwrap();
    assert_snapshot!("the_token_of_another_company", account.warnings.join("\n"));
}

#[tokio::test]
async fn an_unknown_entity_or_field() {
    assert_snapshot!(read_error(ReadRequest::changes("deal"), None).await);
    let field = FieldPath::parse("/title").unwrap();
    let filtered =
        ReadRequest::changes("deals").with_filter(Filter::equals(field, RawJson::parse("1").unwrap()));
    assert_snapshot!(read_error(filtered, None).await);
}

#[tokio::test]
async fn a_malformed_state() {
    let mut texts = vec![text(State::from_text("{").unwrap_err())];
    for state in [State::new(1, "another shape").unwrap(), State::new(99, "a later version").unwrap()] {
        texts.push(read_error(ReadRequest::changes("deals").with_state(Some(state)), None).await);
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn pages_that_are_no_pages() {
    let mut texts = Vec::new();
    for (name, fault) in [
        ("html instead of json", Fault::HtmlPage { status: 200 }),
        ("firewall page", Fault::HtmlPage { status: 403 }),
        ("truncated body", Fault::TruncateBody),
        ("malformed json", Fault::MalformedJson),
        ("repeated page token", Fault::RepeatPageToken),
        ("gzip bomb", Fault::GzipBomb { megabytes: 200 }),
        ("server error", Fault::Status { status: 500, body: None }),
        ("account closed", Fault::Status { status: 402, body: None }),
    ] {
        let request = ReadRequest::changes("deals").with_page_size(25);
        texts.push(format!("{name}: {}", read_error(request, Some(fault)).await));
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn an_unreachable_address() {
    let sandbox = sandbox().await;
    let crm = connect(&sandbox).await;
    drop(sandbox);
    assert_snapshot!(text(crm.check(CheckRequest::default()).await.unwrap_err()));
    let private = tieline::connect(PipedriveConfig::company("acme"), ApiKey::new("0"));
    assert!(private.is_ok());
    let there = Provider::new(PipedriveFactory::default());
    let there = there.with_base_url("http://127.0.0.1:1/".parse().unwrap());
    let app = Tieline::builder().store(Arc::new(MemoryStore::new())).provider(there);
    assert_snapshot!(text(app.build().await.unwrap_err()));
}

#[tokio::test]
async fn malformed_settings() {
    let app = Tieline::builder().store(Arc::new(MemoryStore::new())).provider(PipedriveFactory::default());
    let connection = app.build().await.unwrap().connection("main", CONNECTION);
    let mut texts = Vec::new();
    for (name, id, config) in [
        ("no settings", "pipedrive", "{}"),
        ("a secret in the settings", "pipedrive", r#"{"company":"acme","api_token":"canary-1234"}"#),
        ("no object", "pipedrive", "[1]"),
        ("unknown connector", "pipdrive", "{}"),
    ] {
        let config = serde_json::from_str(config).unwrap();
        let error = connection.open_settings(id, &config, ApiKey::new("0")).unwrap_err();
        assert!(!error.to_string().contains("canary-1234"));
        texts.push(format!("{name}: {}", text(error)));
    }
    let error = connection
        .open_settings("pipedrive", &serde_json::json!({"company": "acme"}), tieline::Basic::new("u", "p"))
        .unwrap_err();
    texts.push(format!("another kind of credential: {}", text(error)));
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn a_disk_that_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tieline.db");
    let full = format!("sqlite://{}?mode=rwc", path.display());
    let options: sqlx::sqlite::SqliteConnectOptions = full.parse().unwrap();
    // The tables have room, and what is read has not. SQLite's own way of having no more room.
    let pool = sqlx::SqlitePool::connect_with(options.clone()).await.unwrap();
    drop(SqliteStore::with_pool(pool.clone()).await.unwrap());
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&pool).await.unwrap();
    pool.close().await;
    let most = (pages + 8).to_string();
    let pool = sqlx::SqlitePool::connect_with(options.pragma("max_page_count", most)).await.unwrap();
    let store = SqliteStore::with_pool(pool).await.unwrap();
    let store: Arc<dyn SyncStore> = Arc::new(store);
    let sandbox = sandbox().await;
    let crm = connect(&sandbox).await;
    let error = run(&crm, &store).run().await.into_result().unwrap_err();
    assert_snapshot!(text(error).replace(path.to_str().unwrap(), "tieline.db"));
    drop(store);

    // With room again, the run goes on and ends where an undisturbed one does.
    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(&path).await.unwrap());
    run(&crm, &store).run().await.into_result().unwrap();
    let other: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    run(&crm, &other).run().await.into_result().unwrap();
    assert_eq!(everything(&store).await, everything(&other).await);
}
