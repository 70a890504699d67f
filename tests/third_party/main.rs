//! A connector as a third party would write it: a small provider in process, a connector to it that knows the public
//! crates only, and the suite of promises run for both. `docs/conformance.md` leads through it. It is the crate that
//! `tieline new-connector` writes.
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

// As its users see the crate.
extern crate self as tieline_tick;

#[path = "../../crates/cli/templates/connector/src/connector.rs"]
mod connector;
#[path = "../../crates/cli/templates/connector/src/factory.rs"]
mod factory;
mod mutants;
#[path = "../../crates/cli/templates/connector/tests/conformance/provider.rs"]
mod provider;
#[path = "../../crates/cli/templates/connector/src/read.rs"]
mod read;
mod skeleton;
#[path = "../../crates/cli/templates/connector/tests/conformance/subject.rs"]
mod subject;
#[path = "../../crates/cli/templates/connector/src/write.rs"]
mod write;

pub use factory::TickFactory;

tieline_conformance::suite!(subject::TickSubject);

#[test]
fn the_pages_count_the_promises() {
    let count = tieline_conformance::PROMISES.len();
    let guide = include_str!("../../docs/conformance.md");
    assert!(guide.contains(&format!("all of them, {count} in this version")));
    let readme = include_str!("../../crates/conformance/README.md");
    assert!(readme.contains(&format!("for each promise, {count} in all")));
}
