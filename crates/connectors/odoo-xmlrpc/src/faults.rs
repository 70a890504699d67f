//! What Odoo's exceptions mean, over both protocols. Nothing of a traceback is shown but the exception's own line.
//!
//! Source of the fault codes: `odoo/addons/base/controllers/rpc.py` of Odoo 17 and `odoo/addons/rpc` of Odoo 19.

use std::time::Duration;

use tieline_core::{Error, ErrorKind, Resend};
use tieline_kit::excerpt;

/// The most characters of Odoo's words that are shown.
const SHOWN: usize = 300;
/// The error code of a method that was carried out, and whose result XML-RPC cannot carry.
const UNCARRIED: &str = "result_not_carried";
/// The same, where the result was nothing at all.
const NOTHING: &str = "result_was_none";

pub(crate) const WHERE_THE_KEY_IS: &str = "check both: with two-factor authentication only an API key works, made in Odoo under \
     Preferences > Account Security; keys expire, and a user of Odoo Online has no password of its own";

/// Odoo does not know the secret.
pub(crate) fn denied() -> Error {
    Error::new(ErrorKind::Unauthenticated, "Odoo does not accept this login with this password or API key")
        .with_advice(WHERE_THE_KEY_IS)
}

/// The error that a fault of XML-RPC stands for.
pub(crate) fn fault(code: &str, text: &str) -> Error {
    let error = match code {
        "2" => refused(text),
        "3" => denied_because(text),
        "4" => forbidden(text),
        "1" => {
            let (class, message) = exception(text);
            raised(class, message)
        }
        // The first version of the endpoint writes words for codes, and the traceback behind them.
        words if words.starts_with("AccessDenied") => denied_because(words),
        words if words.starts_with("warning -- AccessError") => forbidden(behind(words)),
        words if words.starts_with("warning -- MissingError") => gone(behind(words)),
        words if words.starts_with("warning -- ") => refused(behind(words)),
        words => raised("", words),
    };
    // A word of ours is more precise than the number.
    if error.code().is_some() || code.len() > 4 { error } else { error.with_code(code) }
}

fn behind(words: &str) -> &str {
    words.split_once("\n\n").map_or(words, |(_, text)| text)
}

/// The error that an exception's class and message stand for.
pub(crate) fn raised(class: &str, message: &str) -> Error {
    match class.rsplit('.').next().unwrap_or_default() {
        "AccessDenied" => denied_because(message),
        "AccessError" => forbidden(message),
        "MissingError" => gone(message),
        "UserError" | "ValidationError" | "RedirectWarning" => refused(message),
        "SerializationFailure" | "DeadlockDetected" | "LockNotAvailable" | "LockError" => {
            Error::new(ErrorKind::Unavailable, "Odoo gave up because others write the same records just now")
                .with_advice("send it again a little later, and fewer writes at once")
                .with_resend(Resend::Safe)
                .with_context("error", excerpt(class, 80))
        }
        "PoolError" | "TooManyConnections" => {
            Error::new(ErrorKind::Unavailable, "Odoo has no connection to its database left")
                .with_resend(Resend::Safe)
                .with_context("error", excerpt(class, 80))
        }
        "OperationalError" | "InterfaceError" => database(class, message),
        "KeyError" if is_model(message) => no_model(message.trim_matches(['\'', '"'])),
        "AttributeError" if message.starts_with("The method ") => gone(message),
        // What was called decides what this means: a method has been carried out, a read has not been answered.
        "TypeError" if message.contains("cannot marshal None") => {
            Error::new(ErrorKind::Decode, "Odoo's response holds a null, which XML-RPC cannot carry")
                .with_resend(Resend::Never)
                .with_code(NOTHING)
        }
        "UndefinedTable" => Error::new(
            ErrorKind::Rejected,
            "this Odoo model has no records of its own: only other models use it",
        )
        .with_advice("read one of the models that discover lists"),
        "IndexError" if message.contains("index out of range") => without_records(),
        "TypeError" if message.contains("cannot marshal") => uncarried(class),
        "OverflowError" if message.contains("XML-RPC") => uncarried(class),
        _ => {
            let class = excerpt(class.rsplit('.').next().unwrap_or_default(), 80);
            let line = match (class.is_empty(), point(message)) {
                (false, Some(point)) => format!("{class}: {point}"),
                (false, None) => class,
                (true, Some(point)) => point,
                (true, None) => "without a word about it".to_owned(),
            };
            Error::new(ErrorKind::Rejected, format!("Odoo reports a fault: {line}"))
        }
    }
}

