//! What the connector says about itself, and what Fortnox's answers mean.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    AuthScheme, BuildContext, Capture, Category, ClientAuth, Connector, ConnectorFactory, ConnectorSpec,
    Error, ErrorKind, Field, Grant, Limit, LimitScope, OAuth2, Origins, RefreshPolicy, Result, Revocation,
    Scope, SettingHeader,
};
use tieline_kit::{HeadKey, HeadText, excerpt, failure, is_html, web_page};
use url::Url;

use crate::errors::{BAD_PARAMETERS, meaning_of};
use crate::{Fortnox, FortnoxConfig};

/// The most characters of an error text that are shown.
const SHOWN: usize = 200;
/// The window of the limit. After a 429, nothing says how long to wait.
const WINDOW: Duration = Duration::from_secs(5);

/// Fortnox before there is an account: its description, and the meaning of its answers.
#[derive(Clone, Debug)]
pub struct FortnoxFactory {
    spec: ConnectorSpec,
}

impl Default for FortnoxFactory {
    fn default() -> Self {
        Self { spec: spec() }
    }
}

fn spec() -> ConnectorSpec {
    let mut spec = ConnectorSpec::new("fortnox", "Fortnox", Category::Accounting);
    spec.api_version = "3".into();
    spec.config = vec![
        Field::text("tenant_id", "Database number")
            .with_help(
                "The company's number in Fortnox, needed for a service account alone. It is filled in when the company \
                 is connected; the company's information in Fortnox shows it too.",
            )
            .with_example("34231")
            .with_pattern("^[0-9]{1,18}$")
            .optional(),
    ];
    spec.auth = vec![
        AuthScheme::OAuth2(oauth()),
        AuthScheme::bearer(
            Field::secret("access_token", "Access token")
                .with_help("A token that was got elsewhere. It ends after an hour."),
        ),
    ];
    spec.origins = Origins::Patterns(vec!["api.fortnox.se".into()]);
    // Source: https://www.fortnox.se/developer/guides-and-good-to-know/rate-limits-for-fortnox-api
    spec.limits = vec![Limit::new("requests", LimitScope::Credential, 25, WINDOW)];
    spec.guide = include_str!("../GUIDE.md").into();
    spec
}

/// Source: <https://www.fortnox.se/developer/authorization>.
fn oauth() -> OAuth2 {
    let mut oauth =
        OAuth2::new("https://apps.fortnox.se/oauth-v1/auth", "https://apps.fortnox.se/oauth-v1/token");
    oauth.revocation =
        Some(Revocation::new("https://apps.fortnox.se/oauth-v1/revoke").with_hint("refresh_token"));
    oauth.grants = vec![Grant::AuthorizationCode, Grant::ClientCredentials];
    oauth.pkce = false;
    oauth.client_auth = ClientAuth::Basic;
    oauth.scopes = vec![
        Scope::new("companyinformation", "The company's name and number"),
        Scope::new("customer", "Customers"),
        Scope::new("invoice", "Invoices"),
        Scope::new("payment", "Invoice payments"),
        Scope::new("article", "Articles"),
        Scope::new("order", "Orders"),
        Scope::new("offer", "Offers"),
        Scope::new("supplier", "Suppliers"),
        Scope::new("supplierinvoice", "Supplier invoices"),
        Scope::new("project", "Projects"),
        Scope::new("costcenter", "Cost centers"),
        Scope::new("bookkeeping", "Accounts, vouchers, financial years, SIE files"),
    ];
    // Without the first there is no refresh token. `account_type=service` is the host's choice: an administrator of
    // the company has to consent then.
    oauth.authorize_params = vec![("access_type".into(), "offline".into())];
    oauth.token_headers = vec![SettingHeader::new("tenantid", "tenant_id", Grant::ClientCredentials)];
    oauth.captures = vec![Capture::claim("tenantId", "tenant_id")];
    oauth.refresh = RefreshPolicy::one_time().with_unused_life(Duration::from_secs(45 * 24 * 60 * 60));
    oauth.access_token_life = Duration::from_secs(3600);
    oauth
}

