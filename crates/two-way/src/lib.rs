#![doc = include_str!("../README.md")]

mod body;
mod decide;
mod equality;
mod fields;
mod matching;
mod merge;
mod pass;
mod provider_side;
mod report;
mod rules;
mod settle;
mod side;
mod sync;
mod tasks;

pub use equality::ValueType;
pub use fields::Fields;
pub use matching::{MatchForm, MatchRule};
pub use merge::{Both, Merge, MergeInput, merge};
pub use provider_side::{ProviderSide, ProviderStore, check_two_way};
pub use report::{Diff, PlannedChange, TwoWayReport};
pub use rules::{ConflictPolicy, FieldRule, MergeRules};
pub use side::{Seen, Side, SideChanges, SideRecord, SideWrite, WriteKind, WriteOutcome};
pub use sync::{ChangeBrake, DeletePolicy, TwoWaySync};
pub use tieline_store::pairings::PairSide;
