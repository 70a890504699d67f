//! The engine by definition: Chatwoot's manners, what is assumed, and what a definition may not say.

mod chatwoot;
mod definitions;
mod paging;

use bytes::Bytes;
use http::Request;
use tieline_sandbox::engine::Provider;
use tieline_sandbox::{Clock, Json, Reply, Sandbox};

use std::sync::Arc;

/// An account whose clock stands.
fn account() -> Arc<Sandbox<Provider>> {
    Sandbox::chatwoot(Clock::frozen_at("2026-11-02T08:00:00Z".parse().unwrap()), 40).unwrap()
}

fn send(sandbox: &Sandbox<Provider>, call: &str, caller: &str, body: &str) -> Reply {
    let (method, path) = call.split_once(' ').unwrap();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("api-access-token", sandbox.token(caller))
        .body(Bytes::from(body.to_owned()))
        .unwrap();
    sandbox.handle(request)
}

fn ask(sandbox: &Sandbox<Provider>, call: &str) -> (u16, Json) {
    tell(sandbox, call, "")
}

fn tell(sandbox: &Sandbox<Provider>, call: &str, body: &str) -> (u16, Json) {
    let reply = send(sandbox, call, "administrator", body);
    (reply.status.as_u16(), Json::parse(&reply.body).unwrap_or(Json::Null))
}

fn at<'a>(json: &'a Json, pointer: &str) -> &'a Json {
    pointer.split('/').skip(1).fold(json, |json, step| match json {
        Json::Array(items) => &items[step.parse::<usize>().unwrap()],
        other => other.get(step).unwrap_or(&Json::Null),
    })
}

fn keys(rows: &Json) -> Vec<String> {
    rows.as_array().unwrap().iter().map(|row| at(row, "/id").to_string()).collect()
}
