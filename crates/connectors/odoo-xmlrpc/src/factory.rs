//! What the connector says about itself, and what Odoo's answers mean.

use std::sync::Arc;

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::{
    AuthScheme, BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Field,
    FieldKind, Origins, Result,
};
use tieline_kit::{HeadText, excerpt, failure};
use url::Url;

use crate::webhook::Notifications;
use crate::{Odoo, OdooConfig, faults, xmlrpc};

/// The name of the secret, in the form and in the body.
pub(crate) const SECRET: &str = "password";
/// A fault begins within so many bytes: there is a prolog and one element before it.
const HEAD: usize = 512;

/// Odoo before there is an account: its description, and the meaning of its answers.
#[derive(Clone, Debug)]
pub struct OdooFactory {
    spec: ConnectorSpec,
}

impl Default for OdooFactory {
    fn default() -> Self {
        Self { spec: spec() }
    }
}

fn spec() -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("odoo", "Odoo", Category::Erp);
    spec.api_version = "XML-RPC 2 (Odoo 8 to 21), JSON-2 (from Odoo 19)".into();
    spec.config = vec![
        Field::text("url", "Address")
            .with_help("The address of your Odoo, as it stands in the browser.")
            .with_example("https://erp.example.com")
            .with_pattern(r"\S"),
        Field::text("login", "Login")
            .with_help("What the user signs in with, mostly an e-mail address.")
            .with_example("ada@example.com")
            .with_pattern(r"\S"),
        Field::text("database", "Database")
            .with_help("Only for a server with several databases. Odoo Online needs none.")
            .with_example("acme")
            .optional(),
        Field::text("protocol", "API")
            .with_help("auto chooses by the server's version.")
            .with_example("auto")
            .with_kind(FieldKind::choice(["auto", "xmlrpc", "json2"]))
            .optional(),
        Field::text("companies", "Companies")
            .with_help(
                "Ids of the companies to work with, the current one first. All of the user's when empty.",
            )
            .with_example("1, 3")
            .with_pattern(r"^[\d, ]*$")
            .optional(),
        Field::text("lang", "Language")
            .with_help("For translated fields. The language must be installed in Odoo.")
            .with_example("nb_NO")
            .optional(),
        Field::text("tz", "Time zone")
            .with_help("For what Odoo computes by day. Stored times are always UTC.")
            .with_example("Europe/Oslo")
            .optional(),
        Field::text("notify", "Notifications")
            .with_help(
                "Whether creates and updates send e-mails to followers and write Odoo's log of changes.",
            )
            .with_kind(FieldKind::Boolean)
            .optional(),
    ];
    // Source: https://www.odoo.com/documentation/17.0/developer/reference/external_api.html#api-keys
    spec.auth = vec![AuthScheme::secret(
        Field::secret(SECRET, "API key")
            .with_help("In Odoo under Preferences > Account Security. The user's password works too, unless two-factor authentication is on.")
            .with_example("0123456789abcdef0123456789abcdef01234567"),
    )];
    // A server answers who asks it; Odoo publishes no limit.
    spec.origins = Origins::config_field("url");
    spec.guide = include_str!("../GUIDE.md").into();
    spec
}

impl ConnectorFactory for OdooFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        classify(answer).into()
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        OdooConfig::from_value(config)?.base_url()
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = OdooConfig::from_value(&context.config)?;
        Ok(Arc::new(Odoo::new(&config, context.base_url, context.http, context.clock)?))
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        Some(&Notifications)
    }
}

/// The error body of JSON-2.
/// Source: <https://www.odoo.com/documentation/19.0/developer/reference/external_api.html>.
#[derive(Deserialize)]
struct Refusal<'a> {
    #[serde(borrow)]
    name: HeadText<'a>,
    #[serde(default, borrow)]
    message: HeadText<'a>,
}

enum Kind<'a> {
    /// An answer of XML-RPC.
    Xml,
    /// A web page.
    Page,
    /// An error of JSON-2.
    Refusal(&'a str, &'a str),
    /// Anything else.
    Other,
}

