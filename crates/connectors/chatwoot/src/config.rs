//! The public settings of a connection.

use std::sync::Arc;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use tieline_core::http::HttpClient;
use tieline_core::{BuildContext, Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_rest::RestConnector;
use url::Url;

use crate::ChatwootFactory;

/// The public settings of a Chatwoot connection: where it is, and which account.
///
/// ```
/// use tieline_chatwoot::{ChatwootConfig, ChatwootFactory};
/// use tieline_core::ConnectorFactory;
///
/// let config = serde_json::to_value(ChatwootConfig::new("https://app.chatwoot.com", 7))?;
/// let url = ChatwootFactory::default().base_url(&config)?;
/// assert_eq!(url.as_str(), "https://app.chatwoot.com/");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChatwootConfig {
    address: String,
    account: u64,
    #[serde(default = "signed", skip_serializing_if = "is_signed")]
    signed_webhooks: bool,
}

const fn signed() -> bool {
    true
}

const fn is_signed(signed: &bool) -> bool {
    *signed
}

impl ChatwootConfig {
    /// The address of the cloud.
    pub const CLOUD: &'static str = "https://app.chatwoot.com";

    /// An account, by the number behind `/accounts/` in the browser's address bar.
    pub fn new(address: impl Into<String>, account: u64) -> Self {
        Self { address: address.into(), account, signed_webhooks: true }
    }

    /// Accepts notifications without a signature, which servers before version 4.12 send. The secret part of the address
    /// that they call is then all that proves them.
    #[must_use]
    pub fn with_unsigned_webhooks(mut self) -> Self {
        self.signed_webhooks = false;
        self
    }

    /// The settings and the access token that the environment holds, for programs without a store: `CHATWOOT_BASE_URL`
    /// ([`CLOUD`](Self::CLOUD) when absent), `CHATWOOT_ACCOUNT_ID` and `CHATWOOT_API_KEY`. `None` when neither of the last
    /// two is set.
    ///
    /// # Errors
    /// `Config` when only one of the last two is set, when a variable is not text, and when the account is no number.
    pub fn from_environment() -> Result<Option<(Self, SecretString)>> {
        Self::from_variables(|name| match std::env::var(name) {
            Ok(value) => Ok(Some(value)),
            Err(std::env::VarError::NotPresent) => Ok(None),
            Err(std::env::VarError::NotUnicode(_)) => {
                Err(Error::new(ErrorKind::Config, format!("the variable {name} is not text")))
            }
        })
    }

    /// The same from other variables than those of the process.
    ///
    /// # Errors
    /// As [`from_environment`](Self::from_environment), and those of `variable`.
    pub fn from_variables(
        variable: impl Fn(&'static str) -> Result<Option<String>>,
    ) -> Result<Option<(Self, SecretString)>> {
        let given =
            |name| Ok(variable(name)?.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()));
        let (account, token) = match (given("CHATWOOT_ACCOUNT_ID")?, given("CHATWOOT_API_KEY")?) {
            (Some(account), Some(token)) => (account, SecretString::from(token)),
            (None, None) => return Ok(None),
            (account, _) => {
                let missing = if account.is_some() { "CHATWOOT_API_KEY" } else { "CHATWOOT_ACCOUNT_ID" };
                let message = format!("the environment holds a Chatwoot connection without {missing}");
                return Err(Error::new(ErrorKind::Config, message)
                    .with_advice("set CHATWOOT_ACCOUNT_ID and CHATWOOT_API_KEY, or neither"));
            }
        };
        let account = account.parse().map_err(|_| {
            Error::new(ErrorKind::Config, "the variable CHATWOOT_ACCOUNT_ID is no number")
                .with_advice("it stands behind /accounts/ in the browser's address bar")
        })?;
        let address = given("CHATWOOT_BASE_URL")?.unwrap_or_else(|| Self::CLOUD.to_owned());
        Ok(Some((Self::new(address, account), token)))
    }
}

impl ConnectorConfig for ChatwootConfig {
    type Connector = RestConnector;
    type Factory = ChatwootFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<RestConnector>> {
        let config = serde_json::to_value(&self)
            .map_err(|_| Error::new(ErrorKind::Internal, "the settings of Chatwoot are no JSON"))?;
        ChatwootFactory::default().connect(BuildContext::new(config, base_url, http, clock))
    }
}
