//! Where a stream stands, and the two marks that keep concurrent work from undoing each other.

use tieline_core::{ReadMode, State};

use crate::Passes;

/// Where a stream stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Where to go on from; `None` asks for a full read.
    pub state: Option<State>,
    /// The generation and the passes under way.
    pub passes: Passes,
    /// What a commit that goes on from here expects.
    pub token: Token,
}

impl Position {
    /// A position.
    pub fn new(state: Option<State>, passes: Passes, token: Token) -> Self {
        Self { state, passes, token }
    }

    /// Whether a pass of this kind has begun and not ended.
    pub fn pass_open(&self, pass: ReadMode) -> bool {
        self.passes.since(pass).is_some()
    }
}

/// The position that a commit goes on from. Each commit and each reset of a stream gives it another one, and no token
/// ever comes back, not even after an [`erase`](crate::SyncStore::erase).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Token {
    stream: u64,
    revision: u64,
}

impl Token {
    /// For stores: the token of a stream by its never reused number and its revision. The default is the token of a
    /// stream that is not there yet.
    pub fn new(stream: u64, revision: u64) -> Self {
        Self { stream, revision }
    }
}

/// A point in the history of a connection's records. Take it before records are loaded or looked up, hand it to the
/// commit of what was mapped from them, and the store notices what changed in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Moment {
    epoch: u64,
    sequence: u64,
}

impl Moment {
    /// For stores: a moment by the never reused number of the connection and its count of commits. The default is the
    /// moment of a connection that is not there yet.
    pub fn new(epoch: u64, sequence: u64) -> Self {
        Self { epoch, sequence }
    }

    /// For stores: the commits that this moment has seen, `None` when it is of another life of the connection, which
    /// means that it has seen nothing.
    pub fn seen(self, epoch: u64) -> Option<u64> {
        (self.epoch == epoch).then_some(self.sequence)
    }
}
