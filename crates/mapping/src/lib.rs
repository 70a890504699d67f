#![doc = include_str!("../README.md")]

mod apply;
mod backward;
mod compile;
mod compiled;
mod digits;
mod document;
mod extract;
mod forward;
mod paths;
mod plan;
mod problem;
mod schema;
mod step;
mod targets;
mod time_steps;
mod transform;
mod value;

pub use apply::{apply, new_record};
pub use compiled::{CompiledPlan, MappedField};
pub use document::Format;
pub use plan::{FieldDirection, FieldPlan, LeaveOut, Owner, Plan, RequiredOn, Several, Source, VERSION};
pub use problem::Problem;
pub use step::{
    Boolean, Case, Decimal, Extract, Integer, Letters, Lookup, MinorUnits, NumberAs, ObjectToList, Otherwise,
    Rounding, Separator, Step, Table, Text, TextOf, Unwrap, Wrap,
};
pub use time_steps::{Date, Datetime, Fold, Gap, Time};
