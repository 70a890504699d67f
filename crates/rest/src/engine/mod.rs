//! The engine that runs a description.

mod advance;
mod check;
mod choices;
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
mod receiver;
mod state;
mod subscriptions;
mod survey;
mod words;
mod write;

pub use self::connector::RestConnector;
pub use self::factory::RestFactory;
