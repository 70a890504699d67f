//! Bodies that are streamed to a real socket, and what may be sent again of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use http::StatusCode;
use tieline_core::http::{Body, BodyStream, FileContent, Form, HttpRequest, Multipart, StreamedBody};
use tieline_core::{Error, ErrorKind};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack, Timeouts};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::{Demo, client, host, options, seconds, statuses, url};

fn pieces(pieces: &'static [&'static str]) -> BodyStream {
    futures_util::stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes())))).boxed()
}

/// What the server saw of one request.
async fn sent(body: impl Into<Body>) -> Request {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let host = HttpStack::builder().allow_network("127.0.0.1/32").build().unwrap();
    let base: url::Url = server.uri().parse().unwrap();
    let client = host.client(ClientOptions::new(Arc::new(Demo::new(Vec::new())), base.clone())).unwrap();
    client.send(HttpRequest::post(base, body)).await.unwrap();
    server.received_requests().await.unwrap().pop().unwrap()
}

#[tokio::test]
async fn a_stream_arrives_with_its_length_where_that_is_known() {
    let known = sent(StreamedBody::replayable(Some(11), || Ok(pieces(&["hello", " ", "world"])))).await;
    assert_eq!(known.body, b"hello world");
    assert_eq!(known.headers["content-length"], "11");
    assert!(!known.headers.contains_key("transfer-encoding"));

    let unknown = sent(StreamedBody::once(None, pieces(&["hello", " ", "world"]))).await;
    assert_eq!(unknown.body, b"hello world");
    assert_eq!(unknown.headers["transfer-encoding"], "chunked");
}

#[tokio::test]
async fn a_form_and_a_multipart_body_arrive_as_a_server_reads_them() {
    let form = sent(Form::new().field("a b", "1&2").field("a b", "é").build()).await;
    assert_eq!(form.body, b"a+b=1%262&a+b=%C3%A9");
    assert_eq!(form.headers["content-type"], "application/x-www-form-urlencoded");

    let file = StreamedBody::replayable(Some(6), || Ok(pieces(&["%PDF", "-1"])));
    let body = Multipart::new()
        .text("folder", "in\r\nvoices")
        .file("file", "a \"b\"\r\n.pdf", "application/pdf", FileContent::streamed(file))
        .build()
        .unwrap();
    let seen = sent(body).await;
    let kind = seen.headers["content-type"].to_str().unwrap().to_owned();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"folder\"\r\n\r\nin\r\nvoices\r\n\
         --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a %22b%22%0D%0A.pdf\"\r\n\
         Content-Type: application/pdf\r\n\r\n%PDF-1\r\n--{boundary}--\r\n"
    );
    assert_eq!(String::from_utf8(seen.body).unwrap(), expected);
    assert_eq!(seen.headers["content-length"].to_str().unwrap(), expected.len().to_string());
}

#[test]
fn a_multipart_body_that_cannot_be_sent_is_refused() {
    for media_type in ["", "text/plain\r\nx-evil: 1"] {
        let body = Multipart::new().file("file", "a", media_type, "x").build();
        assert_eq!(body.unwrap_err().kind(), ErrorKind::Config, "{media_type:?}");
    }
    // Without parts it is empty, and closed.
    let empty = Multipart::related().build().unwrap();
    assert!(empty.content_type().unwrap().starts_with("multipart/related"));
    assert!(empty.bytes().unwrap().ends_with(b"--\r\n"));
}

#[tokio::test(start_paused = true)]
async fn a_factory_is_asked_again_and_a_one_shot_is_never_sent_twice() {
    let provider = statuses(&[503, 503, 200]);
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let body = StreamedBody::replayable(None, move || {
        count.fetch_add(1, Ordering::SeqCst);
        Ok(pieces(&["again"]))
    });
    let request = || HttpRequest::new(http::Method::PUT, url("/file"));
    let response = client(&provider).send(request().with_body(body)).await.unwrap();
    assert_eq!((response.attempts, opened.load(Ordering::SeqCst)), (3, 3));
    assert!(provider.requests().iter().all(|request| request.body() == "again"));

    for status in [401, 429, 503] {
        let provider = statuses(&[status, 200]);
        let body = StreamedBody::once(Some(4), pieces(&["once"]));
        let error = client(&provider).send(request().with_body(body)).await.unwrap_err();
        assert_eq!((error.attempts(), provider.requests().len()), (1, 1), "{error}");
    }
    // Also where it certainly did not arrive, because the stream may have been read.
    let refused = Error::new(ErrorKind::Transport, "refused").with_resend(tieline_core::Resend::Safe);
    let refused = std::sync::Mutex::new(Some(refused));
    let provider = MemoryTransport::new(move |_| match refused.lock().unwrap().take() {
        Some(error) => Err(error),
        None => Ok(answer(StatusCode::OK, &[], "")),
    });
    let body = Multipart::new()
        .file("f", "f", "text/plain", FileContent::streamed(StreamedBody::once(None, pieces(&["x"]))))
        .build()
        .unwrap();
    let error = client(&provider).send(request().with_body(body)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport, "{error}");
    assert_eq!(provider.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_take_long_while_it_moves() {
    let provider = statuses(&[200, 200]);
    let timeouts = Timeouts::default().with_read(seconds(60.0)).with_total(seconds(120.0));
    let client = host(&provider).timeouts(timeouts).build().unwrap().client(options(Vec::new())).unwrap();
    let slow = |pause: u64| {
        let stream = futures_util::stream::unfold(0, move |count| async move {
            tokio::time::sleep(Duration::from_secs(pause)).await;
            (count < 10).then(|| (Ok(Bytes::from_static(b"x")), count + 1))
        });
        HttpRequest::post(url("/file"), StreamedBody::once(Some(10), stream.boxed()))
    };
    // 400 seconds in all, never a minute of silence.
    client.send(slow(40)).await.unwrap();
    let error = client.send(slow(70)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1), "{error}");
}

#[tokio::test]
async fn a_stream_of_another_length_than_announced_is_an_error() {
    let provider = statuses(&[200]);
    let body = StreamedBody::once(Some(3), pieces(&["four"]));
    let error = client(&provider).send(HttpRequest::post(url("/file"), body)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}
