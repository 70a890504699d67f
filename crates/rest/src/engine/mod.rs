//! The engine that runs a description.

mod advance;
mod applied;
mod batch;
mod check;
mod choices;
mod classify;
mod client;
mod connector;
mod content;
mod details;
mod discover;
mod explain;
mod factory;
mod fields;
mod guess;
mod lookup;
mod paging;
mod partitions;
mod pass;
mod plan;
mod read;
mod reading;
mod receiver;
mod shipped;
mod state;
mod subscriptions;
mod survey;
mod update;
mod words;
mod write;

pub use self::connector::RestConnector;
pub use self::explain::Explanation;
pub use self::factory::RestFactory;
pub use self::guess::Guess;
pub use self::shipped::{Shipped, ShippedFactory};
