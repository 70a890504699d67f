use std::borrow::Cow;

use super::{Body, BodyBuilder, Escape};

/// Builds a body in `application/x-www-form-urlencoded`.
///
/// ```
/// use tieline_core::http::Form;
///
/// let body = Form::new().field("channel", "C1").field("text", "50 % & more").build();
/// assert_eq!(body.bytes()?, "channel=C1&text=50+%25+%26+more");
/// assert_eq!(body.content_type(), Some("application/x-www-form-urlencoded"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct Form {
    body: BodyBuilder,
    empty: bool,
    slots: bool,
    text: String,
}

impl Default for Form {
    fn default() -> Self {
        Self { body: Body::template(), empty: true, slots: false, text: String::new() }
    }
}

impl Form {
    /// A form without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field. A name may repeat.
    pub fn field(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.name(name);
        self.text.extend(url::form_urlencoded::byte_serialize(value.as_ref().as_bytes()));
        self
    }

    /// Adds a field whose value the credential fills with its secret of the name `slot`.
    pub fn secret(mut self, name: &str, slot: impl Into<Cow<'static, str>>) -> Self {
        self.name(name);
        let text = std::mem::take(&mut self.text);
        self.body = self.body.text(text).secret(slot, Escape::Form);
        self.slots = true;
        self
    }

    /// Returns the body.
    pub fn build(self) -> Body {
        let body = if self.slots { self.body.text(self.text).build() } else { self.text.into() };
        body.with_content_type("application/x-www-form-urlencoded")
    }

    fn name(&mut self, name: &str) {
        if !std::mem::take(&mut self.empty) {
            self.text.push('&');
        }
        self.text.extend(url::form_urlencoded::byte_serialize(name.as_bytes()));
        self.text.push('=');
    }
}
