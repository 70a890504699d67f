//! What a connection's credential is, and its sealed form.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretSlice};
use serde::{Deserialize, Serialize};
use tieline_core::{Error, ErrorKind, OAuth2, Result};
use tieline_store::connections::PutSecret;
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::{Context, Sealed, Vault, mask};

use crate::secret_text::SecretText;
use crate::{Captured, Fields, ServiceAccount, Tokens};

/// What a connection authenticates with. `Debug` shows its kind.
#[derive(Clone)]
#[non_exhaustive]
pub enum Secret {
    /// What a person entered into the fields of a form: a key, a token, a login.
    Fields(Fields),
    /// What a person's consent gave. Renewed under way.
    Tokens(Tokens),
    /// The host's app asks for itself, for the account that an authorization named.
    ClientCredentials(Captured),
    /// The key of a service account.
    ServiceAccount(ServiceAccount),
}

impl Secret {
    /// The name under which a connection's secret is kept, and leased.
    pub const NAME: &'static str = "credential";

    /// Sealed for one connection.
    ///
    /// # Errors
    ///
    /// Whatever the vault answers.
    pub async fn seal(&self, vault: &Vault, tenant: &TenantId, connection: &ConnectionId) -> Result<Sealed> {
        vault.seal(&context(tenant, connection), &self.to_json()?).await
    }

    /// The secret again.
    ///
    /// # Errors
    ///
    /// Whatever the vault answers, and `Internal` for a value that a newer release wrote.
    pub async fn open(
        vault: &Vault,
        tenant: &TenantId,
        connection: &ConnectionId,
        sealed: &Sealed,
    ) -> Result<Self> {
        Self::from_json(&vault.open(&context(tenant, connection), sealed).await?)
    }

    /// Ready to be stored.
    ///
    /// # Errors
    ///
    /// As for [`seal`](Self::seal).
    pub async fn put(
        &self,
        vault: &Vault,
        tenant: &TenantId,
        connection: &ConnectionId,
        oauth: Option<&OAuth2>,
        now: DateTime<Utc>,
    ) -> Result<PutSecret> {
        let sealed = self.seal(vault, tenant, connection).await?;
        let renew_by = match (self, oauth) {
            (Self::Tokens(tokens), Some(oauth)) => tokens.renew_by(oauth.refresh, now),
            _ => None,
        };
        Ok(PutSecret::new(sealed).with_renew_by(renew_by))
    }

    /// What an authorization said about the account. Empty for other secrets.
    pub fn captured(&self) -> Captured {
        match self {
            Self::Tokens(tokens) => tokens.captured().clone(),
            Self::ClientCredentials(captured) => captured.clone(),
            _ => Captured::default(),
        }
    }

