//! The one object: wrong settings found at its start, and what is shared through it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use insta::assert_snapshot;
use serde_json::json;
use tieline::fortnox::FortnoxFactory;
use tieline::odoo::OdooFactory;
use tieline::pipedrive::PipedriveFactory;
use tieline::store::MemoryStore;
use tieline::store::connections::{Health, NewConnection};
use tieline::sync::{OutboxReport, Report, StreamPlan};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    Fields, NetworkOptions, OAuthApp, OAuthUrls, Observer, Operation, Provider, ProviderOptions, RawJson,
    RunOf, Tieline, TielineBuilder, Timeouts, WriteOp,
};
use tieline_sandbox::pipedrive::Pipedrive as Model;
use tieline_sandbox::{Fault, FaultRule, Server};

use crate::world::*;

fn memory() -> Arc<MemoryStore> {
    Arc::new(MemoryStore::new())
}

fn vault() -> Vault {
    Vault::new(KeyRing::new(Key::generate().unwrap()))
}

fn oauth_app(callback: &str) -> OAuthApp {
    OAuthApp::new("id", "secret", callback.parse().unwrap())
}

fn fortnox() -> Provider {
    Provider::new(FortnoxFactory::default())
}

const HERE: &str = "https://app.example.com/callback";

#[tokio::test]
async fn wrong_settings_are_errors_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let no_certificates = folder.path().join("ca.pem");
    std::fs::write(&no_certificates, "no certificate").unwrap();
    // Nobody listens at a port that was just closed.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let urls = OAuthUrls::new("https://a.example/".parse().unwrap(), "https://b.example/".parse().unwrap());
    let here: url::Url = "https://app.example.com".parse().unwrap();
    let network = |options| Tieline::builder().store(memory()).network(options);
    let public = |url: &str| Tieline::builder().store(memory()).public_url(url.parse().unwrap());
    let with = |provider: Provider| Tieline::builder().store(memory()).vault(vault()).provider(provider);

    let cases: Vec<(&str, TielineBuilder)> = vec![
        ("no store", Tieline::builder()),
        ("the same twice", with(fortnox()).provider(FortnoxFactory::default())),
        (
            "an app, no vault",
            Tieline::builder().store(memory()).provider(fortnox().with_app(oauth_app(HERE))),
        ),
        ("an app, no OAuth", with(Provider::new(OdooFactory::default()).with_app(oauth_app(HERE)))),
        (
            "a callback elsewhere",
            with(fortnox().with_app(oauth_app("https://other.example.com/callback")))
                .public_url(here.clone()),
        ),
        ("OAuth addresses twice", with(fortnox().with_oauth_urls(urls).with_oauth_server(here.clone()))),
        ("a public URL by http", public("http://app.example.com")),
        ("a public URL with a query", public("https://app.example.com/?a=b")),
        ("a public URL with a login", public("https://me:pw@app.example.com/")),
        ("a network that is none", Tieline::builder().store(memory()).allow_network("10.0.0.0/33")),
        ("an address that is not public", with(fortnox().with_base_url("http://10.1.2.3/".parse().unwrap()))),
        ("a proxy that is not there", network(NetworkOptions::new().with_proxy(nobody.parse().unwrap()))),
        (
            "a proxy's login, no proxy",
            network(NetworkOptions::new().with_proxy_login("user", "password".to_owned())),
        ),
        ("a CA file that is none", network(NetworkOptions::new().with_ca_file(&no_certificates))),
        ("a CA file that is missing", network(NetworkOptions::new().with_ca_file("no/such/ca.pem"))),
        ("only these authorities, none given", network(NetworkOptions::new().with_only_these_authorities())),
        (
            "no time for an answer",
            with(fortnox().with_options(
                ProviderOptions::new().with_timeouts(Timeouts::default().with_read(Duration::ZERO)),
            )),
        ),
    ];
    let mut texts = Vec::new();
    for (name, builder) in cases {
        let error = builder.build().await.map(|_| name).unwrap_err();
        assert_eq!(error.kind(), tieline::ErrorKind::Config, "{name}: {error}");
        let text = error.to_string().replace(&folder.path().display().to_string(), "FOLDER");
        let port = nobody.rsplit(':').next().unwrap();
        texts.push(format!("{name}:\n  {}", text.replace(port, "PORT")));
    }
    assert_snapshot!(texts.join("\n"));
}