/// What can be shown of an exception's message. Programmers quote what they stumble over: values of records, addresses
/// with passwords. Only messages that are known to name fields, models and arguments are shown, up to where they quote.
fn point(message: &str) -> Option<String> {
    const WHOLE: [&str; 5] = [
        "Invalid field ",
        "got an unexpected keyword argument ",
        "required positional argument",
        "because it is not stored",
        "expecting only datetimes with no timezone",
    ];
    const UP_TO_COLON: [&str; 6] = [
        "Wrong value for ",
        "invalid input syntax for type ",
        "could not convert string to float",
        "invalid literal for int() ",
        "Invalid operator ",
        "Expected singleton",
    ];
    if WHOLE.iter().any(|known| message.contains(known)) {
        // A condition quotes its value behind the field's name.
        let names = message.split_once(" in leaf ").or_else(|| message.split_once(" in condition "));
        return Some(shown(names.map_or(message, |(names, _)| names)));
    }
    let begins = UP_TO_COLON.iter().any(|known| message.starts_with(known));
    begins.then(|| shown(message.split([':', '"', '(']).next().unwrap_or_default()))
}

/// The first version with `has_access`, which `check_access_rights` was before.
pub(crate) const HAS_ACCESS_SINCE: u32 = 18;

/// The user may not make records of a model.
pub(crate) fn may_not_create(model: &str) -> Error {
    Error::new(
        ErrorKind::Forbidden,
        format!("this Odoo user may not create {:?} records", excerpt(model, 80)),
    )
    .with_advice("give the user the access right in Odoo, or connect with a user who has it")
}

/// A method of records was called without any.
pub(crate) fn without_records() -> Error {
    Error::new(ErrorKind::Rejected, "this method acts on records, and none was named")
        .with_advice("name the record by its key, or several in the input's ids")
}

/// Whether the method was carried out although an error came back.
pub(crate) fn was_done(error: &Error) -> bool {
    matches!(error.code(), Some(NOTHING | UNCARRIED))
}

/// Whether the method was carried out and had no result.
pub(crate) fn was_none(error: &Error) -> bool {
    error.code() == Some(NOTHING)
}

/// Whether an answer failed because of single values in it.
pub(crate) fn is_uncarried(error: &Error) -> bool {
    was_done(error)
}

fn uncarried(class: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        "the answer holds a value that XML-RPC cannot carry, such as an integer beyond 32 bits",
    )
    .with_advice("leave the field out, or use JSON-2 with Odoo 19 and later")
    .with_resend(Resend::Never)
    .with_code(UNCARRIED)
    .with_context("error", excerpt(class, 80))
}

fn denied_because(text: &str) -> Error {
    if text.contains("Too many login failures") {
        return Error::new(
            ErrorKind::RateLimited,
            "Odoo takes no logins from this address after too many failed ones",
        )
        .with_advice("correct login and API key first; each further failure makes it longer")
        .with_retry_after(Duration::from_secs(60));
    }
    denied()
}

fn forbidden(text: &str) -> Error {
    Error::new(ErrorKind::Forbidden, format!("this Odoo user may not do this: {}", shown(text)))
        .with_advice("give the user the access right in Odoo, or connect with a user who has it")
}

fn gone(text: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("Odoo does not have this: {}", shown(text)))
}

/// Whether a fault says that the record is gone. The code alone does not, and the words come in the user's language.
fn says_gone(text: &str) -> bool {
    text.starts_with("Record does not exist or has been deleted")
}

