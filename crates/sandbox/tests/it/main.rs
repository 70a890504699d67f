//! The sandbox from outside: over real HTTP, and in process.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "the lints spare functions marked as tests, and not the helpers beside them"
)]

mod auth;
mod control;
mod engine;
mod faults;
mod fortnox;
mod google_sheets;
mod limits;
mod oauth;
mod odoo;
mod paging;
mod seed;
mod transport;
mod version_one;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use tieline_sandbox::pipedrive::{EPOCH, Limits, Pipedrive};
use tieline_sandbox::{Clock, Json, Reply, Sandbox, Server};

/// An account that stands still and has no limits.
fn still() -> Arc<Sandbox<Pipedrive>> {
    let sandbox = Sandbox::pipedrive_with(Clock::frozen_at(EPOCH.parse().unwrap()));
    sandbox.set_limits(Limits::none());
    sandbox
}

async fn served() -> Server<Pipedrive> {
    still().serve().await.unwrap()
}

fn call(sandbox: &Sandbox<Pipedrive>, method: &str, path: &str, body: Option<&str>) -> Reply {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("x-api-token", sandbox.token())
        .header("content-type", "application/json");
    sandbox.handle(request.body(Bytes::from(body.unwrap_or_default().to_owned())).unwrap())
}

fn get(sandbox: &Sandbox<Pipedrive>, path: &str) -> Value {
    let reply = call(sandbox, "GET", path, None);
    assert_eq!(reply.status, 200, "{path}: {:?}", reply.body);
    serde_json::from_slice(&reply.body).unwrap()
}

fn exact(reply: &Reply) -> Json {
    Json::parse(&reply.body).unwrap()
}

/// All ids of a list, page by page; panics when one comes twice.
fn walk(sandbox: &Sandbox<Pipedrive>, path: &str) -> Vec<i64> {
    let (mut ids, mut seen, mut cursor) = (Vec::new(), BTreeSet::new(), String::new());
    loop {
        let page = get(sandbox, &format!("{path}{cursor}"));
        for record in page["data"].as_array().unwrap() {
            let id = record["id"].as_i64().unwrap();
            assert!(seen.insert(id), "{id} came twice");
            ids.push(id);
        }
        match page["additional_data"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}
