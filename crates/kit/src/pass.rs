//! The kind of pass that a state is in the middle of.

use serde::{Deserialize, Serialize};
use tieline_core::Pass;

/// What a pass walks over, as a state remembers it. The words are part of every stored state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassKind {
    /// All records.
    Full,
    /// What changed.
    Changes,
    /// All keys.
    Keys,
}

impl PassKind {
    /// The same for a batch.
    pub fn pass(self) -> Pass {
        match self {
            Self::Full => Pass::Full,
            Self::Changes => Pass::Changes,
            Self::Keys => Pass::Keys,
        }
    }
}