fn refused(text: &str) -> Error {
    let text = text.trim();
    if let Some(model) = text.strip_prefix("Object ").and_then(|rest| rest.strip_suffix(" doesn't exist")) {
        return no_model(model);
    }
    if says_gone(text) {
        return gone(text);
    }
    if text.starts_with("Invalid language code") {
        return Error::new(ErrorKind::Config, shown(text)).with_advice(
            "install the language in Odoo under Settings, or change it in the connection's settings",
        );
    }
    Error::new(
        ErrorKind::Rejected,
        format!("Odoo refuses this: {}", shown(first_of_tuple(text).unwrap_or(text))),
    )
}

/// A warning with a button arrives as a Python tuple: its first text is the message.
fn first_of_tuple(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('(')?.strip_suffix(')')?;
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    inside.strip_prefix(quote)?.split_once(&format!("{quote}, ")).map(|(first, _)| first)
}

pub(crate) fn no_model(model: &str) -> Error {
    Error::new(ErrorKind::NotFound, format!("this Odoo has no model {:?}", excerpt(model, 80)))
        .with_advice("discover lists the models; the app that brings it may not be installed")
}

fn is_model(message: &str) -> bool {
    let name = message.trim_matches(['\'', '"']);
    name.contains('.')
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b))
}

/// PostgreSQL's words name the host and the port of the database server, so they are not shown.
fn database(class: &str, message: &str) -> Error {
    let name = message.split_once("database \"").and_then(|(_, rest)| rest.split_once("\" does not exist"));
    match name {
        Some((name, _)) => no_database(name),
        None => Error::new(ErrorKind::Unavailable, "Odoo cannot reach its database")
            .with_context("error", excerpt(class, 80)),
    }
}

pub(crate) fn no_database(name: &str) -> Error {
    Error::new(ErrorKind::Config, format!("this Odoo server has no database {:?}", excerpt(name, 80)))
        .with_advice("give the database's exact name; it stands behind /web/database/selector, or ask who runs the server")
}

/// The class and the first line of the message of the exception at the end of a traceback.
fn exception(text: &str) -> (&str, &str) {
    let end = text.rfind("Traceback (most recent call last):").and_then(|at| text.get(at..)).unwrap_or(text);
    // Frames are indented. A message of several lines has its point in the first.
    let mut lines = end.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("Traceback "));
    let line = lines.find(|line| !line.starts_with(' ')).unwrap_or_default().trim();
    let is_class = |class: &str| {
        !class.is_empty() && class.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'_')
    };
    match line.split_once(": ") {
        Some((class, message)) if is_class(class) => (class, message),
        _ if is_class(line) => (line, ""),
        _ => ("", line),
    }
}

/// Odoo's words on one line, cut, without a full stop.
fn shown(text: &str) -> String {
    let mut line = excerpt(text, SHOWN);
    while line.ends_with(['.', ' ', ':']) {
        line.pop();
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_exceptions_own_line_is_taken_from_a_traceback() {
        let frames = "Traceback (most recent call last):\n  File \"/opt/odoo/http.py\", line 1, in f\n    raise\n    ^^^^^\n";
        for (tail, expected) in [
            (
                "ValueError: Invalid field 'x' on model 'y'\n",
                ("ValueError", "Invalid field 'x' on model 'y'"),
            ),
            (
                "psycopg2.errors.UndefinedColumn: column x\nLINE 1: SELECT x\n        ^\n",
                ("psycopg2.errors.UndefinedColumn", "column x"),
            ),
            ("KeyboardInterrupt\n", ("KeyboardInterrupt", "")),
            ("", ("", "")),
        ] {
            assert_eq!(exception(&format!("{frames}{tail}")), expected);
            let chained = format!(
                "{frames}KeyError: 1\n\nDuring handling of the above exception, another exception occurred:\n\n{frames}{tail}"
            );
            assert_eq!(exception(&chained), expected);
        }
        assert_eq!(exception("plain words"), ("", "plain words"));
    }

    #[test]
    fn a_warning_with_a_button_shows_its_message() {
        let text = "('You cannot delete contacts linked to an active user.', {'a': 1}, 'Go to users', None)";
        assert_eq!(
            refused(text).message(),
            "Odoo refuses this: You cannot delete contacts linked to an active user"
        );
        assert_eq!(refused("(sic)").message(), "Odoo refuses this: (sic)");
    }
}
