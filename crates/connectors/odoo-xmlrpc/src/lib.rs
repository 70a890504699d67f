#![doc = include_str!("../README.md")]

mod call;
mod check;
mod client;
mod config;
mod connector;
mod content;
mod discover;
mod factory;
mod faults;
mod invoke;
mod json2;
mod load;
mod lookup;
mod model;
mod org;
mod read;
mod salvage;
mod session;
mod state;
mod types;
mod values;
mod webhook;
mod write;
// Public for benches and fuzzing alone; no part of the API.
#[doc(hidden)]
pub mod xmlrpc;

pub use config::{OdooConfig, Protocol};
pub use connector::Odoo;
pub use factory::OdooFactory;
pub use org::OrgChart;
pub use types::{Department, Employee, Lead, Partner, Reference};
