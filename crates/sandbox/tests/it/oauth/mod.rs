//! The authorization server, asked as applications and browsers ask it.

mod authorizing;
mod faults;
mod granting;
mod pipedrive;
mod refreshing;

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde_json::Value;
use tieline_sandbox::oauth::{
    Authorizes, CLIENT_ID, CLIENT_SECRET, EPOCH, OAuth, Policy, REDIRECT_URI, Tokens,
};
use tieline_sandbox::{Clock, Model, Reply, Sandbox};
use url::Url;
use url::form_urlencoded::Serializer;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn still(policy: Policy) -> Arc<Sandbox<OAuth>> {
    Sandbox::oauth_with(policy, Clock::frozen_at(EPOCH.parse().unwrap()))
}

fn plain() -> Arc<Sandbox<OAuth>> {
    still(Policy::default())
}

fn form(members: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(members).finish()
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

/// Posts a form as the demo application.
fn post<M: Model>(sandbox: &Sandbox<M>, path: &str, members: &[(&str, &str)]) -> Reply {
    post_with(sandbox, path, members, &[("authorization", &basic(CLIENT_ID, CLIENT_SECRET))])
}

fn post_with<M: Model>(
    sandbox: &Sandbox<M>,
    path: &str,
    members: &[(&str, &str)],
    headers: &[(&str, &str)],
) -> Reply {
    let mut request = http::Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    sandbox.handle(request.body(Bytes::from(form(members))).unwrap())
}

fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap()
}

/// The error of an answer, with its status.
fn error(reply: &Reply) -> (u16, String) {
    (reply.status.as_u16(), json(reply)["error"].as_str().unwrap_or_default().to_owned())
}

fn refresh<M: Model>(sandbox: &Sandbox<M>, token: &str) -> Reply {
    post(sandbox, "/oauth/token", &[("grant_type", "refresh_token"), ("refresh_token", token)])
}

fn status_of_me(sandbox: &Sandbox<OAuth>, access_token: &str) -> u16 {
    let request = http::Request::get("/me").header("authorization", format!("Bearer {access_token}"));
    sandbox.handle(request.body(Bytes::new()).unwrap()).status.as_u16()
}

fn connected<M: Model + Authorizes>(sandbox: &Sandbox<M>) -> Tokens {
    sandbox.connected(CLIENT_ID).unwrap()
}

fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

/// Opens the page and returns where the person is sent.
fn authorize<M: Model>(sandbox: &Sandbox<M>, members: &[(&str, &str)]) -> Reply {
    let path = format!("/oauth/authorize?{}", form(members));
    sandbox.handle(http::Request::get(path).body(Bytes::new()).unwrap())
}

/// What the callback gets.
fn callback(reply: &Reply) -> Vec<(String, String)> {
    assert_eq!(reply.status, 302, "{:?}", reply.body);
    let to = Url::parse(reply.headers["location"].to_str().unwrap()).unwrap();
    assert!(to.as_str().starts_with(REDIRECT_URI), "{to}");
    to.query_pairs().into_owned().collect()
}

fn ask<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut members =
        vec![("client_id", CLIENT_ID), ("redirect_uri", REDIRECT_URI), ("response_type", "code")];
    members.extend_from_slice(more);
    members
}

/// A code from a person who consents, for [`VERIFIER`].
fn code<M: Model>(sandbox: &Sandbox<M>) -> String {
    let made = challenge(VERIFIER);
    let more = [("code_challenge", made.as_str()), ("code_challenge_method", "S256"), ("state", "x")];
    let members = callback(&authorize(sandbox, &ask(&more)));
    members.into_iter().find(|(name, _)| name == "code").unwrap().1
}

fn exchange<M: Model>(sandbox: &Sandbox<M>, code: &str) -> Reply {
    let members = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    post(sandbox, "/oauth/token", &members)
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}
