use std::time::Duration;

use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::fortnox::{Fortnox, Limits};

use super::{call, json as read, still};

fn ask(sandbox: &Sandbox<Fortnox>) -> u16 {
    call(sandbox, "GET", "/3/me", &Value::Null).status.as_u16()
}

#[test]
fn the_window_slides_and_nothing_says_when_to_come_back() {
    let sandbox = still();
    sandbox.set_limits(Limits::default());
    assert!((0..10).all(|_| ask(&sandbox) == 200));
    sandbox.advance(Duration::from_secs(4));
    assert!((0..15).all(|_| ask(&sandbox) == 200));
    let over = call(&sandbox, "GET", "/3/me", &Value::Null);
    assert_eq!(over.status, 429);
    assert!(read(&over)["message"].is_string());
    let names: Vec<&str> = over.headers.keys().map(http::HeaderName::as_str).collect();
    assert!(names.iter().all(|name| !name.contains("retry") && !name.contains("ratelimit")), "{names:?}");
    sandbox.advance(Duration::from_millis(999));
    assert_eq!(ask(&sandbox), 429);
    sandbox.advance(Duration::from_millis(1));
    assert!((0..10).all(|_| ask(&sandbox) == 200), "the first ten have left the window");
    assert_eq!(ask(&sandbox), 429);
    assert_eq!(sandbox.usage().refused, 3);
    assert_eq!(sandbox.counters().too_many, 3);
}

#[test]
fn the_share_of_the_allowed_rate_is_counted() {
    let sandbox = still();
    sandbox.set_limits(Limits::default());
    // Evenly at the whole rate, then at half of it.
    for (pause, share) in [(200, 0.99), (400, 0.49)] {
        sandbox.forget_usage();
        for _ in 0..500 {
            assert_eq!(ask(&sandbox), 200);
            sandbox.advance(Duration::from_millis(pause));
        }
        let usage = sandbox.usage();
        assert_eq!((usage.admitted, usage.refused), (500, 0));
        assert!(usage.share() >= share && usage.share() <= share + 0.02, "{usage:?}: {}", usage.share());
        sandbox.advance(Duration::from_secs(60));
    }
    sandbox.forget_usage();
    assert_eq!(sandbox.usage().allowed(), 25);
}

#[test]
fn a_refused_token_takes_no_room_and_each_integration_has_its_own() {
    let sandbox = still();
    sandbox.set_limits(Limits { burst: 1, ..Limits::default() });
    let with = |token: &str| {
        let request = http::Request::get("/3/me")
            .header("authorization", format!("Bearer {token}"))
            .header("accept", "application/json");
        sandbox.handle(request.body(bytes::Bytes::new()).unwrap()).status.as_u16()
    };
    assert_eq!(with("wrong"), 401);
    assert_eq!((ask(&sandbox), ask(&sandbox)), (200, 429));
    let connected = sandbox.connected(tieline_sandbox::oauth::CLIENT_ID).unwrap();
    assert_eq!((with(&connected.access_token), with(&connected.access_token)), (200, 429));
    let again = sandbox.connected(tieline_sandbox::oauth::CLIENT_ID).unwrap();
    assert_eq!(with(&again.access_token), 429, "a new token of the same integration is no new allowance");
    assert_eq!(serde_json::to_value(sandbox.usage()).unwrap()["burst"], json!(1));
}

#[test]
fn refused_requests_can_take_room_too() {
    for (counts_refused, status) in [(false, 200), (true, 429)] {
        let sandbox = still();
        sandbox.set_limits(Limits { burst: 2, counts_refused, ..Limits::default() });
        assert_eq!((ask(&sandbox), ask(&sandbox)), (200, 200));
        sandbox.advance(Duration::from_secs(3));
        assert_eq!((ask(&sandbox), ask(&sandbox)), (429, 429));
        sandbox.advance(Duration::from_secs(3));
        assert_eq!(ask(&sandbox), status);
        sandbox.advance(Duration::from_secs(5));
        assert_eq!(ask(&sandbox), 200);
    }
}
