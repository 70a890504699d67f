//! One binary for the integration tests of this crate.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod contract;
mod paper;
