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
mod connecting;
mod discovering;
mod gaps;
mod lookups;
mod messages;
mod outcomes;
mod reads;
mod salvaging;
mod states;
mod typed;
mod writes;
