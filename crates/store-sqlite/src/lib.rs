#![doc = include_str!("../README.md")]

mod fault;
mod lists;
mod outbox;
mod read;
mod schema;
mod store;
mod write;

pub use store::SqliteStore;
