#![doc = include_str!("../README.md")]

mod de;
mod error;
mod format;
mod json;
mod mark;
mod node;
mod toml;
mod write;
mod yaml;

pub use error::{DocumentError, did_you_mean, nearest};
pub use format::Format;
pub use mark::Mark;
pub use node::{Member, Node, Value};
