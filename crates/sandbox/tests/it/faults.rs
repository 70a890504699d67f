use std::time::{Duration, Instant};

use serde_json::Value;
use tieline_sandbox::pipedrive::{Entity, Pipedrive};
use tieline_sandbox::{Fault, FaultRule, RetryAfter, Server};

use crate::{call, get, served, still, walk};

const DEALS: &str = "/api/v2/deals?limit=100";

async fn ask(server: &Server<Pipedrive>, path: &str) -> reqwest::Result<reqwest::Response> {
    let url = format!("{}{path}", server.base_url());
    reqwest::Client::new().get(url).header("x-api-token", server.token()).send().await
}

fn on_deals(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on("GET", "/api/v2/deals")
}

#[tokio::test]
async fn statuses_with_the_providers_words_or_others() {
    let server = served().await;
    server.inject(on_deals(Fault::Status { status: 503, body: None }).skip(1).times(2));
    server.inject(on_deals(Fault::Status { status: 500, body: Some("out of order".into()) }).skip(2));
    let mut statuses = Vec::new();
    for _ in 0..5 {
        let answer = ask(&server, DEALS).await.unwrap();
        let status = answer.status().as_u16();
        if status == 500 {
            assert_eq!(answer.text().await.unwrap(), "out of order");
        }
        statuses.push(status);
    }
    assert_eq!(statuses, [200, 503, 503, 200, 500]);
    assert_eq!(server.counters().faults, 3);
    assert_eq!(server.requests()[1].fault, Some("status"));
}

#[tokio::test]
async fn too_many_requests_in_all_forms() {
    let server = served().await;
    for retry_after in [RetryAfter::None, RetryAfter::Seconds(7), RetryAfter::HttpDate(90)] {
        server.inject(on_deals(Fault::TooManyRequests { retry_after }));
        let answer = ask(&server, DEALS).await.unwrap();
        assert_eq!(answer.status(), 429);
        let hint = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
        let expected = match retry_after {
            RetryAfter::None => None,
            RetryAfter::Seconds(_) => Some("7".to_owned()),
            RetryAfter::HttpDate(_) => Some("Mon, 02 Nov 2026 08:01:30 GMT".to_owned()),
        };
        assert_eq!(hint, expected);
        assert_eq!(answer.headers()["date"], "Mon, 02 Nov 2026 08:00:00 GMT");
    }
    server.inject(on_deals(Fault::Unauthorized));
    assert_eq!(ask(&server, DEALS).await.unwrap().status(), 401);
}

#[tokio::test]
async fn connections_break() {
    let server = served().await;
    server.inject(on_deals(Fault::ResetBeforeAnswer));
    assert!(ask(&server, DEALS).await.is_err());
    for fault in [Fault::ResetMidBody, Fault::TruncateBody] {
        server.inject(on_deals(fault));
        let mut answer = ask(&server, DEALS).await.unwrap();
        let promised = usize::try_from(answer.content_length().unwrap()).unwrap();
        let mut arrived = 0;
        let error = loop {
            match answer.chunk().await {
                Ok(Some(piece)) => arrived += piece.len(),
                Ok(None) => panic!("the body ended well"),
                Err(error) => break format!("{error:?}"),
            }
        };
        assert_eq!(arrived, promised / 2, "{error}");
    }
    assert_eq!(ask(&server, DEALS).await.unwrap().status(), 200, "and then all is well");
    assert_eq!(server.requests()[0].status, 0);
}

#[tokio::test]
async fn resets_and_polite_closes_differ() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let server = served().await;
    for (fault, reset) in
        [(Fault::ResetBeforeAnswer, true), (Fault::ResetMidBody, true), (Fault::TruncateBody, false)]
    {
        server.inject(FaultRule::new(fault.clone()));
        let mut socket = tokio::net::TcpStream::connect(server.address()).await.unwrap();
        let request =
            format!("GET {DEALS} HTTP/1.1\r\nhost: localhost\r\nx-api-token: {}\r\n\r\n", server.token());
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        let outcome = socket.read_to_end(&mut read).await;
        let kind = outcome.as_ref().err().map(std::io::Error::kind);
        assert_eq!(kind, reset.then_some(std::io::ErrorKind::ConnectionReset), "{fault:?}");
        assert_eq!(read.is_empty(), fault == Fault::ResetBeforeAnswer);
    }
}

#[tokio::test]
async fn a_lost_answer_has_taken_effect() {
    let server = served().await;
    let create = |fault: FaultRule| {
        server.inject(fault.on("POST", "/api/v2/deals"));
        let client = reqwest::Client::new().post(format!("{}/api/v2/deals", server.base_url()));
        client.header("x-api-token", server.token()).json(&serde_json::json!({"title": "Kanske"})).send()
    };
    let lost = create(FaultRule::new(Fault::ResetMidBody)).await.unwrap();
    assert!(lost.bytes().await.is_err());
    assert_eq!(server.summary().visible, 194);
    assert!(create(FaultRule::new(Fault::ResetBeforeAnswer)).await.is_err());
    assert_eq!(server.summary().visible, 194, "never arrived");
    let fault = FaultRule::new(Fault::Status { status: 502, body: None }).takes_effect(true);
    assert_eq!(create(fault).await.unwrap().status(), 502);
    assert_eq!(server.summary().visible, 195, "happened all the same");
}

