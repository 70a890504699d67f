//! A whole company in the sandbox: its limit, and what happens there while it is read.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::{StreamExt, TryStreamExt};
use tieline_auth::Bearer;
use tieline_core::{
    Batch, BuildContext, Change, Clock, Connector, ConnectorFactory, ErrorKind, IntoCredential, Partition,
    PartitionsRequest, PassEnd, ReadMode, ReadRequest, State,
};
use tieline_fortnox::FortnoxFactory;
use tieline_http::{ClientOptions, HttpStack};
use tieline_sandbox::fortnox::{Entity, Fortnox as Model, Happening, TOKEN};
use tieline_sandbox::{Fault, FaultRule, InProcess, Object, RetryAfter, Sandbox};
use tieline_store::MemoryStore;
use tieline_sync::{OneWaySync, StreamPlan};

#[derive(Debug)]
struct SandboxClock(Arc<Sandbox<Model>>);

impl Clock for SandboxClock {
    fn now(&self) -> DateTime<Utc> {
        self.0.now()
    }
}

/// The connector on the whole stack, with the limits of its spec.
fn connected(sandbox: &Arc<Sandbox<Model>>) -> Arc<dyn Connector> {
    let clock: Arc<dyn Clock> = Arc::new(SandboxClock(Arc::clone(sandbox)));
    let factory = Arc::new(FortnoxFactory::default());
    let config = serde_json::json!({});
    let base = factory.base_url(&config).unwrap();
    let transport = Arc::new(InProcess::new(Arc::clone(sandbox)));
    let host = HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).build().unwrap();
    let credential = Bearer::new(TOKEN.to_owned()).into_credential(&factory.spec().auth).unwrap();
    let options = ClientOptions::new(Arc::clone(&factory) as Arc<dyn ConnectorFactory>, base.clone())
        .with_credential(credential);
    let http = host.client(options).unwrap();
    factory.build(BuildContext::new(config, base, http, clock)).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_year_of_invoices_uses_the_rate_and_meets_no_refusal() {
    let sandbox = Model::builder().invoices(5_000).build();
    let books = connected(&sandbox);
    let store = Arc::new(MemoryStore::new());
    let begun = sandbox.now();
    let report =
        OneWaySync::new(books, store, "norrlager").stream(StreamPlan::mirror("invoices")).run().await;
    let took = sandbox.now() - begun;
    for stream in &report.streams {
        println!("{stream}");
    }
    assert!(report.into_result().is_ok());
    let usage = sandbox.usage();
    println!(
        "{} requests in {} s: {:.1} % of the allowed rate, {} refused",
        usage.admitted,
        took.num_seconds(),
        usage.share() * 100.0,
        usage.refused
    );
    assert!(usage.admitted >= 5_000);
    assert_eq!(usage.refused, 0);
    assert!(usage.share() >= 0.95, "{usage:?}");
}

/// Reads a pass to its end, or so many batches of it; the keys and the last state.
async fn pull(
    books: &Arc<dyn Connector>,
    request: ReadRequest,
    most: usize,
) -> (BTreeSet<String>, Option<State>) {
    let mut keys = BTreeSet::new();
    let mut state = None;
    let mut batches = books.read(request).unwrap().take(most);
    while let Some(batch) = batches.next().await {
        let batch = batch.unwrap();
        for change in batch.groups.iter().flat_map(|group| &group.changes) {
            match change {
                Change::Delete(deletion) => drop(keys.remove(deletion.key.as_str())),
                change => drop(keys.insert(change.key().to_string())),
            }
        }
        state = Some(State::from_text(&batch.state.to_text().unwrap()).unwrap());
    }
    (keys, state)
}

