//! Responses of token endpoints and logins as JSON.

/// The bytes without the byte order mark that some servers put before JSON.
pub(crate) fn without_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes)
}
