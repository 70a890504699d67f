use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tieline_core::{AuthScheme, Credential, Error, ErrorKind, IntoCredential, Result};

use crate::checked::refuse_control;
use crate::fixed::{Fixed, Place};
use crate::scheme::mismatch;
use crate::scrub::Scrubber;

/// The password of a user whose name is part of the connector's public settings.
///
/// ```
/// use tieline_auth::Password;
///
/// let password = Password::new("correct horse battery staple");
/// assert_eq!(format!("{password:?}"), "Password([redacted])");
/// ```
pub struct Password(SecretString);

impl Password {
    /// A password as it was typed: only line ends are taken off.
    pub fn new(password: impl Into<SecretString>) -> Self {
        Self(password.into())
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password([redacted])")
    }
}

impl IntoCredential for Password {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        let found = schemes.iter().find_map(|scheme| match scheme {
            AuthScheme::Secret { field, .. } => Some(field),
            _ => None,
        });
        let field = found.ok_or_else(|| mismatch("a password alone", schemes))?;
        let password = SecretString::from(self.0.expose_secret().trim_end_matches(['\r', '\n']));
        if password.expose_secret().is_empty() {
            return Err(Error::new(ErrorKind::Config, "the password is empty")
                .with_advice("enter the user's password"));
        }
        refuse_control(&password, "password")?;
        let scrubber = Scrubber::new([&password]);
        Ok(Arc::new(Fixed {
            place: Place::Body,
            value: password.clone(),
            slots: vec![(field.name.to_string(), password)],
            scrubber,
        }))
    }
}
