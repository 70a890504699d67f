#![doc = include_str!("../README.md")]

mod associations;
mod config;
mod types;

use tieline_core::{Category, Result};
use tieline_rest::{RestFactory, Shipped, ShippedFactory};

pub use config::HubSpotConfig;
pub use tieline_rest::RestConnector;
pub use types::{Associations, Company, Contact, Deal, Link, Object, Owner, Pipeline, Stage, Ticket};

/// HubSpot, as its description says.
#[derive(Clone, Copy, Debug)]
pub struct HubSpot;

/// HubSpot before there is an account.
pub type HubSpotFactory = ShippedFactory<HubSpot>;

impl Shipped for HubSpot {
    const ID: &'static str = "hubspot";
    const CATEGORY: Category = Category::Crm;

    fn description() -> Result<RestFactory> {
        let file = include_str!("../hubspot.yaml");
        let factory = RestFactory::shipped(Self::ID, "hubspot.yaml", file, Self::CATEGORY)?;
        Ok(factory.with_guide(include_str!("../GUIDE.md")).with_hooks(associations::HubSpotHooks))
    }
}
