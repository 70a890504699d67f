//! The connector's description of itself, and the meaning of Tick's responses.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use tieline_core::Result;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    AuthScheme, BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Field,
    KeyPlacement, Limit, LimitScope, Origins,
};
use tieline_kit::{excerpt, failure, is_html, web_page};
use url::Url;

use crate::connector::TickConnector;

#[derive(Debug)]
pub struct TickFactory(pub ConnectorSpec);

impl Default for TickFactory {
    fn default() -> Self {
        let mut spec = ConnectorSpec::new("tick", "Tick", Category::Other);
        spec.api_version = "v1".into();
        let field = Field::secret("key", "API key").with_help("In Tick under Settings > API.");
        spec.auth = vec![AuthScheme::api_key(KeyPlacement::header("x-tick-key"), field)];
        spec.origins = Origins::Patterns(vec!["api.tick.example".into()]);
        spec.limits = vec![Limit::new("burst", LimitScope::Account, 10, Duration::from_secs(1))];
        spec.guide = "Ask an administrator of the team for a key.".into();
        Self(spec)
    }
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    error: String,
}

impl ConnectorFactory for TickFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.0
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        if answer.status.is_success() && is_html(answer.body) {
            return Classification::fail(web_page());
        }
        let Some(mut error) = failure("Tick", answer.status) else { return Classification::accept() };
        if error.kind() == ErrorKind::Unauthenticated {
            error = error.with_advice("copy the key again in Tick under Settings > API");
        }
        let said: Refusal = serde_json::from_slice(answer.body).unwrap_or_default();
        if !said.error.is_empty() {
            error = error.with_provider_text(&excerpt(&said.error, 200));
        }
        Classification::fail(error)
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        "https://api.tick.example/"
            .parse()
            .map_err(|_| Error::new(ErrorKind::Internal, "the address is no URL"))
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        Ok(Arc::new(TickConnector { http: context.http, base: context.base_url, clock: context.clock }))
    }
}