#[tokio::test]
async fn pages_for_people_and_broken_json() {
    let server = served().await;
    for status in [200, 403] {
        server.inject(on_deals(Fault::HtmlPage { status }));
        let answer = ask(&server, DEALS).await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(answer.text().await.unwrap().contains("<html"));
    }
    server.inject(on_deals(Fault::MalformedJson));
    let body = ask(&server, DEALS).await.unwrap().bytes().await.unwrap();
    assert!(!body.is_empty() && serde_json::from_slice::<Value>(&body).is_err());
}

#[tokio::test]
async fn slow_answers_are_whole() {
    let server = served().await;
    server.inject(FaultRule::new(Fault::SlowBytes { piece: 100, pause_ms: 15 }));
    let begun = Instant::now();
    let answer = ask(&server, "/api/v2/stages").await.unwrap();
    let head = begun.elapsed();
    let body = answer.bytes().await.unwrap();
    serde_json::from_slice::<Value>(&body).unwrap();
    let pieces = u32::try_from(body.len() / 100).unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(15) * pieces);
    assert!(head < begun.elapsed());
    server.inject(FaultRule::new(Fault::Delay { ms: 120 }));
    let begun = Instant::now();
    assert_eq!(ask(&server, "/api/v2/stages").await.unwrap().status(), 200);
    assert!(begun.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_small_body_unpacks_to_a_huge_one() {
    use std::io::Read as _;
    let server = served().await;
    server.inject(on_deals(Fault::GzipBomb { megabytes: 12 }));
    let url = format!("{}{DEALS}", server.base_url());
    let client = reqwest::Client::builder().no_gzip().build().unwrap();
    let answer = client.get(url).header("x-api-token", server.token()).send().await.unwrap();
    assert_eq!(answer.headers()["content-encoding"], "gzip");
    let packed = answer.bytes().await.unwrap();
    assert!(packed.len() < 100_000, "{}", packed.len());
    let (mut unpacked, mut piece, mut total) =
        (flate2::read::GzDecoder::new(&packed[..]), vec![0; 1 << 20], 0);
    loop {
        // The end also checks length and checksum.
        match unpacked.read(&mut piece).unwrap() {
            0 => break,
            read => total += read,
        }
    }
    assert_eq!(total, 12 * (1 << 20) + r#"{"success":true,"data":[]}"#.len());
}

#[test]
fn a_cursor_comes_twice() {
    let sandbox = still();
    let first = get(&sandbox, DEALS);
    let cursor = first["additional_data"]["next_cursor"].as_str().unwrap();
    sandbox.inject(on_deals(Fault::RepeatPageToken).query("cursor="));
    let second = get(&sandbox, &format!("{DEALS}&cursor={cursor}"));
    assert_eq!(second["additional_data"]["next_cursor"], cursor);
    assert_eq!(second["data"].as_array().unwrap().len(), 93);
}

#[test]
fn an_empty_page_is_not_the_end() {
    let sandbox = still();
    sandbox.inject(on_deals(Fault::EmptyPage).query("cursor=").times(2));
    let first = get(&sandbox, "/api/v2/deals?limit=50");
    let mut cursors = vec![first["additional_data"]["next_cursor"].as_str().unwrap().to_owned()];
    let mut sizes = Vec::new();
    while let Some(cursor) = cursors.last().cloned() {
        let page = get(&sandbox, &format!("/api/v2/deals?limit=50&cursor={cursor}"));
        sizes.push(page["data"].as_array().unwrap().len());
        match page["additional_data"]["next_cursor"].as_str() {
            Some(next) => cursors.push(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(sizes, [0, 0, 50, 50, 43]);
    let mut unique = cursors.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), cursors.len(), "every cursor differs");
}

#[test]
fn records_come_twice_and_late() {
    let sandbox = still();
    sandbox.inject(on_deals(Fault::DuplicateRecords));
    let page = get(&sandbox, DEALS);
    let deals = page["data"].as_array().unwrap();
    assert_eq!(deals.len(), 101);
    assert_eq!(deals[99], deals[100]);

    let id = walk(&sandbox, "/api/v2/deals?limit=500")[0];
    let past = "2026-10-30T12:00:00Z".parse().unwrap();
    sandbox.backdate(Entity::Deals, id, serde_json::json!({"title": "Sen"}), past).unwrap();
    let deal = get(&sandbox, &format!("/api/v2/deals/{id}"));
    assert_eq!(
        (deal["data"]["title"].as_str(), deal["data"]["update_time"].as_str()),
        (Some("Sen"), Some("2026-10-30T12:00:00Z"))
    );
    let since = walk(&sandbox, "/api/v2/deals?limit=500&updated_since=2026-10-30T12:00:01Z");
    assert!(!since.contains(&id));
}

#[test]
fn an_answer_says_the_token_back() {
    let sandbox = still();
    sandbox.inject(FaultRule::new(Fault::EchoSecrets { status: 400 }));
    let reply = call(&sandbox, "GET", DEALS, None);
    assert_eq!(reply.status, 400);
    assert!(String::from_utf8_lossy(&reply.body).contains(&sandbox.token()));
    assert_eq!(reply.headers["x-debug-credential"], sandbox.token().as_str());
    assert!(sandbox.waiting_faults().is_empty());
    sandbox.inject(on_deals(Fault::Unauthorized).always());
    sandbox.clear_faults();
    assert_eq!(call(&sandbox, "GET", DEALS, None).status, 200);
}
