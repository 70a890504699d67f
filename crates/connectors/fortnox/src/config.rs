//! The public settings of a connection.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize};
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_kit::HeadKey;
use tieline_rest::RestConnector;
use url::Url;

use crate::FortnoxFactory;

/// The public settings of a Fortnox connection. The token says which company it is; only a service account names it too.
///
/// ```
/// use tieline_core::ConnectorFactory;
/// use tieline_fortnox::{FortnoxConfig, FortnoxFactory};
///
/// let config = serde_json::to_value(FortnoxConfig::new().with_tenant(34231))?;
/// assert_eq!(config["tenant_id"], "34231");
/// assert_eq!(FortnoxFactory::default().base_url(&config)?.as_str(), "https://api.fortnox.se/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FortnoxConfig {
    /// A captured claim is a text, a person may have typed a number.
    #[serde(default, deserialize_with = "tenant", skip_serializing_if = "Option::is_none")]
    tenant_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

fn tenant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
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

    /// Names the field of invoices and orders that carries the mark of a create: `ExternalInvoiceReference1`, which is the
    /// default, `ExternalInvoiceReference2`, or `none` when other programs use both.
    #[must_use]
    pub fn with_marker(mut self, field: impl Into<String>) -> Self {
        self.marker = Some(field.into());
        self
    }

    /// The company's database number, where it is known.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant_id.as_deref()
    }
}

impl ConnectorConfig for FortnoxConfig {
    type Connector = RestConnector;
    type Factory = FortnoxFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<RestConnector>> {
        let config = serde_json::to_value(&self)
            .map_err(|_| Error::new(ErrorKind::Internal, "the settings of Fortnox are no JSON"))?;
        FortnoxFactory::default().connect(BuildContext::new(config, base_url, http, clock))
    }
}
