//! A connector as a third party would write it: a small provider in process, a connector to it that knows the public
//! crates only, and the suite of promises run for both. `docs/conformance.md` leads through it.
//!
//! The suite is tried here too: `mutants` breaks the connector in many ways, and each must fail the promise that it
//! should.

#![allow(
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod connector;
mod factory;
mod mutants;
mod provider;
mod read;
mod subject;
mod write;

tieline_conformance::suite!(subject::TickSubject);
