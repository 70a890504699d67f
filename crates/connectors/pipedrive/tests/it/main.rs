//! One binary for all of the connector's tests.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "helpers of tests fail like tests"
)]

mod actions;
mod answers;
mod apps;
mod common;
mod conformance;
mod discovering;
mod faults;
mod lookups;
mod messages;
mod projects;
mod reads;
mod refusals;
mod searches;
mod states;
mod uninstalling;
mod writes;
