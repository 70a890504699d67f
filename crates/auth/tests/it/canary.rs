//! The hunt for secrets of consent, renewal, revocation and logins: in logs at TRACE, errors, Debug output, the audit log
//! and URLs.

use std::io::Write;
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use serde_json::json;
use tieline_auth::{Callback, ConsentRequest, IssuedCredential, Secret, ServiceAccount, VerifiedCallback};
use tieline_core::{Clock, Credential};
use tieline_sandbox::{Fault, FaultRule};
use tieline_store::{ConnectionStore, SecretStore};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

use crate::flaky::Flaky;
use crate::world::*;

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

fn echoes() -> Vec<Fault> {
    [200, 302, 400, 401, 403, 429, 500].map(|status| Fault::EchoSecrets { status }).to_vec()
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_found_anywhere() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(log.clone())
        .with_span_events(FmtSpan::FULL)
        .finish();
    // Of the whole process: a call site that another test's thread meets first would else count as not wanted.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let world = World::new();
    let mut seen = String::new();
    let mut note = |what: String| {
        seen.push_str(&what);
        seen.push('\n');
    };
    let mut secrets = vec![SESSION.to_owned()];

    // Consent, and what may become of its code.
    let process = world.process();
    for fault in echoes() {
        let now = world.clock.now();
        let request = ConsentRequest::new(CONNECTION, SESSION);
        note(format!("{request:?}"));
        let begun = process.client.begin(&*process.store, &world.vault, request, now).await.unwrap();
        note(format!("{begun:?}"));
        let query = visit(&world.sandbox, &begun.url);
        for (name, value) in begun.url.query_pairs().chain(url::form_urlencoded::parse(query.as_bytes())) {
            if matches!(&*name, "state" | "code") {
                secrets.push(value.into_owned());
            }
        }
        let callback = Callback::new(query, SESSION);
        note(format!("{callback:?}"));
        world.sandbox.inject(FaultRule::new(fault).on("POST", "/oauth/token"));
        let returned = VerifiedCallback::take(&*process.store, &callback, now).await.unwrap();
        note(format!("{returned:?}"));
        let error = process.client.finish(&world.vault, returned, now).await.unwrap_err();
        note(format!("{error} {error:?}"));
        let again = VerifiedCallback::take(&*process.store, &callback, now).await.unwrap_err();
        note(format!("{again} {again:?}"));
    }

    // Renewals, also with a store that does not take them.
    world.connected().await;
    let flaky = Flaky::new(world.memory.clone());
    let process = world.process_with(Arc::new(flaky.clone()), TimeDelta::zero(), None);
    let credential = process.credential();
    note(format!("{process:?}", process = (&process.keeper, &process.client, &credential)));
    for fault in echoes() {
        pass(4000).await;
        world.sandbox.inject(FaultRule::new(fault).on("POST", "/oauth/token"));
        let error = ask(&*credential, &world.sandbox).await.unwrap_err();
        note(format!("{error} {error:?}"));
        pass(10).await;
        match ask(&*credential, &world.sandbox).await {
            Ok(_) => {}
            Err(error) => {
                note(format!("{error} {error:?}"));
                world.reconnect().await;
                ask(&*credential, &world.sandbox).await.unwrap();
            }
        }
    }
    flaky.deaf.store(true, std::sync::atomic::Ordering::SeqCst);
    pass(4000).await;
    ask(&*credential, &world.sandbox).await.unwrap();
    note(format!("{:?} {:?}", process.secret().await, process.secret().await.masked()));
    for secret in world.sandbox.authorization().secrets() {
        // Whatever the provider says in an answer to a request with a token.
        if let Some(clean) = credential.scrub(&format!("bad token {secret}")) {
            note(clean);
        }
    }
    note(format!("{credential:?}"));

    // Revocation, which may fail.
    for fault in echoes() {
        world.sandbox.inject(FaultRule::new(fault).on("POST", "/oauth/revoke"));
        let revoked = process.keeper.revoke(&process.store, &CONNECTION.into(), &process.client).await;
        note(format!("{revoked:?}"));
    }

    // Tokens without a person.
    let file = world.sandbox.authorization().create_service_account(
        "robot@acme.example",
        ["read"],
        "https://auth.example.com/oauth/token",
    );
    let file = tieline_sandbox::Json::from(file.unwrap()).to_string();
    let account = ServiceAccount::parse(file).unwrap();
    note(format!("{account:?}"));
    let issued: [Arc<dyn Credential>; 2] = [
        IssuedCredential::client_credentials(&process.client, &json!({}), Arc::new(world.clock)),
        IssuedCredential::service_account(&process.client, account, Arc::new(world.clock)),
    ];
    for credential in issued {
        for fault in echoes() {
            world.sandbox.inject(FaultRule::new(fault).on("POST", "/oauth/token"));
            match ask(&*credential, &world.sandbox).await {
                Ok(_) => world.sandbox.clear_faults(),
                Err(error) => note(format!("{error} {error:?}")),
            }
            pass(4000).await;
        }
        note(format!("{credential:?}"));
    }

    note(format!("{:?}", world.memory.audit(None, None, 1000).await.unwrap()));
    note(format!("{:?}", world.connection().await));
    let stored = world.memory.secret(&CONNECTION.into(), Secret::NAME).await.unwrap().unwrap();
    note(format!("{stored:?} {}", stored.sealed));

    secrets.extend(world.sandbox.authorization().secrets());
    assert!(secrets.len() > 40, "{} secrets", secrets.len());
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("auth.example.com"), "the log was written");
    // A log line for each of them would drown: where the first is found is enough.
    for secret in secrets.iter().filter(|secret| secret.len() > 3) {
        let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        for text in [&log, &seen] {
            let found = text.lines().find(|line| line.contains(secret.as_str()) || line.contains(&form));
            assert_eq!(found, None, "a secret shows");
        }
    }
}
