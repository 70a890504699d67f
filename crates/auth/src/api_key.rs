use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use tieline_core::{AuthScheme, Credential, IntoCredential, Result};

use crate::checked::checked;
use crate::fixed::{Fixed, Place};
use crate::placement::{basic_forms, check_placement};
use crate::scheme::mismatch;
use crate::scrub::Scrubber;

/// One key, sent in the header, the query parameter, the cookie or the slot of the body that the connector's spec names.
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
            AuthScheme::ApiKey { placement, field, .. } => Some((Place::Key(placement.clone()), field)),
            AuthScheme::Secret { field, .. } => Some((Place::Body, field)),
            _ => None,
        });
        let (place, field) = found.ok_or_else(|| mismatch("an API key", schemes))?;
        let key = checked(&self.0, "API key")?;
        let mut secrets = vec![key.clone()];
        if let Place::Key(placement) = &place {
            check_placement(placement, &key)?;
            secrets.extend(basic_forms(placement, &key));
        }
        let scrubber = Scrubber::new(&secrets);
        Ok(Arc::new(Fixed {
            place,
            value: key.clone(),
            slots: vec![(field.name.to_string(), key)],
            scrubber,
        }))
    }
}
