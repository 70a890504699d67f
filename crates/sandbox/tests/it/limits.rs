use std::time::Duration;

use serde_json::Value;
use tieline_sandbox::Reply;
use tieline_sandbox::pipedrive::Limits;

use crate::{call, still};

fn header(reply: &Reply, name: &str) -> i64 {
    reply.headers[name].to_str().unwrap().parse().unwrap()
}

#[test]
fn the_burst_window_rolls() {
    let sandbox = still();
    sandbox.set_limits(Limits { burst: 3, ..Limits::default() });
    let ask = || call(&sandbox, "GET", "/api/v2/deals/102", None);
    for left in [2, 1] {
        let reply = ask();
        assert_eq!(reply.status, 200);
        assert_eq!(header(&reply, "x-ratelimit-limit"), 3);
        assert_eq!(header(&reply, "x-ratelimit-remaining"), left);
        assert_eq!(header(&reply, "x-ratelimit-reset"), 2);
    }
    sandbox.advance(Duration::from_millis(1500));
    assert_eq!(ask().status, 200);
    let over = ask();
    assert_eq!(over.status, 429);
    assert_eq!(header(&over, "x-ratelimit-remaining"), 0);
    assert_eq!(header(&over, "x-ratelimit-reset"), 1);
    let body: Value = serde_json::from_slice(&over.body).unwrap();
    assert_eq!(body["success"], false);
    sandbox.advance(Duration::from_millis(500));
    assert_eq!(ask().status, 200, "the first two have left the window");
    assert_eq!(sandbox.counters().too_many, 1);
}

#[test]
fn the_daily_budget_counts_costs_and_starts_again_at_midnight() {
    let sandbox = still();
    sandbox.set_limits(Limits { burst: u32::MAX, daily_budget: 31, ..Limits::default() });
    let left = |path: &str| header(&call(&sandbox, "GET", path, None), "x-daily-ratelimit-token-remaining");
    assert_eq!(left("/api/v2/deals"), 21);
    assert_eq!(left("/api/v2/deals/102"), 20);
    assert_eq!(left("/api/v2/stages"), 15);
    assert_eq!(left("/api/v1/users/me"), 13);
    assert_eq!(call(&sandbox, "GET", "/api/v1/users", None).status, 429);
    sandbox.advance(Duration::from_secs(16 * 3600));
    assert_eq!(left("/api/v2/deals/archived"), 11);
}

#[test]
fn the_firewall_loses_patience() {
    let sandbox = still();
    sandbox.set_limits(Limits { burst: 1, patience: 3, ..Limits::default() });
    let ask = || call(&sandbox, "GET", "/api/v2/deals/102", None);
    let statuses: Vec<u16> = (0..6).map(|_| ask().status.as_u16()).collect();
    assert_eq!(statuses, [200, 429, 429, 429, 429, 403]);
    let page = ask();
    assert_eq!(page.status, 403);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(String::from_utf8_lossy(&page.body).contains("Cloudflare"));
    sandbox.advance(Duration::from_secs(601));
    assert_eq!(ask().status, 200);
}
