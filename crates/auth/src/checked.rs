//! Pasted secrets, tidied and checked. No message shows any part of one.

use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Error, ErrorKind, Result};

const ADVICE: &str = "copy it again from the provider, without anything around it";

/// Without the whitespace around it, not empty, and without control characters.
pub(crate) fn checked(secret: &SecretString, what: &str) -> Result<SecretString> {
    let trimmed = SecretString::from(secret.expose_secret().trim());
    if trimmed.expose_secret().is_empty() {
        return Err(Error::new(ErrorKind::Config, format!("the {what} is empty"))
            .with_advice("copy it from the provider's settings"));
    }
    refuse_control(&trimmed, what)?;
    Ok(trimmed)
}

/// A line end inside a secret would end a header, and start another one.
pub(crate) fn refuse_control(secret: &SecretString, what: &str) -> Result<()> {
    if secret.expose_secret().chars().any(char::is_control) {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the {what} holds a line end or a control character"),
        )
        .with_advice(ADVICE));
    }
    Ok(())
}

/// Keys are ASCII, so anything else was added by an editor: a curly quote, a no-break space.
pub(crate) fn for_header(secret: &SecretString, what: &str) -> Result<()> {
    if !secret.expose_secret().is_ascii() {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the {what} holds a character that a header cannot carry"),
        )
        .with_advice(ADVICE));
    }
    Ok(())
}
