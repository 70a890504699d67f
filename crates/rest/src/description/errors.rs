use std::time::Duration;

use tieline_core::{ErrorKind, Resend};

/// The meaning of failures.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ErrorRules {
    /// JSON Pointers to the message of a failure.
    pub message: Vec<String>,
    /// To the provider's code.
    pub code: Vec<String>,
    /// To the provider's id of the request.
    pub request: Vec<String>,
    /// The header with the provider's id of the request, lower case; `x-request-id` unless said.
    pub request_header: Option<String>,
    /// The rules, in order; the first that fits holds.
    pub when: Vec<ErrorRule>,
}

/// One rule. All that it says must hold.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ErrorRule {
    /// Statuses: `429`, or `4xx` as 4.
    pub status: Vec<u16>,
    /// The provider's codes, as texts.
    pub codes: Vec<String>,
    /// A JSON Pointer into the body that must be there.
    pub at: Option<String>,
    /// The values that may stand there, as texts.
    pub is: Vec<String>,
    /// One of these must occur in the message.
    pub text: Vec<String>,
    /// A header that must be there, with this value when one is given.
    pub header: Option<(String, Option<String>)>,
    /// Whether the body is a web page.
    pub html: Option<bool>,
    /// Only for requests with this tag.
    pub tag: Option<String>,
    /// Its meaning; by the status when nothing is said.
    pub error: Option<ErrorWord>,
    /// Whether it is about the connection, such as a scope that it lacks, and not about one record.
    pub about_connection: bool,
    /// The time to wait.
    pub wait: Option<Wait>,
    /// Whether it may be sent again.
    pub resend: Option<Resend>,
    /// Advice.
    pub advice: Option<String>,
}

/// The meaning of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorWord {
    /// An error of that kind.
    Kind(ErrorKind),
    /// No failure: there is nothing.
    Nothing,
    /// No failure as a whole: items fail by themselves.
    Items,
    /// The token or position is forgotten: start over.
    StartOver,
}

/// The time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wait {
    /// So long.
    For(Duration),
    /// Until midnight, UTC.
    Midnight,
}
