//! What responses say about limits, and limits beside windows: per day, in flight, by a key, paused and lifted.

use std::sync::Arc;

use chrono::FixedOffset;
use http::StatusCode;
use serde_json::Value;
use tieline_core::http::{Classification, HttpClient, HttpRequest, ResponseView, Usage};
use tieline_core::{
    BuildContext, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Limit, LimitScope, Result,
};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, ProviderOptions, RetryPolicy};
use tokio::task::JoinSet;
use tokio::time::Instant;
use url::Url;

use crate::{Demo, get, host, options, provider, seconds};

/// A GraphQL provider, which says in its body what a query has cost and what is left, and refuses inside a 200.
#[derive(Debug)]
struct GraphQl(Demo);

impl ConnectorFactory for GraphQl {
    fn spec(&self) -> &ConnectorSpec {
        self.0.spec()
    }

    fn classify(&self, response: &ResponseView<'_>) -> Classification {
        let body: Value = serde_json::from_slice(response.body).unwrap_or_default();
        let usage = Usage::new()
            .with_cost(body["cost"].as_u64().unwrap_or_default().try_into().unwrap())
            .with_quota(body["max"].as_u64().unwrap_or(100))
            .with_remaining(body["left"].as_u64().unwrap_or_default());
        // One endpoint of many answers in its own way.
        if response.template == "/bulk" && response.tag == Some("bulk") {
            return Classification::fail(Error::new(ErrorKind::Rejected, "bulk says no"));
        }
        match body["throttled"].as_bool() {
            Some(true) => {
                Classification::fail(Error::new(ErrorKind::RateLimited, "throttled")).with_usage(usage)
            }
            _ => Classification::accept().with_usage(usage),
        }
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        self.0.base_url(config)
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        self.0.build(context)
    }
}

fn graph_ql(bodies: &[&str]) -> (HttpClient, MemoryTransport) {
    let answers = bodies.iter().map(|body| Ok(answer(StatusCode::OK, &[], (*body).to_owned())));
    let provider = MemoryTransport::script(answers.collect::<Vec<_>>());
    let points = Limit::new("points", LimitScope::Account, 100, seconds(10.0)).counting_cost();
    let factory = Arc::new(GraphQl(Demo::new(vec![points])));
    let options = ClientOptions::new(factory, crate::url(""));
    (host(&provider).build().unwrap().client(options).unwrap(), provider)
}

async fn timed(client: &HttpClient, request: HttpRequest) -> f64 {
    let start = Instant::now();
    client.send(request).await.unwrap();
    (start.elapsed().as_secs_f64() * 10.0).round() / 10.0
}

