#![doc = include_str!("../README.md")]

mod answers;
mod check;
mod config;
mod connector;
mod discover;
mod draft;
mod factory;
mod fields;
mod hooks;
mod job;
mod marker;
mod raw;
mod search;
mod slot;
mod types;
mod uninstall;
mod webhook;

pub use config::PipedriveConfig;
pub use connector::Pipedrive;
pub use factory::PipedriveFactory;
pub use types::{Activity, Address, Contact, Deal, Organization, Participant, Person, Pipeline, Stage};
pub use uninstall::Uninstall;
