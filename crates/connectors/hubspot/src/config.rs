//! The public settings of a connection.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_rest::RestConnector;
use url::Url;

use crate::HubSpotFactory;

/// The public settings of a HubSpot connection. The credential says which portal it is.
///
/// ```
/// use tieline_hubspot::{HubSpotConfig, HubSpotFactory};
/// use tieline_core::ConnectorFactory;
///
/// let config = serde_json::to_value(HubSpotConfig::new().with_external_id("external_ref"))?;
/// let url = HubSpotFactory::default().base_url(&config)?;
/// assert_eq!(url.as_str(), "https://api.hubapi.com/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HubSpotConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    custom_object: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
}

impl HubSpotConfig {
    /// The settings of a portal without custom objects.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads and writes a custom object as `custom_objects`, by its type id (`2-4711`) or qualified name.
    #[must_use]
    pub fn with_custom_object(mut self, type_id: impl Into<String>) -> Self {
        self.custom_object = Some(type_id.into());
        self
    }

    /// Names the property with unique values that carries the marker of a create, so that a create whose answer was lost
    /// is found again. Every kind of object that is written must have it.
    #[must_use]
    pub fn with_external_id(mut self, property: impl Into<String>) -> Self {
        self.external_id = Some(property.into());
        self
    }
}

impl ConnectorConfig for HubSpotConfig {
    type Connector = RestConnector;
    type Factory = HubSpotFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<RestConnector>> {
        let config = serde_json::to_value(&self)
            .map_err(|_| Error::new(ErrorKind::Internal, "the settings of HubSpot are no JSON"))?;
        HubSpotFactory::default().connect(BuildContext::new(config, base_url, http, clock))
    }
}
