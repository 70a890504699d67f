#![doc = include_str!("../README.md")]

mod connector;
mod factory;
mod read;
mod write;

pub use factory::TickFactory;
