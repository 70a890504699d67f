//! The program as a person or a script runs it, against a sandbox on loopback.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice
)]

mod connections;
mod credentials;
mod describing;
mod describing_apis;
mod durable;
mod failures;
mod inputs;
mod mapping;
mod new_connector;
mod odoo;
mod reading;
mod resuming;
mod secrets;
mod syncing;
mod tables;
mod webhooks;
mod world;
mod writing;
