#![doc = include_str!("../README.md")]

mod apply;
mod plan;
mod report;
mod run;

pub use plan::StreamPlan;
pub use report::{Report, StreamReport};
pub use run::{Event, OneWay};
