//! A strict scanner of JSON text (RFC 8259) that finds where values end and builds nothing.

/// How deep a value may be nested: as deep as serde_json builds values.
const MAX_DEPTH: u32 = 127;

/// What stopped the scanner, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScanError {
    pub(crate) problem: &'static str,
    pub(crate) at: usize,
}

pub(crate) const ENDS: &str = "ends in the middle";
pub(crate) const INVALID: &str = "is not valid JSON";
pub(crate) const TOO_DEEP: &str = "is nested too deep";

pub(crate) type Scanned<T> = Result<T, ScanError>;

pub(crate) fn error<T>(problem: &'static str, at: usize) -> Scanned<T> {
    Err(ScanError { problem, at })
}

/// The byte at a place, or what is wrong with the text that ends before it.
#[inline]
pub(crate) fn byte(text: &[u8], at: usize) -> Scanned<u8> {
    text.get(at).copied().ok_or(ScanError { problem: ENDS, at })
}

/// The first byte from here that is no white space.
#[inline]
pub(crate) fn space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}

const ONES: u64 = u64::MAX / 255;
const HIGHS: u64 = ONES << 7;

/// Which of eight bytes end a run of plain characters of a string: a quote, a backslash, a control character. Each
/// such byte has its high bit set; bytes behind the first one may have it too.
#[inline]
fn stops(word: u64) -> u64 {
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    let zero = |bytes: u64| bytes.wrapping_sub(ONES) & !bytes;
    (zero(quote) | zero(backslash) | (word.wrapping_sub(ONES * 0x20) & !word)) & HIGHS
}

