//! One binary for all of the connector's tests.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod common;
mod conformance;
mod events;
mod messages;
