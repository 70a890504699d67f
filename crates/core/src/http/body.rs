use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::{RequestBody, StreamedBody};
use crate::{Error, ErrorKind, Result};

/// The format that a secret is escaped for when it fills a slot of a [`Body`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Escape {
    /// Inside a JSON string.
    Json,
    /// Inside XML text or an attribute.
    Xml,
    /// Inside `application/x-www-form-urlencoded`.
    Form,
}

/// The body of a request: opaque and cheap to clone. Every attempt sends it again, except for a
/// [one-shot stream](StreamedBody::once), which is never sent twice.
///
/// Other kinds of bodies are made by [`Form`](super::Form) and [`Multipart`](super::Multipart).
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
pub struct Body {
    repr: Repr,
    content_type: Option<Cow<'static, str>>,
}

#[derive(Clone, Default)]
enum Repr {
    #[default]
    Empty,
    Bytes(Bytes),
    Template(Vec<Part>),
    Stream(StreamedBody),
}

#[derive(Clone)]
enum Part {
    Text(Bytes),
    Slot(Cow<'static, str>, Escape),
}

impl Body {
    /// No body.
    pub const fn empty() -> Self {
        Self { repr: Repr::Empty, content_type: None }
    }

    /// A template with slots for secrets.
    pub fn template() -> BodyBuilder {
        BodyBuilder(Vec::new())
    }

    /// Sets the media type that is sent as `Content-Type` when the request sets no such header itself.
    #[must_use]
    pub fn with_content_type(mut self, media_type: impl Into<Cow<'static, str>>) -> Self {
        self.content_type = Some(media_type.into());
        self
    }

    /// The media type that the body was made with.
    pub fn content_type(&self) -> Option<&str> {
        self.content_type.as_deref()
    }

    /// Whether there is nothing to send.
    pub fn is_empty(&self) -> bool {
        match &self.repr {
            Repr::Empty => true,
            Repr::Bytes(bytes) => bytes.is_empty(),
            Repr::Template(parts) => parts.is_empty(),
            Repr::Stream(_) => false,
        }
    }

    /// Whether the body can be sent now: `false` for a one-shot stream that an earlier attempt took.
    pub fn can_be_sent(&self) -> bool {
        match &self.repr {
            Repr::Stream(stream) => stream.can_be_sent(),
            _ => true,
        }
    }

    /// Whether the body is a stream, whose bytes no credential can see before they are sent.
    pub fn is_stream(&self) -> bool {
        matches!(self.repr, Repr::Stream(_))
    }

    /// The body as a transport sends it. Takes a one-shot stream.
    ///
    /// # Errors
    ///
    /// `Config` while a slot is unfilled; `Internal` when a one-shot stream was taken before; the error of a stream's
    /// factory.
    pub fn to_request_body(&self) -> Result<RequestBody> {
        match &self.repr {
            Repr::Stream(stream) => stream.open(),
            _ => self.bytes().map(RequestBody::from),
        }
    }

    /// The bytes of a body that is in memory.
    ///
    /// # Errors
    ///
    /// `Config` while a slot is unfilled; `Unsupported` for a stream.
    pub fn bytes(&self) -> Result<Bytes> {
        match &self.repr {
            Repr::Stream(_) => Err(Error::new(
                ErrorKind::Unsupported,
                "the body of the request is a stream, whose bytes are not known before it is sent",
            )),
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

    /// Returns this body with its slots filled. A slot for which `secret` returns `None` stays open.
    ///
    /// # Errors
    ///
    /// `Config` for a secret that the format cannot carry.
    pub fn filled(&self, secret: &mut dyn FnMut(&str) -> Option<SecretString>) -> Result<Self> {
        let Repr::Template(parts) = &self.repr else { return Ok(self.clone()) };
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
        Ok(Self { repr: Repr::Template(parts), content_type: self.content_type.clone() })
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
        match &self.repr {
            Repr::Empty => f.write_str("Body(empty)"),
            Repr::Bytes(bytes) => write!(f, "Body({} bytes)", bytes.len()),
            Repr::Template(parts) => write!(f, "Body(template of {} parts)", parts.len()),
            Repr::Stream(stream) => write!(f, "Body({stream:?})"),
        }
    }
}

impl From<Repr> for Body {
    fn from(repr: Repr) -> Self {
        Self { repr, content_type: None }
    }
}

impl From<StreamedBody> for Body {
    fn from(stream: StreamedBody) -> Self {
        Repr::Stream(stream).into()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Repr::Bytes(bytes).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Repr::Bytes(bytes.into()).into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Repr::Bytes(text.into()).into()
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Repr::Bytes(Bytes::from_static(text.as_bytes())).into()
    }
}

/// Builds a body with slots for secrets, part by part.
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
    pub fn secret(mut self, name: impl Into<Cow<'static, str>>, escape: Escape) -> Self {
        self.0.push(Part::Slot(name.into(), escape));
        self
    }

    /// The body.
    pub fn build(self) -> Body {
        Repr::Template(self.0).into()
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
