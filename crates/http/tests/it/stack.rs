use std::sync::Arc;

use tieline_core::Clock;
use tieline_core::http::{HttpClient, Transport};
use tieline_http::memory::MemoryTransport;
use tieline_http::{ClientOptions, HttpStack, TokioClock};

use crate::{Demo, get, new_year, options, provider, seconds};

/// What hosts and connectors keep must cross threads.
#[test]
fn the_handles_are_shareable() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<HttpStack>();
    shareable::<HttpClient>();
    shareable::<ClientOptions>();
    shareable::<MemoryTransport>();
    fn object_safe(_: &dyn Transport) {}
    object_safe(&provider(200, &[]));
}

#[test]
fn a_client_is_refused_for_an_address_out_of_bounds() {
    let host = HttpStack::new().unwrap();
    for base in ["http://api.demo.example/", "https://10.0.0.1/", "https://user:pw@api.demo.example/"] {
        let options = ClientOptions::new(Arc::new(Demo::new(Vec::new())), base.parse().unwrap());
        assert!(host.client(options).is_err(), "{base}");
    }
    assert!(host.client(options(Vec::new())).is_ok());
    assert!(HttpStack::builder().user_agent("bad\nagent").build().is_err());
}

#[tokio::test(start_paused = true)]
async fn the_clock_moves_with_paused_time() {
    let clock = TokioClock::starting_at(new_year());
    tokio::time::sleep(seconds(3661.0)).await;
    assert_eq!(clock.now().to_rfc3339(), "2026-01-01T01:01:01+00:00");
}

#[tokio::test(start_paused = true)]
async fn a_script_ends_and_requests_are_remembered() {
    let provider = MemoryTransport::script([]);
    let client = crate::client(&provider);
    let error = client.send(get("/deals?limit=5")).await.unwrap_err();
    assert!(error.message().contains("no more answers"), "{error}");
    let seen = provider.requests();
    assert_eq!(seen[0].uri().query(), Some("limit=5"));
    assert_eq!(seen[0].headers()["user-agent"], concat!("tieline/", env!("CARGO_PKG_VERSION")));
}
