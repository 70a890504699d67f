//! Faults at every step of a write: what is done once stays done once, and nobody is told otherwise.

use std::sync::Arc;
use std::time::Duration;

use tieline_auth::ApiKey;
use tieline_core::{
    Connector, ConnectorConfig, ConnectorFactory, DiscoverRequest, ErrorKind, IntoCredential, Key,
    LookupRequest, Outcome, SystemClock, WriteOp,
};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy, Timeouts};
use tieline_pipedrive::{Pipedrive, PipedriveFactory};
use tieline_sandbox::pipedrive::{Entity, Limits, Pipedrive as Model, keys};
use tieline_sandbox::{Fault, FaultRule, RetryAfter, Sandbox, Server};

use crate::common::{
    account, after, applied, at, connected_with, create, delete, json, marked, marked_create, one, set,
    update, word, written,
};

/// How many deals there are of a title, by the sandbox's own count.
fn deals_titled(sandbox: &Sandbox<Model>, title: &str) -> usize {
    let quoted = format!("\"{title}\"");
    (1..2000)
        .filter_map(|id| sandbox.record(Entity::Deals, id))
        .filter(|deal| deal.get("title").is_some_and(|found| found.to_string() == quoted))
        .count()
}

/// Does what an outbox does with a create: sends it; when the outcome is unknown, looks for the marker after the search's
/// delay, and sends again only when nothing is found; gives up with a question when there is no marker to look for.
async fn settled(crm: &Pipedrive, entity: &str, op: WriteOp) -> Result<Key, String> {
    let catalog = crm.discover(DiscoverRequest::names().only(entity)).await.unwrap();
    let marker_field = catalog.entities[0].marker.clone();
    for _ in 0..4 {
        match one(crm, entity, op.clone()).await {
            Outcome::Applied { key, .. } => return Ok(key.unwrap()),
            Outcome::Deferred(error) => tokio::time::sleep(error.retry_after().unwrap_or_default()).await,
            Outcome::Unknown(error) => {
                let WriteOp::Create { marker: Some(marker), .. } = &op else { return Err(error.to_string()) };
                let field = marker_field.clone().unwrap();
                tokio::time::sleep(field.search_delay).await;
                let wanted = json(&format!("{:?}", marker.as_str()));
                let found = crm.lookup(LookupRequest::field(entity, field.field, wanted)).await.unwrap();
                if let Some(record) = found.records().next() {
                    return Ok(record.key.clone());
                }
            }
            other => return Err(word(&other)),
        }
    }
    Err("never settled".to_owned())
}

