//! The fields of a "Connect" form, as a credential.

use std::collections::BTreeMap;
use std::fmt;
use std::slice;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;
use tieline_core::{AuthScheme, Credential, Error, ErrorKind, Field, IntoCredential, Result, SystemClock};

use crate::scheme::mismatch;
use crate::secret_text::SecretText;
use crate::several::Several;
use crate::signing::Signer;
use crate::{ApiKey, Basic, Bearer, Password};

/// Secrets by the names of a scheme's fields: what a form, a file or the environment gives. `Debug` shows neither names
/// nor values, because somebody may have swapped them.
///
/// ```
/// use tieline_auth::Fields;
/// use tieline_core::{AuthScheme, Field, IntoCredential, KeyPlacement};
///
/// let field = Field::secret("api_token", "API token");
/// let schemes = [AuthScheme::api_key(KeyPlacement::header("x-api-token"), field)];
/// let credential = Fields::new([("api_token", "0123456789abcdef")]).into_credential(&schemes)?;
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Fields(BTreeMap<String, SecretString>);

impl Fields {
    /// These fields.
    pub fn new<N: Into<String>, V: Into<SecretString>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self(fields.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }

    /// Reads a JSON object of texts. The error says what is wrong without showing what stands there.
    ///
    /// # Errors
    ///
    /// `Config`.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let members: BTreeMap<String, SecretText> = serde_json::from_slice(json).map_err(|error| {
            // serde's own messages quote values.
            let message = if error.is_data() {
                "the credential is not a JSON object of texts".to_owned()
            } else {
                format!("the credential is not JSON (line {}, column {})", error.line(), error.column())
            };
            Error::new(ErrorKind::Config, message)
        })?;
        Ok(Self(members.into_iter().map(|(name, SecretText(value))| (name, value)).collect()))
    }

    /// The secrets by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &SecretString)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// One of them.
    pub fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }

    /// The scheme that takes exactly these fields.
    pub fn scheme<'s>(&self, schemes: &'s [AuthScheme]) -> Option<&'s AuthScheme> {
        schemes.iter().find(|scheme| {
            let fields = scheme.fields();
            !fields.is_empty()
                && fields.iter().all(|field| !field.required || self.0.contains_key(&*field.name))
                && self.0.keys().all(|name| fields.iter().any(|field| *field.name == **name))
        })
    }
}

impl IntoCredential for Fields {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        self.into_credential_for(schemes, &Value::Null)
    }

    fn into_credential_for(self, schemes: &[AuthScheme], settings: &Value) -> Result<Arc<dyn Credential>> {
        let scheme = self.scheme(schemes).ok_or_else(|| {
            mismatch("these fields", schemes).with_advice(format!("give {}", expected(schemes)))
        })?;
        let (fixed, login) = self.fixed(scheme, settings)?;
        if login {
            return Err(Error::unsupported("this kind of login without a connection of its own"));
        }
        Ok(Several::of(fixed))
    }
}

impl Fields {
    /// The credentials of a scheme that ask for nothing, signatures last, and whether it has a part that asks for tokens
    /// besides.
    pub(crate) fn fixed(
        &self,
        scheme: &AuthScheme,
        settings: &Value,
    ) -> Result<(Vec<Arc<dyn Credential>>, bool)> {
        let get = |field: &Field| self.0.get(&*field.name).cloned().unwrap_or_default();
        let only = slice::from_ref(scheme);
        let one = match scheme {
            AuthScheme::ApiKey { field, .. } => ApiKey::new(get(field)).into_credential(only)?,
            AuthScheme::Bearer { field, .. } => Bearer::new(get(field)).into_credential(only)?,
            // As it stands there: nobody pasted whitespace around it.
            AuthScheme::Secret { field, .. } => Password::new(get(field)).into_credential(only)?,
            AuthScheme::Basic { user, password, .. } => {
                Basic::new(get(user), get(password)).into_credential(only)?
            }
            AuthScheme::Signed(signing) => {
                let clock = Arc::new(SystemClock);
                Arc::new(Signer::new(signing.clone(), self.clone(), settings, clock)?)
            }
            AuthScheme::OAuth2(_) | AuthScheme::Session(_) => return Ok((Vec::new(), true)),
            AuthScheme::All(schemes) => {
                let (mut all, mut asks) = (Vec::new(), false);
                // A signature covers what the others added.
                let (last, first): (Vec<_>, Vec<_>) =
                    schemes.iter().partition(|scheme| matches!(scheme, AuthScheme::Signed(_)));
                for scheme in first.into_iter().chain(last) {
                    let (fixed, asking) = self.fixed(scheme, settings)?;
                    if asking && asks {
                        let message = "the connector's spec asks for two tokens at once";
                        return Err(Error::new(ErrorKind::Internal, message));
                    }
                    all.extend(fixed);
                    asks |= asking;
                }
                return Ok((all, asks));
            }
            _ => return Err(Error::unsupported("this kind of credential")),
        };
        Ok((vec![one], false))
    }

    /// Puts a credential whose tokens are asked for beside the fixed ones of its scheme.
    ///
    /// # Errors
    ///
    /// As for [`IntoCredential::into_credential`].
    pub fn beside(
        &self,
        scheme: &AuthScheme,
        settings: &Value,
        tokens: Arc<dyn Credential>,
    ) -> Result<Arc<dyn Credential>> {
        let (fixed, _) = self.fixed(scheme, settings)?;
        // First, so that a signature covers it.
        Ok(Several::of(std::iter::once(tokens).chain(fixed).collect()))
    }
}

/// `api_token`, or such lists joined by "or".
fn expected(schemes: &[AuthScheme]) -> String {
    let lists = schemes.iter().filter(|scheme| !scheme.fields().is_empty()).map(|scheme| {
        let names: Vec<String> = scheme.fields().into_iter().map(|field| field.name.to_string()).collect();
        names.join(" and ")
    });
    let lists: Vec<String> = lists.collect();
    if lists.is_empty() { "nothing, and let the person consent".to_owned() } else { lists.join(", or ") }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fields({})", self.0.len())
    }
}
