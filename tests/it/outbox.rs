//! At most once, or a question: the outbox over the real connectors, with faults at every step of a create.

use std::sync::Arc;
use std::time::Duration;

use tieline::odoo::OdooConfig;
use tieline::pipedrive::PipedriveConfig;
use tieline::store::MemoryStore;
use tieline::store::outbox::{Entry, OutboxStore, StatusKind};
use tieline::sync::Outbox;
use tieline::{
    ApiKey, Clock, ConnectionHandle, Connector, FieldPath, LookupRequest, Operation, RawJson, Tieline,
    WriteOp,
};
use tieline_http::TokioClock;
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Version};
use tieline_sandbox::pipedrive::{COMPANY, Entity, Limits, keys};
use tieline_sandbox::{Fault, FaultRule, InProcess, RetryAfter, Sandbox};

const NAME: &str = "Montering i Lund";

/// What can happen to a create: whether the provider did it, and what becomes of its answer.
fn faults() -> Vec<(Fault, bool)> {
    let status = |status| Fault::Status { status, body: None };
    let mut faults = vec![
        (Fault::TooManyRequests { retry_after: RetryAfter::Seconds(3) }, false),
        (Fault::TooManyRequests { retry_after: RetryAfter::None }, false),
    ];
    for done in [false, true] {
        faults.extend([
            // Longer than anybody waits: the create is answered after the timeout.
            (Fault::Delay { ms: 600_000 }, done),
            (Fault::ResetBeforeAnswer, done),
            (status(500), done),
            (status(502), done),
            (status(503), done),
            (Fault::HtmlPage { status: 200 }, done),
        ]);
    }
    faults.extend([(Fault::ResetMidBody, true), (Fault::TruncateBody, true), (Fault::MalformedJson, true)]);
    faults
}

struct Provider<M> {
    sandbox: Arc<Sandbox<M>>,
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
}

fn in_process<M: tieline_sandbox::Model>(sandbox: &Arc<Sandbox<M>>) -> (ConnectionHandle, Arc<dyn Clock>) {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock::starting_at(sandbox.now()));
    let transport = Arc::new(InProcess::new(Arc::clone(sandbox)));
    let app = Tieline::builder().store(Arc::new(MemoryStore::new())).clock(Arc::clone(&clock));
    let app = app.http(|http| http.transport(transport)).build_unverified().unwrap();
    (app.connection("main", "writes"), clock)
}

fn pipedrive(marked: bool) -> Provider<tieline_sandbox::pipedrive::Pipedrive> {
    let sandbox = Sandbox::pipedrive();
    sandbox.set_limits(Limits::none());
    let (connection, clock) = in_process(&sandbox);
    let mut config = PipedriveConfig::company(COMPANY);
    if marked {
        config = config.with_marker("deals", keys::DEAL_REFERENCE);
    }
    let connector = connection.open_with(config, ApiKey::new(sandbox.token())).unwrap().connector().clone();
    Provider { sandbox, connector, clock }
}

fn odoo(version: Version) -> Provider<tieline_sandbox::odoo::Odoo> {
    let sandbox = Sandbox::odoo(version);
    let (connection, clock) = in_process(&sandbox);
    let config = OdooConfig::new("https://erp.example.com", LOGIN).with_database(DATABASE);
    let connector = connection.open_with(config, ApiKey::new(API_KEY)).unwrap().connector().clone();
    Provider { sandbox, connector, clock }
}

/// Runs the outbox until nothing is left to do but for people.
async fn settle<M>(provider: &Provider<M>, entity: &str, fields: &str) -> Entry {
    let store = Arc::new(MemoryStore::new().with_clock(provider.clock.clone()));
    let fields = RawJson::parse(fields).unwrap();
    let create = Operation::new("order-1003", WriteOp::create(fields));
    store.enqueue(&"acme".into(), &entity.into(), &[create]).await.unwrap();
    let outbox = Outbox::new(provider.connector.clone(), store.clone(), "acme");
    for _ in 0..10 {
        let _ = outbox.run().await;
        let entry = store.entry(&"acme".into(), &"order-1003".into()).await.unwrap().unwrap();
        if matches!(entry.status.kind(), StatusKind::Applied | StatusKind::Rejected | StatusKind::NeedsReview)
        {
            return entry;
        }
        tokio::time::advance(Duration::from_secs(3600)).await;
    }
    panic!("the create is never settled");
}

fn deals_of_that_name(provider: &Provider<tieline_sandbox::pipedrive::Pipedrive>) -> usize {
    let is_it = |id: &i64| {
        let deal = provider.sandbox.record(Entity::Deals, *id);
        deal.is_some_and(|deal| deal.get("title").and_then(|title| title.as_str()) == Some(NAME))
    };
    (1..2_000).filter(is_it).count()
}

async fn partners_of_that_name(provider: &Provider<tieline_sandbox::odoo::Odoo>) -> usize {
    let by_name = LookupRequest::field("res.partner", FieldPath::field("name"), RawJson::of(NAME).unwrap());
    provider.connector.lookup(by_name).await.unwrap().records().count()
}

#[tokio::test(start_paused = true)]
async fn a_marked_create_is_made_once_whatever_happens_to_its_answer() {
    for (fault, done) in faults() {
        let provider = pipedrive(true);
        let rule = FaultRule::new(fault.clone()).on("POST", "/api/v2/deals").takes_effect(done);
        provider.sandbox.inject(rule);
        let entry = settle(&provider, "deals", &format!(r#"{{"title":"{NAME}"}}"#)).await;
        assert!(provider.sandbox.waiting_faults().is_empty(), "{fault:?} was met");
        assert_eq!(entry.status.kind(), StatusKind::Applied, "{fault:?}, done: {done}, {:?}", entry.note);
        assert_eq!(deals_of_that_name(&provider), 1, "{fault:?}, done: {done}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_external_id_is_made_once_whatever_happens_to_its_answer() {
    for version in [Version::V17, Version::V19] {
        for (fault, done) in faults() {
            let provider = odoo(version);
            let door = if version == Version::V17 { "/xmlrpc" } else { "/json/2/res.partner/load" };
            let rule = FaultRule::new(fault.clone()).on("POST", door).body(NAME).takes_effect(done);
            provider.sandbox.inject(rule);
            let entry = settle(&provider, "res.partner", &format!(r#"{{"name":"{NAME}"}}"#)).await;
            assert!(provider.sandbox.waiting_faults().is_empty(), "{fault:?} was met");
            assert_eq!(entry.status.kind(), StatusKind::Applied, "{fault:?}, done: {done}, {:?}", entry.note);
            assert_eq!(partners_of_that_name(&provider).await, 1, "{fault:?}, done: {done}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_without_marker_is_made_once_or_becomes_a_question() {
    let mut questions = 0;
    for (fault, done) in faults() {
        let provider = pipedrive(false);
        let rule = FaultRule::new(fault.clone()).on("POST", "/api/v2/deals").takes_effect(done);
        provider.sandbox.inject(rule);
        let entry = settle(&provider, "deals", &format!(r#"{{"title":"{NAME}"}}"#)).await;
        let made = deals_of_that_name(&provider);
        match entry.status.kind() {
            StatusKind::Applied => assert_eq!(made, 1, "{fault:?}, done: {done}"),
            StatusKind::NeedsReview => {
                questions += 1;
                assert_eq!(made, usize::from(done), "{fault:?}: nothing was sent again");
            }
            stage => panic!("{fault:?}, done: {done}: {stage:?}, {:?}", entry.note),
        }
    }
    assert!(questions >= 10, "lost answers are questions: {questions}");
}
