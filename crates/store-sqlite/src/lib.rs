#![doc = include_str!("../README.md")]

mod connections;
mod fault;
mod lists;
mod outbox;
mod read;
mod schema;
mod scope;
mod store;
mod time;
mod write;

pub use store::SqliteStore;
