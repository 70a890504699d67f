//! Fortnox, request by request.

mod access;
mod actions;
mod books;
mod control;
mod filters;
mod limits;
mod oauth;
mod reads;
mod seed;
mod times;
mod troubles;
mod writes;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tieline_sandbox::fortnox::{EPOCH, Entity, Fortnox, Limits};
use tieline_sandbox::{Clock, Reply, Sandbox};

/// A small company that stands still and has no limit.
fn still() -> Arc<Sandbox<Fortnox>> {
    let sandbox = Fortnox::builder().invoices(60).clock(Clock::frozen_at(EPOCH.parse().unwrap())).build();
    sandbox.set_limits(Limits::none());
    sandbox
}

fn call(sandbox: &Sandbox<Fortnox>, method: &str, path: &str, body: &Value) -> Reply {
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

/// Sends a body that is taken, and answers with the record in its wrapper.
fn send(sandbox: &Sandbox<Fortnox>, method: &str, path: &str, body: &Value) -> Value {
    let reply = call(sandbox, method, path, body);
    assert_eq!(reply.status, if method == "POST" { 201 } else { 200 }, "{path}: {:?}", reply.body);
    let (_, record) = json(&reply).as_object().unwrap().clone().into_iter().next().unwrap();
    record
}

/// The status and the code of a request that is refused, whatever the spelling of the keys.
fn refused(sandbox: &Sandbox<Fortnox>, method: &str, path: &str, body: &Value) -> (u16, i64) {
    let reply = call(sandbox, method, path, body);
    let information = json(&reply)["ErrorInformation"].clone();
    let code = information.get("code").or(information.get("Code")).and_then(Value::as_i64);
    (reply.status.as_u16(), code.unwrap_or_default())
}

/// All rows of a list, page by page.
fn walk(sandbox: &Sandbox<Fortnox>, entity: Entity, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let answer = get(sandbox, &format!("/3/{}?page={page}&{query}", entity.path()));
        rows.extend(answer[entity.plural()].as_array().unwrap().iter().cloned());
        let meta = &answer["MetaInformation"];
        if meta["@CurrentPage"].as_u64() >= meta["@TotalPages"].as_u64() {
            break;
        }
    }
    rows
}

/// The document numbers of a list of invoices.
fn numbers(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["DocumentNumber"].as_str().unwrap()).collect()
}

/// The first invoice that is as wanted.
fn find(sandbox: &Sandbox<Fortnox>, wanted: impl Fn(&Value) -> bool) -> Value {
    walk(sandbox, Entity::Invoices, "limit=500").into_iter().find(wanted).unwrap()
}
