//! Paths from templates: each value is put in so that a server that decodes the path reads the same value.

use std::fmt::{Display, Write as _};

use url::Url;

use crate::{Error, ErrorKind, Result};

/// Returns the address of a path below `base`. Each `{name}` of the template takes the next value; text beside a name
/// stays (`{id}:batchUpdate`, `companies({id})`), and so does everything else of the template. Query and fragment of
/// the base are dropped, its path is kept.
///
/// A value fills a part of one segment, whatever characters it has: everything but letters, digits and `-._~` is
/// percent-encoded.
///
/// ```
/// use tieline_core::http::fill_path;
///
/// let base = "https://api.example.com/proxy".parse()?;
/// let url = fill_path(&base, "/v4/sheets/{id}:batchUpdate", &["Q1/å"])?;
/// assert_eq!(url.as_str(), "https://api.example.com/proxy/v4/sheets/Q1%2F%C3%A5:batchUpdate");
/// assert!(fill_path(&base, "/deals/{id}", &["../users"]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// `Config` when the base cannot have a path, and for a value that would not arrive as it is: an empty one, one with a
/// control character, one with a dot segment. The value itself is not part of the error.
pub fn fill_path<V: AsRef<str>>(base: &Url, template: &str, values: &[V]) -> Result<Url> {
    if base.cannot_be_a_base() {
        return Err(Error::new(ErrorKind::Config, "the base address cannot be followed by a path")
            .with_advice("use an address such as https://acme.example.com"));
    }
    let mut path = base.path().trim_end_matches('/').to_owned();
    let mut values = values.iter().map(AsRef::as_ref);
    for segment in template.split('/').filter(|segment| !segment.is_empty()) {
        path.push('/');
        let start = path.len();
        fill_segment(&mut path, segment, &mut values).map_err(|problem| problem.error(template))?;
        if matches!(path.get(start..), Some("." | "..")) {
            return Err(Problem::DotSegment.error(template));
        }
    }
    if values.next().is_some() {
        return Err(Problem::Spare.error(template));
    }
    let mut url = base.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&path);
    // A parser that rewrites what was put in would ask for something else.
    let kept = if path.is_empty() { "/" } else { path.as_str() };
    if url.path() != kept {
        return Err(Problem::Rewritten.error(template));
    }
    Ok(url)
}

/// Whether a value can be a part of a path and be read back as it is: not empty, no control character, and no `.` or
/// `..` between slashes, which a server that decodes first would follow.
pub fn is_path_value(value: &str) -> bool {
    Problem::of(value).is_none()
}

/// The reason why a path cannot be made.
#[derive(Clone, Copy)]
enum Problem {
    Missing,
    Spare,
    Unclosed,
    Empty,
    Control,
    DotSegment,
    Rewritten,
}

impl Problem {
    fn of(value: &str) -> Option<Self> {
        if value.is_empty() {
            Some(Self::Empty)
        } else if value.chars().any(char::is_control) {
            Some(Self::Control)
        } else if value.split(['/', '\\']).any(|part| matches!(part, "." | "..")) {
            Some(Self::DotSegment)
        } else {
            None
        }
    }

    fn error(self, template: impl Display) -> Error {
        let why = match self {
            Self::Missing => "a name of the path has no value",
            Self::Spare => "there are more values than names in the path",
            Self::Unclosed => "a brace of the path is not closed",
            Self::Empty => "a value of the path is empty",
            Self::Control => "a value of the path holds a control character",
            Self::DotSegment => {
                "a value of the path holds a dot segment, which would lead to another address"
            }
            Self::Rewritten => "the path would not arrive as it was written",
        };
        Error::new(ErrorKind::Config, why).with_context("path", template)
    }
}

/// Appends a segment of the template with its values.
fn fill_segment<'v>(
    path: &mut String,
    segment: &str,
    values: &mut impl Iterator<Item = &'v str>,
) -> std::result::Result<(), Problem> {
    let mut rest = segment;
    while let Some((text, behind)) = rest.split_once('{') {
        path.push_str(text);
        let (_, after) = behind.split_once('}').ok_or(Problem::Unclosed)?;
        let value = values.next().ok_or(Problem::Missing)?;
        if let Some(problem) = Problem::of(value) {
            return Err(problem);
        }
        encode(path, value);
        rest = after;
    }
    path.push_str(rest);
    Ok(())
}

/// Appends a value, percent-encoded (RFC 3986, section 2.1) but for unreserved characters.
fn encode(path: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _written = write!(path, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filled(template: &str, values: &[&str]) -> Result<String> {
        fill_path(&"https://a.example/base".parse().unwrap(), template, values)
            .map(|url| url.path().to_owned())
    }

    fn decoded(text: &str) -> String {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            if byte == b'%' {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                bytes.push(u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap());
            } else {
                bytes.push(byte);
            }
        }
        String::from_utf8(bytes).unwrap()
    }

    proptest! {
        #[test]
        fn a_value_in_a_path_decodes_back_to_itself(value in any::<String>(), before in "[a-z]{0,3}", after in "[:a-z()]{0,3}") {
            match filled(&format!("/x/{before}{{id}}{after}/y"), &[&value]) {
                Ok(path) => {
                    prop_assert!(is_path_value(&value));
                    let segments: Vec<&str> = path.split('/').collect();
                    prop_assert_eq!(segments.len(), 5);
                    prop_assert_eq!(decoded(segments[3]), format!("{before}{value}{after}"));
                }
                Err(error) => {
                    prop_assert!(!is_path_value(&value));
                    prop_assert_eq!(error.kind(), ErrorKind::Config);
                }
            }
        }
    }

    #[test]
    fn a_value_that_would_reach_another_record_is_refused() {
        for value in ["A\t1", "A\n1", "A\r1", "\u{0}", "\u{7f}", "", ".", "..", "a/../b", "..\\b", "\u{85}"] {
            let error = filled("/deals/{id}", &[value]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{value:?}");
        }
        assert!(filled("/deals/{a}./x", &["-"]).is_ok());
        for value in ["%2e%2e", "%00", "a b", "a+b", "a?b#c", "4/2", "å", "...", "a;b", "{id}", "}"] {
            assert_eq!(decoded(&filled("/{id}", &[value]).unwrap()), format!("/base/{value}"));
        }
    }

    #[test]
    fn text_beside_a_name_stays() {
        for (template, values, path) in [
            ("/v4/{id}:batchUpdate", &["s 1"][..], "/base/v4/s%201:batchUpdate"),
            ("companies({id})/items", &["a'b"], "/base/companies(a%27b)/items"),
            ("/a/{x}-{y}/", &["1", "2"], "/base/a/1-2"),
            ("/", &[], "/base"),
        ] {
            assert_eq!(filled(template, values).unwrap(), path);
        }
        for (template, values) in [("/{a}", &[][..]), ("/{a", &["1"]), ("/a", &["1"])] {
            assert_eq!(filled(template, values).unwrap_err().kind(), ErrorKind::Config);
        }
        let root: Url = "https://a.example".parse().unwrap();
        assert_eq!(fill_path::<&str>(&root, "", &[]).unwrap().as_str(), "https://a.example/");
    }
}
