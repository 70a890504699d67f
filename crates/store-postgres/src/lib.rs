#![doc = include_str!("../README.md")]

mod connections;
mod fault;
mod lists;
mod outbox;
mod read;
mod schema;
mod store;
#[cfg(all(unix, feature = "testing"))]
pub mod testing;
mod turn;
mod write;

pub use store::PostgresStore;
