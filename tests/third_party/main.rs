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

#[test]
fn the_pages_count_the_promises() {
    let count = tieline_conformance::PROMISES.len();
    let guide = include_str!("../../docs/conformance.md");
    assert!(guide.contains(&format!("all of them, {count} in this version")));
    let readme = include_str!("../../crates/conformance/README.md");
    assert!(readme.contains(&format!("for each promise, {count} in all")));
}
