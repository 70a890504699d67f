//! Character data of XML as the inside of a JSON string.

/// Writes XML character data into an open JSON string: references resolved, ends of line as XML reads them, escaped
/// for JSON. `None` when a reference cannot be resolved.
pub(super) fn push_xml(out: &mut String, text: &str) -> Option<()> {
    push::<true>(out, text)
}

/// The same for a CDATA section, where an ampersand is itself.
pub(super) fn push_cdata(out: &mut String, text: &str) -> Option<()> {
    push::<false>(out, text)
}

fn push<const REFERENCES: bool>(out: &mut String, text: &str) -> Option<()> {
    // Most texts need nothing. Without an early exit this compiles to vector instructions.
    if !text.bytes().fold(false, |found, byte| found | needs_care(byte)) {
        out.push_str(text);
        return Some(());
    }
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(needs_care).unwrap_or(rest.len());
        let (plain, careful) = rest.split_at_checked(plain)?;
        out.push_str(plain);
        let mut bytes = careful.bytes();
        let used = match bytes.next() {
            None => return Some(()),
            Some(b'&') if REFERENCES => {
                let end = careful.find(';')?;
                push_char(out, reference(careful.get(1..end)?)?);
                end + 1
            }
            // XML 1.0, 2.11: a parser reads CR LF and a CR alone as LF.
            Some(b'\r') => {
                out.push_str("\\n");
                if bytes.next() == Some(b'\n') { 2 } else { 1 }
            }
            Some(byte) => {
                push_char(out, char::from(byte));
                1
            }
        };
        rest = careful.get(used..)?;
    }
}

/// All of these are ASCII, so that a text can be cut at each.
fn needs_care(byte: u8) -> bool {
    (byte < b' ') | (byte == b'"') | (byte == b'\\') | (byte == b'&')
}

/// Writes one character into an open JSON string.
pub(super) fn push_char(out: &mut String, c: char) {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        c if c < ' ' => {
            out.push_str("\\u00");
            for digit in [u32::from(c) >> 4, u32::from(c) & 15] {
                out.extend(HEX.get(digit as usize));
            }
        }
        c => out.push(c),
    }
}

/// What stands between `&` and `;`: one of XML's five names, or the number of a character. Characters that XML 1.0
/// does not allow are taken all the same: a record is not lost for them.
pub(super) fn reference(name: &str) -> Option<char> {
    let (digits, radix) = match name.strip_prefix('#') {
        None => {
            return match name {
                "lt" => Some('<'),
                "gt" => Some('>'),
                "amp" => Some('&'),
                "quot" => Some('"'),
                "apos" => Some('\''),
                _ => None,
            };
        }
        Some(number) => number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16)),
    };
    // The parser of numbers would take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    char::from_u32(u32::from_str_radix(digits, radix).ok()?).filter(|c| *c != '\0')
}

/// Whitespace of XML.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Option<String> {
        let mut out = String::new();
        push_xml(&mut out, text).map(|()| out)
    }

    #[test]
    fn texts_are_unescaped_and_escaped() {
        for (text, expected) in [
            ("F\u{e4}rg &amp; Form", "F\u{e4}rg & Form"),
            ("&lt;p&gt;\"&quot;&apos;\\", r#"<p>\"\"'\\"#),
            ("a\r\nb\rc\n&#13;&#10;\t", r"a\nb\nc\n\r\n\t"),
            ("&#x41;&#65;&#x1F600;&#11;", "AA\u{1f600}\\u000b"),
            ("\u{1}\u{1f}", "\\u0001\\u001f"),
        ] {
            assert_eq!(json(text).as_deref(), Some(expected), "{text:?}");
        }
        for text in [
            "&",
            "&nbsp;",
            "&;",
            "&#;",
            "&#x;",
            "&#0;",
            "&#+65;",
            "&#xD800;",
            "&#x110000;",
            "&a&lt;",
            "&#99999999999;",
        ] {
            assert_eq!(json(text), None, "{text:?}");
        }
        let mut out = String::new();
        push_cdata(&mut out, "&amp;<\r\n").unwrap();
        assert_eq!(out, "&amp;<\\n");
    }
}
