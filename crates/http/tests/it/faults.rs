//! The network's own faults, on loopback and in real time, with waits of milliseconds.

use std::io::Write;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use tieline_core::http::{HttpClient, HttpRequest};
use tieline_core::{ErrorKind, Resend};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::Url;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::Demo;

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

#[derive(Clone, Copy, Debug)]
enum Fault {
    /// Closes with data unread, which the kernel turns into a reset.
    Reset,
    /// The same after a part of the answer.
    ResetInBody,
    /// Promises a hundred bytes and sends five.
    Truncate,
    /// Ends a chunked body without its last chunk.
    TruncateChunks,
    /// Answers nothing.
    Silence,
    /// Sends a byte now and then.
    Drip,
    None,
}

/// A server with one fault for each connection, then without.
async fn faulty(faults: &[Fault]) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let (faults, count) = (faults.to_vec(), Arc::clone(&served));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let index = count.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve(stream, faults.get(index).copied().unwrap_or(Fault::None)));
        }
    });
    (address, served)
}

async fn serve(mut stream: TcpStream, fault: Fault) {
    const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhello";
    const CHUNKS: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n";
    stream.readable().await.unwrap();
    if let Fault::Reset = fault {
        return;
    }
    let mut request = [0; 8];
    stream.read_exact(&mut request).await.unwrap();
    if let Fault::ResetInBody = fault {
        stream.write_all(HEAD.as_bytes()).await.unwrap();
        return;
    }
    // The rest of a small request is in one piece.
    let mut rest = [0; 4096];
    let _ = stream.read(&mut rest).await;
    let answer = match fault {
        Fault::Truncate => HEAD,
        Fault::TruncateChunks => CHUNKS,
        Fault::Silence => return std::future::pending().await,
        Fault::Drip => {
            let _ = stream.write_all(HEAD.as_bytes()).await;
            while stream.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            return;
        }
        _ => PAGE,
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn client(base: &str) -> HttpClient {
    client_with(base, Timeouts::default(), 1 << 20)
}

fn client_with(base: &str, timeouts: Timeouts, body_limit: usize) -> HttpClient {
    let retry = RetryPolicy::default().with_max_attempts(3).with_first_wait(Duration::from_millis(1));
    let host = HttpStack::builder()
        .allow_network("127.0.0.1/32")
        .retry(retry)
        .timeouts(timeouts)
        .body_limit(body_limit)
        .build()
        .unwrap();
    host.client(ClientOptions::new(Arc::new(Demo::new(Vec::new())), base.parse().unwrap())).unwrap()
}

fn at(address: SocketAddr) -> (String, Url) {
    let base = format!("http://{address}");
    let url = format!("{base}/deals?token=s3cret").parse().unwrap();
    (base, url)
}

#[tokio::test]
async fn what_breaks_is_tried_again_when_that_is_safe() {
    for fault in [Fault::Reset, Fault::ResetInBody, Fault::Truncate, Fault::TruncateChunks] {
        let (address, served) = faulty(&[fault, fault]).await;
        let (base, url) = at(address);
        let answer = client(&base).send(HttpRequest::get(url.clone())).await.unwrap();
        assert_eq!((answer.attempts, answer.text().unwrap()), (3, "hello"), "{fault:?}");

        let (address, _) = faulty(&[fault]).await;
        let (base, url) = at(address);
        let error = client(&base).send(HttpRequest::post(url, "{}")).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 1), "{fault:?}: {error}");
        assert_eq!(error.resend(), Resend::IfIdempotent, "{fault:?}: {error}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        assert_eq!(served.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn a_refused_connection_is_tried_again_even_for_a_post() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (base, url) = at(address);
    let error = client(&base).send(HttpRequest::post(url, "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.resend(), error.attempts()), (ErrorKind::Transport, Resend::Safe, 3));
    assert!(error.message().contains("connection refused"), "{error}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
}

#[tokio::test]
async fn silence_and_slow_bytes_meet_their_own_timeouts() {
    let quick = Timeouts::default().with_read(Duration::from_millis(100));
    let (address, served) = faulty(&[Fault::Silence]).await;
    let (base, url) = at(address);
    let error = client_with(&base, quick, 1000).send(HttpRequest::post(url, "{}")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(error.message().contains("silent for 0.1 s"), "{error}");
    assert_eq!(served.load(Ordering::SeqCst), 1, "not sent again");

    // Each byte comes in time, and all of them too late.
    let short = quick.with_total(Duration::from_millis(250));
    let (address, _) = faulty(&[Fault::Drip]).await;
    let (base, url) = at(address);
    let error = client_with(&base, short, 1000).send(HttpRequest::post(url, "{}")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("within 0.25 s"), "{error}");
}

#[tokio::test]
async fn a_server_without_tls_is_named_as_such() {
    let (address, _) = faulty(&[]).await;
    let base = format!("https://{address}");
    let error = client(&base).send(HttpRequest::get(base.parse().unwrap())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(error.message().contains("no TLS was spoken"), "{error}");
}

fn zipped(length: usize) -> Vec<u8> {
    let mut zip = GzEncoder::new(Vec::new(), Compression::fast());
    zip.write_all(&vec![b' '; length]).unwrap();
    zip.finish().unwrap()
}

async fn serving(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn a_gzip_bomb_stops_at_the_limit() {
    const LIMIT: usize = 1 << 20;
    let bomb = zipped(8 * LIMIT);
    assert!(bomb.len() < LIMIT / 10);
    let server =
        serving(ResponseTemplate::new(200).set_body_bytes(bomb).insert_header("content-encoding", "gzip"))
            .await;
    let error =
        client(&server.uri()).send(HttpRequest::get(server.uri().parse().unwrap())).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Decode, 1));
    assert!(error.message().contains("larger than 1048576 bytes"), "{error}");
}

#[tokio::test]
async fn gzip_is_read_and_damage_to_it_is_told_from_an_early_end() {
    let good = zipped(10_000);
    let mut damaged = good.clone();
    damaged[0] = 0;
    let short = good[..good.len() / 2].to_vec();
    for (body, expected) in
        [(good.clone(), None), (damaged, Some(ErrorKind::Decode)), (short, Some(ErrorKind::Transport))]
    {
        let answer =
            ResponseTemplate::new(200).set_body_bytes(body).insert_header("content-encoding", "gzip");
        let server = serving(answer).await;
        let result = client(&server.uri()).send(HttpRequest::get(server.uri().parse().unwrap())).await;
        match expected {
            None => assert_eq!(result.unwrap().body.len(), 10_000),
            Some(kind) => assert_eq!(result.map_err(|error| error.kind()).unwrap_err(), kind),
        }
    }
}

#[tokio::test]
async fn gzip_of_several_members_is_read_whole() {
    let body = [zipped(1_000), zipped(2_000), zipped(3_000)].concat();
    let answer = ResponseTemplate::new(200).set_body_bytes(body).insert_header("content-encoding", "gzip");
    let server = serving(answer).await;
    let response = client(&server.uri()).send(HttpRequest::get(server.uri().parse().unwrap())).await.unwrap();
    assert_eq!(response.body.len(), 6_000);
}

#[tokio::test]
async fn a_byte_order_mark_before_json_is_dropped_and_kept_before_a_file() {
    for (media_type, body, expected) in [
        ("application/json", "\u{feff}{\"a\":1}", "{\"a\":1}"),
        ("text/html; charset=utf-8", "\u{feff} [1]", " [1]"),
        ("text/html", "{\"a\":1}", "{\"a\":1}"),
        ("application/xml", "\u{feff}<a/>", "<a/>"),
        ("application/json", "\u{feff}", ""),
        ("text/csv", "\u{feff}name;price", "\u{feff}name;price"),
    ] {
        let answer = ResponseTemplate::new(200).set_body_raw(body, media_type);
        let server = serving(answer).await;
        let request = || HttpRequest::get(server.uri().parse().unwrap());
        let response = client(&server.uri()).send(request()).await.unwrap();
        assert_eq!(response.body, expected, "{media_type}");
        assert_eq!(response.text().unwrap(), expected.trim_start_matches('\u{feff}'));
        let streamed = client(&server.uri()).open(request()).await.unwrap();
        let bytes: Vec<bytes::Bytes> = futures_util::TryStreamExt::try_collect(streamed.body).await.unwrap();
        assert_eq!(bytes.concat(), body.as_bytes(), "a download is what was sent");
    }
}

#[tokio::test]
async fn a_redirect_to_the_metadata_service_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let target = "http://169.254.169.254/latest/meta-data/";
        let server = serving(ResponseTemplate::new(status).insert_header("location", target)).await;
        let error =
            client(&server.uri()).send(HttpRequest::get(server.uri().parse().unwrap())).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 1), "{status}");
        assert!(error.to_string().contains("target=169.254.169.254"), "{error}");
        assert_eq!(server.received_requests().await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_request_arrives_as_it_was_written() {
    let server =
        serving(ResponseTemplate::new(200).insert_header("date", "Thu, 01 Jan 2026 00:00:30 GMT")).await;
    let url = format!("{}/deals?cursor=a%2Fb&q=%C3%A9", server.uri()).parse().unwrap();
    let request =
        HttpRequest::post(url, "{\"a\":1}").with_header("x-demo".parse().unwrap(), "1".parse().unwrap());
    let answer = client(&server.uri()).send(request).await.unwrap();
    assert_eq!(answer.date.unwrap().to_rfc3339(), "2026-01-01T00:00:30+00:00");
    let seen = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!((seen.url.path(), seen.url.query()), ("/deals", Some("cursor=a%2Fb&q=%C3%A9")));
    assert_eq!(seen.body, b"{\"a\":1}");
    assert_eq!(seen.headers["x-demo"], "1");
    assert_eq!(seen.headers["accept-encoding"], "gzip");
    assert!(seen.headers["user-agent"].to_str().unwrap().starts_with("tieline/"));
    assert!(!seen.headers.contains_key("referer"));
}
