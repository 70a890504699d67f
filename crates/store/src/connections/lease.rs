/// The number of a lease. Each new lease of a name has a greater one, also after the connection's end, so a holder
/// that was slow is told from its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(u64);

impl Fence {
    /// For stores: a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// The right to do something alone, until it ends or is released.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// What proves it.
    pub fence: Fence,
}

impl Lease {
    /// For stores: a lease.
    pub const fn new(fence: Fence) -> Self {
        Self { fence }
    }
}
