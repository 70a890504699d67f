//! What a host relies on: what was sealed opens for the same context alone, keys rotate, bad input is told apart, and no
//! message or `Debug` shows a secret.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "helpers of tests fail like tests"
)]

mod fernet;
mod formats;
mod hiding;
mod key_check;
mod key_sources;
mod kms;
mod messages;
mod rotation;
mod sealing;

use std::future::Future;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tieline_vault::{Context, Key, KeyRing, Vault};

const CONTEXT: Context<'static> = Context::new("acme", "pipedrive-1", "api_token");
const TOKEN: &str = "0123456789abcdef0123456789abcdef01234567";

/// A key that tests can name.
fn key(number: u8) -> Key {
    let bytes: Vec<u8> = (0..32).map(|at| number.wrapping_mul(37).wrapping_add(at)).collect();
    Key::from_bytes(&SecretSlice::from(bytes)).unwrap()
}

fn vault(number: u8) -> Vault {
    Vault::new(KeyRing::new(key(number)))
}

fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
}

fn bytes(bytes: impl Into<Vec<u8>>) -> SecretSlice<u8> {
    SecretSlice::from(bytes.into())
}

fn text(text: &str) -> SecretString {
    text.into()
}

/// What a secret holds, for comparing.
fn shown(secret: &SecretSlice<u8>) -> &[u8] {
    secret.expose_secret()
}
