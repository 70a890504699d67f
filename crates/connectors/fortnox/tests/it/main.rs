//! One binary for all of the connector's tests.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod answers;
mod common;
mod company;
mod conformance;
mod connecting;
mod discovering;
mod files;
mod lookups;
mod reads;
mod rows;
mod states;
mod typed;
mod writes;
