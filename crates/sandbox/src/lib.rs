#![doc = include_str!("../README.md")]

pub mod chatwoot;
mod clock;
mod control;
pub mod engine;
mod faults;
pub mod fortnox;
pub mod google_sheets;
pub mod hubspot;
mod journal;
mod json;
mod lcg;
mod misbehave;
pub mod oauth;
pub mod odoo;
pub mod pipedrive;
mod reply;
mod sandbox;
mod server;
pub mod slack;
mod transport;
mod usage;
mod wire;

pub use clock::Clock;
pub use faults::{Fault, FaultRule, PageTwist, RetryAfter};
pub use journal::{Counters, Seen};
pub use json::{Json, NotJson, Object};
pub use reply::{Misbehaviour, Reply};
pub use sandbox::{Command, Model, Moment, Refused, Sandbox};
pub use server::Server;
pub use transport::InProcess;
pub use usage::RateUsage;
