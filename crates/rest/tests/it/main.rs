//! Descriptions as files, and as connectors against providers that answer from a table.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod actions;
mod auth;
mod batches;
mod children;
mod coded;
mod details;
mod errors;
mod examples;
mod files;
mod hooks;
mod jobs;
mod language;
mod lookups;
mod moves;
mod passes;
mod provider;
mod reads;
mod rules;
mod settings;
mod walks;
mod webhooks;
mod writes;
