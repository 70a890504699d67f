#![doc = include_str!("../README.md")]

mod compile;
mod extract;
mod plan;

pub use compile::CompiledPlan;
pub use plan::{FieldPlan, LeaveOut, Otherwise, Plan, Source, Table};
