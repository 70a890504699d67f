//! Sealing, opening and rotation.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};
use tieline_core::{Error, ErrorKind, Result};
use zeroize::Zeroize;

use crate::aead::{self, Cipher, KEY, NONCE};
use crate::{Context, KeyId, KeyProvider, Sealed};

/// The most bytes of one secret: 64 KiB.
pub const MAX_SECRET: usize = 64 * 1024;

/// What a key check seals; it need not be secret.
const KEY_CHECK: &[u8] = b"tieline-vault";

/// Seals and opens secrets. Knows no storage: a host keeps the [`Sealed`] values beside what they belong to.
#[derive(Clone, Debug)]
pub struct Vault {
    keys: Arc<dyn KeyProvider>,
}

impl Vault {
    /// A vault whose data keys are wrapped by `keys`.
    pub fn new(keys: impl KeyProvider + 'static) -> Self {
        Self { keys: Arc::new(keys) }
    }

    /// Encrypts a secret with a data key of its own.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] for more than [`MAX_SECRET`] bytes, or whatever the key provider answers.
    pub async fn seal(&self, context: &Context<'_>, secret: &SecretSlice<u8>) -> Result<Sealed> {
        self.seal_bytes(context, secret.expose_secret()).await.map_err(|error| about(error, context))
    }

    /// [`seal`](Self::seal) for a text.
    ///
    /// # Errors
    ///
    /// As for `seal`.
    pub async fn seal_text(&self, context: &Context<'_>, secret: &SecretString) -> Result<Sealed> {
        self.seal_bytes(context, secret.expose_secret().as_bytes())
            .await
            .map_err(|error| about(error, context))
    }

    /// The secret again. Any difference to what [`seal`](Self::seal) gave, in the value or in the context, is an error.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the provider does not hold the key; [`ErrorKind::Internal`] when the value was altered or
    /// belongs to another context; or whatever the key provider answers.
    pub async fn open(&self, context: &Context<'_>, sealed: &Sealed) -> Result<SecretSlice<u8>> {
        let bytes = self.open_bytes(context, sealed).await.map_err(|error| about(error, context))?;
        Ok(bytes.into())
    }

    /// [`open`](Self::open) for a text.
    ///
    /// # Errors
    ///
    /// As for `open`, and [`ErrorKind::Internal`] when the secret is not text.
    pub async fn open_text(&self, context: &Context<'_>, sealed: &Sealed) -> Result<SecretString> {
        let bytes = self.open_bytes(context, sealed).await.map_err(|error| about(error, context))?;
        String::from_utf8(bytes).map(SecretString::from).map_err(|error| {
            error.into_bytes().zeroize();
            let error = Error::new(ErrorKind::Internal, "the secret is not text")
                .with_advice("open it as bytes, as it was sealed");
            about(error, context)
        })
    }

    /// The key that seals now.
    pub fn current_key(&self) -> KeyId {
        self.keys.current_key()
    }

    /// Whether the value waits for [`rewrap`](Self::rewrap), because its key is not the current one.
    pub fn needs_rewrap(&self, sealed: &Sealed) -> bool {
        *sealed.key_id() != self.keys.current_key()
    }

    /// The same secret under the current key. Only the data key is wrapped anew; the secret itself is not decrypted.
    /// Store the answer in place of `sealed`; when there is an error, leave that as it is.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn rewrap(&self, context: &Context<'_>, sealed: &Sealed) -> Result<Sealed> {
        let rewrap = async {
            let data_key = self.keys.unwrap_key(&sealed.wrapped, context).await?;
            self.keys.wrap_key(&data_key, context).await
        };
        let wrapped = rewrap.await.map_err(|error| about(error, context))?;
        Ok(Sealed { wrapped, ..sealed.clone() })
    }

    /// A value to store beside the first secret, for [`verify`](Self::verify) at each start. Make a new one when it
    /// [needs to be rewrapped](Self::needs_rewrap).
    ///
    /// # Errors
    ///
    /// Whatever the key provider answers.
    pub async fn key_check(&self) -> Result<Sealed> {
        self.seal_bytes(&Context::KEY_CHECK, KEY_CHECK).await
    }

    /// Finds at start what would otherwise fail at a customer's first request: that the keys are not those that the
    /// stored secrets are sealed with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when the keys do not open the check, [`ErrorKind::Internal`] when it was altered, or
    /// whatever the key provider answers.
    pub async fn verify(&self, key_check: &Sealed) -> Result<()> {
        match self.open_bytes(&Context::KEY_CHECK, key_check).await {
            Ok(found) if found == KEY_CHECK => Ok(()),
            Ok(_) => Err(about(refused(), &Context::KEY_CHECK)),
            Err(error) => Err(about(error, &Context::KEY_CHECK)),
        }
    }

    async fn seal_bytes(&self, context: &Context<'_>, secret: &[u8]) -> Result<Sealed> {
        if secret.len() > MAX_SECRET {
            return Err(Error::new(
                ErrorKind::Rejected,
                format!("a secret has {} bytes; at most {MAX_SECRET} are sealed", secret.len()),
            )
            .with_advice("keep files elsewhere, encrypted with a key that is sealed here"));
        }
        // One call into the system for both.
        let random = aead::random::<{ KEY + NONCE }>()?;
        let (data_key, nonce) = random.split_last_chunk::<NONCE>().ok_or_else(bad_data_key)?;
        let cipher = Cipher::new(data_key).ok_or_else(bad_data_key)?;
        let ciphertext = cipher.encrypt(nonce, &context.associated_data(), secret)?;
        let wrapped = self.keys.wrap_key(&SecretSlice::from(data_key.to_vec()), context).await?;
        Ok(Sealed { wrapped, nonce: *nonce, ciphertext })
    }

    async fn open_bytes(&self, context: &Context<'_>, sealed: &Sealed) -> Result<Vec<u8>> {
        let data_key = self.keys.unwrap_key(&sealed.wrapped, context).await?;
        let cipher = Cipher::new(data_key.expose_secret()).ok_or_else(bad_data_key)?;
        cipher.decrypt(&sealed.nonce, &context.associated_data(), &sealed.ciphertext).ok_or_else(refused)
    }
}

/// The value is not what was sealed for this context. AES-GCM does not tell what differs.
pub(crate) fn refused() -> Error {
    Error::new(
        ErrorKind::Internal,
        "the sealed value does not open here: it was altered, or moved from elsewhere",
    )
    .with_advice("find out who changed the row, then restore it or ask for the secret again")
}

fn bad_data_key() -> Error {
    Error::new(ErrorKind::Internal, "the key provider gave a data key that has not 32 bytes")
}

fn about(error: Error, context: &Context<'_>) -> Error {
    if !context.is_secret() {
        return error.with_context("value", "key check");
    }
    error
        .with_context("tenant", context.tenant())
        .with_context("connection", context.connection())
        .with_context("name", context.name())
}