#[tokio::test(start_paused = true)]
async fn the_body_says_what_a_query_has_cost_and_what_is_left() {
    let ok = r#"{"cost": 5, "left": 95}"#;
    // Reserved for fifty, and it cost five: there is room for the next.
    let (client, _) = graph_ql(&[ok, r#"{"cost": 5, "left": 90}"#, r#"{"cost": 90, "left": 0}"#, ok]);
    for wait in [0.0, 0.0] {
        assert_eq!(timed(&client, get("/").with_cost(50)).await, wait);
    }
    assert_eq!(timed(&client, get("/").with_cost(90)).await, 0.0);
    assert_eq!(timed(&client, get("/").with_cost(10)).await, 10.0);

    // Others have used most of the account.
    let (client, _) = graph_ql(&[r#"{"cost": 5, "left": 20}"#, ok, ok]);
    assert_eq!(timed(&client, get("/").with_cost(5)).await, 0.0);
    assert_eq!(timed(&client, get("/").with_cost(20)).await, 0.0);
    assert_eq!(timed(&client, get("/").with_cost(5)).await, 0.0, "the later response knows better");
}

#[tokio::test(start_paused = true)]
async fn units_of_others_hold_requests_back() {
    let limit = Limit::new("hour", LimitScope::Account, 10, seconds(60.0)).with_headers("x-ratelimit");
    let spoken = std::sync::Mutex::new(vec![("2", "20"), ("1", "20"), ("0", "")]);
    let provider = MemoryTransport::new(move |_| {
        let mut spoken = spoken.lock().unwrap();
        let (left, reset) = if spoken.is_empty() { ("9", "60") } else { spoken.remove(0) };
        let headers = [("x-ratelimit-remaining", left), ("x-ratelimit-reset", reset)];
        Ok(answer(StatusCode::OK, &headers, ""))
    });
    let client = host(&provider)
        .retry(RetryPolicy::default().with_max_wait(seconds(100.0)))
        .build()
        .unwrap()
        .client(options(vec![limit]))
        .unwrap();
    // Ten in the window by our own count, three by the provider's word.
    for wait in [0.0, 0.0, 0.0] {
        assert_eq!(timed(&client, get("/")).await, wait);
    }
    assert_eq!(timed(&client, get("/")).await, 60.0, "none was left, and no time was named");
}

#[tokio::test(start_paused = true)]
async fn rules_for_one_endpoint_see_template_and_tag() {
    let (client, _) = graph_ql(&["{}", "{}"]);
    client.send(get("/bulk").with_template("/bulk")).await.unwrap();
    let error = client.send(get("/bulk").with_template("/bulk").with_tag("bulk")).await.unwrap_err();
    assert!(error.message().contains("bulk says no"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_in_flight_lets_so_many_through_at_once() {
    let provider = provider(200, &[]).with_latency(seconds(3.0));
    let limits = vec![Limit::in_flight("parallel", LimitScope::Credential, 5)];
    let client = host(&provider).build().unwrap().client(options(limits)).unwrap();
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..20 {
        let client = client.clone();
        tasks.spawn(async move { client.send(get("/")).await.unwrap() });
    }
    tokio::time::sleep(seconds(1.0)).await;
    assert_eq!(provider.requests().len(), 5);
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    assert_eq!(start.elapsed(), seconds(12.0));
}

#[tokio::test(start_paused = true)]
async fn a_keyed_limit_counts_each_value_by_itself() {
    let limits = vec![
        Limit::new("channel", LimitScope::App, 1, seconds(4.0)).keyed_by("channel"),
        Limit::new("all", LimitScope::App, 100, seconds(1.0)),
    ];
    let provider = provider(200, &[]);
    let stack = host(&provider).build().unwrap();
    let clients =
        ["a", "b"].map(|account| stack.client(options(limits.clone()).with_account(account)).unwrap());
    let say = |channel: &str| get("/say").with_limit_key("channel", channel.to_owned());
    assert_eq!(timed(&clients[0], say("C1")).await, 0.0);
    assert_eq!(timed(&clients[0], say("C2")).await, 0.0);
    assert_eq!(timed(&clients[0], get("/list")).await, 0.0);
    assert_eq!(timed(&clients[1], say("C1")).await, 4.0, "the app's connections share it");
}

#[tokio::test(start_paused = true)]
async fn a_day_begins_at_midnight_of_its_zone() {
    // The tests begin at midnight in UTC, when it is one o'clock in this zone.
    let west = FixedOffset::west_opt(23 * 3600).unwrap();
    let limits = vec![Limit::per_day("day", LimitScope::Account, 2).with_day_in(west)];
    let provider = provider(200, &[]);
    let retry = RetryPolicy::default().with_max_wait(seconds(86_000.0));
    let client = host(&provider).retry(retry).build().unwrap().client(options(limits)).unwrap();
    for hours in [0.0, 0.0, 23.0] {
        assert_eq!((timed(&client, get("/")).await / 3600.0).round(), hours);
    }
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_pauses_its_limit_until_it_is_lifted() {
    let limits = vec![
        Limit::new("burst", LimitScope::Account, 10, seconds(2.0)),
        Limit::per_day("day", LimitScope::Account, 1000),
    ];
    for (limits, name) in [(limits, "day"), (Vec::new(), "")] {
        let spent = answer(StatusCode::PAYMENT_REQUIRED, &[("retry-after", "7200")], "");
        let fine = || answer(StatusCode::OK, &[], "");
        let provider = MemoryTransport::script([spent, fine(), fine()].map(Ok));
        let stack = host(&provider).build().unwrap();
        let client = stack.client(options(limits.clone()).with_account("a").with_tenant("acme")).unwrap();
        let other = stack.client(options(limits).with_account("b").with_tenant("acme")).unwrap();
        assert_eq!(client.send(get("/")).await.unwrap_err().kind(), ErrorKind::QuotaExhausted);

        // Nothing is sent any more, and the error stays what it was.
        let error = client.send(get("/")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::QuotaExhausted, 0), "{error}");
        assert_eq!(error.retry_after().unwrap().as_secs(), 7200);
        assert_eq!(provider.requests().len(), 1);
        other.send(get("/")).await.unwrap();

        let pauses = stack.limit_pauses();
        let [pause] = pauses.as_slice() else { panic!("{pauses:?}") };
        assert_eq!((pause.provider.as_str(), pause.limit.as_str()), ("demo", name));
        assert_eq!((pause.account.as_deref(), pause.exhausted), (Some("acme/a"), true));
        assert!(stack.lift_pause(pause));
        client.send(get("/")).await.unwrap();
        assert!(stack.limit_pauses().is_empty() && !stack.lift_pause(pause));
    }
}

#[tokio::test(start_paused = true)]
async fn a_lifted_pause_wakes_who_waits_for_it() {
    let refusal = answer(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "20")], "");
    let provider = MemoryTransport::script([refusal, answer(StatusCode::OK, &[], "")].map(Ok));
    let stack = host(&provider).retry(RetryPolicy::never()).build().unwrap();
    let client = stack.client(options(Vec::new()).with_account("a")).unwrap();
    assert_eq!(client.send(get("/")).await.unwrap_err().kind(), ErrorKind::RateLimited);
    let start = Instant::now();
    let waiting = tokio::spawn(async move { client.send(get("/")).await });
    tokio::time::sleep(seconds(3.0)).await;
    assert!(stack.lift_pause(&stack.limit_pauses()[0]));
    waiting.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), seconds(3.0));
}

#[tokio::test(start_paused = true)]
async fn a_cap_in_flight_is_the_hosts_for_each_provider() {
    for (general, own, at_once) in [(Some(2), None, 2), (Some(2), Some(3), 3), (None, Some(1), 1)] {
        let provider = provider(200, &[]).with_latency(seconds(1.0));
        let mut builder = host(&provider);
        if let Some(requests) = general {
            builder = builder.max_in_flight(requests);
        }
        if let Some(requests) = own {
            builder = builder.provider("demo", ProviderOptions::new().with_max_in_flight(requests));
        }
        let stack = builder.build().unwrap();
        let mut tasks = JoinSet::new();
        for account in ["a", "b", "c", "d"] {
            let client = stack.client(options(Vec::new()).with_account(account)).unwrap();
            tasks.spawn(async move { client.send(get("/")).await.unwrap() });
        }
        tokio::time::sleep(seconds(0.5)).await;
        assert_eq!(provider.requests().len(), at_once);
        while tasks.join_next().await.is_some() {}
    }
}
