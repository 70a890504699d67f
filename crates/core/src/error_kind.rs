//! The kinds of errors.

use std::fmt;

/// The kind of an error. Each says what a host should show and do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection's settings are wrong or incomplete, or the address does not lead to the provider. Show the
    /// message beside the settings form.
    Config,
    /// The provider does not accept the credential. Ask the customer to reconnect; retrying cannot help.
    Unauthenticated,
    /// The credential is valid but may not do this: a missing scope, permission, licence or plan. Show the message;
    /// other entities may still work.
    Forbidden,
    /// The thing asked for is not there: an unknown entity, or a record that is gone.
    NotFound,
    /// The record changed since it was read, or already exists. Read it again and decide.
    Conflict,
    /// The provider understood the request and refuses it. The same bytes cannot help; fix the data.
    Rejected,
    /// Too many requests for now. Wait for [`retry_after`](crate::Error::retry_after), then go on; park the work, do not
    /// sleep on it.
    RateLimited,
    /// A budget for a long period (a day, a month) is used up. Park the connection until
    /// [`retry_after`](crate::Error::retry_after) and tell the customer.
    QuotaExhausted,
    /// The provider is down or under maintenance. Try again later.
    Unavailable,
    /// No answer in time. Whether the provider acted is not known.
    Timeout,
    /// The connection failed or broke. [`resend`](crate::Error::resend) says whether the request can have arrived.
    Transport,
    /// The answer is not what the provider documents: HTML for JSON, a truncated body, a repeated page token.
    /// Worth a bug report when it stays.
    Decode,
    /// The stored state cannot be used. Start over with a full read; nothing is skipped by that.
    StateInvalid,
    /// The connector or the provider cannot do this at all. A matter for the developer.
    Unsupported,
    /// A fault of this library or of the host's storage. Report it.
    Internal,
}

impl ErrorKind {
    /// The kind as a stable snake_case word, for logs, metrics and exit codes.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::Rejected => "rejected",
            Self::RateLimited => "rate_limited",
            Self::QuotaExhausted => "quota_exhausted",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Decode => "decode",
            Self::StateInvalid => "state_invalid",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    pub(crate) fn default_resend(self) -> Resend {
        match self {
            Self::RateLimited | Self::QuotaExhausted => Resend::Safe,
            Self::Unavailable | Self::Timeout | Self::Transport | Self::Decode => Resend::IfIdempotent,
            _ => Resend::Never,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the same request may be sent again, as far as the sender knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resend {
    /// The same request will fail the same way, or may do harm.
    Never,
    /// The provider certainly did not act: any request may be sent again.
    Safe,
    /// The provider may have acted: only a request that is safe to send twice may be sent again.
    IfIdempotent,
}
