#![doc = include_str!("../README.md")]

mod action;
mod characters;
mod check;
mod config;
mod connector;
mod content;
mod discover;
mod draft;
mod endpoints;
mod errors;
mod factory;
mod fields;
mod filters;
mod lenient;
mod list;
mod lookup;
mod read;
mod rows;
mod state;
mod stockholm;
mod types;
mod write;

pub use config::FortnoxConfig;
pub use connector::Fortnox;
pub use factory::FortnoxFactory;
pub use types::{Article, Customer, Invoice, InvoiceRow, Supplier, Voucher, VoucherRow};
