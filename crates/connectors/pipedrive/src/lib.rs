#![doc = include_str!("../README.md")]

mod check;
mod config;
mod connector;
mod discover;
mod endpoints;
mod factory;
mod fields;
mod lookup;
mod read;
mod state;
mod types;

pub use config::PipedriveConfig;
pub use connector::Pipedrive;
pub use factory::PipedriveFactory;
pub use types::{Activity, Address, Contact, Deal, Organization, Participant, Person, Pipeline, Stage};
