//! Fortnox, request by request.

mod reads;
mod seed;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tieline_sandbox::fortnox::{EPOCH, Entity, Fortnox};
use tieline_sandbox::{Clock, Reply, Sandbox};

/// A small company that stands still.
fn still() -> Arc<Sandbox<Fortnox>> {
    Fortnox::builder().invoices(60).clock(Clock::frozen_at(EPOCH.parse().unwrap())).build()
}

/// Asks with the right headers, and lets time pass so that the limit is never in the way.
fn call(sandbox: &Sandbox<Fortnox>, method: &str, path: &str, body: &Value) -> Reply {
    sandbox.advance(std::time::Duration::from_secs(1));
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("authorization", format!("Bearer {}", sandbox.token()))
        .header("accept", "application/json")
        .header("content-type", "application/json");
    let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    sandbox.handle(request.body(body).unwrap())
}

fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

fn get(sandbox: &Sandbox<Fortnox>, path: &str) -> Value {
    let reply = call(sandbox, "GET", path, &Value::Null);
    assert_eq!(reply.status, 200, "{path}: {:?}", reply.body);
    json(&reply)
}

/// All rows of a list, page by page.
fn walk(sandbox: &Sandbox<Fortnox>, entity: Entity, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let answer = get(sandbox, &format!("/3/{}?page={page}&{query}", entity.path()));
        rows.extend(answer[entity.plural()].as_array().unwrap().iter().cloned());
        if answer["MetaInformation"]["@CurrentPage"].as_u64()
            >= answer["MetaInformation"]["@TotalPages"].as_u64()
        {
            break;
        }
    }
    rows
}
