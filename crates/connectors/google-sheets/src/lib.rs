#![doc = include_str!("../README.md")]

mod a1;
mod cells;
mod check;
mod client;
mod config;
mod connector;
mod digest;
mod discover;
mod factory;
mod grid;
mod header;
mod lookup;
mod plan;
mod read;
mod record;
mod state;
mod table;
mod texts;
mod times;
mod types;
mod walk;
mod window;
mod write;

pub use config::{GoogleSheetsConfig, TableConfig};
pub use connector::GoogleSheets;
pub use factory::GoogleSheetsFactory;
pub use types::TabTexts;
