//! One binary for all of the connector's tests.

mod answers;
mod common;
mod discovering;
mod lookups;
mod messages;
mod reads;
mod states;
