use std::sync::Arc;

use http::StatusCode;
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    BuildContext, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Origins, Resend, Result,
};
use url::Url;

/// What an HTTP stack needs to know to carry a provider's token requests and logins: no limits of its own, and no request
/// is sent again unless it certainly did not leave.
///
/// ```
/// use std::sync::Arc;
/// use tieline_auth::token_endpoint;
/// use tieline_core::{Category, ConnectorSpec};
///
/// let spec = ConnectorSpec::new("acme", "Acme", Category::Crm);
/// assert_eq!(token_endpoint(&spec).spec().title, "Acme");
/// ```
pub fn token_endpoint(spec: &ConnectorSpec) -> Arc<dyn ConnectorFactory> {
    let mut own = ConnectorSpec::new(spec.id.clone(), spec.title.clone(), spec.category);
    own.origins = Origins::Patterns(Vec::new());
    Arc::new(TokenEndpoint { spec: own })
}

#[derive(Debug)]
struct TokenEndpoint {
    spec: ConnectorSpec,
}

impl ConnectorFactory for TokenEndpoint {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    /// Refusals (4xx) are answers here: what they mean for a token is read from their body.
    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        let title = &self.spec.title;
        let status = answer.status;
        let error = if status == StatusCode::TOO_MANY_REQUESTS {
            Error::new(ErrorKind::RateLimited, format!("{title} takes no more token requests for now"))
                .with_advice("wait before the next one")
                .with_resend(Resend::Never)
        } else if status.is_server_error() {
            Error::new(ErrorKind::Unavailable, format!("{title} could not answer a token request"))
                .with_advice("try again later; the provider's status page tells more if it stays")
        } else if status.is_redirection() {
            Error::new(ErrorKind::Config, format!("{title} redirects token requests"))
        } else {
            return Classification::accept();
        };
        Classification::fail(error.with_status(status))
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        Err(Error::unsupported("an address of its own"))
    }

    fn build(&self, _: BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::unsupported("reading from a token endpoint"))
    }
}
