#![doc = include_str!("../README.md")]

mod config;
mod factory;

pub use config::CustomRestConfig;
pub use factory::CustomRestFactory;
pub use tieline_rest::{NoCredential, RestConnector};