fn truth(sandbox: &Sandbox<Model>, entity: Entity) -> BTreeSet<String> {
    sandbox.keys(entity).into_iter().collect()
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_is_made_during_the_walk_hides_no_other() {
    let sandbox = Model::builder().invoices(300).build();
    let invoice = || Object::default().with("CustomerNumber", "1001");
    for pages in 1..4 {
        sandbox.happen_after(Entity::Invoices, pages, Happening::Create(Entity::Invoices, invoice()));
    }
    let books = connected(&sandbox);
    let before = truth(&sandbox, Entity::Invoices);
    let (mut keys, state) =
        pull(&books, ReadRequest::changes("invoices").with_page_size(60), usize::MAX).await;
    assert!(keys.is_superset(&before));
    let (later, _) = pull(&books, ReadRequest::changes("invoices").with_state(state), usize::MAX).await;
    keys.extend(later);
    assert_eq!(keys, truth(&sandbox, Entity::Invoices));
}

#[tokio::test(start_paused = true)]
async fn a_customer_that_goes_during_the_walk_hides_no_other() {
    let sandbox = Model::builder().invoices(300).build();
    let first = truth(&sandbox, Entity::Customers).into_iter().next().unwrap();
    sandbox.happen_after(Entity::Customers, 1, Happening::Remove(Entity::Customers, first));
    let books = connected(&sandbox);
    let (keys, _) = pull(&books, ReadRequest::full("customers").with_page_size(10), usize::MAX).await;
    assert!(keys.is_superset(&truth(&sandbox, Entity::Customers)));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_dies_goes_on_from_its_last_batch() {
    let sandbox = Model::builder().invoices(300).build();
    let (mut keys, state) = pull(&connected(&sandbox), ReadRequest::changes("invoices"), 2).await;
    let read = keys.len();
    assert!((150..=200).contains(&read), "{read}");
    sandbox.forget_requests();
    let request = ReadRequest::changes("invoices").with_state(state);
    let (rest, _) = pull(&connected(&sandbox), request, usize::MAX).await;
    let all = truth(&sandbox, Entity::Invoices);
    assert_eq!(rest.len() + read, all.len());
    keys.extend(rest);
    assert_eq!(keys, all);
}

#[tokio::test(start_paused = true)]
async fn a_licence_that_goes_away_leaves_the_others_alone() {
    let sandbox = Model::builder().invoices(300).build();
    let books = connected(&sandbox);
    let mut batches = books.read(ReadRequest::full("invoices")).unwrap();
    batches.next().await.unwrap().unwrap();
    sandbox.set_licence(Entity::Invoices, false);
    let error = batches.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, Some("2001101")));
    let (keys, _) = pull(&books, ReadRequest::full("customers"), usize::MAX).await;
    assert_eq!(keys, truth(&sandbox, Entity::Customers));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_haste_without_a_time_is_waited_out() {
    let sandbox = Model::builder().invoices(60).build();
    sandbox.inject(
        FaultRule::new(Fault::TooManyRequests { retry_after: RetryAfter::None })
            .on("GET", "/3/invoices/")
            .skip(5)
            .times(3),
    );
    let books = connected(&sandbox);
    let begun = sandbox.now();
    let (keys, _) = pull(&books, ReadRequest::full("invoices"), usize::MAX).await;
    assert_eq!(keys, truth(&sandbox, Entity::Invoices));
    assert!((sandbox.now() - begun).num_seconds() >= 5);
}

/// The whole entity, or each of its years, with what the last batch of each said.
async fn whole(
    books: &Arc<dyn Connector>,
    name: &str,
) -> (BTreeSet<String>, Vec<(Option<Partition>, Batch)>) {
    let mut parts: Vec<Option<Partition>> = vec![None];
    if matches!(name, "accounts" | "vouchers") {
        let years = books.partitions(PartitionsRequest::new(name)).await.unwrap().partitions;
        parts = years.into_iter().map(|year| Some(year.partition)).collect();
    }
    let (mut keys, mut last) = (BTreeSet::new(), Vec::new());
    for part in parts {
        let mut request = ReadRequest::changes(name);
        request.partition = part.clone();
        let batches: Vec<Batch> = books.read(request).unwrap().try_collect().await.unwrap();
        assert!(batches.iter().all(|batch| batch.pass == ReadMode::Full), "{name}");
        let changes = batches.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
        keys.extend(changes.map(|change| change.key().to_string()));
        last.push((part, batches.last().unwrap().clone()));
    }
    (keys, last)
}

#[tokio::test(start_paused = true)]
async fn every_entity_is_read_and_read_again() {
    let sandbox = Model::builder().invoices(100).build();
    let books = connected(&sandbox);
    for entity in Entity::ALL {
        let name = entity.path();
        let (keys, last) = whole(&books, name).await;
        assert_eq!(keys, truth(&sandbox, entity), "{name}");
        let knows_changes = !matches!(entity, Entity::Projects | Entity::Vouchers | Entity::FinancialYears);
        let expected = if knows_changes { ReadMode::Changes } else { ReadMode::Full };
        for (part, batch) in last {
            assert_eq!(batch.end, Some(PassEnd::Complete), "{name}");
            let mut again = ReadRequest::changes(name).with_state(Some(batch.state));
            again.partition = part;
            let batches: Vec<Batch> = books.read(again).unwrap().try_collect().await.unwrap();
            assert!(batches.iter().all(|batch| batch.pass == expected), "{name}");
        }
    }
}
