#![doc = include_str!("../README.md")]

mod config;
mod events;
mod types;

use tieline_core::{Category, Result};
use tieline_rest::{RestFactory, Shipped, ShippedFactory};

pub use config::SlackConfig;
pub use tieline_rest::RestConnector;
pub use types::{Channel, File, Message, Profile, User};

/// Slack, as its description says.
#[derive(Clone, Copy, Debug)]
pub struct Slack;

/// Slack before there is a workspace.
pub type SlackFactory = ShippedFactory<Slack>;

impl Shipped for Slack {
    const ID: &'static str = "slack";
    const CATEGORY: Category = Category::Communication;

    fn description() -> Result<RestFactory> {
        let file = include_str!("../slack.yaml");
        let factory = RestFactory::shipped(Self::ID, "slack.yaml", file, Self::CATEGORY)?;
        Ok(factory.with_guide(include_str!("../GUIDE.md")).with_hooks(events::SlackHooks))
    }
}
