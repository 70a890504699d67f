#![doc = include_str!("../README.md")]

mod bench;
mod canary;
mod consents;
mod hunt;
mod mirror;
mod promises;
mod run;
#[cfg(feature = "sandbox")]
mod sandbox;
mod subject;
mod verdict;
mod wire;

pub use hunt::{Hunt, Log};
pub use promises::PROMISES;
pub use run::{Promise, run_test, verdict};
#[cfg(feature = "sandbox")]
pub use sandbox::{SandboxAccount, SandboxTable};
pub use subject::{ConnectorUnderTest, Draft, Exact, FakeProvider, PageFault};
pub use verdict::{Failure, Verdict};
