//! Faults on request: a queue of rules, each saying on which requests the sandbox misbehaves, and how.

use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Request};
use serde::{Deserialize, Serialize};

/// One way to misbehave. As JSON it is tagged with `fault`: `{"fault": "status", "status": 503}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fault {
    /// Answers with a status, and with a body or the provider's own words for that status.
    Status {
        /// The status code.
        status: u16,
        /// The body; without one, what this provider would say.
        #[serde(default)]
        body: Option<String>,
    },
    /// 429, with or without a hint when to come back.
    TooManyRequests {
        /// The form of the hint.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// The provider's answer to a token that it does not accept: a token that dies in the middle of a read.
    Unauthorized,
    /// The connection is reset before the first byte of the answer.
    ResetBeforeAnswer,
    /// The connection is reset in the middle of the body.
    ResetMidBody,
    /// The connection is closed in the middle of the body, short of the promised length.
    TruncateBody,
    /// A page for people where JSON was promised. With 403 it looks like a firewall's.
    HtmlPage {
        /// 200 or 403, or any other.
        status: u16,
    },
    /// A body that breaks off inside its JSON or XML, with a length that agrees with it.
    MalformedJson,
    /// A whole body with bytes in its middle that are neither JSON nor XML.
    GarbledBody,
    /// The body trickles.
    SlowBytes {
        /// Bytes in a piece.
        piece: usize,
        /// The pause after each piece, in milliseconds.
        pause_ms: u64,
    },
    /// A small gzip body that unpacks to this many megabytes.
    GzipBomb {
        /// The size after unpacking.
        megabytes: u32,
    },
    /// The page is right, but its cursor leads to the same page again.
    RepeatPageToken,
    /// A page without records that has a next page.
    EmptyPage,
    /// The page holds its last record twice.
    DuplicateRecords,
    /// An error whose body and headers say back every secret that the request carried.
    EchoSecrets {
        /// The status code.
        status: u16,
    },
    /// The answer is right but late.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
}

/// How a 429 says when to come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryAfter {
    /// It does not.
    #[default]
    None,
    /// `Retry-After: 7`
    Seconds(u32),
    /// `Retry-After: Mon, 02 Nov 2026 08:00:07 GMT`, this many seconds ahead on the sandbox's clock.
    HttpDate(u32),
}

/// Which requests a fault hits, and how often. Rules are asked in the order in which they were added; a request that one
/// of them hits is not counted by those behind it.
///
/// ```
/// use tieline_sandbox::{Fault, FaultRule};
///
/// // The third page of a walk fails twice, then works.
/// let rule = FaultRule::new(Fault::Status { status: 503, body: None })
///     .on("GET", "/api/v2/deals")
///     .skip(2)
///     .times(2);
/// # let _ = rule;
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRule {
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    path: String,
    #[serde(default)]
    query: Option<String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    skip: u32,
    #[serde(default = "once")]
    times: u32,
    #[serde(default)]
    takes_effect: Option<bool>,
    #[serde(flatten)]
    fault: Fault,
}

const fn once() -> u32 {
    1
}

impl FaultRule {
    /// A fault that hits the next request, whatever it is.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        let path = String::new();
        let (times, takes_effect) = (once(), None);
        Self { method: None, path, query: None, body: None, skip: 0, times, takes_effect, fault }
    }

    /// Only requests of this method whose path begins like this.
    #[must_use]
    pub fn on(mut self, method: &str, path_prefix: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        path_prefix.clone_into(&mut self.path);
        self
    }

    /// Only requests whose query holds this text, such as `cursor=`.
    #[must_use]
    pub fn query(mut self, contains: &str) -> Self {
        self.query = Some(contains.to_owned());
        self
    }

    /// Only requests whose body holds this text, such as a method's name where every call goes to one path.
    #[must_use]
    pub fn body(mut self, contains: &str) -> Self {
        self.body = Some(contains.to_owned());
        self
    }

    /// Lets this many matching requests pass first.
    #[must_use]
    pub const fn skip(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Hits this many requests, then is used up.
    #[must_use]
    pub const fn times(mut self, requests: u32) -> Self {
        self.times = requests;
        self
    }

    /// Hits every matching request until the faults are cleared.
    #[must_use]
    pub const fn always(self) -> Self {
        self.times(u32::MAX)
    }

    /// Whether the provider does what was asked before things go wrong. A write whose answer is lost has happened.
    ///
    /// Unless said, answers that replace the provider's have no effect, and broken transmissions of its answer have.
    #[must_use]
    pub const fn takes_effect(mut self, effect: bool) -> Self {
        self.takes_effect = Some(effect);
        self
    }

    fn matches(&self, request: &Request<Bytes>) -> bool {
        let uri = request.uri();
        self.method.as_deref().is_none_or(|method| request.method() == method)
            && uri.path().starts_with(&self.path)
            && self.query.as_deref().is_none_or(|part| uri.query().unwrap_or_default().contains(part))
            && self.body.as_deref().is_none_or(|part| holds(request.body(), part.as_bytes()))
    }
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    part.is_empty() || body.windows(part.len()).any(|window| window == part)
}

