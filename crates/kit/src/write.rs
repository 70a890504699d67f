//! Helpers of writers: operations carried out in order, and the meaning of an error for a write.

use std::collections::HashSet;
use std::future::Future;
use std::time::Duration;

use futures_util::stream::unfold;
use tieline_core::{Error, ErrorKind, Key, Operation, OperationOutcome, Outcome, OutcomeStream, Resend};

/// Returns the outcome of a write that an error of the HTTP stack ended.
///
/// | the error | idempotent | otherwise |
/// |---|---|---|
/// | [`Resend::Safe`]: the provider did not act | `Deferred` | `Deferred` |
/// | [`Resend::IfIdempotent`]: it may have acted | `Deferred` | `Unknown` |
/// | [`Resend::Never`], about the connection: `Unauthenticated`, `Config` | `Deferred` | `Deferred` |
/// | [`Resend::Never`], and no word of the provider on what it did: `Timeout`, `Transport`, `Decode`, `Unavailable`, `Internal` | `Unknown` | `Unknown` |
/// | [`Resend::Never`], `Conflict` of a request that was sent more than once: the first may have made the version that the second met | `Unknown` | `Rejected` |
/// | [`Resend::Never`], any other: the provider refused | `Rejected` | `Rejected` |
///
/// A write with a condition on a version counts as not idempotent, also where its method is: done twice, the second
/// meets the version that the first made. Say so to the request too ([`Call::idempotent`](crate::Call::idempotent)); a
/// version that is compared by a read before the write needs only `false` here.
///
/// The advice is replaced where it would be for a reader.
///
/// A connection that must be mended does not make its writes wrong: they wait, and the same bytes work afterwards.
///
/// ```
/// use tieline_core::{Error, ErrorKind, Outcome};
/// use tieline_kit::outcome_of;
///
/// let late = || Error::new(ErrorKind::Timeout, "no answer within 60 s");
/// assert!(matches!(outcome_of(late(), true), Outcome::Deferred(_)));
/// assert!(matches!(outcome_of(late(), false), Outcome::Unknown(_)));
/// ```
pub fn outcome_of(error: Error, idempotent: bool) -> Outcome {
    use ErrorKind::{Config, Conflict, Decode, Internal, Timeout, Transport, Unauthenticated, Unavailable};
    let unknown = |error: Error| {
        Outcome::Unknown(error.with_advice("it may have been done: look for it before it is sent again"))
    };
    match (error.resend(), error.kind()) {
        (Resend::Safe, _) => Outcome::Deferred(error),
        (Resend::IfIdempotent, _) if idempotent => {
            Outcome::Deferred(error.with_advice("send it again later: done twice, it does no harm"))
        }
        (Resend::IfIdempotent, _) => unknown(error),
        (Resend::Never, Unauthenticated | Config) => Outcome::Deferred(error),
        (Resend::Never, Timeout | Transport | Decode | Unavailable | Internal) => unknown(error),
        (Resend::Never, Conflict) if idempotent && error.attempts() > 1 => unknown(error),
        (Resend::Never, _) => Outcome::Rejected(error),
    }
}

/// The result of a step of [`outcomes`]: an [`Outcome`], or one with a remark.
#[derive(Debug)]
pub struct Done {
    outcome: Outcome,
    unmarked: bool,
}

impl Done {
    /// A create that was sent without the marker that was asked for.
    pub fn without_marker(outcome: Outcome) -> Self {
        Self { outcome, unmarked: true }
    }
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, unmarked: false }
    }
}

/// A lazy stream of outcomes: each operation is carried out by `step` when its outcome is asked for, one at a time, in
/// order. A step that creates sends the operation's id as the idempotency key where the provider takes one. Dropping the stream carries out nothing more.
///
/// A bad record stops no other. Two things keep operations from being sent at all, and make them `Deferred`:
///
/// - an operation before them was deferred because of the connection (`Unauthenticated`, `Config`, `RateLimited`,
///   `QuotaExhausted`), or the provider was silent (`Timeout`): they would fail the same way, each after a long wait;
/// - an operation before them on the same record was deferred, or its outcome is unknown: done out of order, the
///   record would end with the older change.
pub fn outcomes<F, Fut>(operations: Vec<Operation>, step: F) -> OutcomeStream
where
    F: FnMut(Operation) -> Fut + Send + 'static,
    Fut: Future<Output: Into<Done>> + Send + 'static,
{
    let queue = Queue { operations: operations.into_iter(), step, stopped: None, held: HashSet::new() };
    Box::pin(unfold(queue, |mut queue| async move {
        let operation = queue.operations.next()?;
        let (id, key) = (operation.id.clone(), operation.op.key().cloned());
        let Done { outcome, unmarked } = match queue.unsent(key.as_ref()) {
            Some(why) => Outcome::Deferred(why).into(),
            None => (queue.step)(operation).await.into(),
        };
        queue.note(key, &outcome);
        let done = OperationOutcome::new(id, outcome);
        Some((if unmarked { done.without_marker() } else { done }, queue))
    }))
}

struct Queue<F> {
    operations: std::vec::IntoIter<Operation>,
    step: F,
    /// The reason why nothing more is sent, and for how long.
    stopped: Option<(ErrorKind, Option<Duration>)>,
    /// Records with an operation that is not done.
    held: HashSet<Key>,
}

impl<F> Queue<F> {
    /// Returns the reason why an operation on this record is not sent.
    fn unsent(&self, key: Option<&Key>) -> Option<Error> {
        let why = |kind, message: &'static str| Error::new(kind, message).with_resend(Resend::Safe);
        if let Some((kind, wait)) = self.stopped {
            let error = why(kind, "not sent, because the connection failed an operation before this one");
            return Some(match wait {
                Some(wait) => error.with_retry_after(wait),
                None => error,
            });
        }
        let key = key.filter(|key| self.held.contains(*key))?;
        let error = why(
            ErrorKind::Conflict,
            "not sent, because an operation before this one on the same record is not settled",
        );
        Some(error.with_advice("send it again once that one is settled").with_context("key", key))
    }

    fn note(&mut self, key: Option<Key>, outcome: &Outcome) {
        if let Outcome::Deferred(error) | Outcome::Unknown(error) = outcome
            && self.stopped.is_none()
            && stops(error.kind(), matches!(outcome, Outcome::Deferred(_)))
        {
            self.stopped = Some((error.kind(), error.retry_after()));
        }
        if matches!(outcome, Outcome::Deferred(_) | Outcome::Unknown(_)) {
            self.held.extend(key);
        }
    }
}

/// Whether operations after one that failed so would fail the same way.
fn stops(kind: ErrorKind, deferred: bool) -> bool {
    match kind {
        ErrorKind::Timeout => true,
        ErrorKind::Unauthenticated
        | ErrorKind::Config
        | ErrorKind::RateLimited
        | ErrorKind::QuotaExhausted => deferred,
        _ => false,
    }
}
