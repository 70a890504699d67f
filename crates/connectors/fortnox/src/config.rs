//! The public settings of a connection.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use tieline_core::http::HttpClient;
use tieline_core::{Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_kit::HeadKey;
use url::Url;

use crate::{Fortnox, FortnoxFactory};

/// Where every company's requests go. Source: <https://www.fortnox.se/developer/guides-and-good-to-know/best-practices>.
pub(crate) const BASE: &str = "https://api.fortnox.se/";

/// The public settings of a Fortnox connection. The token says which company it is; only a service account names it here.
///
/// ```
/// use tieline_fortnox::FortnoxConfig;
///
/// let config = FortnoxConfig::new().with_tenant(34231);
/// assert_eq!(serde_json::to_string(&config)?, r#"{"tenant_id":"34231"}"#);
/// assert_eq!(config.tenant(), Some("34231"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FortnoxConfig {
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "number_or_text")]
    tenant_id: Option<String>,
}

/// A number is taken for the text that it is kept as: forms and tokens have it either way.
fn number_or_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(HeadKey::deserialize(deserializer)?.0.map(|key| key.to_string()))
}

impl FortnoxConfig {
    /// The settings of a connection by a person's consent.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the company, by its database number, for a service account.
    #[must_use]
    pub fn with_tenant(mut self, tenant_id: u64) -> Self {
        self.tenant_id = Some(tenant_id.to_string());
        self
    }

    /// The company's database number, where it is known.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }

    /// Where requests go: one address for every company.
    pub(crate) fn base_url(&self) -> Result<Url> {
        if let Some(tenant) = &self.tenant_id
            && !((1..=18).contains(&tenant.len()) && tenant.bytes().all(|byte| byte.is_ascii_digit()))
        {
            let shown = tieline_kit::excerpt(tenant, 32);
            return Err(Error::new(ErrorKind::Config, format!("{shown:?} is not a Fortnox database number"))
                .with_advice("it has digits only; leave it out unless a service account is used"));
        }
        Url::parse(BASE)
            .map_err(|_| Error::new(ErrorKind::Internal, "the address of Fortnox cannot be parsed"))
    }

    /// Reads the settings of a stored connection.
    pub(crate) fn from_value(config: &Value) -> Result<Self> {
        serde_json::from_value(config.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the Fortnox settings cannot be read: {error}"))
                .with_advice(r#"they are an object such as {} or {"tenant_id":"34231"}"#)
        })
    }
}

impl ConnectorConfig for FortnoxConfig {
    type Connector = Fortnox;
    type Factory = FortnoxFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<Fortnox>> {
        self.base_url()?;
        Ok(Arc::new(Fortnox::new(&self, base_url, http, clock)))
    }
}
