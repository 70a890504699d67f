//! A walk over JSON text, byte by byte: where values begin and end, and what is wrong with them.
//!
//! What breaks the structure of a record ends the walk. What is wrong with one value (half a surrogate pair, `NaN`) is a
//! [`Flaw`] of that value, so that one field has an issue and the rest of the record goes on.

use std::borrow::Cow;

/// What is wrong with a single value, while the text around it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A text holds half a surrogate pair, which is no character.
    Surrogate,
    /// A word or an escape that JSON does not have, such as `NaN`.
    NotJson,
    /// The member stands more than once in its object.
    Twice,
}

/// The text is no JSON: its brackets, commas or quotes are broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Deeper lists and objects are not walked.
const DEEPEST: usize = 1024;

#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// What is wrong with what was scanned since this was last cleared.
    pub(crate) flaw: Option<Flaw>,
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// The high bits of the bytes that are zero; exact for the lowest of them.
const fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

/// The place of the next quote, backslash or control character, or the end; eight bytes at a time.
#[inline]
pub(crate) fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*eight);
        let quote = zeros(word ^ (ONES * 0x22));
        let backslash = zeros(word ^ (ONES * 0x5c));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        let found = quote | backslash | control;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while bytes.get(at).is_some_and(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
        at += 1;
    }
    at
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self::starting_at(text, 0)
    }

    fn starting_at(text: &'a str, at: usize) -> Self {
        Self { text, bytes: text.as_bytes(), at, flaw: None }
    }

    /// Another walk over the same text, from an earlier place.
    pub(crate) fn again_from(&self, at: usize) -> Self {
        Self::starting_at(self.text, at)
    }

    pub(crate) fn position(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// The next byte that is no white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Steps over this byte when it comes next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Steps over this text when it comes next, byte by byte the same.
    #[inline]
    pub(crate) fn take_text(&mut self, text: &str) -> bool {
        let is_next = self.bytes.get(self.at..).is_some_and(|rest| rest.starts_with(text.as_bytes()));
        if is_next {
            self.at += text.len();
        }
        is_next
    }

    /// Steps over a string, and gives what stands between its quotes, and whether that has escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<(&'a str, bool), Malformed> {
        if !self.take(b'"') {
            return Err(Malformed);
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = plain_end(self.bytes, self.at);
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    let inner = self.since(start);
                    self.at += 1;
                    return Ok((inner, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                // A control character.
                Some(_) => {
                    self.flaw = Some(Flaw::NotJson);
                    self.at += 1;
                }
                None => return Err(Malformed),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Malformed> {
        match self.bytes.get(self.at + 1) {
            None => return Err(Malformed),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
            Some(b'u') => match self.unit(self.at) {
                None => self.not_json(),
                Some(0xd800..=0xdbff) => {
                    let low = self.bytes.get(self.at + 6..self.at + 8) == Some(br"\u");
                    match if low { self.unit(self.at + 6) } else { None } {
                        Some(0xdc00..=0xdfff) => self.at += 12,
                        _ => self.half(),
                    }
                }
                Some(0xdc00..=0xdfff) => self.half(),
                Some(_) => self.at += 6,
            },
            Some(_) => self.not_json(),
        }
        Ok(())
    }

    fn not_json(&mut self) {
        self.flaw = Some(Flaw::NotJson);
        self.at += 2;
    }

    fn half(&mut self) {
        self.flaw = Some(Flaw::Surrogate);
        self.at += 6;
    }

    /// The UTF-16 unit that an escape at this place writes.
    fn unit(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at + 2..at + 6)?;
        digits.iter().try_fold(0, |unit, digit| Some(unit * 16 + char::from(*digit).to_digit(16)?))
    }

    /// Steps over a value.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b'"') => self.string().map(|_| ()),
            Some(b'{' | b'[') => self.container(),
            _ => self.word(),
        }
    }

    /// Steps over a number, `true`, `false` or `null`, or over what stands in the place of one.
    #[inline]
    fn word(&mut self) -> Result<(), Malformed> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = match rest {
            [b'n', b'u', b'l', b'l', ..] | [b't', b'r', b'u', b'e', ..] => 4,
            [b'f', b'a', b'l', b's', b'e', ..] => 5,
            [b'1'..=b'9', digits @ ..] => 1 + digits.iter().take_while(|byte| byte.is_ascii_digit()).count(),
            _ => 0,
        };
        if length > 0 && matches!(rest.get(length), Some(b',' | b'}' | b']')) {
            self.at += length;
            return Ok(());
        }
        self.unusual_word()
    }

    /// The same for any word, and what is wrong with it.
    fn unusual_word(&mut self) -> Result<(), Malformed> {
        let start = self.at;
        while let Some(byte) = self.bytes.get(self.at) {
            if matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t' | b':' | b'"' | b'{' | b'[') {
                break;
            }
            self.at += 1;
        }
        let word = self.bytes.get(start..self.at).unwrap_or_default();
        if word.is_empty() {
            return Err(Malformed);
        }
        if !matches!(word, b"null" | b"true" | b"false") && !is_number(word) {
            self.flaw = Some(Flaw::NotJson);
        }
        Ok(())
    }

    fn container(&mut self) -> Result<(), Malformed> {
        // The lists and objects that are open, the innermost in the lowest bit; 1 is an object.
        let mut open: u64 = 0;
        let mut spilled: Vec<u64> = Vec::new();
        let mut depth = 0_usize;
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    if depth >= DEEPEST {
                        return Err(Malformed);
                    }
                    if depth > 0 && depth.is_multiple_of(64) {
                        spilled.push(open);
                    }
                    depth += 1;
                    open = open << 1 | u64::from(bracket == b'{');
                    self.at += 1;
                    let is_object = bracket == b'{';
                    if self.peek() != Some(if is_object { b'}' } else { b']' }) {
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => {
                    self.string()?;
                }
                _ => self.word()?,
            }
            loop {
                let is_object = open & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => self.at += 1,
                    Some(b']') if !is_object => self.at += 1,
                    _ => return Err(Malformed),
                }
                depth -= 1;
                open >>= 1;
                if depth == 0 {
                    return Ok(());
                }
                if depth.is_multiple_of(64) {
                    open = spilled.pop().unwrap_or_default();
                }
            }
        }
    }

    fn key(&mut self) -> Result<(), Malformed> {
        self.string()?;
        if self.take(b':') { Ok(()) } else { Err(Malformed) }
    }

    /// Whether nothing follows.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }
}

