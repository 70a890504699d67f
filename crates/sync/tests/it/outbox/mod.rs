//! The outbox: at most once, or a question; never twice.

mod crash;
mod kill;
mod model;
mod outcomes;
mod settling;
mod shaky;
mod world;
