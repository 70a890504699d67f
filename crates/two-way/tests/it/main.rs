//! Two-way sync over both databases, with sides that normalise, delay, refuse and die.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cycles;
mod kills;
mod laws;
mod model;
#[cfg(unix)]
mod world;
