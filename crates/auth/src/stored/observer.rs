use std::fmt::Debug;

use async_trait::async_trait;

/// A step of a renewal, by the numbers of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// 3: the lease is taken.
    Lease,
    /// 4: the secret is read again.
    ReadAgain,
    /// 5: the intent is written.
    Intent,
    /// 6: the request is sent.
    Request,
    /// 7: the new pair is stored.
    Save,
}

/// Around a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Moment {
    /// It has not begun.
    Before,
    /// It is done, whatever came of it.
    After,
}

/// Told of each step of a renewal, and waited for. For tests that stop or kill there.
#[async_trait]
pub trait StepObserver: Debug + Send + Sync {
    /// A step is about to begin, or is done.
    async fn at(&self, step: Step, moment: Moment);
}
