//! The laws of a store, kept in PostgreSQL; and what only a database can do wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
#![cfg(unix)]

mod concurrent;
mod differential;
mod durable;
mod faults;
mod kill;
mod laws;
mod pooler;
mod server;
mod speed;
mod tenants;
mod world;
