//! Byte order marks before texts.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The body without a byte order mark, when it is JSON or XML: parsers refuse the mark. The first bytes of a file are
/// its own.
pub(crate) fn without_byte_order_mark(mut body: Bytes, headers: &HeaderMap) -> Bytes {
    let Some(rest) = body.strip_prefix(BYTE_ORDER_MARK) else { return body };
    let media_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let structured = ["json", "xml"].iter().any(|kind| media_type.contains(kind))
        || rest.trim_ascii_start().first().is_some_and(|byte| b"{[<".contains(byte));
    if structured { body.split_off(BYTE_ORDER_MARK.len()) } else { body }
}
