//! One error for the whole workspace: what went wrong, and, separately, whether the same request may be sent again.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use http::StatusCode;

use crate::json::JsonFault;
use crate::{ErrorKind, Issue, Resend};

/// The result of everything in Tieline.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The number of characters that are kept of the provider's own words.
const PROVIDER_TEXT: usize = 2_000;
/// The number of refused fields that `Display` names.
const SHOWN_FIELDS: usize = 5;

/// An error of Tieline. Small (one pointer), `Send + Sync + 'static`, and free of secrets by construction.
///
/// `Display` is one line: the message, the advice, then the facts in parentheses. The cause is in
/// [`source`](StdError::source) and not repeated.
///
/// ```
/// use tieline_core::{Error, ErrorKind, Resend};
///
/// let error = Error::new(ErrorKind::RateLimited, "Pipedrive allows no more requests for now")
///     .with_advice("wait, or raise the plan")
///     .with_context("entity", "deals");
/// assert_eq!(error.kind(), ErrorKind::RateLimited);
/// assert_eq!(error.resend(), Resend::Safe);
/// assert_eq!(
///     error.to_string(),
///     "Pipedrive allows no more requests for now: wait, or raise the plan (rate_limited, entity=deals)"
/// );
/// ```
#[derive(thiserror::Error)]
#[error(transparent)]
pub struct Error(Box<Inner>);

#[derive(thiserror::Error)]
struct Inner {
    kind: ErrorKind,
    resend: Resend,
    message: Cow<'static, str>,
    advice: Option<Cow<'static, str>>,
    status: Option<StatusCode>,
    code: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    attempts: u32,
    context: Vec<(&'static str, String)>,
    issues: Vec<Issue>,
    provider_text: Option<Box<str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error of `kind`. The message says what is wrong and where, without a full stop and without secrets.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            kind,
            resend: kind.default_resend(),
            message: message.into(),
            advice: None,
            status: None,
            code: None,
            request_id: None,
            retry_after: None,
            attempts: 0,
            context: Vec::new(),
            issues: Vec::new(),
            provider_text: None,
            source: None,
        }))
    }

    /// A method that this connector or provider does not have.
    pub fn unsupported(what: impl fmt::Display) -> Self {
        Self::new(ErrorKind::Unsupported, format!("{what} is not supported by this connector"))
    }

    /// Says what to do about it.
    #[must_use]
    pub fn with_advice(mut self, advice: impl Into<Cow<'static, str>>) -> Self {
        self.0.advice = Some(advice.into());
        self
    }

    /// Overrides what the kind implies about sending again.
    #[must_use]
    pub fn with_resend(mut self, resend: Resend) -> Self {
        self.0.resend = resend;
        self
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.0.status = Some(status);
        self
    }

    /// The provider's own error code. A text that is no code is dropped: up to 64 letters, digits and `_-.:/+=`.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.0.code = code_like(code.into());
        self
    }

    /// The provider's id of the request, for its support desk. A text that is no id is dropped, as for a code.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.0.request_id = code_like(id.into());
        self
    }

    /// Sets the wait before sending again.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.0.retry_after = Some(wait);
        self
    }

    /// Sets how many times the request was sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Adds a fact, such as `entity=deals`. Never a secret, never a query string.
    #[must_use]
    pub fn with_context(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.0.context.push((name, value.to_string()));
        self
    }

    /// Adds what the provider refuses about single fields.
    #[must_use]
    pub fn with_issues(mut self, issues: impl IntoIterator<Item = Issue>) -> Self {
        self.0.issues.extend(issues);
        self
    }

    /// Keeps the provider's own words. They may quote a record, so that `Display` and `Debug` do not show them; show them
    /// to a person who may see the record, and log them nowhere. At most 2,000 characters are kept.
    #[must_use]
    pub fn with_provider_text(mut self, text: &str) -> Self {
        self.0.provider_text = Some(text.chars().take(PROVIDER_TEXT).collect::<String>().into());
        self
    }

    /// The cause. Only errors whose text cannot hold a secret, a record's value or a URL with a query may be attached.
    /// Of a `serde_json::Error`, which quotes values, only the kind and the place are kept.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        let source = source.into();
        self.0.source = Some(match source.downcast::<serde_json::Error>() {
            Ok(error) => Box::new(JsonFault::of(&error)),
            Err(source) => source,
        });
        self
    }

    /// Rewrites every text of this error, for removing a secret that a provider echoed. A cause is dropped when
    /// its text would change, because it cannot be rewritten.
    #[must_use]
    pub fn scrubbed(mut self, scrub: &dyn Fn(&str) -> Option<String>) -> Self {
        let inner = &mut *self.0;
        if let Some(clean) = scrub(&inner.message) {
            inner.message = clean.into();
        }
        if let Some(clean) = inner.advice.as_deref().and_then(scrub) {
            inner.advice = Some(clean.into());
        }
        for text in [&mut inner.code, &mut inner.request_id].into_iter().flatten() {
            if let Some(clean) = scrub(text) {
                *text = clean;
            }
        }
        for (_, value) in &mut inner.context {
            if let Some(clean) = scrub(value) {
                *value = clean;
            }
        }
        for issue in &mut inner.issues {
            issue.scrub(scrub);
        }
        if let Some(clean) = inner.provider_text.as_deref().and_then(scrub) {
            inner.provider_text = Some(clean.into());
        }
        let mut cause = inner.source.as_deref().map(|source| source as &(dyn StdError + 'static));
        while let Some(error) = cause {
            if scrub(&error.to_string()).is_some() || scrub(&format!("{error:?}")).is_some() {
                inner.source = None;
                break;
            }
            cause = error.source();
        }
        self
    }

    /// Returns the kind.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same request may be sent again.
    pub fn resend(&self) -> Resend {
        self.0.resend
    }

    /// Returns the message: the fault and its place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns the advice: what to do about it.
    pub fn advice(&self) -> Option<&str> {
        self.0.advice.as_deref()
    }

    /// The HTTP status, when there was an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.0.status
    }

    /// The provider's own error code.
    pub fn code(&self) -> Option<&str> {
        self.0.code.as_deref()
    }

    /// The provider's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }

    /// Returns the wait before sending again, where the provider said so.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Returns how many times the request was sent; 0 when it never left.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Returns what the provider refuses about single fields.
    pub fn issues(&self) -> &[Issue] {
        &self.0.issues
    }

    /// The provider's own words, which may quote a record: for a person who may see it, never for a log.
    pub fn provider_text(&self) -> Option<&str> {
        self.0.provider_text.as_deref()
    }

    /// The facts, in the order in which they were added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.context.iter().map(|(name, value)| (*name, value.as_str()))
    }
}

