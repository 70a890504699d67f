//! The position of a stream, and the two marks that keep concurrent work from undoing each other.

use tieline_core::{FieldPath, ReadMode, State};

use crate::Passes;

/// The position of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Position {
    /// Where to go on from; `None` asks for a full read.
    pub state: Option<State>,
    /// The generation and the passes under way.
    pub passes: Passes,
    /// The fields on request that the stream's records were read with.
    pub fields: Vec<FieldPath>,
    /// The revision that a commit which goes on from here expects.
    pub revision: StreamRevision,
}

impl Position {
    /// A position.
    pub fn new(state: Option<State>, passes: Passes, revision: StreamRevision) -> Self {
        Self { state, passes, fields: Vec::new(), revision }
    }

    /// For stores: sets the fields on request.
    #[must_use]
    pub fn with_fields(mut self, fields: Vec<FieldPath>) -> Self {
        self.fields = fields;
        self
    }

    /// Whether a pass of this kind has begun and not ended.
    pub fn pass_open(&self, pass: ReadMode) -> bool {
        self.passes.since(pass).is_some()
    }
}

/// The revision of a stream that a commit goes on from. Each commit and each reset gives the stream a new one, and none
/// ever comes back, not even after an [`erase`](crate::SyncStore::erase).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct StreamRevision {
    stream: u64,
    revision: u64,
}

impl StreamRevision {
    /// For stores: the revision of a stream by its never reused number and its count of changes. The default is that of a
    /// stream that is not there yet.
    pub fn new(stream: u64, revision: u64) -> Self {
        Self { stream, revision }
    }
}

/// The version of a connection's records that a reader has seen. Take it before records are loaded or looked up, hand it to the
/// commit of what was mapped from them, and the store notices what changed in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReadVersion {
    epoch: u64,
    sequence: u64,
}

impl ReadVersion {
    /// For stores: a version by the never reused number of the connection and its count of commits. The default is the
    /// version of a connection that is not there yet.
    pub fn new(epoch: u64, sequence: u64) -> Self {
        Self { epoch, sequence }
    }

    /// For stores: the commits that this version has seen, `None` when it is of another life of the connection, which
    /// means that it has seen nothing.
    pub fn seen(self, epoch: u64) -> Option<u64> {
        (self.epoch == epoch).then_some(self.sequence)
    }
}