/// What a string's inside says; `None` when it holds half a surrogate pair.
pub(crate) fn unescaped(inner: &str, escaped: bool) -> Option<Cow<'_, str>> {
    if !escaped {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(&format!("\"{inner}\"")).ok().map(Cow::Owned)
}

/// Whether a word is a number as JSON writes it.
pub(crate) fn is_number(word: &[u8]) -> bool {
    let digits = |from: usize| {
        let rest = word.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let start = usize::from(word.first() == Some(&b'-'));
    let mut at = digits(start);
    if at == start || (word.get(start) == Some(&b'0') && at > start + 1) {
        return false;
    }
    if word.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return false;
        }
        at = end;
    }
    if matches!(word.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(word.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return false;
        }
        at = end;
    }
    at == word.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn skipped(text: &str) -> (Result<bool, Malformed>, Option<Flaw>) {
        let mut scanner = Scanner::new(text);
        let result = scanner.skip().map(|()| scanner.is_at_end());
        (result, scanner.flaw)
    }

    #[test]
    fn flaws_are_told_from_broken_structure() {
        for (text, flaw) in [
            (r#""Hej \ud83d""#, Some(Flaw::Surrogate)),
            (r#""\ude00""#, Some(Flaw::Surrogate)),
            (r#""\ud83d\u0041""#, Some(Flaw::Surrogate)),
            (r#""\ud83d\ude00 \u00e5""#, None),
            (r#"{"a":[1,{"b":"\ud83d"}]}"#, Some(Flaw::Surrogate)),
            (r#"[NaN, 1]"#, Some(Flaw::NotJson)),
            ("-Infinity", Some(Flaw::NotJson)),
            ("01", Some(Flaw::NotJson)),
            ("1.", Some(Flaw::NotJson)),
            (r#""\x""#, Some(Flaw::NotJson)),
            ("\"a\u{1}b\"", Some(Flaw::NotJson)),
        ] {
            assert_eq!(skipped(text), (Ok(true), flaw), "{text}");
        }
        for text in
            ["", "{", "[1", "[1,", "[1,]", "{}}", "{\"a\"}", "{\"a\":}", "[}", "\"", "\"\\", "{,}", "{a:1}"]
        {
            assert_ne!(skipped(text).0, Ok(true), "{text}");
        }
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(skipped(&deep), (Ok(true), None));
        let deeper = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(skipped(&deeper).0, Err(Malformed));
    }

    proptest! {
        #[test]
        fn what_is_sound_is_what_serde_json_reads(text in "[\\[\\]{}:,\"a1.e\\\\u-]{0,12}|[{\\[]{1,3}(\"a\":?|1|null|,|true){0,6}[}\\]]{0,3}") {
            let sound = skipped(&text) == (Ok(true), None);
            prop_assert_eq!(sound, serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }
    }
}
