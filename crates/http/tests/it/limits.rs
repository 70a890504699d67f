use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use proptest::prelude::*;
use tieline_core::{AuthScheme, ErrorKind, Field, IntoCredential, Limit, LimitScope, Resend};
use tieline_http::RetryPolicy;
use tieline_http::memory::{MemoryTransport, answer};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::{get, host, options, post, provider, seconds};

fn burst(quota: u32, per: f64) -> Limit {
    Limit::new("burst", LimitScope::Credential, quota, seconds(per))
}

/// When the provider saw how many units.
type Seen = Arc<Mutex<Vec<(Instant, u64)>>>;

/// A provider that counts what it sees, when it sees it.
fn counting(out: Vec<u64>, back: Vec<u64>) -> (MemoryTransport, Seen) {
    let seen: Seen = Arc::default();
    let log = Arc::clone(&seen);
    let turn = Arc::new(Mutex::new(0_usize));
    let transport = MemoryTransport::new_async(move |request| {
        let (log, out, back) = (Arc::clone(&log), out.clone(), back.clone());
        let index = {
            let mut turn = turn.lock().unwrap();
            *turn += 1;
            *turn
        };
        async move {
            pass(out[index % out.len()]).await;
            let cost =
                request.headers().get("x-cost").map_or(1, |cost| cost.to_str().unwrap().parse().unwrap());
            log.lock().unwrap().push((Instant::now(), cost));
            pass(back[index % back.len()]).await;
            Ok(answer(StatusCode::OK, &[], ""))
        }
    });
    (transport, seen)
}

/// Not even the timer's resolution, when it is zero.
async fn pass(millis: u64) {
    if millis > 0 {
        sleep(Duration::from_millis(millis)).await;
    }
}

/// The most units that the provider saw in any window of this length, both ends counted.
fn fullest_window(seen: &[(Instant, u64)], per: Duration) -> u64 {
    let mut seen = seen.to_vec();
    seen.sort_unstable();
    let from = |start: &(Instant, u64)| {
        let start = start.0;
        seen.iter().filter(|(at, _)| (start..=start + per).contains(at)).map(|(_, units)| units).sum()
    };
    seen.iter().map(from).max().unwrap_or_default()
}

/// Often none, because the law is tightest where the network is fastest.
fn delay() -> impl Strategy<Value = u64> {
    prop_oneof![2 => Just(0_u64), 1 => 0_u64..900]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn in_no_window_the_provider_sees_more_than_the_quota(
        quota in 1_u32..12,
        per in 20_u64..3_000,
        costs in prop::collection::vec(1_u32..5, 1..60),
        starts in prop::collection::vec(0_u64..2_000, 1..8),
        out in prop::collection::vec(delay(), 1..8),
        back in prop::collection::vec(delay(), 1..8),
        cancelled in prop::collection::vec(1_u64..1_500, 0..4),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let per = Duration::from_millis(per);
        let (seen, sent) = runtime.block_on(async move {
            let (provider, seen) = counting(out, back);
            let retry = RetryPolicy::never().with_max_wait(Duration::from_secs(80_000));
            let limit = Limit::new("units", LimitScope::Account, quota, per).counting_cost();
            let client = host(&provider).retry(retry).build().unwrap().client(options(vec![limit])).unwrap();
            let mut tasks = JoinSet::new();
            let mut sent = 0_u64;
            for (index, cost) in costs.into_iter().enumerate() {
                let cost = cost.min(quota);
                let (client, start) = (client.clone(), starts[index % starts.len()]);
                let request = get("/").with_cost(cost).with_header("x-cost".parse().unwrap(), cost.into());
                let patience = cancelled.get(index).copied();
                sent += u64::from(cost);
                tasks.spawn(async move {
                    sleep(Duration::from_millis(start)).await;
                    match patience {
                        // A caller that gives up may have been seen, or not.
                        Some(millis) => {
                            let _ = tokio::time::timeout(Duration::from_millis(millis), client.send(request)).await;
                        }
                        None => drop(client.send(request).await.unwrap()),
                    }
                });
            }
            while let Some(done) = tasks.join_next().await {
                done.unwrap();
            }
            let seen = seen.lock().unwrap().clone();
            (seen, if cancelled.is_empty() { Some(sent) } else { None })
        });
        prop_assert!(fullest_window(&seen, per) <= u64::from(quota));
        if let Some(sent) = sent {
            prop_assert_eq!(seen.iter().map(|(_, units)| units).sum::<u64>(), sent);
        }
    }
}

