#![doc = include_str!("../README.md")]

mod action;
mod check;
mod config;
mod connector;
mod discover;
mod draft;
mod endpoints;
mod factory;
mod fields;
mod head;
mod lookup;
mod marker;
mod raw;
mod read;
mod search;
mod slot;
mod state;
mod types;
mod uninstall;
mod webhook;
mod writable;
mod write;

pub use config::PipedriveConfig;
pub use connector::Pipedrive;
pub use factory::PipedriveFactory;
pub use types::{Activity, Address, Contact, Deal, Organization, Participant, Person, Pipeline, Stage};
pub use uninstall::Uninstall;
