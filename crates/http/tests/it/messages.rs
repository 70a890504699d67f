use http::StatusCode;
use insta::assert_snapshot;
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, Limit, LimitScope};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{HttpStack, NetworkPolicy};

use crate::{client, get, host, options, post, provider, seconds};

#[tokio::test(start_paused = true)]
async fn an_error_says_where_and_how_often() {
    let provider = MemoryTransport::new(|_| {
        Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &[("retry-after", "2")], "maintenance"))
    });
    let error = client(&provider).send(get("/v2/deals/42?secret=1").with_template("/v2/deals/{id}")).await;
    assert_snapshot!(error.unwrap_err(), @r#"Demo says "maintenance" (unavailable, HTTP 503, retry after 2 s, 5 attempts, method=GET, host=api.demo.example, path=/v2/deals/{id})"#);
    let error = client(&provider).send(post("/v2/deals")).await;
    assert_snapshot!(error.unwrap_err(), @r#"Demo says "maintenance" (unavailable, HTTP 503, retry after 2 s, method=POST, host=api.demo.example, path=/v2/deals)"#);
}

#[tokio::test(start_paused = true)]
async fn limits_are_named() {
    let limit = Limit::new("daily", LimitScope::Account, 1, seconds(86_400.0));
    let client = host(&provider(200, &[])).build().unwrap().client(options(vec![limit])).unwrap();
    client.send(get("/")).await.unwrap();
    assert_snapshot!(client.send(get("/")).await.unwrap_err(), @"Demo allows no more requests for now: go on after the wait (rate_limited, retry after 86401 s, limit=daily, method=GET, host=api.demo.example, path=/)");
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_says_why() {
    let provider = provider(302, &[("location", "https://login.example/start?next=x")]);
    let client = client(&provider);
    assert_snapshot!(client.send(get("/")).await.unwrap_err(), @"the provider redirects this request, and redirects are not followed: use the address that it redirects to, if it is the provider's own (config, HTTP 302, target=login.example, method=GET, host=api.demo.example, path=/)");
    let elsewhere = HttpRequest::get("https://other.example/x?y".parse().unwrap());
    assert_snapshot!(client.send(elsewhere).await.unwrap_err(), @"the credential is not sent to an address outside the connector's own: only the provider's declared origins and the connection's own address get it (forbidden, method=GET, host=other.example, path=/x)");
    let policy = NetworkPolicy::public_only();
    assert_snapshot!(policy.check_url(&"https://169.254.169.254/x?y".parse().unwrap()).unwrap_err(), @r#"requests to "169.254.169.254" are refused because the address is link-local, where clouds keep their metadata service: use the provider's public https address, or let the host application allow this network (config)"#);
    assert_snapshot!(policy.check_url(&"http://api.demo.example/".parse().unwrap()).unwrap_err(), @r#"requests to "api.demo.example" are refused because plain http is not encrypted: use the provider's public https address, or let the host application allow this network (config)"#);
    assert_snapshot!(HttpStack::builder().allow_network("lan").build().unwrap_err(), @r#""lan" is not a network: write it as an address with a prefix length, such as 127.0.0.1/32 (config)"#);
}

#[tokio::test(start_paused = true)]
async fn the_network_is_told_in_words() {
    let provider = MemoryTransport::new(|_| Err(Error::new(ErrorKind::Transport, "the answer broke off")));
    assert_snapshot!(client(&provider).send(post("/")).await.unwrap_err(), @"the answer broke off (transport, method=POST, host=api.demo.example, path=/)");
    let endless = MemoryTransport::new(|_| {
        Ok(http::Response::new(tieline_http::memory::body_of(std::iter::repeat_with(|| Ok("xxxx".into())))))
    });
    assert_snapshot!(client(&endless).send(get("/").with_body_limit(100)).await.unwrap_err(), @"the answer is larger than 100 bytes: ask for smaller pages, or raise the limit of the body (decode, method=GET, host=api.demo.example, path=/)");
    let slow = crate::provider(200, &[]).with_latency(seconds(600.0));
    assert_snapshot!(client(&slow).send(post("/")).await.unwrap_err(), @"the provider was silent for 60 s: go on later from the last stored state, and look at the provider's status page if it stays (timeout, method=POST, host=api.demo.example, path=/)");
}