    /// The name of the kind, for people: `OAuth tokens`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Fields(_) => "entered",
            Self::Tokens(_) => "OAuth tokens",
            Self::ClientCredentials(_) => "client credentials",
            Self::ServiceAccount(_) => "service account",
        }
    }

    /// What a settings page may show: each part's name, and its value masked.
    pub fn masked(&self) -> Vec<(String, String)> {
        match self {
            Self::Fields(fields) => {
                fields.iter().map(|(name, value)| (name.to_owned(), mask(value))).collect()
            }
            Self::Tokens(tokens) => {
                let kept = tokens.refresh.as_ref().unwrap_or(&tokens.access);
                let name = if tokens.is_renewable() { "refresh_token" } else { "access_token" };
                vec![(name.to_owned(), mask(kept))]
            }
            Self::ClientCredentials(_) => Vec::new(),
            Self::ServiceAccount(account) => vec![(account.email().to_owned(), mask(&account.json))],
        }
    }

    fn to_json(&self) -> Result<SecretSlice<u8>> {
        let mut written = Written::default();
        match self {
            Self::Fields(fields) => {
                written.kind = "fields";
                written.fields = fields.iter().map(|(name, value)| (name, value.expose_secret())).collect();
            }
            Self::Tokens(tokens) => {
                written.kind = "tokens";
                written.access_token = Some(tokens.access.expose_secret());
                written.refresh_token = tokens.refresh.as_ref().map(|token| token.expose_secret());
                written.expires_at = Some(tokens.expires_at);
                written.life = Some(tokens.life.as_secs());
                written.scopes = &tokens.scopes;
                written.missing_scopes = &tokens.missing;
                written.captured = tokens.captured.iter().collect();
                written.fields =
                    tokens.beside.iter().map(|(name, value)| (name, value.expose_secret())).collect();
            }
            Self::ClientCredentials(captured) => {
                written.kind = "client_credentials";
                written.captured = captured.iter().collect();
            }
            Self::ServiceAccount(account) => {
                written.kind = "service_account";
                written.key = Some(account.json.expose_secret());
                written.subject = account.subject.as_deref();
            }
        }
        let unwritable = |_| Error::new(ErrorKind::Internal, "a secret could not be written as JSON");
        // Room for all of it, so that the buffer does not grow and leave copies behind.
        let mut json = Vec::with_capacity(written.room());
        serde_json::to_writer(&mut json, &written).map_err(unwritable)?;
        Ok(SecretSlice::from(json))
    }

    fn from_json(json: &SecretSlice<u8>) -> Result<Self> {
        let unknown = || {
            Error::new(ErrorKind::Internal, "a stored credential is of a kind that is not known here")
                .with_advice("update to the release that wrote it, or connect the account again")
        };
        let read: Read = serde_json::from_slice(json.expose_secret()).map_err(|_| unknown())?;
        let text = |text: Option<SecretText>| text.map(|SecretText(text)| text);
        match read.kind.as_str() {
            "fields" => Ok(Self::Fields(Fields::new(
                read.fields.into_iter().map(|(name, SecretText(value))| (name, value)),
            ))),
            "tokens" => Ok(Self::Tokens(Tokens {
                access: text(read.access_token).ok_or_else(unknown)?,
                refresh: text(read.refresh_token),
                expires_at: read.expires_at.ok_or_else(unknown)?,
                life: Duration::from_secs(read.life),
                scopes: read.scopes,
                missing: read.missing_scopes,
                captured: Captured::new(read.captured),
                beside: Fields::new(read.fields.into_iter().map(|(name, SecretText(value))| (name, value))),
            })),
            "client_credentials" => Ok(Self::ClientCredentials(Captured::new(read.captured))),
            "service_account" => {
                let account = ServiceAccount::parse(text(read.key).ok_or_else(unknown)?)?;
                Ok(Self::ServiceAccount(match read.subject {
                    Some(subject) => account.acting_for(subject),
                    None => account,
                }))
            }
            _ => Err(unknown()),
        }
    }
}

pub(crate) fn context<'a>(tenant: &'a TenantId, connection: &'a ConnectionId) -> Context<'a> {
    Context::new(tenant.as_str(), connection.as_str(), Secret::NAME)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.kind())
    }
}

impl From<Fields> for Secret {
    fn from(fields: Fields) -> Self {
        Self::Fields(fields)
    }
}

impl From<Tokens> for Secret {
    fn from(tokens: Tokens) -> Self {
        Self::Tokens(tokens)
    }
}

impl From<ServiceAccount> for Secret {
    fn from(account: ServiceAccount) -> Self {
        Self::ServiceAccount(account)
    }
}

/// The JSON that is sealed: flat, because serde would buffer a tagged enum outside of our hands.
#[derive(Default, Serialize)]
struct Written<'a> {
    kind: &'static str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<DateTime<Utc>>,
    /// Seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    life: Option<u64>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scopes: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing_scopes: &'a [String],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    captured: BTreeMap<&'a str, &'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a str>,
}

/// The same as it is read.
#[derive(Deserialize)]
struct Read {
    kind: String,
    #[serde(default)]
    fields: BTreeMap<String, SecretText>,
    access_token: Option<SecretText>,
    refresh_token: Option<SecretText>,
    expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    life: u64,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    missing_scopes: Vec<String>,
    #[serde(default)]
    captured: BTreeMap<String, String>,
    key: Option<SecretText>,
    subject: Option<String>,
}

impl Written<'_> {
    /// Bytes that its JSON takes at most, escapes included where they are common.
    fn room(&self) -> usize {
        let texts = [self.access_token, self.refresh_token, self.key, self.subject];
        let fields: usize = self.fields.iter().map(|(name, value)| 8 + name.len() + value.len()).sum();
        let scopes = self.scopes.iter().chain(self.missing_scopes);
        let scopes: usize = scopes.map(|scope| scope.len() + 3).sum();
        let captured: usize = self.captured.iter().map(|(name, value)| 8 + name.len() + value.len()).sum();
        let texts: usize = texts.into_iter().flatten().map(str::len).sum();
        256 + 2 * (fields + scopes + captured + texts)
    }
}
