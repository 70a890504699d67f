#![doc = include_str!("../README.md")]

mod build;
pub mod description;
mod description_uses;
mod engine;
mod file;
mod hooks;
mod language;
mod public;
mod stamp;
mod template;

pub use build::{DescriptionBuilder, EntityBuilder};
pub use description::Description;
pub(crate) use description::description_duration;
pub use engine::{Explanation, Guess, RestConnector, RestFactory, Shipped, ShippedFactory};
pub use file::{Finding, Findings, Library, LoadOptions};
pub use hooks::{HookContext, HookFuture, HookPage, HookPatch, Hooks, NoHooks, Selection};
pub use language::{reference, schema};
pub use public::NoCredential;
pub use template::{Format as WordFormat, Item, Template, Tree, Word};
pub use tieline_document::Format;
