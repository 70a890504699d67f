//! The engine that runs a description.

mod check;
mod classify;
mod client;
mod connector;
mod discover;
mod factory;
mod fields;
mod lookup;
mod paging;
mod partitions;
mod pass;
mod plan;
mod read;
mod reading;
mod state;
mod survey;
mod words;
mod write;

pub use self::connector::RestConnector;
pub use self::factory::RestFactory;
