use std::time::Duration;

use http::StatusCode;
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, Resend};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{RetryPolicy, Timeouts};
use tokio::time::Instant;

use crate::{client, get, host, options, post, provider, seconds, statuses};

#[tokio::test(start_paused = true)]
async fn a_failure_is_tried_again_after_growing_waits() {
    let provider = statuses(&[503, 500, 502, 200]);
    let start = Instant::now();
    let answer = client(&provider).send(get("/")).await.unwrap();
    assert_eq!(answer.attempts, 4);
    // 0.5 + 1 + 2 seconds, each between half and all of it.
    assert!((seconds(1.75)..=seconds(3.6)).contains(&start.elapsed()), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn attempts_end() {
    let provider = provider(503, &[]);
    let error = client(&provider).send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Unavailable, 5));
    assert_eq!(provider.requests().len(), 5);
    let once = host(&provider).retry(RetryPolicy::never()).build().unwrap();
    let error = once.client(options(Vec::new())).unwrap().send(get("/")).await.unwrap_err();
    assert_eq!(error.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn retry_after_is_obeyed_in_each_form() {
    for (header, date) in [
        ("20", None),
        ("Thu, 01 Jan 2026 00:00:20 GMT", None),
        ("Thursday, 01-Jan-26 00:00:20 GMT", None),
        ("Thu Jan  1 00:00:20 2026", None),
        // Their clock is three hours ahead of ours, and only theirs counts.
        ("Thu, 01 Jan 2026 03:00:20 GMT", Some("Thu, 01 Jan 2026 03:00:00 GMT")),
    ] {
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            let mut headers = vec![("retry-after", header)];
            headers.extend(date.map(|date| ("date", date)));
            let provider = MemoryTransport::script([
                Ok(answer(status, &headers, "")),
                Ok(answer(StatusCode::OK, &[], "")),
            ]);
            let start = Instant::now();
            client(&provider).send(get("/")).await.unwrap();
            assert!(
                (seconds(20.0)..seconds(20.1)).contains(&start.elapsed()),
                "{header} {:?}",
                start.elapsed()
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_is_handed_up_and_not_slept() {
    let provider = provider(429, &[("retry-after", "31")]);
    let start = Instant::now();
    let error = client(&provider).send(get("/")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(31)));
    assert_eq!((error.attempts(), start.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_is_never_slept_on() {
    let provider = provider(402, &[("retry-after", "1")]);
    let error = client(&provider).send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::QuotaExhausted, 1));
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_help_is_not_tried_again() {
    for status in [400, 403, 404, 409, 422] {
        let provider = provider(status, &[]);
        client(&provider).send(get("/")).await.unwrap_err();
        assert_eq!(provider.requests().len(), 1, "{status}");
    }
}

/// What a transport reports, and whether a request of each kind is sent again.
#[tokio::test(start_paused = true)]
async fn only_what_is_safe_is_sent_again() {
    let fail = |kind: ErrorKind, resend: Resend| {
        MemoryTransport::new(move |_| Err(Error::new(kind, "the network fails").with_resend(resend)))
    };
    for (kind, resend, get_again, post_again) in [
        (ErrorKind::Transport, Resend::Safe, true, true),
        (ErrorKind::Transport, Resend::IfIdempotent, true, false),
        (ErrorKind::Timeout, Resend::IfIdempotent, true, false),
        (ErrorKind::Unavailable, Resend::IfIdempotent, true, false),
        (ErrorKind::Decode, Resend::IfIdempotent, true, false),
        (ErrorKind::Decode, Resend::Never, false, false),
        (ErrorKind::RateLimited, Resend::Safe, true, true),
    ] {
        for (request, again) in [
            (get("/"), get_again),
            (post("/"), post_again),
            (post("/").with_idempotent(true), get_again),
            (get("/").with_idempotent(false), post_again),
        ] {
            let provider = fail(kind, resend);
            let error = client(&provider).send(request.clone()).await.unwrap_err();
            assert_eq!(error.kind(), kind);
            // A silent provider is asked less often, because each attempt costs a whole timeout.
            let most = if kind == ErrorKind::Timeout { 3 } else { 5 };
            assert_eq!(
                provider.requests().len(),
                if again { most } else { 1 },
                "{kind:?} {resend:?} {request:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_not_sent_again_after_a_timeout() {
    let provider = provider(200, &[]).with_latency(seconds(60.0));
    let host = host(&provider).timeouts(Timeouts::default().with_total(seconds(5.0))).build().unwrap();
    let client = host.client(options(Vec::new())).unwrap();
    let start = Instant::now();
    let error = client.send(post("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), start.elapsed()), (ErrorKind::Timeout, 1, seconds(5.0)));
    let error = client.send(get("/").with_timeout(seconds(1.0))).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_is_part_of_the_attempt() {
    let broken = || {
        let pieces = [Ok("half".into()), Err(Error::new(ErrorKind::Transport, "the answer broke off"))];
        Ok(http::Response::new(tieline_http::memory::body_of(pieces)))
    };
    let provider = MemoryTransport::script([broken(), broken(), Ok(answer(StatusCode::OK, &[], "whole"))]);
    let got = client(&provider).send(get("/")).await.unwrap();
    assert_eq!((got.attempts, got.text().unwrap()), (3, "whole"));
    let provider = MemoryTransport::script([broken()]);
    assert_eq!(client(&provider).send(post("/")).await.unwrap_err().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_dead_provider_is_not_hammered() {
    let provider = provider(503, &[]);
    let client = client(&provider);
    for _ in 0..200 {
        client.send(get("/")).await.unwrap_err();
    }
    let retries = provider.requests().len() - 200;
    // A reserve of ten, and one for every five requests.
    assert!((45..=50).contains(&retries), "{retries}");
}

#[tokio::test(start_paused = true)]
async fn a_bound_on_the_body_is_an_error_that_names_it() {
    let provider = MemoryTransport::new(|_| {
        let endless = std::iter::repeat_with(|| Ok(vec![b'x'; 1000].into()));
        Ok(http::Response::new(tieline_http::memory::body_of(endless)))
    });
    let host = host(&provider).body_limit(5_000).build().unwrap();
    let client = host.client(options(Vec::new())).unwrap();
    let error = client.send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.resend(), error.attempts()), (ErrorKind::Decode, Resend::Never, 1));
    assert!(error.message().contains("5000"), "{error}");
    let error = client.send(get("/").with_body_limit(10)).await.unwrap_err();
    assert!(error.message().contains("larger than 10 bytes"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_that_shows_only_the_host() {
    let location = [("location", "https://user:s3cret@login.example/x?token=s3cret")];
    let provider = MemoryTransport::new(move |_| Ok(answer(StatusCode::FOUND, &location, "")));
    let error = client(&provider).send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 1));
    let text = format!("{error} {error:?}");
    assert!(text.contains("target=login.example") && !text.contains("s3cret"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_write_whose_answer_is_unusable_may_have_been_done() {
    let location = [("location", "/deals/42")];
    for (status, get_may, post_may) in [
        (302, Resend::Never, Resend::IfIdempotent),
        (303, Resend::Never, Resend::IfIdempotent),
        (307, Resend::Never, Resend::Never),
        (308, Resend::Never, Resend::Never),
        (200, Resend::Never, Resend::IfIdempotent),
    ] {
        for (request, resend) in [(get("/"), get_may), (post("/"), post_may)] {
            let status = StatusCode::from_u16(status).unwrap();
            let provider = MemoryTransport::new(move |_| Ok(answer(status, &location, "too long")));
            let error = client(&provider).send(request.with_body_limit(8 - usize::from(status == 200))).await;
            let error = error.unwrap_err();
            assert_eq!((error.resend(), error.attempts()), (resend, 1), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_header_is_refused() {
    let provider = provider(200, &[]);
    let request: HttpRequest = get("/").with_header(http::header::HOST, "evil.example".parse().unwrap());
    assert_eq!(client(&provider).send(request).await.unwrap_err().kind(), ErrorKind::Config);
    assert!(provider.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_silent_provider_is_asked_three_times() {
    let provider = provider(200, &[]).with_latency(seconds(3600.0));
    let start = tokio::time::Instant::now();
    let error = client(&provider).send(get("/")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), provider.requests().len()), (ErrorKind::Timeout, 3, 3));
    assert!(start.elapsed() < seconds(185.0), "{:?}", start.elapsed());
}
