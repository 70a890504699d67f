//! Outcomes as JSON lines.

use tieline::{Error, ErrorKind, FieldPath, OperationOutcome, Outcome, Record};

use crate::failure::Described;
use crate::lines::Line;

/// The members of an outcome's line.
pub(crate) fn describe(line: &mut Line, number: Option<u64>, done: &OperationOutcome) {
    if let Some(number) = number {
        line.json("line", &number);
    }
    line.text("id", &done.id).text("outcome", word(&done.outcome));
    if done.unmarked {
        line.json("unmarked", &true);
    }
    match &done.outcome {
        Outcome::Applied { key, record, output, .. } => {
            let key = key.as_ref().or(record.as_ref().map(|record| &record.key));
            line.maybe("key", key);
            rest_of(line, record.as_deref());
            if let Some(output) = output {
                line.json("output", output);
            }
        }
        Outcome::Partial { applied, error, .. } => {
            let applied: Vec<&str> = applied.iter().map(FieldPath::as_str).collect();
            line.json("applied", &applied).json("error", &Described(error));
        }
        Outcome::Conflict { current, .. } => {
            line.maybe("key", current.as_ref().map(|record| &record.key));
            rest_of(line, current.as_deref());
        }
        Outcome::Accepted { ticket, .. } => _ = line.text("ticket", ticket),
        Outcome::Rejected(error) | Outcome::Deferred(error) | Outcome::Unknown(error) => {
            line.json("error", &Described(error));
        }
        _ => {}
    }
}

/// The members of a line for which nothing was sent.
pub(crate) fn describe_malformed(line: &mut Line, number: u64, error: &Error) {
    line.json("line", &number).text("outcome", "malformed").json("error", &Described(error));
}

fn rest_of(line: &mut Line, record: Option<&Record>) {
    if let Some(record) = record {
        line.maybe("changed_at", record.changed_at.as_ref())
            .maybe("version", record.version.as_ref())
            .raw("record", record.payload.get());
    }
}

pub(crate) fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Applied { .. } => "applied",
        Outcome::Unchanged => "unchanged",
        Outcome::Partial { .. } => "partial",
        Outcome::Conflict { .. } => "conflict",
        Outcome::Accepted { .. } => "accepted",
        Outcome::Rejected(_) => "rejected",
        Outcome::Deferred(_) => "deferred",
        _ => "unknown",
    }
}

/// Whether the record is as the operation wants it.
pub(crate) fn is_done(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. } | Outcome::Unchanged)
}

/// The error of an outcome, when it has one.
pub(crate) fn into_error(outcome: Outcome) -> Option<Error> {
    match outcome {
        Outcome::Partial { error, .. }
        | Outcome::Rejected(error)
        | Outcome::Deferred(error)
        | Outcome::Unknown(error) => Some(error),
        _ => None,
    }
}

/// Whether what failed one operation will fail all: going on would only hammer the provider.
pub(crate) fn concerns_all(outcome: &Outcome) -> bool {
    use ErrorKind::{Config, Internal, QuotaExhausted, RateLimited, Unauthenticated};
    match outcome {
        Outcome::Deferred(error) => {
            matches!(error.kind(), Unauthenticated | Config | RateLimited | QuotaExhausted)
        }
        Outcome::Unknown(error) => error.kind() == Internal,
        _ => false,
    }
}

/// For a connector that breaks its promise of one outcome for each operation.
pub(crate) fn unanswered() -> Error {
    Error::new(ErrorKind::Internal, "the connector did not say what became of the operation")
        .with_advice("look whether it happened before you send it again, and report the fault")
}
