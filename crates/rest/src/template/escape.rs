//! What a value may become in each place. A value never adds a segment, a parameter, a header line or a member.

use http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tieline_core::http::is_path_value;
use tieline_core::{Error, ErrorKind, Result};

/// RFC 3986's unreserved characters stay.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters of a description's own text that cannot stand in a query.
const QUERY_TEXT: &AsciiSet =
    &percent_encoding::CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'#').add(b'+');

/// A value in a path segment.
pub(crate) fn path_segment(value: &str, out: &mut String) -> Result<()> {
    if !is_path_value(value) {
        return Err(Error::new(
            ErrorKind::Config,
            "a value cannot stand in a path and be read back as it is",
        )
        .with_advice("it must not be empty, hold a control character, or be a dot segment"));
    }
    out.extend(utf8_percent_encode(value, VALUE));
    Ok(())
}

pub(crate) fn query_value(value: &str, out: &mut String) -> Result<()> {
    out.extend(utf8_percent_encode(value, VALUE));
    Ok(())
}

/// Text of the description in a query: as the documentation shows it, what cannot stand there encoded.
pub(crate) fn query_text(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, QUERY_TEXT));
}

/// A value or text in a form.
pub(crate) fn form_value(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, VALUE));
}

pub(crate) fn header_value(name: &str, text: &str) -> Result<HeaderValue> {
    HeaderValue::from_str(text).map_err(|_| {
        Error::new(ErrorKind::Config, "a value cannot stand in a header").with_context("header", name)
    })
}
