//! How a command ends when it does not end well.

use std::error::Error as _;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tieline::{Error, ErrorKind};

use crate::exit;
use crate::text::{Paint, clean};

/// Why a command ends without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error of Tieline's own type.
    Error(Error),
    /// The arguments fit no command, which only shows beyond their syntax.
    Usage(String),
    /// It finished, but not everything was done. The output says what.
    Incomplete,
    /// Nobody reads the output any more.
    Closed,
    /// It was asked to end, with this exit code.
    Interrupted(u8),
}

/// A command's result.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Failure {
    /// A failure of standard output.
    pub(crate) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        let error =
            Error::new(ErrorKind::Internal, "standard output could not be written").with_source(error);
        Self::Error(
            error.with_advice("look at the disk or the program that takes the output, then run again"),
        )
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        Exit(match self {
            Self::Error(error) => exit::code(error.kind()),
            Self::Usage(_) => exit::USAGE,
            Self::Incomplete => exit::INCOMPLETE,
            Self::Closed => exit::CLOSED,
            Self::Interrupted(code) => *code,
        })
    }

    /// Says it on standard error: one block for people, or one line of JSON.
    pub(crate) fn show(&self, json: bool) {
        let text = match self {
            Self::Error(error) if json => as_line(&Described(error)),
            Self::Error(error) => for_people(error, Paint::on(&io::stderr())),
            Self::Usage(message) if json => usage_line(message),
            Self::Usage(message) => format!("error: {message}\n\nFor more information, try '--help'.\n"),
            Self::Incomplete | Self::Closed | Self::Interrupted(_) => return,
        };
        tell(&text);
    }
}

/// Writes to standard error. Where it is closed, the exit code must do.
pub(crate) fn tell(text: &str) {
    let _told = io::stderr().lock().write_all(text.as_bytes());
}

/// An exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exit(pub(crate) u8);

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}

/// A mistake in the arguments as a line of JSON, without the usage that follows it.
pub(crate) fn usage_line(message: &str) -> String {
    #[derive(Serialize)]
    struct Usage<'a> {
        kind: &'static str,
        message: &'a str,
    }
    let message = message.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ").trim();
    as_line(&Usage { kind: "usage", message })
}

fn as_line(error: &impl Serialize) -> String {
    #[derive(Serialize)]
    struct Line<'a, T> {
        error: &'a T,
    }
    let mut line = serde_json::to_string(&Line { error }).unwrap_or_default();
    line.push('\n');
    line
}

/// An error as JSON: `{"kind":"rate_limited","message":"…",…}`, without the members that it does not have.
pub(crate) struct Described<'a>(pub(crate) &'a Error);

impl Serialize for Described<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let error = self.0;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("kind", error.kind().as_str())?;
        map.serialize_entry("message", error.message())?;
        if let Some(advice) = error.advice() {
            map.serialize_entry("advice", advice)?;
        }
        if let Some(status) = error.status() {
            map.serialize_entry("status", &status.as_u16())?;
        }
        if let Some(code) = error.code() {
            map.serialize_entry("code", code)?;
        }
        if let Some(id) = error.request_id() {
            map.serialize_entry("request_id", id)?;
        }
        if let Some(wait) = error.retry_after() {
            map.serialize_entry("retry_after_seconds", &seconds(wait))?;
        }
        if error.attempts() > 0 {
            map.serialize_entry("attempts", &error.attempts())?;
        }
        let context: Facts<'_> = Facts(error.context().collect());
        if !context.0.is_empty() {
            map.serialize_entry("context", &context)?;
        }
        let issues: Vec<String> = error.issues().iter().map(ToString::to_string).collect();
        if !issues.is_empty() {
            map.serialize_entry("issues", &issues)?;
        }
        if let Some(text) = error.provider_text() {
            map.serialize_entry("provider_text", text)?;
        }
        let causes = causes(error);
        if !causes.is_empty() {
            map.serialize_entry("causes", &causes)?;
        }
        map.end()
    }
}

struct Facts<'a>(Vec<(&'static str, &'a str)>);

impl Serialize for Facts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // The last one counts where a fact was stated twice.
        let facts: std::collections::BTreeMap<_, _> = self.0.iter().copied().collect();
        serializer.collect_map(facts)
    }
}

/// Whole seconds, rounded up: who waits that long has waited long enough.
pub(crate) fn seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0))
}

fn causes(error: &Error) -> Vec<String> {
    let mut causes = Vec::new();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = match error.downcast_ref::<Error>() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        // Many wrappers repeat what they wrap.
        if causes.last() != Some(&text) {
            causes.push(text);
        }
        cause = error.source();
    }
    causes
}

/// One block: what is wrong, what to do, and the facts.
fn for_people(error: &Error, paint: Paint) -> String {
    let mut text = format!("{} {}\n", paint.red("error:"), clean(error.message()));
    if let Some(advice) = error.advice() {
        text.push_str(&format!("{}  {}\n", paint.bold("help:"), clean(advice)));
    }
    // It may quote a record: the person at this terminal may see it, a log may not.
    if let Some(words) = error.provider_text() {
        text.push_str(&format!("{} {}\n", paint.bold("provider says:"), clean(words)));
    }
    for issue in error.issues() {
        text.push_str(&format!("{} {}\n", paint.bold("field:"), clean(&issue.to_string())));
    }
    for cause in causes(error) {
        text.push_str(&format!("{} {}\n", paint.bold("cause:"), clean(&cause)));
    }
    let mut facts = vec![error.kind().as_str().to_owned()];
    facts.extend(error.status().map(|status| format!("HTTP {}", status.as_u16())));
    facts.extend(error.code().map(|code| format!("code {code}")));
    facts.extend(error.request_id().map(|id| format!("request id {id}")));
    facts.extend(error.retry_after().map(|wait| format!("retry after {} s", seconds(wait))));
    facts.extend((error.attempts() > 1).then(|| format!("{} attempts", error.attempts())));
    facts.extend(error.context().map(|(name, value)| format!("{name}={value}")));
    text.push_str(&format!("{} {}\n", paint.bold("facts:"), clean(&facts.join(", "))));
    text
}
