use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use tieline_core::{AuthScheme, Credential, Error, ErrorKind, IntoCredential, Result};
use zeroize::Zeroizing;

use crate::checked::refuse_control;
use crate::fixed::{Fixed, Place};
use crate::scheme::mismatch;
use crate::scrub::Scrubber;

/// A user name and a password, sent as `Authorization: Basic` (RFC 7617). Either may be empty, because some providers
/// take their key in one of them.
///
/// ```
/// use tieline_auth::Basic;
///
/// let login = Basic::new("demo", "correct horse battery staple");
/// assert_eq!(format!("{login:?}"), "Basic([redacted])");
/// ```
pub struct Basic {
    user: SecretString,
    password: SecretString,
}

impl Basic {
    /// A login. Whitespace around the user name does not count; of the password only line ends are taken off.
    pub fn new(user: impl Into<SecretString>, password: impl Into<SecretString>) -> Self {
        Self { user: user.into(), password: password.into() }
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic([redacted])")
    }
}

impl IntoCredential for Basic {
    fn into_credential(self, schemes: &[AuthScheme]) -> Result<Arc<dyn Credential>> {
        let found = schemes.iter().find_map(|scheme| match scheme {
            AuthScheme::Basic { user, password, .. } => Some((user, password)),
            _ => None,
        });
        let fields = found.ok_or_else(|| mismatch("a user name and password", schemes))?;
        let user = SecretString::from(self.user.expose_secret().trim());
        let password = SecretString::from(self.password.expose_secret().trim_end_matches(['\r', '\n']));
        refuse_control(&user, "user name")?;
        refuse_control(&password, "password")?;
        if user.expose_secret().contains(':') {
            // It would end the user name early, at the provider.
            return Err(Error::new(ErrorKind::Config, "a user name must not contain a colon")
                .with_advice("check that user name and password are in their own fields"));
        }
        let login = Zeroizing::new(format!("{}:{}", user.expose_secret(), password.expose_secret()));
        let encoded = SecretString::from(STANDARD.encode(login.as_bytes()));
        let unpadded = SecretString::from(STANDARD_NO_PAD.encode(login.as_bytes()));
        let mut secrets = vec![&encoded, &unpadded, &password];
        if fields.0.secret || password.expose_secret().is_empty() {
            secrets.push(&user);
        }
        let scrubber = Scrubber::new(secrets);
        let place = Place::Authorization("Basic ");
        let slots = vec![(fields.0.name.to_string(), user), (fields.1.name.to_string(), password)];
        Ok(Arc::new(Fixed { place, value: encoded, slots, scrubber }))
    }
}
