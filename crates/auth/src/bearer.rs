use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tieline_core::{AuthScheme, Credential, IntoCredential, Result};

use crate::checked::{checked, for_header};
use crate::fixed::{Fixed, Place};
use crate::scheme::mismatch;
use crate::scrub::Scrubber;

/// A token that is sent as `Authorization: Bearer` (RFC 6750) and does not change.
///
/// ```
/// use tieline_auth::Bearer;
///
/// let token = Bearer::new("mF_9.B5f-4.1JqM");
/// assert_eq!(format!("{token:?}"), "Bearer([redacted])");
/// ```
pub struct Bearer(SecretString);

impl Bearer {
    /// A token as a person pasted it: whitespace around it and the word `Bearer` before it do not count.
    pub fn new(token: impl Into<SecretString>) -> Self {
        Self(token.into())
    }
}

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bearer([redacted])")
    }
}

impl IntoCredential for Bearer {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        let found = schemes.iter().find_map(|scheme| match scheme {
            AuthScheme::Bearer { field, .. } => Some(field),
            _ => None,
        });
        let field = found.ok_or_else(|| mismatch("a bearer token", schemes))?;
        let pasted = self.0.expose_secret().trim_start();
        let bare = match pasted.split_at_checked(7) {
            Some((word, token)) if word.eq_ignore_ascii_case("bearer ") => token,
            _ => pasted,
        };
        let token = checked(&SecretString::from(bare), "bearer token")?;
        for_header(&token, "bearer token")?;
        let scrubber = Scrubber::new([&token]);
        let place = Place::Authorization("Bearer ");
        let slots = vec![(field.name.to_string(), token.clone())];
        Ok(Arc::new(Fixed { place, value: token, slots, scrubber }))
    }
}
