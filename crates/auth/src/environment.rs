//! Credentials and apps from environment variables.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use tieline_core::{AuthScheme, ConnectorSpec, Error, ErrorKind, Grant, Result};
use url::Url;

use crate::{Fields, OAuthApp, Secret, ServiceAccount};

/// Where credentials are looked for when the store has none: `TIELINE_PIPEDRIVE_API_TOKEN`, by the connector's id and
/// the field's name in capitals.
///
/// ```
/// use tieline_auth::{Environment, Secret};
/// use tieline_core::{AuthScheme, Category, ConnectorSpec, Field};
///
/// let mut spec = ConnectorSpec::new("acme", "Acme", Category::Crm);
/// spec.auth = vec![AuthScheme::bearer(Field::secret("token", "Token"))];
/// let environment = Environment::of([("TIELINE_ACME_TOKEN", "0123456789abcdef")]);
/// assert!(matches!(environment.secret(&spec)?, Some(Secret::Fields(_))));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Environment(Option<BTreeMap<String, SecretString>>);

impl Environment {
    /// The variables of this process, looked at when asked.
    pub fn process() -> Self {
        Self(None)
    }

    /// These variables and no others.
    pub fn of<N: Into<String>, V: Into<SecretString>>(variables: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(Some(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// No variables.
    pub fn empty() -> Self {
        Self(Some(BTreeMap::new()))
    }

    /// The variable of a field.
    pub fn variable(provider: &str, field: &str) -> String {
        let word = |text: &str| -> String {
            let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
            text.chars().map(upper).collect()
        };
        format!("TIELINE_{}_{}", word(provider), word(field))
    }

    /// The credential that the variables hold for a connector; the first scheme that is complete. `SERVICE_ACCOUNT`
    /// holds a whole key file where the provider takes service accounts.
    ///
    /// # Errors
    ///
    /// `Config` for a variable that is not text, for a scheme whose fields are only partly there, and for a key file
    /// that is none.
    pub fn secret(&self, spec: &ConnectorSpec) -> Result<Option<Secret>> {
        let mut partly: Option<String> = None;
        for scheme in &spec.auth {
            if let AuthScheme::OAuth2(oauth) = scheme {
                if oauth.grants.contains(&Grant::JwtBearer)
                    && let Some(key) = self.get(&spec.id, "service_account")?
                {
                    return ServiceAccount::parse(key).map(|account| Some(Secret::ServiceAccount(account)));
                }
                continue;
            }
            let mut found = Vec::new();
            let mut missing = None;
            for field in scheme.fields() {
                match self.get(&spec.id, &field.name)? {
                    Some(value) => found.push((field.name.to_string(), value)),
                    None if field.required => missing = Some(field.name.to_string()),
                    None => {}
                }
            }
            match missing {
                None if !found.is_empty() => return Ok(Some(Secret::Fields(Fields::new(found)))),
                Some(name) if !found.is_empty() => partly = Some(Self::variable(&spec.id, &name)),
                _ => {}
            }
        }
        match partly {
            Some(variable) => Err(Error::new(
                ErrorKind::Config,
                format!("the environment holds a credential for {} without {variable}", spec.title),
            )
            .with_advice("set all variables of it, or none")),
            None => Ok(None),
        }
    }

    /// The host's app, from `CLIENT_ID` and `CLIENT_SECRET`.
    ///
    /// # Errors
    ///
    /// `Config` when only one of the two is set.
    pub fn app(&self, spec: &ConnectorSpec, callback: Url) -> Result<Option<OAuthApp>> {
        use secrecy::ExposeSecret as _;

        match (self.get(&spec.id, "client_id")?, self.get(&spec.id, "client_secret")?) {
            (Some(id), Some(secret)) => Ok(Some(OAuthApp::new(id.expose_secret(), secret, callback))),
            (None, None) => Ok(None),
            _ => Err(Error::new(
                ErrorKind::Config,
                format!("the environment holds only one of client id and client secret for {}", spec.title),
            )
            .with_advice(format!(
                "set both {} and {}",
                Self::variable(&spec.id, "client_id"),
                Self::variable(&spec.id, "client_secret")
            ))),
        }
    }

    fn get(&self, provider: &str, field: &str) -> Result<Option<SecretString>> {
        let name = Self::variable(provider, field);
        let value = match &self.0 {
            Some(variables) => variables.get(&name).cloned(),
            None => match std::env::var(&name) {
                Ok(value) => Some(value.into()),
                Err(std::env::VarError::NotPresent) => None,
                Err(std::env::VarError::NotUnicode(_)) => {
                    return Err(Error::new(ErrorKind::Config, format!("the variable {name} is not text")));
                }
            },
        };
        Ok(value.filter(|value| !secrecy::ExposeSecret::expose_secret(value).trim().is_empty()))
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Environment")
    }
}