fn classify(answer: &ResponseView<'_>) -> Option<Error> {
    let status = answer.status;
    let body = answer.body.trim_ascii_start();
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if status.is_success() {
        return match body.first() {
            None => Some(Error::new(ErrorKind::Decode, "Odoo's answer is empty").with_status(status)),
            Some(b'<') if is_xml(body) => fault(body).map(|error| error.with_status(status)),
            Some(b'<') => Some(not_odoo().with_status(status)),
            Some(_) => None,
        };
    }
    let refusal: Option<Refusal<'_>> =
        if body.first() == Some(&b'{') { serde_json::from_slice(body).ok() } else { None };
    let kind = match &refusal {
        Some(Refusal { name, message }) if name.get().is_some() => {
            Kind::Refusal(name.get().unwrap_or_default(), message.get().unwrap_or_default())
        }
        _ if body.first() == Some(&b'<') && is_xml(body) => Kind::Xml,
        _ if body.first() == Some(&b'<') => Kind::Page,
        _ => Kind::Other,
    };
    let error = match (status.as_u16(), kind) {
        (_, Kind::Xml) if let Some(error) = fault(body) => error,
        (401, _) => faults::denied(),
        (404, Kind::Refusal(name, message)) => missing(name, message),
        (404 | 405, _) => not_odoo(),
        (413, _) => Error::new(ErrorKind::Rejected, "the request is larger than the Odoo server takes")
            .with_advice("send fewer records or smaller files at once"),
        (_, Kind::Refusal(name, message)) if !name.starts_with("werkzeug.") => faults::raised(name, message),
        (_, Kind::Refusal(_, message)) => {
            let error = failure("Odoo", status)?;
            // It may quote what was sent.
            if message.is_empty() { error } else { error.with_provider_text(&excerpt(message, 200)) }
        }
        _ => failure("Odoo", status)?,
    };
    Some(error.with_status(status))
}

fn is_xml(body: &[u8]) -> bool {
    let head = body.get(..HEAD).unwrap_or(body);
    body.starts_with(b"<?xml") && !contains(head, b"<html") || contains(head, b"<methodResponse")
}

/// The error inside a 200. A whole page is not read twice to learn it.
fn fault(body: &[u8]) -> Option<Error> {
    if !contains(body.get(..HEAD).unwrap_or(body), b"<fault") {
        return None;
    }
    match xmlrpc::read_fault(body) {
        Ok(fault) => fault.map(|fault| faults::fault(&fault.code, &fault.text)),
        Err(error) => Some(error),
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    text.windows(word.len()).any(|window| window == word)
}

/// A model, a method or a record that is not there, over JSON-2.
fn missing(name: &str, message: &str) -> Error {
    if name.ends_with("MissingError") {
        return faults::raised(name, message);
    }
    if let Some(model) = message.strip_prefix("Object ").and_then(|rest| rest.strip_suffix(" doesn't exist"))
    {
        return faults::no_model(model);
    }
    // "the model 'x' does not exist"
    let model = message.split_once("model '").and_then(|(_, rest)| rest.split_once("' does not exist"));
    match model {
        Some((model, _)) if !message.contains("method") => faults::no_model(model),
        _ => Error::new(ErrorKind::NotFound, "Odoo does not have this")
            .with_provider_text(&excerpt(message, 200)),
    }
}

/// What answers is no Odoo.
pub(crate) fn not_odoo() -> Error {
    Error::new(ErrorKind::Config, "no Odoo answers at this address").with_advice(
        "check the address: it is the one of the page where you sign in to Odoo, without a proxy's own login before \
         it; the external API needs Odoo's Custom plan, or a server of your own",
    )
}

/// Whether an error says that the address has no such path.
pub(crate) fn is_no_path(error: &Error) -> bool {
    error.kind() == ErrorKind::Config && error.status() == Some(StatusCode::NOT_FOUND)
}