/// A fault that hits a request now.
#[derive(Clone, Debug)]
pub(crate) struct Hit {
    pub(crate) fault: Fault,
    pub(crate) takes_effect: bool,
}

/// The rules in the order in which they were added. The first that matches counts; a rule that still skips
/// lets the next ones look.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue(Mutex<Vec<FaultRule>>);

impl FaultQueue {
    pub(crate) fn add(&self, rule: FaultRule) {
        self.rules().push(rule);
    }

    pub(crate) fn clear(&self) {
        self.rules().clear();
    }

    pub(crate) fn waiting(&self) -> Vec<FaultRule> {
        self.rules().clone()
    }

    pub(crate) fn next_for(&self, request: &Request<Bytes>) -> Option<Hit> {
        let mut rules = self.rules();
        let mut hit = None;
        for rule in rules.iter_mut().filter(|rule| rule.matches(request)) {
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if rule.times > 0 {
                if rule.times < u32::MAX {
                    rule.times -= 1;
                }
                let effect = rule.takes_effect.unwrap_or_else(|| rule.fault.transmits_an_answer());
                hit = Some(Hit { fault: rule.fault.clone(), takes_effect: effect });
                break;
            }
        }
        rules.retain(|rule| rule.times > 0);
        hit
    }

    fn rules(&self) -> std::sync::MutexGuard<'_, Vec<FaultRule>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Fault {
    /// Whether the provider's answer exists and only its way to the caller is broken.
    const fn transmits_an_answer(&self) -> bool {
        !matches!(
            self,
            Self::Status { .. }
                | Self::TooManyRequests { .. }
                | Self::Unauthorized
                | Self::ResetBeforeAnswer
                | Self::HtmlPage { .. }
                | Self::GzipBomb { .. }
                | Self::EchoSecrets { .. }
        )
    }

    /// The name that the log shows.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::Unauthorized => "unauthorized",
            Self::ResetBeforeAnswer => "reset_before_answer",
            Self::ResetMidBody => "reset_mid_body",
            Self::TruncateBody => "truncate_body",
            Self::HtmlPage { .. } => "html_page",
            Self::MalformedJson => "malformed_json",
            Self::GarbledBody => "garbled_body",
            Self::SlowBytes { .. } => "slow_bytes",
            Self::GzipBomb { .. } => "gzip_bomb",
            Self::RepeatPageToken => "repeat_page_token",
            Self::EmptyPage => "empty_page",
            Self::DuplicateRecords => "duplicate_records",
            Self::EchoSecrets { .. } => "echo_secrets",
            Self::Delay { .. } => "delay",
        }
    }

    /// What the provider itself has to do differently while it builds its page.
    pub(crate) const fn twist(&self) -> PageTwist {
        match self {
            Self::RepeatPageToken => PageTwist::RepeatToken,
            Self::EmptyPage => PageTwist::Empty,
            Self::DuplicateRecords => PageTwist::Duplicate,
            _ => PageTwist::None,
        }
    }
}

/// A fault inside a page: only the provider's model knows how its pages look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PageTwist {
    /// The page as it is.
    #[default]
    None,
    /// The cursor leads back to this page.
    RepeatToken,
    /// No records, and a next page that holds them.
    Empty,
    /// The last record twice.
    Duplicate,
}

/// Methods are compared as text; a rule with a method that does not exist would never match.
pub(crate) fn known_method(rule: &FaultRule) -> bool {
    rule.method.as_deref().is_none_or(|name| {
        [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].iter().any(|m| m == name)
    })
}
