//! The fields of each resource, in the order in which answers show them.

mod articles;
mod entity;
mod field;
mod invoices;
mod ledger;
mod parties;
mod sales;
mod traits;

pub use entity::Entity;
pub(crate) use field::{Field, Kind, Shape, Target, Write};