#[tokio::test]
async fn one_vault_key_has_one_application_in_a_process() {
    let key = Key::generate().unwrap();
    let text = key.to_text();
    let build = || {
        let vault = Vault::new(KeyRing::new(Key::parse(&text).unwrap()));
        Tieline::builder().store(memory()).vault(vault).build()
    };
    let first = build().await.unwrap();
    let clone = first.clone();
    let id = key.id().to_string();
    let error = build().await.unwrap_err().to_string().replace(&id, "KEY");
    assert_snapshot!(error);
    // As long as any handle of it is there.
    drop(first);
    assert!(build().await.is_err());
    drop(clone);
    build().await.unwrap();

    // A key that does not open what the store keeps is found at the start as well.
    let store = memory();
    let of = |vault| Tieline::builder().store(store.clone()).vault(vault).build();
    drop(of(vault()).await.unwrap());
    let error = of(vault()).await.unwrap_err();
    assert_eq!(error.kind(), tieline::ErrorKind::Config, "{error}");
}

#[derive(Debug, Default)]
struct Seen(Mutex<Vec<String>>);

impl Observer for Seen {
    fn sync_finished(&self, of: RunOf<'_>, report: &Report) {
        let streams = report.streams.len();
        self.0.lock().unwrap().push(format!("{}/{}: {streams} streams", of.tenant, of.connection));
    }

    fn outbox_finished(&self, of: RunOf<'_>, report: &OutboxReport) {
        self.0.lock().unwrap().push(format!("{}/{}: {} sent", of.tenant, of.connection, report.sent));
    }
}

/// An application in which the tenant `acme` has one connection.
async fn connected(
    sandbox: &Server<Model>,
    connection: &str,
    configure: impl FnOnce(TielineBuilder) -> TielineBuilder,
) -> Tieline {
    let there = Provider::new(PipedriveFactory::default());
    let builder = Tieline::builder()
        .store(memory())
        .vault(vault())
        .provider(there.with_base_url(sandbox.base_url().parse().unwrap()).with_limits(Vec::new()))
        .allow_network("127.0.0.1/32");
    let tieline = configure(builder).build().await.unwrap();
    let new =
        NewConnection::new(connection, "pipedrive", "CRM").with_config(json!({ "company": "acme-demo" }));
    let draft = tieline.tenant("acme").draft(new, Fields::new([("api_token", sandbox.token())])).unwrap();
    draft.store(&"anna".into()).await.unwrap();
    tieline
}

