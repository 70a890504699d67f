//! Suites that cross crates: connector, HTTP stack, sandbox, engine and store together.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

mod application;
mod canary;
mod connections;
mod credentials;
mod facade;
mod fortnox_tokens;
mod hostile;
#[cfg(unix)]
mod killed_refresh;
mod main_job;
mod mappings;
mod messages;
mod outbox;
mod two_way;
mod webhooks;
mod world;
mod your_app;
