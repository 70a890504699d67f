//! A description as a connector before there is an account, and the rules for what its owner may say.

use std::sync::Arc;

use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::{
    AuthScheme, BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Field,
    KeyPlacement, Origins, Result,
};
use tieline_rest::RestFactory;
use url::Url;

use crate::CustomRestConfig;

/// The connector's id.
const ID: &str = "custom-rest";
/// The longest description, in bytes.
const MAX_DESCRIPTION: usize = 1 << 20;

/// APIs that their owners describe. Each connection has a description of its own; the factory of a connection comes from
/// [`configured`](ConnectorFactory::configured).
#[derive(Clone, Debug)]
pub struct CustomRestFactory {
    spec: ConnectorSpec,
}

impl Default for CustomRestFactory {
    fn default() -> Self {
        let mut spec = ConnectorSpec::new(ID, "Custom REST", Category::Other);
        spec.config = vec![
            Field::text("description", "Description")
                .with_help("The API as a file: name, url, auth, and the entities with their requests.")
                .with_example("name: Booking system\nurl: https://api.booking.example/v1\nauth: bearer"),
            Field::text("format", "Format").with_help("yaml, toml or json; yaml unless said.").optional(),
        ];
        // The description says which; these are the forms without it.
        spec.auth = vec![
            AuthScheme::bearer(Field::secret("token", "Token")),
            AuthScheme::api_key(KeyPlacement::header("x-api-key"), Field::secret("api_key", "API key")),
            AuthScheme::basic(Field::text("user", "User"), Field::secret("password", "Password")),
        ];
        spec.origins = Origins::Patterns(Vec::new());
        spec.guide = include_str!("../GUIDE.md").into();
        Self { spec }
    }
}

/// The factory of a description that a tenant gives.
pub(crate) fn described(file: &str, text: &str) -> Result<RestFactory> {
    if text.len() > MAX_DESCRIPTION {
        return Err(Error::new(
            ErrorKind::Config,
            format!("the description is longer than {MAX_DESCRIPTION} bytes"),
        ));
    }
    RestFactory::tenant(ID, file, text, Category::Other)
}

impl ConnectorFactory for CustomRestFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        tieline_kit::failure("the API", answer.status).map(|error| error.with_status(answer.status)).into()
    }

    fn configured(&self, config: &Value) -> Result<Option<Arc<dyn ConnectorFactory>>> {
        let config = CustomRestConfig::from_value(config)?;
        let factory = config.factory()?;
        Ok(Some(Arc::new(Described { factory, values: config.values() })))
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        let config = CustomRestConfig::from_value(config)?;
        config.factory()?.base_url(&config.values())
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let config = CustomRestConfig::from_value(&context.config)?;
        let BuildContext { base_url, http, clock, .. } = context;
        config.factory()?.build(BuildContext::new(config.values(), base_url, http, clock))
    }
}

/// The factory of one connection: its description, with the values of the description's settings.
#[derive(Debug)]
struct Described {
    factory: RestFactory,
    values: Value,
}

impl ConnectorFactory for Described {
    fn spec(&self) -> &ConnectorSpec {
        self.factory.spec()
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        self.factory.classify(answer)
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        self.factory.base_url(&self.values)
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        let BuildContext { base_url, http, clock, .. } = context;
        self.factory.build(BuildContext::new(self.values.clone(), base_url, http, clock))
    }
}
