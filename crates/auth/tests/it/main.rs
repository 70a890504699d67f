//! What the credentials put into requests, what they refuse, and that they never show themselves.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod answers;
mod canary;
mod consent;
mod environment;
mod flaky;
mod hiding;
mod issued;
mod kept;
mod lost;
mod renewal;
mod sending;
mod session;
mod world;

use std::sync::Arc;

use tieline_core::http::HttpRequest;
use tieline_core::{AuthScheme, Credential, Field, IntoCredential, KeyPlacement};

fn header(name: &'static str, prefix: &'static str) -> [AuthScheme; 1] {
    [AuthScheme::api_key(KeyPlacement::prefixed(name, prefix), Field::secret("key", "Key"))]
}

fn query(name: &'static str) -> [AuthScheme; 1] {
    [AuthScheme::api_key(KeyPlacement::query(name), Field::secret("key", "Key"))]
}

fn bearer() -> [AuthScheme; 1] {
    [AuthScheme::bearer(Field::secret("token", "Token"))]
}

fn basic() -> [AuthScheme; 1] {
    [AuthScheme::basic(Field::text("user", "User"), Field::secret("password", "Password"))]
}

fn secret() -> [AuthScheme; 1] {
    [AuthScheme::secret(Field::secret("password", "API key or password"))]
}

fn bind(credential: impl IntoCredential, schemes: &[AuthScheme]) -> Arc<dyn Credential> {
    credential.into_credential(schemes).unwrap()
}

async fn sent(credential: &dyn Credential, url: &str) -> HttpRequest {
    let mut request = HttpRequest::get(url.parse().unwrap());
    credential.authorize(&mut request).await.unwrap();
    request
}