#[tokio::test]
async fn a_connection_syncs_writes_and_says_its_health() {
    let sandbox = sandbox().await;
    let seen = Arc::new(Seen::default());
    let tieline = connected(&sandbox, "crm", |builder| builder.observer(seen.clone())).await;
    let crm = tieline.connection("acme", "crm");
    assert_eq!(crm.health().await.unwrap().health, Health::Untried);
    let report = crm.sync(|run| run.stream(StreamPlan::mirror("stages"))).await.unwrap();
    assert!(report.is_complete());
    assert_eq!(crm.health().await.unwrap().health, Health::Healthy);
    // Another tenant has nothing of it.
    let error = tieline.connection("globex", "crm").sync(|run| run).await.unwrap_err();
    assert_eq!(error.kind(), tieline::ErrorKind::NotFound);

    let deal = WriteOp::create(RawJson::parse(r#"{"title":"Order 1"}"#).unwrap());
    let outbox = crm.outbox();
    assert_eq!(outbox.enqueue("deals", &[Operation::new("order-1", deal)]).await.unwrap(), 1);
    assert_eq!(outbox.run(|outbox| outbox).await.unwrap().applied, 1);
    assert_eq!(*seen.0.lock().unwrap(), ["acme/crm: 1 streams", "acme/crm: 1 sent"]);

    sandbox.set_token("f".repeat(40));
    let report = crm.sync(|run| run.stream(StreamPlan::mirror("stages"))).await.unwrap();
    assert!(!report.is_complete());
    let health = crm.health().await.unwrap();
    assert_eq!((health.health, health.active), (Health::NeedsReconnect, true));
    assert!(health.last_error.is_some());
}

#[tokio::test]
async fn a_run_of_one_stream_is_three_lines_at_info() {
    let sandbox = sandbox().await;
    // The subscriber of the whole process: one of a thread misses events that another thread meets first.
    let log = crate::canary::log();
    let tieline = connected(&sandbox, "story", |builder| builder).await;
    tieline.connection("acme", "story").sync(|run| run.stream(StreamPlan::mirror("stages"))).await.unwrap();

    let text = log.text();
    let is_event = |line: &&str| !["new", "enter", "exit"].iter().any(|word| line.ends_with(word));
    let story: Vec<&str> = text
        .lines()
        .filter(|line| line.contains(" INFO ") && line.contains("tieline.connection=story"))
        .filter(|line| is_event(line) && !line.contains(": close "))
        .collect();
    let text = story.join("\n");
    assert_eq!(story.len(), 3, "{text}");
    for (line, event) in story.iter().zip(["run began", "stream ended", "run ended"]) {
        assert!(line.contains(event), "{text}");
        for field in ["tieline.provider=\"pipedrive\"", "tieline.connection=story", "tieline.tenant=acme"] {
            assert!(line.contains(field), "{field}: {line}");
        }
    }
    assert!(story[1].contains("read=5") && story[1].contains("created=5"), "{text}");
    assert!(story[2].contains("streams=1") && story[2].contains("complete=true"), "{text}");
}

#[tokio::test]
async fn the_end_stops_syncs_waits_for_writes_and_lets_nothing_begin() {
    let sandbox = sandbox().await;
    let tieline = application(&sandbox).await;
    let config = || tieline::pipedrive::PipedriveConfig::company("acme-demo");
    let key = || tieline::ApiKey::new(sandbox.token());
    let crm = tieline.connection("main", "crm").open_with(config(), key()).unwrap();
    let deal = WriteOp::create(RawJson::parse(r#"{"title":"Order 1"}"#).unwrap());
    crm.outbox().enqueue("deals", &[Operation::new("order-1", deal)]).await.unwrap();
    // A read that takes ten seconds, and a write that takes half of one.
    sandbox.inject(FaultRule::new(Fault::Delay { ms: 10_000 }).on("GET", "/api/v2/organizations").always());
    sandbox.inject(FaultRule::new(Fault::Delay { ms: 500 }).on("POST", "/api/v2/deals").takes_effect(true));

    let reading = crm.clone();
    let reading =
        tokio::spawn(
            async move { reading.sync(|run| run.stream(StreamPlan::mirror("organizations"))).await },
        );
    let outbox = crm.outbox();
    let writing = tokio::spawn(async move { outbox.run(|outbox| outbox).await });
    while sandbox.requests().iter().filter(|seen| seen.path.starts_with("/api/v2/deals")).count() == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let begun = std::time::Instant::now();
    tieline.shutdown().await;
    assert!(begun.elapsed() < Duration::from_secs(5), "it does not wait for a read");
    let stopped = reading.await.unwrap().unwrap_err();
    assert_eq!(stopped.kind(), tieline::ErrorKind::Unavailable);
    assert_eq!(writing.await.unwrap().unwrap().applied, 1, "what was sent is stored");
    let refused = crm.sync(|run| run).await.unwrap_err();
    assert_snapshot!(refused.to_string());
    assert!(crm.outbox().run(|outbox| outbox).await.is_err());
}
