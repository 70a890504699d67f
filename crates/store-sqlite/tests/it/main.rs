//! The laws of a store, kept in SQLite; and what only a database can do wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod concurrent;
mod connections;
mod differential;
mod faults;
mod kill;
mod laws;
mod migration;
mod outbox;
mod speed;
