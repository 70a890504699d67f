#![doc = include_str!("../README.md")]

mod config;
mod types;

use tieline_core::{Category, Result};
use tieline_rest::{RestFactory, Shipped, ShippedFactory};

pub use config::ChatwootConfig;
pub use tieline_rest::RestConnector;
pub use types::{Agent, Contact, Conversation, Inbox, Label, Message, Team};

/// Chatwoot, as its description says.
#[derive(Clone, Copy, Debug)]
pub struct Chatwoot;

/// Chatwoot before there is an account.
pub type ChatwootFactory = ShippedFactory<Chatwoot>;

impl Shipped for Chatwoot {
    const ID: &'static str = "chatwoot";
    const CATEGORY: Category = Category::Support;

    fn description() -> Result<RestFactory> {
        let file = include_str!("../chatwoot.yaml");
        let factory = RestFactory::shipped(Self::ID, "chatwoot.yaml", file, Self::CATEGORY)?;
        Ok(factory.with_guide(include_str!("../GUIDE.md")))
    }
}
