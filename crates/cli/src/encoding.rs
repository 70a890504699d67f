//! Texts as editors and shells write them: with a byte order mark before them, or in an encoding that is not UTF-8.

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The length of the byte order mark that some editors put before UTF-8; 0 where there is none.
pub(crate) fn mark_len(bytes: &[u8]) -> usize {
    if bytes.starts_with(UTF8_MARK) { UTF8_MARK.len() } else { 0 }
}

/// A text without the byte order mark before it.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Whether the bytes are UTF-16, which `>` of PowerShell writes: by the mark before it, or by the zero in each pair.
pub(crate) fn is_utf16(bytes: &[u8]) -> bool {
    let zero = |at: usize| bytes.get(at) == Some(&0);
    bytes.starts_with(b"\xff\xfe")
        || bytes.starts_with(b"\xfe\xff")
        || (zero(0) && !zero(1) && (zero(2) || bytes.len() == 2))
        || (!zero(0) && zero(1) && (zero(3) || bytes.len() == 2))
}

/// What is wrong with a text in UTF-16, and what to do.
pub(crate) const UTF16: &str = "is UTF-16, not UTF-8";
pub(crate) const UTF16_ADVICE: &str =
    "save it as UTF-8; in PowerShell, write it with `Out-File -Encoding utf8` in place of `>`";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_and_utf16_are_told_apart_from_text() {
        let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let mut marked = vec![0xff, 0xfe];
        marked.extend(utf16("{}"));
        let big: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [marked, utf16("{\"a\":1}"), utf16("{}"), big, vec![0xfe, 0xff, 0, b'{']] {
            assert!(is_utf16(&bytes), "{bytes:?}");
        }
        for bytes in [&b""[..], b"{", b"{}", b"{\"a\":\"\xc3\xa5\"}", b"\xef\xbb\xbf{}", b"\0\0\0\0"] {
            assert!(!is_utf16(bytes), "{bytes:?}");
        }
        assert_eq!((mark_len(b"\xef\xbb\xbf{}"), mark_len(b"{}")), (3, 0));
        assert_eq!((without_mark("\u{feff}{}"), without_mark("{}")), ("{}", "{}"));
    }
}
