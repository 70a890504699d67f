use std::future::poll_fn;
use std::time::Duration;

use bytes::Bytes;
use tieline_core::Result;
use tieline_core::http::{BodyStream, Transport};
use tieline_sandbox::pipedrive::{EPOCH, TOKEN};
use tieline_sandbox::{Clock, Fault, FaultRule, InProcess, Sandbox};

async fn send(transport: &dyn Transport, path: &str) -> Result<http::Response<BodyStream>> {
    let url = format!("https://acme-demo.pipedrive.com{path}");
    transport
        .send(http::Request::get(url).header("x-api-token", TOKEN).body(Bytes::new().into()).unwrap())
        .await
}

async fn next(body: &mut BodyStream) -> Option<Result<Bytes>> {
    poll_fn(|context| futures_core::Stream::poll_next(body.as_mut(), context)).await
}

#[tokio::test]
async fn answers_and_breaks_without_a_socket() {
    let sandbox = Sandbox::pipedrive();
    let transport = InProcess::new(sandbox.clone());
    let mut answer = send(&transport, "/api/v2/stages").await.unwrap();
    let body = next(answer.body_mut()).await.unwrap().unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
    assert!(next(answer.body_mut()).await.is_none());

    sandbox.inject(FaultRule::new(Fault::ResetBeforeAnswer));
    assert!(send(&transport, "/api/v2/stages").await.is_err());
    sandbox.inject(FaultRule::new(Fault::TruncateBody));
    let mut answer = send(&transport, "/api/v2/stages").await.unwrap();
    assert_eq!(next(answer.body_mut()).await.unwrap().unwrap().len(), body.len() / 2);
    assert!(next(answer.body_mut()).await.unwrap().is_err());
}

#[tokio::test]
async fn a_bomb_unpacks_piece_by_piece() {
    let sandbox = Sandbox::pipedrive();
    sandbox.inject(FaultRule::new(Fault::GzipBomb { megabytes: 500 }));
    let mut answer = send(&InProcess::new(sandbox), "/api/v2/deals").await.unwrap();
    assert!(answer.headers().get("content-encoding").is_none());
    let mut read = 0;
    while read < 5 << 20 {
        let piece = next(answer.body_mut()).await.unwrap().unwrap();
        assert!(piece.len() <= 64 * 1024);
        read += piece.len();
    }
}

#[tokio::test(start_paused = true)]
async fn paused_time_moves_the_clock_and_nobody_waits() {
    let sandbox = Sandbox::pipedrive_with(Clock::starting_at(EPOCH.parse().unwrap()));
    sandbox.inject(FaultRule::new(Fault::Delay { ms: 3_600_000 }));
    let begun = std::time::Instant::now();
    send(&InProcess::new(sandbox.clone()), "/api/v2/stages").await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30));
    assert_eq!(sandbox.now().to_rfc3339(), "2026-11-02T09:00:00+00:00");
}