/// A code or an id, which is printed; never a sentence, which may quote a record.
fn code_like(text: String) -> Option<String> {
    let is_code = |c: char| c.is_ascii_alphanumeric() || "_-.:/+=".contains(c);
    ((1..=64).contains(&text.len()) && text.chars().all(is_code)).then_some(text)
}

impl fmt::Display for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self;
        f.write_str(&inner.message)?;
        if let Some(advice) = &inner.advice {
            write!(f, ": {advice}")?;
        }
        write!(f, " ({}", inner.kind)?;
        if let Some(status) = inner.status {
            write!(f, ", HTTP {}", status.as_u16())?;
        }
        if let Some(code) = &inner.code {
            write!(f, ", code {code}")?;
        }
        if let Some(id) = &inner.request_id {
            write!(f, ", request id {id}")?;
        }
        if let Some(wait) = inner.retry_after {
            write!(
                f,
                ", retry after {} s",
                wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
            )?;
        }
        if inner.attempts > 1 {
            write!(f, ", {} attempts", inner.attempts)?;
        }
        for (name, value) in &inner.context {
            write!(f, ", {name}={value}")?;
        }
        let mut fields = inner.issues.iter().filter_map(|issue| issue.path.as_ref()).peekable();
        if fields.peek().is_some() {
            let shown: Vec<&str> = fields.by_ref().take(SHOWN_FIELDS).map(|path| path.as_str()).collect();
            write!(f, ", fields={}{}", shown.join(" "), if fields.peek().is_some() { " …" } else { "" })?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(source) = &self.source {
            write!(f, "; caused by: {source:?}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<()>>(), size_of::<usize>());
    }

    #[test]
    fn scrubbing_reaches_every_text() {
        let hide = |text: &str| text.contains("s3cret").then(|| text.replace("s3cret", "[redacted]"));
        let error = Error::new(ErrorKind::Rejected, "token s3cret is bad")
            .with_advice("not s3cret")
            .with_code("s3cret")
            .with_request_id("s3cret")
            .with_context("excerpt", "s3cret")
            .with_source("s3cret inside")
            .with_issues([Issue::new("s3cret").with_provider_text("s3cret")])
            .with_provider_text("s3cret")
            .scrubbed(&hide);
        let text = format!("{error} {error:?} {:?} {:?}", error.issues(), error.provider_text());
        let issue = &error.issues()[0];
        assert!(!text.contains("s3cret") && !issue.message.contains("s3cret"), "{text}");
        assert!(!issue.provider_text().unwrap().contains("s3cret"));
        assert!(StdError::source(&error).is_none());
    }

    #[test]
    fn nothing_of_a_record_is_printed() {
        #[derive(serde::Deserialize)]
        struct Deal {
            #[serde(with = "crate::exact")]
            _value: rust_decimal::Decimal,
        }
        let texts = [r#"{"_value":"Anna Andersson"}"#, r#"{"_value":Anna}"#, r#"["Anna"]"#, r#""Anna""#];
        for text in texts {
            let parsed: std::result::Result<Deal, _> = serde_json::from_str(text);
            let error = Error::new(ErrorKind::Decode, "a record cannot be read")
                .with_source(parsed.err().unwrap())
                .with_provider_text("Anna is no number")
                .with_issues([Issue::new("it is refused")
                    .at(crate::FieldPath::field("name"))
                    .with_provider_text("Anna is too short")]);
            let printed = format!("{error} {error:?} {:?} {:?}", error.issues(), StdError::source(&error));
            assert!(!printed.contains("Anna"), "{printed}");
            assert!(printed.contains("fields=/name"), "{printed}");
            assert!(printed.contains("line 1, column"), "{printed}");
        }
        let number = crate::exact::decimal("Anna 070-123 45 67").unwrap_err();
        assert!(!format!("{number:?}").contains("Anna"));
        let record = crate::Record::new("1", crate::RawJson::parse(r#"{"name":"Anna"}"#).unwrap());
        assert!(!format!("{record:?}").contains("Anna"));
    }
}
