#![doc = include_str!("../README.md")]

mod apply;
mod outbox;
mod plan;
mod report;
mod run;

pub use outbox::{Outbox, OutboxReport, new_operation_id};
pub use plan::StreamPlan;
pub use report::{Report, StreamReport};
pub use run::{Event, OneWaySync};
