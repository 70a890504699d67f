//! The public settings of a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use url::Url;

use crate::{Pipedrive, PipedriveFactory};

/// The public settings of a Pipedrive connection: which company, and which of its fields carry markers.
///
/// ```
/// use tieline_pipedrive::PipedriveConfig;
///
/// let config = PipedriveConfig::company(" https://Acme.pipedrive.com/deals ");
/// assert_eq!(config.base_url()?.as_str(), "https://acme.pipedrive.com/");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PipedriveConfig {
    company: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) markers: BTreeMap<String, String>,
}

impl PipedriveConfig {
    /// The company, as it stands before `.pipedrive.com`. The whole address of a page works too.
    pub fn company(company: impl Into<String>) -> Self {
        Self { company: company.into(), markers: BTreeMap::new() }
    }

    /// Names the account's own text field that carries the markers of an entity's creates, by its code of 40 hexadecimal
    /// digits. Deals, persons, organizations, products and leads can have one; leads share the fields of deals.
    #[must_use]
    pub fn with_marker(mut self, entity: impl Into<String>, code: impl Into<String>) -> Self {
        self.markers.insert(entity.into(), code.into());
        self
    }

    /// Where the company's requests go: `https://acme.pipedrive.com/`. Fails with `Config` when the company cannot be
    /// one.
    ///
    /// Source: <https://pipedrive.readme.io/docs/core-api-concepts-about-pipedrive-api>.
    pub fn base_url(&self) -> Result<Url> {
        let company = self.name()?;
        Url::parse(&format!("https://{company}.pipedrive.com/")).map_err(|_| invalid(&self.company))
    }

    /// The company's name in its address, normalised.
    pub(crate) fn name(&self) -> Result<String> {
        let text = self.company.trim().to_ascii_lowercase();
        let text = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or(&text);
        let host = text.split(['/', '?', '#']).next().unwrap_or_default();
        let name = host.strip_suffix(".pipedrive.com").unwrap_or(host);
        // A label of a host name (RFC 1035): what follows it in the address cannot be chosen from here.
        let fits = (1..=63).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        if fits { Ok(name.to_owned()) } else { Err(invalid(&self.company)) }
    }

    /// Reads the settings of a stored connection.
    pub(crate) fn from_value(config: &Value) -> Result<Self> {
        serde_json::from_value(config.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the Pipedrive settings cannot be read: {error}"))
                .with_advice(r#"they are an object such as {"company":"acme"}"#)
        })
    }
}

fn invalid(company: &str) -> Error {
    let shown = tieline_kit::excerpt(company, 64);
    Error::new(ErrorKind::Config, format!("{shown:?} is not the name of a Pipedrive company"))
        .with_advice("give what stands before .pipedrive.com in the browser's address bar, such as acme")
}

impl ConnectorConfig for PipedriveConfig {
    type Connector = Pipedrive;
    type Factory = PipedriveFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<Pipedrive>> {
        Ok(Arc::new(Pipedrive::new(&self, BuildContext::new(Value::Null, base_url, http, clock))?))
    }
}
