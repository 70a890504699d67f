//! Encodings of signatures and secrets.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tieline_core::SignatureEncoding;

/// The longest signature that is decoded, in bytes: RSA with 8192 bits.
pub(crate) const SIGNATURE_LIMIT: usize = 1_024;

/// Decodes a signature. `None` for another form, for a cut text, and for more than [`SIGNATURE_LIMIT`] bytes.
pub(crate) fn signature(text: &str, encoding: SignatureEncoding) -> Option<Vec<u8>> {
    if text.is_empty() || text.len() > SIGNATURE_LIMIT * 2 {
        return None;
    }
    match encoding {
        SignatureEncoding::Hex => hex(text),
        SignatureEncoding::Base64 => STANDARD.decode(text).ok(),
        SignatureEncoding::Base64Url => base64_url(text),
        _ => None,
    }
}

/// Decodes hexadecimal digits of either case.
pub(crate) fn hex(text: &str) -> Option<Vec<u8>> {
    fn digit(byte: u8) -> Option<u8> {
        match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            b'A'..=b'F' => Some(byte - b'A' + 10),
            _ => None,
        }
    }
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Decodes Base64 for URLs, with or without padding.
pub(crate) fn base64_url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
}

/// Decodes Base64 with padding.
pub(crate) fn base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_either_case_are_read_and_cut_ones_are_not() {
        assert_eq!(hex("00fFAa").unwrap(), [0, 255, 170]);
        for wrong in ["0", "0g", "é0", " 00", "00 "] {
            assert_eq!(hex(wrong), None, "{wrong}");
        }
        assert_eq!(signature("", SignatureEncoding::Hex), None);
        assert_eq!(base64_url("_-8"), base64_url("_-8="));
        assert_eq!(base64("AA"), None, "without its padding it may be cut");
    }
}
