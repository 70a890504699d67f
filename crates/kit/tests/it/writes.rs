use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use tieline_core::{Error, ErrorKind, Key, Operation, Outcome, RawJson, Resend, WriteOp};
use tieline_kit::{outcome_of, outcomes};

const KINDS: [ErrorKind; 15] = [
    ErrorKind::Config,
    ErrorKind::Unauthenticated,
    ErrorKind::Forbidden,
    ErrorKind::NotFound,
    ErrorKind::Conflict,
    ErrorKind::Rejected,
    ErrorKind::RateLimited,
    ErrorKind::QuotaExhausted,
    ErrorKind::Unavailable,
    ErrorKind::Timeout,
    ErrorKind::Transport,
    ErrorKind::Decode,
    ErrorKind::StateInvalid,
    ErrorKind::Unsupported,
    ErrorKind::Internal,
];

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::Rejected(_) => "rejected",
        Outcome::Deferred(_) => "deferred",
        Outcome::Unknown(_) => "unknown",
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_kind_has_an_outcome() {
    let lines: Vec<String> = KINDS
        .iter()
        .map(|kind| {
            let of = |idempotent| word(&outcome_of(Error::new(*kind, "x"), idempotent));
            format!("{kind}: {} / {}", of(true), of(false))
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    config: deferred / deferred
    unauthenticated: deferred / deferred
    forbidden: rejected / rejected
    not_found: rejected / rejected
    conflict: rejected / rejected
    rejected: rejected / rejected
    rate_limited: deferred / deferred
    quota_exhausted: deferred / deferred
    unavailable: deferred / unknown
    timeout: deferred / unknown
    transport: deferred / unknown
    decode: deferred / unknown
    state_invalid: rejected / rejected
    unsupported: rejected / rejected
    internal: unknown / unknown
    ");
}

#[test]
fn what_may_have_happened_is_never_called_not_done() {
    for kind in KINDS {
        for resend in [Resend::Never, Resend::Safe, Resend::IfIdempotent] {
            let error = || Error::new(kind, "x").with_resend(resend);
            match resend {
                Resend::Safe => assert_eq!(word(&outcome_of(error(), false)), "deferred"),
                Resend::IfIdempotent => assert_eq!(word(&outcome_of(error(), false)), "unknown"),
                Resend::Never => assert_ne!(word(&outcome_of(error(), false)), "applied"),
            }
        }
    }
    // An answer that is too long is the same every time; what it answers may have happened.
    let long = || Error::new(ErrorKind::Decode, "too long").with_resend(Resend::Never);
    assert_eq!(word(&outcome_of(long(), true)), "unknown");
    assert_eq!(word(&outcome_of(long(), false)), "unknown");
    let late = || Error::new(ErrorKind::Timeout, "late").with_advice("read on");
    let texts = [true, false].map(|idempotent| match outcome_of(late(), idempotent) {
        Outcome::Deferred(error) | Outcome::Unknown(error) => error.to_string(),
        other => panic!("{other:?}"),
    });
    insta::assert_snapshot!(texts.join("\n"), @"
    late: send it again later: done twice, it does no harm (timeout)
    late: it may have been done: look for it before it is sent again (timeout)
    ");
}

fn create(id: &str) -> Operation {
    Operation::new(id, WriteOp::create(RawJson::parse("{}").unwrap()))
}

fn delete(id: &str, key: &str) -> Operation {
    Operation::new(id, WriteOp::delete(Key::from(key)))
}

/// The outcomes when the first operation ends so and all others are done.
async fn after(first: Outcome, operations: Vec<Operation>) -> (Vec<String>, usize) {
    let sent = Arc::new(AtomicUsize::new(0));
    let mut first = Some(first);
    let counter = Arc::clone(&sent);
    let stream = outcomes(operations, move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        let outcome = first.take().unwrap_or(Outcome::applied(None));
        async move { outcome }
    });
    let said = stream.map(|done| format!("{} {}", done.id, word(&done.outcome))).collect().await;
    (said, sent.load(Ordering::Relaxed))
}

#[tokio::test]
async fn a_bad_record_stops_no_other() {
    let refused = Outcome::Rejected(Error::new(ErrorKind::Rejected, "no"));
    let (said, sent) = after(refused, vec![delete("a", "1"), delete("b", "1"), create("c")]).await;
    assert_eq!(said, ["a rejected", "b applied", "c applied"]);
    assert_eq!(sent, 3);
}

#[tokio::test]
async fn a_failed_connection_sends_nothing_more() {
    for kind in
        [ErrorKind::Unauthenticated, ErrorKind::RateLimited, ErrorKind::QuotaExhausted, ErrorKind::Config]
    {
        let wait = Duration::from_secs(9);
        let failed = outcome_of(Error::new(kind, "no").with_retry_after(wait), false);
        let (said, sent) = after(failed, vec![create("a"), create("b"), delete("c", "1")]).await;
        assert_eq!(said, ["a deferred", "b deferred", "c deferred"], "{kind}");
        assert_eq!(sent, 1);
    }
}

#[tokio::test]
async fn a_silent_provider_is_asked_once() {
    for (idempotent, first) in [(true, "a deferred"), (false, "a unknown")] {
        let late = outcome_of(Error::new(ErrorKind::Timeout, "late"), idempotent);
        let (said, sent) = after(late, vec![create("a"), create("b"), delete("c", "1")]).await;
        assert_eq!(said, [first, "b deferred", "c deferred"]);
        assert_eq!(sent, 1);
    }
}

#[tokio::test]
async fn a_record_whose_change_waits_is_left_alone() {
    let broken = outcome_of(Error::new(ErrorKind::Transport, "broken"), true);
    let (said, sent) = after(broken, vec![delete("a", "1"), delete("b", "2"), delete("c", "1")]).await;
    assert_eq!(said, ["a deferred", "b applied", "c deferred"]);
    assert_eq!(sent, 2);
}

#[tokio::test]
async fn the_words_for_what_was_not_sent() {
    let limited = Error::new(ErrorKind::RateLimited, "no").with_retry_after(Duration::from_secs(9));
    let mut texts = Vec::new();
    for first in [Outcome::Deferred(limited), Outcome::Unknown(Error::new(ErrorKind::Transport, "broken"))] {
        let mut first = Some(first);
        let stream = outcomes(vec![delete("a", "7"), delete("b", "7")], move |_| {
            let outcome = first.take().unwrap();
            async move { outcome }
        });
        for done in stream.skip(1).collect::<Vec<_>>().await {
            let Outcome::Deferred(error) = done.outcome else { panic!("{done:?}") };
            texts.push(error.to_string());
        }
    }
    insta::assert_snapshot!(texts.join("\n"), @"
    not sent, because the connection failed an operation before this one (rate_limited, retry after 9 s)
    not sent, because an operation before this one on the same record is not settled: send it again once that one is settled (conflict, key=7)
    ");
}

#[tokio::test]
async fn a_dropped_stream_does_nothing_more() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let mut stream = outcomes(vec![create("a"), create("b"), create("c")], move |_| {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Outcome::Unchanged }
    });
    assert_eq!(sent.load(Ordering::Relaxed), 0);
    assert_eq!(stream.next().await.unwrap().id, "a");
    drop(stream);
    assert_eq!(sent.load(Ordering::Relaxed), 1);
}