fn faults() -> Vec<(&'static str, FaultRule)> {
    let rule = |fault| FaultRule::new(fault);
    vec![
        ("late", rule(Fault::Delay { ms: 300_000 })),
        ("reset before the answer, done", rule(Fault::ResetBeforeAnswer).takes_effect(true)),
        ("reset before the answer, not done", rule(Fault::ResetBeforeAnswer)),
        ("reset in the answer", rule(Fault::ResetMidBody)),
        ("cut answer", rule(Fault::MalformedJson)),
        ("502, done", rule(Fault::Status { status: 502, body: None }).takes_effect(true)),
        ("500, not done", rule(Fault::Status { status: 500, body: None })),
        ("503, done", rule(Fault::Status { status: 503, body: None }).takes_effect(true)),
        ("a web page, done", rule(Fault::HtmlPage { status: 200 }).takes_effect(true)),
        ("429", rule(Fault::TooManyRequests { retry_after: RetryAfter::Seconds(3) })),
        ("429 for long", rule(Fault::TooManyRequests { retry_after: RetryAfter::Seconds(300) })),
        ("a huge answer, done", rule(Fault::GzipBomb { megabytes: 80 }).takes_effect(true)),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_create_with_a_marker_is_done_once_whatever_happens() {
    for (at, (name, rule)) in faults().into_iter().enumerate() {
        let (sandbox, _) = account();
        let crm = connected_with(&sandbox, marked());
        sandbox.inject(rule.on("POST", "/api/v2/deals"));
        let op = marked_create(r#"{"title":"En enda"}"#, &format!("op-{at}"));
        let key = settled(&crm, "deals", op).await.unwrap_or_else(|problem| panic!("{name}: {problem}"));
        assert_eq!(deals_titled(&sandbox, "En enda"), 1, "{name}");
        let id = key.as_str().parse().unwrap();
        assert_eq!(
            sandbox.record(Entity::Deals, id).unwrap().get("title").unwrap().as_str(),
            Some("En enda"),
            "{name}"
        );
        assert!(sandbox.waiting_faults().is_empty(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_marker_a_lost_answer_is_a_question() {
    let mut lines = Vec::new();
    for (name, rule) in faults() {
        let (sandbox, crm) = account();
        sandbox.inject(rule.on("POST", "/api/v2/deals"));
        let outcome = one(&*crm, "deals", create(r#"{"title":"En enda"}"#)).await;
        let made = deals_titled(&sandbox, "En enda");
        assert!(made <= 1, "{name}");
        // Only what certainly did not happen may be sent again.
        if matches!(outcome, Outcome::Deferred(_) | Outcome::Rejected(_)) {
            assert_eq!(made, 0, "{name}");
        }
        lines.push(format!("{name}: {made} made, {}", word(&outcome)));
    }
    insta::assert_snapshot!("lost_answers", lines.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn updates_and_deletes_are_sent_again_until_they_are_done() {
    for (name, rule) in faults() {
        let (sandbox, crm) = account();
        let key = applied(&one(&*crm, "deals", create(r#"{"title":"Före"}"#)).await).to_string();
        let id = key.parse().unwrap();
        sandbox.inject(rule.clone().on("PATCH", "/api/v2/deals"));
        sandbox.inject(rule.on("DELETE", "/api/v2/deals"));
        let mut tries = 0;
        loop {
            tries += 1;
            assert!(tries < 4, "{name}");
            match one(&*crm, "deals", update(&key, &[("/title", set("\"Efter\""))])).await {
                Outcome::Applied { .. } => break,
                Outcome::Deferred(error) => tokio::time::sleep(error.retry_after().unwrap_or_default()).await,
                // An answer that is too long says nothing; looking would show that it was done.
                Outcome::Unknown(error) if error.kind() == ErrorKind::Decode => {}
                other => panic!("{name}: {}", word(&other)),
            }
        }
        assert_eq!(
            sandbox.record(Entity::Deals, id).unwrap().get("title").unwrap().as_str(),
            Some("Efter"),
            "{name}"
        );
        loop {
            tries += 1;
            assert!(tries < 8, "{name}");
            match one(&*crm, "deals", delete(&key)).await {
                Outcome::Applied { .. } | Outcome::Unchanged => break,
                Outcome::Deferred(error) => tokio::time::sleep(error.retry_after().unwrap_or_default()).await,
                Outcome::Unknown(error) if error.kind() == ErrorKind::Decode => {}
                other => panic!("{name}: {}", word(&other)),
            }
        }
        let gone = sandbox.record(Entity::Deals, id).unwrap();
        assert_eq!(gone.get("is_deleted").unwrap().as_bool(), Some(true), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_the_provider_are_rejected() {
    for status in [400, 402, 403, 404, 405, 409, 410, 415, 422] {
        let (sandbox, crm) = account();
        sandbox.inject(FaultRule::new(Fault::Status { status, body: None }).on("POST", "/api/v2/deals"));
        let outcomes =
            written(&*crm, "deals", vec![create(r#"{"title":"x"}"#), create(r#"{"title":"y"}"#)]).await;
        assert!(matches!(&outcomes[0], Outcome::Rejected(_)), "{status}: {}", word(&outcomes[0]));
        applied(&outcomes[1]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_defers_everything_and_asks_once() {
    let (sandbox, crm) = account();
    sandbox.set_token("0000000000000000000000000000000000000000");
    sandbox.forget_requests();
    let operations = vec![create(r#"{"title":"x"}"#), delete("1"), update("2", &[("/title", set("\"y\""))])];
    let outcomes = written(&*crm, "deals", operations).await;
    let kinds: Vec<ErrorKind> = outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::Deferred(error) => error.kind(),
            other => panic!("{}", word(other)),
        })
        .collect();
    assert_eq!(kinds, [ErrorKind::Unauthenticated; 3]);
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_spent_day_defers_the_rest() {
    let (sandbox, crm) = account();
    sandbox.set_limits(Limits { daily_budget: 10, ..Limits::none() });
    sandbox.forget_requests();
    let outcomes = written(&*crm, "deals", vec![create(r#"{"title":"x"}"#); 5]).await;
    let words: Vec<String> =
        outcomes.iter().map(|outcome| word(outcome).split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(words, ["applied", "applied", "deferred:", "deferred:", "deferred:"]);
    assert_eq!(sandbox.requests().len(), 3);
    let Outcome::Deferred(error) = &outcomes[4] else { panic!() };
    assert_eq!(error.kind(), ErrorKind::QuotaExhausted);
    assert!(error.retry_after().unwrap() > Duration::from_secs(60));
}

#[tokio::test(start_paused = true)]
async fn a_failed_read_before_an_update_changes_nothing() {
    let (sandbox, crm) = account();
    let key = applied(&one(&*crm, "deals", create(r#"{"title":"x"}"#)).await).to_string();
    let add = || update(&key, &[("/label_ids", tieline_core::FieldPatch::Add(json("7")))]);
    sandbox.inject(
        FaultRule::new(Fault::Status { status: 503, body: None }).on("GET", "/api/v2/deals/").times(5),
    );
    sandbox.forget_requests();
    let outcome = one(&*crm, "deals", add()).await;
    assert!(matches!(outcome, Outcome::Deferred(_)), "{}", word(&outcome));
    assert!(sandbox.requests().iter().all(|seen| seen.method == "GET"));
    let later = one(&*crm, "deals", add()).await;
    assert_eq!(at(after(&later), "/label_ids"), "[7]");
    sandbox.delete(Entity::Deals, key.parse().unwrap()).unwrap();
    insta::assert_snapshot!(word(&one(&*crm, "deals", add()).await).replace(&key, "KEY"), @"rejected: the record is gone (not_found, entity=deals)");
}

#[tokio::test(start_paused = true)]
async fn a_record_is_not_changed_past_a_change_that_waits() {
    let (sandbox, crm) = account();
    let key = applied(&one(&*crm, "deals", create(r#"{"title":"Noll"}"#)).await).to_string();
    sandbox.inject(
        FaultRule::new(Fault::Status { status: 500, body: None }).on("PATCH", "/api/v2/deals").times(5),
    );
    let titled = |title: &str| update(&key, &[("/title", set(title))]);
    let outcomes =
        written(&*crm, "deals", vec![titled("\"Ett\""), titled("\"Två\""), create(r#"{"title":"x"}"#)]).await;
    assert!(matches!(outcomes[0], Outcome::Deferred(_)) && matches!(outcomes[1], Outcome::Deferred(_)));
    applied(&outcomes[2]);
    for title in ["\"Ett\"", "\"Två\""] {
        applied(&one(&*crm, "deals", titled(title)).await);
    }
    let title = sandbox.record(Entity::Deals, key.parse().unwrap()).unwrap();
    assert_eq!(title.get("title").unwrap().as_str(), Some("Två"));
}

/// Over a real socket, where a reset is a reset and a deadline is the machine's.
async fn over_a_socket() -> (Server<Model>, Arc<Pipedrive>) {
    let server = Sandbox::pipedrive().serve().await.unwrap();
    server.set_limits(Limits::none());
    let factory = Arc::new(PipedriveFactory::default());
    let credential = ApiKey::new(server.token()).into_credential(&factory.spec().auth).unwrap();
    let host = HttpStack::builder()
        .allow_network("127.0.0.1/32")
        .timeouts(Timeouts::default().with_total(Duration::from_millis(300)))
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    let base: url::Url = server.base_url().parse().unwrap();
    let options =
        ClientOptions::new(factory, base.clone()).with_credential(credential).with_limits(Vec::new());
    let crm = marked().connect(base, host.client(options).unwrap(), Arc::new(SystemClock)).unwrap();
    (server, crm)
}

#[tokio::test]
async fn over_a_socket_a_lost_answer_is_unknown_and_found_by_its_marker() {
    let (server, crm) = over_a_socket().await;
    for (at, fault) in [
        Fault::Delay { ms: 900 },
        Fault::ResetBeforeAnswer,
        Fault::ResetMidBody,
        Fault::TruncateBody,
        Fault::SlowBytes { piece: 8, pause_ms: 100 },
    ]
    .into_iter()
    .enumerate()
    {
        let name = format!("{fault:?}");
        server.inject(FaultRule::new(fault).on("POST", "/api/v2/deals").takes_effect(true));
        let marker = format!("op-socket-{at}");
        let outcome = one(&*crm, "deals", marked_create(r#"{"title":"Genom ledningen"}"#, &marker)).await;
        assert!(matches!(outcome, Outcome::Unknown(_)), "{name}: {}", word(&outcome));
        let field = tieline_core::FieldPath::field("custom_fields").child(keys::DEAL_REFERENCE);
        let found =
            crm.lookup(LookupRequest::field("deals", field, json(&format!("\"{marker}\"")))).await.unwrap();
        assert_eq!(found.records().count(), 1, "{name}");
    }
}
