//! The public settings of a connection.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_rest::RestConnector;
use url::Url;

use crate::SlackFactory;

/// The public settings of a Slack connection, of which there are none: the token says which workspace it is.
///
/// ```
/// use tieline_core::ConnectorFactory;
/// use tieline_slack::{SlackConfig, SlackFactory};
///
/// let config = serde_json::to_value(SlackConfig::new())?;
/// let url = SlackFactory::default().base_url(&config)?;
/// assert_eq!(url.host_str(), Some("slack.com"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlackConfig {}

impl SlackConfig {
    /// The settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl ConnectorConfig for SlackConfig {
    type Connector = RestConnector;
    type Factory = SlackFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<RestConnector>> {
        let config = serde_json::to_value(self)
            .map_err(|_| Error::new(ErrorKind::Internal, "the settings of Slack are no JSON"))?;
        SlackFactory::default().connect(BuildContext::new(config, base_url, http, clock))
    }
}