async fn run(client: &tieline_core::http::HttpClient, requests: usize) -> Duration {
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..requests {
        let client = client.clone();
        tasks.spawn(async move { client.send(get("/")).await.unwrap() });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn the_quota_is_used_up_in_every_window() {
    let provider = provider(200, &[]);
    let client = host(&provider).build().unwrap().client(options(vec![burst(20, 2.0)])).unwrap();
    let took = run(&client, 200).await;
    assert!((seconds(18.0)..seconds(18.1)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_does_not_bite_costs_no_time() {
    let provider = provider(200, &[]);
    let client = host(&provider).build().unwrap().client(options(vec![burst(1_000_000, 2.0)])).unwrap();
    assert_eq!(run(&client, 5_000).await, Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn who_waits_first_is_served_first() {
    let provider = provider(200, &[]);
    let client =
        host(&provider).build().unwrap().client(options(vec![burst(1, 1.0).counting_cost()])).unwrap();
    let mut tasks = JoinSet::new();
    for index in 0..12_u32 {
        let client = client.clone();
        tasks.spawn(async move { client.send(get(&format!("/{index}"))).await.unwrap() });
        tokio::task::yield_now().await;
    }
    while tasks.join_next().await.is_some() {}
    let order: Vec<String> =
        provider.requests().iter().map(|request| request.uri().path().to_owned()).collect();
    assert_eq!(order, (0..12).map(|index| format!("/{index}")).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn connections_share_what_the_scope_says() {
    for (scope, accounts, windows) in [
        (LimitScope::App, ["a", "b"], 2.0),
        (LimitScope::Ip, ["a", "b"], 2.0),
        (LimitScope::Account, ["a", "b"], 0.0),
        (LimitScope::Account, ["a", "a"], 2.0),
        (LimitScope::Credential, ["a", "a"], 2.0),
    ] {
        let provider = provider(200, &[]);
        let host = host(&provider).build().unwrap();
        let limit = Limit::new("shared", scope, 2, seconds(2.0));
        let start = Instant::now();
        for account in accounts {
            let client = host.client(options(vec![limit.clone()]).with_account(account)).unwrap();
            run(&client, 2).await;
        }
        assert_eq!(start.elapsed().as_secs_f64().round(), windows, "{scope:?} {accounts:?}");
    }
    // Without an account and a secret each client is its own.
    let provider = provider(200, &[]);
    let host = host(&provider).build().unwrap();
    for _ in 0..3 {
        assert_eq!(run(&host.client(options(vec![burst(1, 60.0)])).unwrap(), 1).await, Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn connections_with_the_same_secret_share_limits_without_a_name() {
    let key = |secret: &'static str| {
        let scheme = AuthScheme::bearer(Field::secret("token", "Token"));
        tieline_auth::Bearer::new(secret).into_credential(&[scheme]).unwrap()
    };
    let provider = provider(200, &[]);
    let host = host(&provider).build().unwrap();
    let client = |secret| {
        // A handle of its own each time, as when each task connects anew.
        host.client(options(vec![burst(2, 60.0)]).with_credential(key(secret))).unwrap()
    };
    let start = Instant::now();
    for (secret, after) in [("one", 0.0), ("one", 0.0), ("two", 0.0)] {
        client(secret).send(get("/")).await.unwrap();
        assert_eq!(start.elapsed(), seconds(after), "{secret}");
    }
    let error = client("one").send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), provider.requests().len()), (ErrorKind::RateLimited, 3));
    client("two").send(get("/")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tagged_limit_holds_only_its_own() {
    let provider = provider(200, &[]);
    let search = Limit::new("search", LimitScope::Credential, 1, seconds(1.0)).with_tag("search");
    let limits = vec![burst(100, 1.0), search];
    let client = host(&provider).build().unwrap().client(options(limits)).unwrap();
    let mut searches = JoinSet::new();
    for _ in 0..5 {
        let client = client.clone();
        searches.spawn(async move { client.send(get("/search").with_tag("search")).await.unwrap() });
    }
    tokio::task::yield_now().await;
    assert_eq!(run(&client, 50).await, Duration::ZERO);
    let start = Instant::now();
    while searches.join_next().await.is_some() {}
    assert_eq!(start.elapsed().as_secs_f64().round(), 4.0);
}

#[tokio::test(start_paused = true)]
async fn a_longer_wait_than_allowed_is_handed_up() {
    let provider = provider(200, &[]);
    let client = host(&provider).build().unwrap().client(options(vec![burst(1, 3600.0)])).unwrap();
    client.send(get("/")).await.unwrap();
    let start = Instant::now();
    let error = client.send(post("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.resend(), Resend::Safe);
    assert_eq!(error.attempts(), 0);
    assert_eq!(error.retry_after().unwrap().as_secs(), 3600);
    assert_eq!(start.elapsed(), Duration::ZERO, "it did not wait to find out");
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_429_pauses_everyone_under_the_same_limit() {
    for limits in [vec![burst(100, 2.0)], Vec::new()] {
        let refusal = answer(StatusCode::TOO_MANY_REQUESTS, &[("retry-after", "7")], "");
        let rest = (0..3).map(|_| answer(StatusCode::OK, &[], ""));
        let provider = MemoryTransport::script([refusal].into_iter().chain(rest).map(Ok));
        let host = host(&provider).build().unwrap();
        let client = |account: &str| host.client(options(limits.clone()).with_account(account)).unwrap();
        let (first, second, other) = (client("a"), client("a"), client("b"));
        let start = Instant::now();
        let refused = tokio::spawn(async move { first.send(get("/")).await.unwrap() });
        sleep(seconds(1.0)).await;
        other.send(get("/")).await.unwrap();
        assert_eq!(start.elapsed(), seconds(1.0), "another account is not paused");
        second.send(get("/")).await.unwrap();
        assert!((seconds(7.0)..seconds(7.1)).contains(&start.elapsed()), "{:?}", start.elapsed());
        assert_eq!(refused.await.unwrap().attempts, 2);
    }
}

#[tokio::test(start_paused = true)]
async fn headers_correct_the_quota_and_announce_the_end() {
    let limit = || burst(100, 10.0).with_headers("x-ratelimit");
    // A smaller plan than the spec says.
    let smaller = provider(200, &[("x-ratelimit-limit", "5"), ("x-ratelimit-remaining", "3")]);
    let client = host(&smaller).build().unwrap().client(options(vec![limit()])).unwrap();
    client.send(get("/")).await.unwrap();
    assert!((seconds(10.0)..seconds(10.1)).contains(&run(&client, 5).await));

    // Nothing remains, because others use the same account.
    let spent = provider(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "4")]);
    let client = host(&spent).build().unwrap().client(options(vec![limit()])).unwrap();
    client.send(get("/")).await.unwrap();
    assert!((seconds(4.0)..seconds(4.1)).contains(&run(&client, 1).await));

    // The structured fields, by the limit's name.
    let fields = provider(
        200,
        &[("ratelimit-policy", r#""burst";q=50;w=10, "day";q=9"#), ("ratelimit", r#""burst";r=0;t=6"#)],
    );
    let limit = burst(100, 10.0).with_headers("ratelimit");
    let client = host(&fields).build().unwrap().client(options(vec![limit])).unwrap();
    client.send(get("/")).await.unwrap();
    assert!((seconds(6.0)..seconds(6.1)).contains(&run(&client, 1).await));
}

#[tokio::test(start_paused = true)]
async fn headers_of_a_tagged_request_speak_of_its_own_limit() {
    let provider = provider(200, &[("x-ratelimit-limit", "2")]);
    let search = Limit::new("search", LimitScope::Credential, 10, seconds(9.0)).with_tag("search");
    let limits = vec![burst(50, 9.0).with_headers("x-ratelimit"), search.with_headers("x-ratelimit")];
    let client = host(&provider).build().unwrap().client(options(limits)).unwrap();
    for wait in [0.0, 0.0, 9.0] {
        let start = Instant::now();
        client.send(get("/search").with_tag("search")).await.unwrap();
        assert_eq!(start.elapsed().as_secs_f64().round(), wait);
    }
}

#[tokio::test(start_paused = true)]
async fn limits_of_a_customer_replace_those_of_the_spec() {
    let provider = provider(200, &[]);
    let options = options(vec![burst(1, 60.0)]).with_limits(vec![burst(10, 60.0)]);
    let client = host(&provider).build().unwrap().client(options).unwrap();
    assert_eq!(run(&client, 10).await, Duration::ZERO);
    for nothing in [burst(0, 1.0), burst(1, 0.0), burst(1, 1.0).with_headers("not a header")] {
        let host = host(&provider).build().unwrap();
        assert_eq!(host.client(crate::options(vec![nothing])).unwrap_err().kind(), ErrorKind::Config);
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_left_gives_its_units_back() {
    let provider = provider(200, &[]);
    let client = host(&provider).build().unwrap().client(options(vec![burst(1, 20.0)])).unwrap();
    for _ in 0..3 {
        let elsewhere = tieline_core::http::HttpRequest::get("https://other.example/".parse().unwrap());
        assert_eq!(client.send(elsewhere).await.unwrap_err().kind(), ErrorKind::Forbidden);
    }
    assert_eq!(run(&client, 1).await, Duration::ZERO);
}
