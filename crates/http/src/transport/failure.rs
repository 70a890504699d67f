//! reqwest's errors, as ours: what happened, whether the provider can have seen the request, and never a URL.

use std::error::Error as StdError;
use std::io;

use tieline_core::{Error, ErrorKind, Resend};

use crate::guard::Refusal;
use crate::options::Timeouts;
use crate::silence::AGAIN;

const UNREACHABLE: &str = "check the address, and that this machine reaches it";
const NOT_TRUSTED: &str =
    "check the address; where a proxy inspects TLS, add its certificate to the system's";

/// Nothing was sent, because there was nothing that could be.
pub(super) fn unbuilt(error: reqwest::Error, what: &'static str) -> Error {
    let error = error.without_url();
    let cause = chain(&error).last().map(ToString::to_string).unwrap_or_default();
    Error::new(ErrorKind::Config, format!("{what}: {cause}"))
}

/// There is no answer.
pub(super) fn before_answer(error: reqwest::Error, timeouts: &Timeouts) -> Error {
    if let Some(refusal) = chain(&error).find_map(|cause| cause.downcast_ref::<Refusal>()) {
        return refusal.clone().into();
    }
    if error.is_builder() {
        return unbuilt(error, "the request cannot be sent");
    }
    if let Some(refused) = by_proxy(&error) {
        return refused;
    }
    let cause = Cause::of(&error);
    if error.is_connect() {
        let unresolved = error.is_dns();
        let why = match cause {
            _ if error.is_timeout() => format!("no connection within {} s", timeouts.connect.as_secs_f32()),
            Cause::Certificate(_) => format!("the connection is not safe, {}", cause.words()),
            _ if unresolved => "the connection failed, name not found".to_owned(),
            _ => format!("the connection failed, {}", cause.words()),
        };
        // The connection was never made, so the request cannot have arrived.
        let (resend, advice) = match cause {
            Cause::Certificate(_) => (Resend::Never, NOT_TRUSTED),
            _ => (Resend::Safe, UNREACHABLE),
        };
        let error = Error::new(ErrorKind::Transport, why).with_resend(resend).with_advice(advice);
        return if unresolved { error } else { cause.attach(error) };
    }
    let broken = format!("the connection broke before an answer, {}", cause.words());
    cause.attach(Error::new(ErrorKind::Transport, broken).with_advice(AGAIN))
}

/// A proxy that does not let the request through, which hyper tells by text alone.
fn by_proxy(error: &reqwest::Error) -> Option<Error> {
    let texts: Vec<String> = chain(error).map(ToString::to_string).collect();
    if texts.iter().any(|text| text.contains("proxy authorization required")) {
        return Some(
            Error::new(ErrorKind::Config, "the proxy asks for a login, or does not accept the one it got")
                .with_advice("set user and password of the proxy in the network options"),
        );
    }
    texts.iter().any(|text| text.starts_with("tunnel error")).then(|| {
        Error::new(ErrorKind::Transport, "the proxy does not connect to the provider")
            .with_resend(Resend::Safe)
            .with_advice("let the proxy allow the provider's address")
    })
}

/// The answer's head is there, and its body fails.
pub(super) fn within_answer(error: reqwest::Error) -> Error {
    let cause = Cause::of(&error);
    let broken = format!("the answer broke off, {}", cause.words());
    cause.attach(Error::new(ErrorKind::Transport, broken).with_advice(AGAIN))
}

/// The root of a chain of errors, as far as it is known to be harmless to show.
enum Cause {
    Certificate(String),
    Tls,
    Io(io::ErrorKind),
    Unknown,
}

impl Cause {
    fn of(error: &reqwest::Error) -> Self {
        let mut found = Self::Unknown;
        for cause in chain(error) {
            let text = cause.to_string();
            if let Some(problem) = text.strip_prefix("invalid peer certificate: ") {
                // After a semicolon comes the list of all names in the certificate.
                let problem = problem.split(';').next().unwrap_or_default();
                return Self::Certificate(problem.chars().take(120).collect());
            }
            match cause.downcast_ref::<io::Error>().map(io::Error::kind) {
                // What is inside says more.
                None | Some(io::ErrorKind::Other) => {}
                Some(io::ErrorKind::InvalidData) if error.is_connect() => found = Self::Tls,
                Some(kind) => found = Self::Io(kind),
            }
        }
        found
    }

    fn words(&self) -> String {
        match self {
            Self::Certificate(problem) => format!("certificate not trusted ({problem})"),
            Self::Tls => "no TLS was spoken".to_owned(),
            Self::Io(kind) => match kind {
                io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
                io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
                io::ErrorKind::ConnectionAborted => "connection aborted".to_owned(),
                io::ErrorKind::BrokenPipe => "connection closed".to_owned(),
                io::ErrorKind::UnexpectedEof => "connection closed too early".to_owned(),
                io::ErrorKind::TimedOut => "timed out".to_owned(),
                io::ErrorKind::NotFound => "name not found".to_owned(),
                other => other.to_string(),
            },
            Self::Unknown => "connection closed too early".to_owned(),
        }
    }

    fn attach(&self, error: Error) -> Error {
        match self {
            Self::Io(kind) => error.with_source(io::Error::from(*kind)),
            _ => error,
        }
    }
}

fn chain<'a>(error: &'a reqwest::Error) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error as &(dyn StdError + 'static)), |cause| deeper(*cause))
}

/// An I/O error leaves out the error in it from its sources.
fn deeper<'a>(cause: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match cause.downcast_ref::<io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as &(dyn StdError + 'static)),
        None => cause.source(),
    }
}
