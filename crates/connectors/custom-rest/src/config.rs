//! The public settings of a connection: the description itself, and the values of its settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_rest::RestConnector;
use url::Url;

use crate::CustomRestFactory;
use crate::factory::described;

/// The name of a description in messages, without the ending of its format.
const NAME: &str = "description";

/// The public settings of a connection to an API that is described by its owner.
///
/// ```
/// use tieline_custom_rest::CustomRestConfig;
///
/// let config = CustomRestConfig::yaml("
/// name: Booking system
/// url: https://api.booking.example/v1
/// auth: bearer
/// entities:
///   bookings: /bookings?page=<page>&updated_since=<since>
/// ");
/// assert_eq!(config.factory()?.description().name, "Booking system");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomRestConfig {
    description: String,
    #[serde(default, skip_serializing_if = "Syntax::is_yaml")]
    format: Syntax,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    values: BTreeMap<String, Value>,
}

/// The syntax of a description.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Syntax {
    #[default]
    Yaml,
    Toml,
    Json,
}

impl Syntax {
    fn is_yaml(&self) -> bool {
        *self == Self::Yaml
    }
}

impl CustomRestConfig {
    /// A description in YAML.
    pub fn yaml(description: impl Into<String>) -> Self {
        Self { description: description.into(), format: Syntax::Yaml, values: BTreeMap::new() }
    }

    /// A description in TOML.
    pub fn toml(description: impl Into<String>) -> Self {
        Self { format: Syntax::Toml, ..Self::yaml(description) }
    }

    /// A description in JSON.
    pub fn json(description: impl Into<String>) -> Self {
        Self { format: Syntax::Json, ..Self::yaml(description) }
    }

    /// Sets the value of a setting that the description asks for.
    #[must_use]
    pub fn with_value(mut self, setting: impl Into<String>, value: impl Into<Value>) -> Self {
        self.values.insert(setting.into(), value.into());
        self
    }

    /// The factory of the description, under the rules of what a tenant may describe.
    ///
    /// # Errors
    /// `Config` that says what is wrong with the description, and where.
    pub fn factory(&self) -> Result<tieline_rest::RestFactory> {
        described(&self.file(), &self.description)
    }

    /// The description's name in messages.
    pub(crate) fn file(&self) -> String {
        let end = match self.format {
            Syntax::Yaml => "yaml",
            Syntax::Toml => "toml",
            Syntax::Json => "json",
        };
        format!("{NAME}.{end}")
    }

    /// The values of the description's settings.
    pub(crate) fn values(&self) -> Value {
        Value::Object(self.values.clone().into_iter().collect())
    }

    /// Reads the settings of a stored connection. An object with `url` in place of `description` is a description in
    /// JSON by itself: what a form with name, address, credential and headers gives.
    pub(crate) fn from_value(config: &Value) -> Result<Self> {
        if config.get("url").is_some() && config.get("description").is_none() {
            return Ok(Self::json(config.to_string()));
        }
        Self::deserialize(config).map_err(|_| {
            Error::new(ErrorKind::Config, "the settings hold no description of an API").with_advice(
                r#"they are an object such as {"description":"name: …"}, or {"name":"…","url":"https://…","auth":"bearer"}"#,
            )
        })
    }
}

impl ConnectorConfig for CustomRestConfig {
    type Connector = RestConnector;
    type Factory = CustomRestFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<RestConnector>> {
        self.factory()?.connect(BuildContext::new(self.values(), base_url, http, clock))
    }
}
