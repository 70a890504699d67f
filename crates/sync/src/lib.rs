#![doc = include_str!("../README.md")]

mod apply;
mod fields;
mod fit;
mod hints;
mod outbox;
mod pending;
mod plan;
mod remap;
mod report;
mod run;
mod stream;

pub use outbox::{Outbox, OutboxReport, new_operation_id};
pub use plan::StreamPlan;
pub use report::{Report, StreamReport};
pub use run::{Event, OneWaySync};
