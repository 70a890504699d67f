use std::fmt;
use std::sync::Arc;

use http::HeaderName;
use secrecy::SecretString;
use tieline_core::{AuthScheme, Credential, Error, ErrorKind, IntoCredential, KeyPlacement, Result};

use crate::checked::{checked, for_header};
use crate::fixed::{Fixed, Place};
use crate::scheme::mismatch;
use crate::scrub::Scrubber;

/// One key, sent in the header, the query parameter or the slot of the body that the connector's spec names.
///
/// ```
/// use tieline_auth::ApiKey;
///
/// let key = ApiKey::new("0123456789abcdef");
/// assert_eq!(format!("{key:?}"), "ApiKey([redacted])");
/// ```
pub struct ApiKey(SecretString);

impl ApiKey {
    /// A key as a person pasted it: whitespace around it does not count.
    pub fn new(key: impl Into<SecretString>) -> Self {
        Self(key.into())
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

impl IntoCredential for ApiKey {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        let found = schemes.iter().find_map(|scheme| match scheme {
            AuthScheme::ApiKey { placement, field } => Some((Some(placement), field)),
            AuthScheme::Secret { field } => Some((None, field)),
            _ => None,
        });
        let (placement, field) = found.ok_or_else(|| mismatch("an API key", schemes))?;
        let key = checked(&self.0, "API key")?;
        let place = match placement {
            None => Place::Body,
            Some(KeyPlacement::Header { name, prefix }) => {
                for_header(&key, "API key")?;
                let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
                    Error::new(
                        ErrorKind::Internal,
                        format!("{name:?} in the connector's spec is not a header"),
                    )
                })?;
                Place::Header { name, prefix }
            }
            Some(KeyPlacement::Query { name }) => Place::Query { name },
            Some(_) => return Err(Error::unsupported("this place for an API key")),
        };
        let scrubber = Scrubber::new([&key]);
        Ok(Arc::new(Fixed { place, value: key.clone(), slots: vec![(field.name.clone(), key)], scrubber }))
    }
}
