use serde::Serialize;
use serde_json::value::to_raw_value;
use tieline_core::http::{Body, BodyBuilder, Escape};
use tieline_core::{Error, ErrorKind, Result};

use super::MAX_DEPTH;
use super::encode::{Nulls, push_value};

/// A method call, parameter by parameter. Secrets are slots that the credential fills.
///
/// ```
/// use tieline_odoo_xmlrpc::xmlrpc::Call;
///
/// let body = Call::new("execute_kw")
///     .param("acme")
///     .param(&7)
///     .secret("password")
///     .param(&serde_json::json!([["name", "=", "F\u{e4}rg & Form"]]))
///     .build()?;
/// let sent = body.filled(&mut |_| Some("hidden".into()))?.bytes()?;
/// assert!(sent.ends_with(b"<value><string>=</string></value><value><string>F\xc3\xa4rg &amp; Form</string></value>\
/// </data></array></value></data></array></value></param></params></methodCall>"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Call {
    body: BodyBuilder,
    /// What follows the last slot.
    text: String,
    params: usize,
    nulls: Nulls,
    problem: Option<Error>,
}

impl Call {
    /// A call of a method without parameters.
    pub fn new(method: &'static str) -> Self {
        let text = format!("<?xml version=\"1.0\"?><methodCall><methodName>{method}</methodName><params>");
        Self { body: Body::template(), text, params: 0, nulls: Nulls::default(), problem: None }
    }

    /// How the parameters that follow send `null`.
    #[must_use]
    pub fn nulls(mut self, nulls: Nulls) -> Self {
        self.nulls = nulls;
        self
    }

    /// Adds a parameter: anything that can be written as JSON, such as a text, a number, a `Value` or a `RawJson`.
    /// The decimals of a `RawJson` keep their digits.
    #[must_use]
    pub fn param<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        self.params += 1;
        if self.problem.is_none() {
            self.problem = self.push(value).err();
        }
        self
    }

    fn push<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<()> {
        let json = to_raw_value(value).map_err(|error| {
            Error::new(ErrorKind::Internal, "a parameter could not be written as JSON").with_source(error)
        })?;
        self.text.push_str("<param>");
        push_value(&mut self.text, &json, self.nulls, MAX_DEPTH).map_err(|problem| {
            Error::new(ErrorKind::Rejected, problem.message(&format!("parameter {}", self.params)))
                .with_advice("change the value")
        })?;
        self.text.push_str("</param>");
        Ok(())
    }

    /// Adds a parameter that is the secret of this name.
    #[must_use]
    pub fn secret(mut self, name: &'static str) -> Self {
        self.params += 1;
        self.text.push_str("<param><value><string>");
        self.body = self.body.text(std::mem::take(&mut self.text)).secret(name, Escape::Xml);
        self.text.push_str("</string></value></param>");
        self
    }

    /// The body to send.
    ///
    /// Fails with `Rejected`, naming the parameter and the path in it, when a value cannot be sent: an integer of
    /// more than 32 bits, a character that XML does not have, values nested too deep.
    pub fn build(mut self) -> Result<Body> {
        if let Some(problem) = self.problem {
            return Err(problem);
        }
        self.text.push_str("</params></methodCall>");
        Ok(self.body.text(self.text).build())
    }
}
