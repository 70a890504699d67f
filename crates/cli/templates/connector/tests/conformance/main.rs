//! The connector against its own sandbox: the promises that applications rely on.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests fail like tests"
)]

mod provider;
mod subject;

tieline_conformance::suite!(subject::TickSubject);