impl ConnectorFactory for FortnoxFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        classify(answer).into()
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        FortnoxConfig::from_value(config)?.base_url()
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = FortnoxConfig::from_value(&context.config)?;
        Ok(Arc::new(Fortnox::new(&config, context.base_url, context.http, context.clock)))
    }
}

/// What an answer says of an error, whichever way its keys are spelled.
#[derive(Default)]
struct Refusal<'a> {
    code: Option<String>,
    message: Option<std::borrow::Cow<'a, str>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Refusal<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk<'a>(std::marker::PhantomData<&'a ()>);
        impl<'de: 'a, 'a> Visitor<'de> for Walk<'a> {
            type Value = Refusal<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Refusal<'a>, A::Error> {
                let mut refusal = Refusal::default();
                while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
                    match name.to_ascii_lowercase().as_str() {
                        "errorinformation" => refusal = map.next_value()?,
                        "code" => refusal.code = map.next_value::<HeadKey>()?.0.map(|code| code.to_string()),
                        "message" => refusal.message = map.next_value::<HeadText<'_>>()?.0,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(refusal)
            }
        }
        deserializer.deserialize_map(Walk(std::marker::PhantomData))
    }
}

/// Source: <https://www.fortnox.se/developer/guides-and-good-to-know/errors>.
fn classify(answer: &ResponseView<'_>) -> Option<Error> {
    let status = answer.status;
    if status.is_success() && !reports_an_error(answer.body) {
        return is_html(answer.body).then(|| web_page().with_status(status));
    }
    let refusal: Refusal<'_> = serde_json::from_slice(answer.body).unwrap_or_default();
    let known = refusal.code.as_deref().and_then(meaning_of);
    let error = match (status.as_u16(), known) {
        (429, _) => {
            let error = Error::new(ErrorKind::RateLimited, "Fortnox allows no more requests for now");
            let told = answer.headers.contains_key(http::header::RETRY_AFTER);
            if told { error } else { error.with_retry_after(WINDOW) }
        }
        // What a record refers to may be missing, or the record itself.
        (404, Some(known)) if known.kind == ErrorKind::Rejected => {
            Error::new(ErrorKind::NotFound, known.message).with_advice(known.advice)
        }
        (_, Some(known)) => Error::new(known.kind, known.message).with_advice(known.advice),
        // Only Fortnox's own code says that a record is gone: a gateway's 404 deletes nothing.
        (404, None) if refusal.code.is_none() => {
            Error::new(ErrorKind::Unavailable, "Fortnox did not answer: there is nothing at this address")
                .with_advice("check the address; go on later from the last stored state")
        }
        (401, None) => failure("Fortnox", status)?
            .with_advice("the token has ended or was revoked: connect the company again"),
        (403, None) => failure("Fortnox", status)?
            .with_advice("check the scopes of the connection, and the rights of the user who connected it"),
        (_, None) if status.is_success() => Error::new(ErrorKind::Rejected, "Fortnox reports a failure"),
        (_, None) => failure("Fortnox", status)?,
    };
    let mut error = error.with_status(status);
    if let Some(code) = &refusal.code {
        error = error.with_code(excerpt(code, 32));
    }
    if let Some(message) = refusal.message.filter(|message| !message.is_empty()) {
        // It may quote what was sent.
        error = error.with_provider_text(&excerpt(&message, SHOWN));
    }
    Some(match answer.header("x-uid") {
        Some(id) => error.with_request_id(excerpt(id, 64)),
        None => error,
    })
}

/// Whether an answer begins as an error does. A whole page is not read twice to learn that it is none.
fn reports_an_error(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let inside = body.strip_prefix(b"{").map(<[u8]>::trim_ascii_start);
    inside.is_some_and(|inside| {
        let name = inside.get(..18).unwrap_or_default();
        name.eq_ignore_ascii_case(b"\"errorinformation\"")
    })
}

/// Whether an error says that a list does not take a parameter.
pub(crate) fn is_bad_parameter(error: &Error) -> bool {
    error.code().is_some_and(|code| BAD_PARAMETERS.contains(&code))
}