/// The first byte from here that is a quote, a backslash or a control character, or the end of the text.
#[inline]
fn plain(text: &[u8], mut at: usize) -> usize {
    while let Some(chunk) = text.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let stops = stops(u64::from_le_bytes(*chunk));
        if stops != 0 {
            return at + (stops.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while text.get(at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
        at += 1;
    }
    at
}

/// A string whose opening quote stands before `at`: where its closing quote stands, and whether it has escapes.
#[inline]
pub(crate) fn string(text: &[u8], at: usize) -> Scanned<(usize, bool)> {
    let end = plain(text, at);
    if text.get(end) == Some(&b'"') { Ok((end, false)) } else { escaped(text, end) }
}

#[cold]
fn escaped(text: &[u8], mut at: usize) -> Scanned<(usize, bool)> {
    loop {
        match byte(text, at)? {
            b'"' => return Ok((at, true)),
            b'\\' => match byte(text, at + 1)? {
                b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => at += 2,
                b'u' => {
                    for digit in at + 2..at + 6 {
                        if !byte(text, digit)?.is_ascii_hexdigit() {
                            return error(INVALID, digit);
                        }
                    }
                    at += 6;
                }
                _ => return error(INVALID, at + 1),
            },
            // A raw control character.
            _ => return error(INVALID, at),
        }
        at = plain(text, at);
    }
}

/// Where a number that begins here ends.
#[inline]
fn number(text: &[u8], mut at: usize) -> Scanned<usize> {
    let digits = |mut at: usize| {
        while text.get(at).is_some_and(u8::is_ascii_digit) {
            at += 1;
        }
        at
    };
    let some_digits = |at: usize| {
        let end = digits(at);
        if end == at { error(if text.get(at).is_none() { ENDS } else { INVALID }, at) } else { Ok(end) }
    };
    if text.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if text.get(at) == Some(&b'0') { at + 1 } else { some_digits(at)? };
    if text.get(at) == Some(&b'.') {
        at = some_digits(at + 1)?;
    }
    if let Some(b'e' | b'E') = text.get(at) {
        at += 1;
        if let Some(b'+' | b'-') = text.get(at) {
            at += 1;
        }
        at = some_digits(at)?;
    }
    // `01` and `1x` end here and fail at what follows.
    Ok(at)
}

fn literal(text: &[u8], at: usize, word: &'static [u8]) -> Scanned<usize> {
    let there = text.get(at..).unwrap_or_default();
    if there.starts_with(word) {
        return Ok(at + word.len());
    }
    let common = there.iter().zip(word).take_while(|(one, other)| one == other).count();
    error(if common == there.len() { ENDS } else { INVALID }, at + common)
}

/// Where a value that is neither object nor list ends.
#[inline]
fn scalar(text: &[u8], at: usize) -> Scanned<usize> {
    match byte(text, at)? {
        b'"' => Ok(string(text, at + 1)?.0 + 1),
        b'-' | b'0'..=b'9' => number(text, at),
        b'n' => literal(text, at, b"null"),
        b't' => literal(text, at, b"true"),
        b'f' => literal(text, at, b"false"),
        _ => error(INVALID, at),
    }
}

/// The colon after a member's name that ends before `at`: where the value begins.
#[inline]
pub(crate) fn colon(text: &[u8], at: usize) -> Scanned<usize> {
    let at = space(text, at);
    if byte(text, at)? == b':' { Ok(space(text, at + 1)) } else { error(INVALID, at) }
}

/// Where the value that begins here ends. Without recursion: what is open is one bit each.
pub(crate) fn value(text: &[u8], mut at: usize) -> Scanned<usize> {
    // The lowest bit is the innermost: 1 for an object, 0 for a list.
    let mut open: u128 = 0;
    let mut depth = 0;
    loop {
        // A value begins here.
        match text.get(at) {
            Some(b'{') => {
                at = space(text, at + 1);
                if depth == MAX_DEPTH {
                    return error(TOO_DEEP, at);
                }
                (open, depth) = (open << 1 | 1, depth + 1);
                if text.get(at) == Some(&b'"') {
                    at = colon(text, string(text, at + 1)?.0 + 1)?;
                    continue;
                }
                if byte(text, at)? != b'}' {
                    return error(INVALID, at);
                }
            }
            Some(b'[') => {
                at = space(text, at + 1);
                if depth == MAX_DEPTH {
                    return error(TOO_DEEP, at);
                }
                (open, depth) = (open << 1, depth + 1);
                if byte(text, at)? != b']' {
                    continue;
                }
            }
            _ => at = scalar(text, at)?,
        }
        // A value ended, or an object or list without content is about to.
        loop {
            if depth == 0 {
                return Ok(at);
            }
            at = space(text, at);
            match byte(text, at)? {
                b',' => {
                    at = space(text, at + 1);
                    if open & 1 == 1 {
                        if byte(text, at)? != b'"' {
                            return error(INVALID, at);
                        }
                        at = colon(text, string(text, at + 1)?.0 + 1)?;
                    }
                    break;
                }
                b'}' if open & 1 == 1 => (open, depth, at) = (open >> 1, depth - 1, at + 1),
                b']' if open & 1 == 0 => (open, depth, at) = (open >> 1, depth - 1, at + 1),
                _ => return error(INVALID, at),
            }
        }
    }
}

/// Where a value that is not valid JSON seems to end: brackets are matched and strings skipped, all else is passed over.
/// Lets one broken record be left out of its page.
pub(crate) fn lenient(text: &[u8], mut at: usize) -> Scanned<usize> {
    let mut depth = 0_usize;
    loop {
        match byte(text, at)? {
            b'"' => {
                at += 1;
                loop {
                    match byte(text, at)? {
                        b'"' => break,
                        b'\\' => at += 2,
                        _ => at += 1,
                    }
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => match depth {
                0 => return Ok(at),
                1 => return Ok(at + 1),
                _ => depth -= 1,
            },
            b',' if depth == 0 => return Ok(at),
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    fn whole(text: &str) -> bool {
        let bytes = text.as_bytes();
        value(bytes, space(bytes, 0)).is_ok_and(|end| space(bytes, end) == bytes.len())
    }

    fn is_json(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn what_serde_json_takes_is_taken_and_nothing_else(text in r#"[\[\]{},:"\\a0-9eE+\-. nulltrfsu\n]{0,24}"#) {
            prop_assert_eq!(whole(&text), is_json(&text), "{}", text);
        }

        #[test]
        fn a_broken_document_is_seen_as_serde_json_sees_it(
            at in 0_usize..120,
            byte in prop::sample::select(b"\"\\{}[],:0x \x01".to_vec()),
        ) {
            let mut text = br#"{"a":[1,-2.5e+3,"x\u00e9\n\"",{}],"long name":{"b":[true,false,null,[]],"c":"0123456789abcdef"},"d":""}"#.to_vec();
            if let Some(there) = text.get_mut(at) {
                *there = byte;
            }
            let text = String::from_utf8(text).unwrap();
            prop_assert_eq!(whole(&text), is_json(&text), "{}", text);
        }
    }

    #[test]
    fn every_stop_is_found_at_every_place() {
        for stop in ["\"", "\\", "\u{1}", "\u{1f}", "\u{0}"] {
            for before in 0..40 {
                let text = format!("{}{stop}{}", "å".repeat(before), "x".repeat(9));
                assert_eq!(plain(text.as_bytes(), 0), 2 * before, "{stop:?} {before}");
            }
        }
    }

    #[test]
    fn depth_is_bounded() {
        for (depth, good) in [(127, true), (128, false)] {
            assert_eq!(whole(&format!("{}{}", "[".repeat(depth), "]".repeat(depth))), good, "{depth}");
        }
    }
}
