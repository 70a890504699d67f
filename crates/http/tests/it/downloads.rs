//! Responses that are streamed: redirects to storage, ranges, places in flight, silence.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use http::StatusCode;
use http::header::{AUTHORIZATION, COOKIE};
use tieline_core::http::{HttpClient, HttpRequest, Redirects, StreamedResponse};
use tieline_core::{Credential, ErrorKind, Limit, LimitScope, Recovery, Rejection, Result, SecretGeneration};
use tieline_http::memory::{MemoryTransport, answer, body_of};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy};
use tokio::time::Instant;
use wiremock::matchers::{any, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::{Demo, get, host, options, seconds};

/// A secret in every place where one can be.
#[derive(Debug)]
struct Everywhere;

#[async_trait]
impl Credential for Everywhere {
    async fn authorize(&self, request: &mut HttpRequest) -> Result<SecretGeneration> {
        request.headers_mut().insert(AUTHORIZATION, "Bearer s3cret".parse().unwrap());
        request.headers_mut().insert(COOKIE, "session=s3cret".parse().unwrap());
        request.headers_mut().insert("x-api-key", "s3cret".parse().unwrap());
        request.url_mut().query_pairs_mut().append_pair("key", "s3cret");
        Ok(SecretGeneration::default())
    }

    async fn rejected(&self, _: SecretGeneration, _: &Rejection) -> Result<Recovery> {
        panic!("the refusal of storage is none of the credential");
    }

    fn scrub(&self, text: &str) -> Option<String> {
        text.contains("s3cret").then(|| text.replace("s3cret", "[redacted]"))
    }
}

async fn all(response: StreamedResponse) -> Result<Vec<u8>> {
    Ok(response.body.try_collect::<Vec<Bytes>>().await?.concat())
}

fn real(server: &MockServer) -> HttpClient {
    let stack =
        HttpStack::builder().allow_network("127.0.0.1/32").retry(RetryPolicy::never()).build().unwrap();
    let options = ClientOptions::new(Arc::new(Demo::new(Vec::new())), server.uri().parse().unwrap())
        .with_credential(Arc::new(Everywhere));
    stack.client(options).unwrap()
}

fn at(server: &MockServer, path: &str) -> HttpRequest {
    HttpRequest::get(format!("{}{path}", server.uri()).parse().unwrap())
}

#[tokio::test]
async fn a_redirect_to_storage_is_followed_without_the_credential() {
    let (provider, storage) = (MockServer::start().await, MockServer::start().await);
    let link = format!("{}/signed?sig=abc", storage.uri());
    for (from, to) in [("/file", "/moved"), ("/moved", link.as_str())] {
        let redirect = ResponseTemplate::new(302).insert_header("location", to);
        Mock::given(path(from)).respond_with(redirect).mount(&provider).await;
    }
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_string("content"))
        .mount(&storage)
        .await;
    let client = real(&provider);
    let download = at(&provider, "/file").with_redirects(Redirects::FollowWithoutCredential);
    let response = client.open(download.clone().with_range(2, Some(3))).await.unwrap();
    assert_eq!(all(response).await.unwrap(), b"content");

    let seen = storage.received_requests().await.unwrap().pop().unwrap();
    assert!(!format!("{:?} {:?}", seen.headers, seen.url).contains("s3cret"));
    assert_eq!((seen.url.query(), &seen.headers["range"]), (Some("sig=abc"), &"bytes=2-4".parse().unwrap()));
    let moved = provider.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(moved.url.path(), "/moved");
    assert!(!format!("{:?} {:?}", moved.headers, moved.url).contains("s3cret"), "not even at home");

    // Only where it is asked for, and only of a download.
    assert_eq!(client.open(at(&provider, "/file")).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(client.send(download).await.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn redirects_lead_nowhere_that_the_guard_refuses_and_end() {
    let provider = MockServer::start().await;
    for (from, to) in [
        ("/metadata", "http://169.254.169.254/latest/meta-data".to_owned()),
        ("/plain", "http://storage.example/file".to_owned()),
        ("/file", "file:///etc/passwd".to_owned()),
        ("/round", "/round".to_owned()),
    ] {
        let redirect = ResponseTemplate::new(307).insert_header("location", to.as_str());
        Mock::given(path(from)).respond_with(redirect).mount(&provider).await;
        let request = at(&provider, from).with_redirects(Redirects::FollowWithoutCredential);
        let error = real(&provider).open(request).await.unwrap_err();
        let expected =
            if from == "/round" || from == "/file" { ErrorKind::Decode } else { ErrorKind::Config };
        assert!(matches!(error.kind(), kind if kind == expected || from == "/plain"), "{from}: {error}");
    }
    let rounds = provider.received_requests().await.unwrap();
    assert_eq!(rounds.iter().filter(|request| request.url.path() == "/round").count(), 6);
}

#[tokio::test]
async fn a_refusal_of_storage_is_none_of_the_connection() {
    let (provider, storage) = (MockServer::start().await, MockServer::start().await);
    for status in [401, 403, 404, 429, 500] {
        let redirect = ResponseTemplate::new(302).insert_header("location", storage.uri().as_str());
        Mock::given(any()).respond_with(redirect).mount(&provider).await;
        storage.reset().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(status)).mount(&storage).await;
        let request = at(&provider, "/file").with_redirects(Redirects::FollowWithoutCredential);
        let error = real(&provider).open(request).await.unwrap_err();
        let expected = if status == 404 { ErrorKind::NotFound } else { ErrorKind::Unavailable };
        assert_eq!(error.kind(), expected, "{status}: {error}");
        assert_eq!(error.status().unwrap().as_u16(), status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_range_is_put_right_where_the_server_ignores_it() {
    const FILE: &str = "0123456789";
    let whole = MemoryTransport::new(|_| {
        let pieces = FILE.as_bytes().chunks(3).map(|piece| Ok(Bytes::from_static(piece)));
        Ok(http::Response::builder().header("content-length", "10").body(body_of(pieces)).unwrap())
    });
    let part = MemoryTransport::new(|request| {
        let range = request.headers()["range"].to_str().unwrap().to_owned();
        let start: usize = range["bytes=".len()..].split('-').next().unwrap().parse().unwrap();
        let range = format!("bytes {start}-9/10");
        Ok(answer(StatusCode::PARTIAL_CONTENT, &[("content-range", &range)], &FILE[start..]))
    });
    for provider in [whole.clone(), part] {
        for (offset, length) in [(4, None), (4, Some(3)), (9, Some(5)), (10, Some(1)), (3, Some(0))] {
            let request = get("/file").with_range(offset, length);
            let response = crate::client(&provider).open(request).await.unwrap();
            let content = response.into_content(offset, length).unwrap();
            assert_eq!(content.length, Some(10));
            let from = usize::try_from(offset).unwrap();
            let to = length.map_or(10, |length| 10.min(from + usize::try_from(length).unwrap()));
            let bytes = content.bytes.try_collect::<Vec<Bytes>>().await.unwrap().concat();
            assert_eq!(String::from_utf8(bytes).unwrap(), FILE[from..to], "{offset} {length:?}");
        }
    }
    let other = crate::provider(206, &[("content-range", "bytes 0-9/10")]);
    let response = crate::client(&other).open(get("/file").with_range(4, None)).await.unwrap();
    assert_eq!(response.into_content(4, None).unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_place_in_flight_until_it_is_dropped() {
    let provider = MemoryTransport::new(|_| Ok(answer(StatusCode::OK, &[], "content")));
    let limits = vec![
        Limit::in_flight("parallel", LimitScope::Account, 2),
        Limit::new("burst", LimitScope::Account, 100, seconds(1.0)),
    ];
    let retry = RetryPolicy::never().with_max_wait(seconds(5.0));
    let client = host(&provider).retry(retry).build().unwrap().client(options(limits)).unwrap();
    let first = client.open(get("/file")).await.unwrap();
    let second = client.open(get("/file")).await.unwrap();
    let start = Instant::now();
    let error = client.send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::RateLimited, seconds(5.0)));
    assert!(error.to_string().contains("limit=parallel"), "{error}");

    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.send(get("/")).await }
    });
    tokio::time::sleep(seconds(1.0)).await;
    drop(first);
    waiting.await.unwrap().unwrap();
    // Read to its end, a stream gives its place back as well.
    let mut body = second.body;
    while body.next().await.is_some() {}
    let third = client.open(get("/file")).await.unwrap();
    let fourth = client.open(get("/file")).await.unwrap();
    drop((body, third, fourth));
}

#[tokio::test(start_paused = true)]
async fn an_idle_stream_times_out_and_gives_its_place_back() {
    let silent = MemoryTransport::new(|_| {
        let body = futures_util::stream::iter([Ok(Bytes::from_static(b"begin"))]);
        Ok(http::Response::new(body.chain(futures_util::stream::pending()).boxed()))
    });
    let limits = vec![Limit::in_flight("parallel", LimitScope::Account, 1)];
    let stack = host(&silent).build().unwrap();
    let client = stack.client(options(limits)).unwrap();

    // The provider is silent.
    let start = Instant::now();
    let mut response = client.open(get("/file")).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "begin");
    let error = response.body.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, seconds(60.0)));
    assert!(response.body.next().await.is_none());

    // Nobody reads.
    let mut unread = client.open(get("/file")).await.unwrap();
    tokio::time::sleep(seconds(61.0)).await;
    let another = client.open(get("/file")).await.unwrap();
    assert_eq!(unread.body.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    drop(another);
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_has_no_total_timeout_and_a_bound_where_it_is_asked_for() {
    let slow = MemoryTransport::new(|_| {
        let body = futures_util::stream::unfold(0, |count| async move {
            tokio::time::sleep(Duration::from_secs(50)).await;
            (count < 10).then(|| (Ok(Bytes::from_static(b"12345")), count + 1))
        });
        Ok(http::Response::new(body.boxed()))
    });
    let client = crate::client(&slow);
    let response = client.open(get("/file")).await.unwrap();
    assert_eq!(all(response).await.unwrap().len(), 50);
    let response = client.open(get("/file").with_body_limit(12)).await.unwrap();
    assert_eq!(all(response).await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test(start_paused = true)]
async fn a_failure_instead_of_a_stream_is_judged_and_tried_again() {
    let provider = MemoryTransport::script([
        Ok(answer(StatusCode::SERVICE_UNAVAILABLE, &[], "down")),
        Ok(answer(StatusCode::OK, &[], "content")),
        Ok(answer(StatusCode::NOT_FOUND, &[], "gone")),
    ]);
    let client = crate::client(&provider);
    let response = client.open(get("/file")).await.unwrap();
    assert_eq!((response.attempts, all(response).await.unwrap()), (2, b"content".to_vec()));
    let error = client.open(get("/file")).await.unwrap_err();
    assert!(error.to_string().contains("Demo says \"gone\""), "{error}");
}
