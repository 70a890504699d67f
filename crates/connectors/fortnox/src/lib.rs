#![doc = include_str!("../README.md")]

mod characters;
mod config;
mod draft;
mod entities;
mod fields;
mod filters;
mod hooks;
mod lenient;
mod outcome;
mod rows;
mod types;

use tieline_core::{Category, Result};
use tieline_rest::{RestFactory, Shipped, ShippedFactory};

pub use config::FortnoxConfig;
pub use tieline_rest::RestConnector;
pub use types::{Article, Customer, Invoice, InvoiceRow, Supplier, Voucher, VoucherRow};

use hooks::FortnoxHooks;

/// Fortnox, as its description says.
#[derive(Clone, Copy, Debug)]
pub struct Fortnox;

/// Fortnox before there is an account.
pub type FortnoxFactory = ShippedFactory<Fortnox>;

impl Shipped for Fortnox {
    const ID: &'static str = "fortnox";
    const CATEGORY: Category = Category::Accounting;

    fn description() -> Result<RestFactory> {
        let file = include_str!("../fortnox.yaml");
        let factory = RestFactory::shipped(Self::ID, "fortnox.yaml", file, Self::CATEGORY)?;
        let hooks = FortnoxHooks::of(factory.description());
        Ok(factory.with_api_version("3").with_guide(include_str!("../GUIDE.md")).with_hooks(hooks))
    }
}
