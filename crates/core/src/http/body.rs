use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, ErrorKind, Result};

/// How a secret is escaped when it fills a slot of a [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Escape {
    /// Inside a JSON string.
    Json,
    /// Inside XML text or an attribute.
    Xml,
    /// Inside `application/x-www-form-urlencoded`.
    Form,
}

/// A request's body: opaque, cheap to clone, and replayable, because every attempt sends it again.
///
/// A provider that takes its secret in the body gets a template with slots. The connector names the slots; only the
/// credential fills them, escaped for the body's format, below everything that logs.
///
/// ```
/// use tieline_core::http::{Body, Escape};
///
/// let body = Body::template()
///     .text(r#"{"password":""#)
///     .secret("password", Escape::Json)
///     .text(r#""}"#)
///     .build();
/// let filled = body.filled(&mut |slot| (slot == "password").then(|| "say \"hi\"".into()))?;
/// assert_eq!(filled.bytes()?, r#"{"password":"say \"hi\""}"#);
/// assert!(body.bytes().is_err(), "an unfilled template is never sent");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Body(Repr);

#[derive(Clone, Default)]
enum Repr {
    #[default]
    Empty,
    Bytes(Bytes),
    Template(Vec<Part>),
}

#[derive(Clone)]
enum Part {
    Text(Bytes),
    Slot(&'static str, Escape),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self(Repr::Empty)
    }

    /// A template with slots for secrets.
    pub fn template() -> BodyBuilder {
        BodyBuilder(Vec::new())
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        match &self.0 {
            Repr::Empty => true,
            Repr::Bytes(bytes) => bytes.is_empty(),
            Repr::Template(parts) => parts.is_empty(),
        }
    }

    /// The bytes to send. Fails while a slot is unfilled.
    pub fn bytes(&self) -> Result<Bytes> {
        match &self.0 {
            Repr::Empty => Ok(Bytes::new()),
            Repr::Bytes(bytes) => Ok(bytes.clone()),
            Repr::Template(parts) => {
                let mut whole = Vec::new();
                for part in parts {
                    match part {
                        Part::Text(text) => whole.extend_from_slice(text),
                        Part::Slot(name, _) => {
                            return Err(Error::new(
                                ErrorKind::Config,
                                format!(
                                    "the credential does not offer the secret {name:?} that the request needs"
                                ),
                            )
                            .with_advice("use the kind of credential that the connector's spec names"));
                        }
                    }
                }
                Ok(whole.into())
            }
        }
    }

    /// This body with its slots filled. A slot for which `secret` answers `None` stays open.
    pub fn filled(&self, secret: &mut dyn FnMut(&str) -> Option<SecretString>) -> Result<Self> {
        let Repr::Template(parts) = &self.0 else { return Ok(self.clone()) };
        let parts = parts
            .iter()
            .map(|part| match part {
                Part::Slot(name, escape) => match secret(name) {
                    Some(value) => escape.apply(value.expose_secret()).map(|text| Part::Text(text.into())),
                    None => Ok(part.clone()),
                },
                Part::Text(_) => Ok(part.clone()),
            })
            .collect::<Result<_>>()?;
        Ok(Self(Repr::Template(parts)))
    }
}

impl Escape {
    fn apply(self, text: &str) -> Result<String> {
        Ok(match self {
            Self::Json => {
                let quoted = serde_json::to_string(text)
                    .map_err(|_| Error::new(ErrorKind::Internal, "a secret could not be written as JSON"))?;
                quoted
                    .strip_prefix('"')
                    .and_then(|rest| rest.strip_suffix('"'))
                    .unwrap_or_default()
                    .to_owned()
            }
            Self::Xml => {
                let mut escaped = String::with_capacity(text.len());
                for c in text.chars() {
                    match c {
                        '&' => escaped.push_str("&amp;"),
                        '<' => escaped.push_str("&lt;"),
                        '>' => escaped.push_str("&gt;"),
                        '"' => escaped.push_str("&quot;"),
                        '\'' => escaped.push_str("&apos;"),
                        // A parser folds a bare carriage return into a line feed.
                        '\r' => escaped.push_str("&#13;"),
                        c if c < ' ' && c != '\t' && c != '\n' => {
                            return Err(Error::new(
                                ErrorKind::Config,
                                "the secret holds a control character that XML cannot carry",
                            )
                            .with_advice("copy it again without surrounding characters"));
                        }
                        c => escaped.push(c),
                    }
                }
                escaped
            }
            Self::Form => url::form_urlencoded::byte_serialize(text.as_bytes()).collect(),
        })
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Empty => f.write_str("Body(empty)"),
            Repr::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Repr::Template(parts) => write!(f, "Body(template of {} parts)", parts.len()),
        }
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self(Repr::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Repr::Bytes(bytes.into()))
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Repr::Bytes(text.into()))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self(Repr::Bytes(Bytes::from_static(text.as_bytes())))
    }
}

/// Puts a template together, part by part.
#[derive(Debug)]
pub struct BodyBuilder(Vec<Part>);

impl BodyBuilder {
    /// Bytes that are sent as they are.
    #[must_use]
    pub fn text(mut self, text: impl Into<Bytes>) -> Self {
        self.0.push(Part::Text(text.into()));
        self
    }

    /// A slot that the credential fills with the secret of this name.
    #[must_use]
    pub fn secret(mut self, name: &'static str, escape: Escape) -> Self {
        self.0.push(Part::Slot(name, escape));
        self
    }

    /// The body.
    pub fn build(self) -> Body {
        Body(Repr::Template(self.0))
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "Text({} bytes)", text.len()),
            Self::Slot(name, escape) => write!(f, "Slot({name}, {escape:?})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_escaped_for_the_format() {
        let nasty = "a\"<&>'\r\n é+";
        for (escape, expected) in [
            (Escape::Json, "a\\\"<&>'\\r\\n é+"),
            (Escape::Xml, "a&quot;&lt;&amp;&gt;&apos;&#13;\n é+"),
            (Escape::Form, "a%22%3C%26%3E%27%0D%0A+%C3%A9%2B"),
        ] {
            let body = Body::template().secret("s", escape).build();
            let filled = body.filled(&mut |_| Some(nasty.into())).unwrap();
            assert_eq!(filled.bytes().unwrap(), expected.as_bytes());
            assert!(!format!("{filled:?}").contains('é'));
        }
        let body = Body::template().secret("s", Escape::Xml).build();
        assert!(body.filled(&mut |_| Some("a\u{1}".into())).is_err());
    }
}
