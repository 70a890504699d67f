//! Pipedrive's webhooks arrive at an axum server and end in SQLite. The process that took them ends before it handled
//! them; the next one finds them in the file, looks the records up and keeps them.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use axum::Router;
use futures_util::StreamExt as _;
use secrecy::ExposeSecret as _;
use tieline::pipedrive::{PipedriveConfig, PipedriveFactory};
use tieline::sqlite::SqliteStore;

use tieline::store::connections::NewConnection;
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::webhooks::axum::webhooks;
use tieline::webhooks::inbox::EndpointOptions;
use tieline::{Fields, Operation, Outcome, Provider, RawJson, Tieline, WriteOp, WriteRequest};
use tieline_sandbox::pipedrive::{COMPANY, Pipedrive as Model};
use tieline_sandbox::{Sandbox, Server};

type Done<T> = Result<T, Box<dyn Error>>;

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

fn streams(run: OneWaySync) -> OneWaySync {
    run.stream(StreamPlan::mirror("deals"))
}

async fn run() -> Done<()> {
    let sandbox = Sandbox::pipedrive().serve().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("app.db");
    let key = Key::generate()?.to_text();

    let app = application(&sandbox, &file, Vault::new(KeyRing::new(Key::parse(&key)?))).await?;
    let acme = app.tenant("acme");
    let config = serde_json::to_value(PipedriveConfig::company(COMPANY))?;
    let new = NewConnection::new("crm", "pipedrive", "Sales").with_config(config);
    acme.draft(new, Fields::new([("api_token", sandbox.token())]))?.store(&"anna".into()).await?;
    let crm = acme.connection("crm");
    crm.sync(streams).await?.into_result()?;
    println!("Read {} deals", deals(&app).await?);

    // The person enters address and password at Pipedrive, under Tools, Webhooks.
    let created = acme.endpoints()?.create(crm.id(), "pipedrive", EndpointOptions::default()).await?;
    let origin: url::Url = app.public_url().ok_or("no public URL")?.clone();
    let hooks = webhooks(Arc::new(app.webhook_inbox()?), app.webhook_factory("pipedrive")?, origin);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = Router::new().nest("/webhooks/pipedrive", hooks);
    let server = tokio::spawn(async move { axum::serve(listener, router).await });

    // Somebody adds a deal, and Pipedrive notifies of it.
    let deal = WriteOp::create(RawJson::parse(r#"{"title":"Brought by a webhook"}"#)?);
    let connector = crm.connect().await?;
    let mut outcomes = connector.write(WriteRequest::new("deals", vec![Operation::new("1", deal)]))?;
    let Some(Outcome::Applied { key: Some(added), .. }) = outcomes.next().await.map(|done| done.outcome)
    else {
        return Err("the deal was not added".into());
    };
    drop((outcomes, connector));
    let added: u64 = added.as_str().parse()?;
    let hook = format!("http://{address}/webhooks/pipedrive/{}", created.path.expose_secret());
    let password = created.secret.ok_or("no secret")?;
    let body = serde_json::json!({
        "meta": { "version": "2.0", "action": "create", "entity": "deal", "entity_id": added },
        "data": { "id": added },
    });
    let client = reqwest::Client::new();
    for attempt in ["sent", "sent again"] {
        let request = client.post(&hook).basic_auth("tieline", Some(password.expose_secret()));
        println!("{attempt}: {}", request.body(body.to_string()).send().await?.status());
    }
    let stranger = client.post(&hook).basic_auth("tieline", Some("guess")).body(body.to_string());
    println!("from a stranger: {}", stranger.send().await?.status());

    server.abort();
    app.shutdown().await;
    drop((acme, crm, app));
    println!("\nThe process ends, and another one starts");
    let app = application(&sandbox, &file, Vault::new(KeyRing::new(Key::parse(&key)?))).await?;
    let report = app.connection("acme", "crm").handle_deliveries(streams).await?;
    println!("Handled {}, and there are {} deals", report.done, deals(&app).await?);
    Ok(())
}

async fn application(sandbox: &Server<Model>, file: &std::path::Path, vault: Vault) -> Done<Tieline> {
    let pipedrive = Provider::new(PipedriveFactory::default()).with_base_url(sandbox.base_url().parse()?);
    let store = SqliteStore::open(file).await?;
    let app = Tieline::builder().store(Arc::new(store)).vault(vault).provider(pipedrive);
    let app = app.public_url("https://app.example.com".parse()?).allow_network("127.0.0.1/32");
    Ok(app.build().await?)
}

async fn deals(app: &Tieline) -> Done<usize> {
    let store = app.tenant("acme").store().clone();
    Ok(store.records(&"crm".into(), &"deals".into(), None, 10_000).await?.len())
}
