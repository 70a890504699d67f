//! Events of a connection go out as Standard Webhooks: a customer's address is notified of each sync, verifies it, and
//! verifies it still while its secret is rotated. Provider and customer are small servers on this machine.

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::post;
use secrecy::SecretString;
use tieline::chatwoot::{ChatwootConfig, ChatwootFactory};
use tieline::sqlite::SqliteStore;
use tieline::store::connections::NewConnection;
use tieline::sync::StreamPlan;
use tieline::vault::{Key, KeyRing, Vault};
use tieline::webhook::{ReceiveRequest, Verification};
use tieline::webhooks::Verifier;
use tieline::{Clock as _, Fields, NetworkPolicy, SystemClock, Tieline, Timeouts};
use tieline_http::{ReqwestTransport, SystemResolver};
use tieline_sandbox::{Clock, Sandbox};
use tokio::sync::mpsc;

type Done<T> = Result<T, Box<dyn Error>>;

/// The time in which the customer takes the new secret.
const OVERLAP: Duration = Duration::from_secs(24 * 60 * 60);

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
    let sandbox = Sandbox::chatwoot(Clock::system(), 12)?.serve().await?;
    let vault = Vault::new(KeyRing::new(Key::generate()?));
    let app = Tieline::builder()
        .store(Arc::new(SqliteStore::in_memory().await?))
        .vault(vault)
        .provider(ChatwootFactory::default())
        .allow_network("127.0.0.1/32")
        .record_events(true)
        .build()
        .await?;
    let acme = app.tenant("acme");
    let config = serde_json::to_value(ChatwootConfig::new(sandbox.base_url(), 1))?;
    let new = NewConnection::new("desk", "chatwoot", "Desk").with_config(config);
    acme.draft(new, Fields::new([("api_key", sandbox.token("administrator"))]))?
        .store(&"anna".into())
        .await?;

    let (url, mut taken) = customer().await?;
    let subscribers = acme.subscribers()?;
    let created = subscribers.create(&url.parse()?, ["sync.*"], None).await?;
    println!("{} is notified of sync.*", created.subscriber.id);

    // Without the network that is allowed here, an address of this machine would be refused.
    let policy = NetworkPolicy::public_only().allow("127.0.0.1/32")?;
    let transport = Arc::new(ReqwestTransport::new(policy, Timeouts::default(), Arc::new(SystemResolver))?);
    let desk = acme.connection("desk");
    desk.sync(|run| run.stream(StreamPlan::mirror("contacts"))).await?;
    println!("{} notification is delivered", acme.notify(transport.clone()).await?.delivered);
    show(&mut taken, &[&created.secret])?;

    let next = subscribers.rotate(created.subscriber.id.as_str(), OVERLAP).await?;
    desk.sync(|run| run.stream(StreamPlan::mirror("contacts"))).await?;
    acme.notify(transport).await?;
    println!("\nThe secret is rotated: both verify until the old one ends");
    show(&mut taken, &[&created.secret, &next])?;

    let log = subscribers.attempts(created.subscriber.id.as_str(), None, 9).await?;
    for one in log {
        println!("Attempt {}: {:?}", one.number, one.attempt.http_status);
    }
    Ok(())
}

/// Verifies what the customer took with each secret, and prints what it says.
fn show(taken: &mut mpsc::UnboundedReceiver<(HeaderMap, Bytes)>, secrets: &[&SecretString]) -> Done<()> {
    let (headers, body) = taken.try_recv()?;
    let mut request = Request::post("/hook").body(body)?;
    *request.headers_mut() = headers;
    let verifier = Verifier::new(&Verification::Named("standard-webhooks".into()))?;
    for secret in secrets {
        let (secrets, settings) = ([(*secret).clone()], serde_json::Value::Null);
        let url = "https://customer.example/hook".parse()?;
        let delivery = ReceiveRequest::new(&request, &url, &secrets, &settings, SystemClock.now());
        verifier.verify(&delivery)?;
        println!("  verified");
    }
    let event: serde_json::Value = serde_json::from_slice(request.body())?;
    let member = |name: &str| event.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    println!("  {} of {}", member("type"), member("connection"));
    Ok(())
}

/// The customer's server.
async fn customer() -> Done<(String, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>)> {
    let (send, taken) = mpsc::unbounded_channel();
    let hook = post(move |headers: HeaderMap, body: Bytes| async move {
        // It answers at once, and works afterwards.
        if send.send((headers, body)).is_ok() {
            StatusCode::NO_CONTENT
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/hook", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/hook", hook)).await });
    Ok((url, taken))
}
