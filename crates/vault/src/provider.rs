//! Who holds the keys that wrap data keys.

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretSlice;
use tieline_core::{Error, ErrorKind, Result, Text};

use crate::Context;

/// Holds the keys that wrap data keys: a [`KeyRing`](crate::KeyRing) in this process, or a host's own KMS, from which
/// the wrapping key never comes out.
///
/// Errors of a remote KMS keep their meaning: `Unavailable`, `Timeout`, `Forbidden`. They never hold key material.
#[async_trait]
pub trait KeyProvider: fmt::Debug + Send + Sync {
    /// The key that wraps now. A sealed value that names another one waits to be rewrapped. No call to the network: a
    /// KMS is asked when the provider is built.
    fn current_key(&self) -> KeyId;

    /// Wraps a data key of 32 bytes with the current key. Bind it to [`Context::associated_data`] where the KMS can
    /// (AWS calls it encryption context, Google and HashiCorp's Vault associated data); where it cannot, the binding of
    /// the data itself still holds.
    async fn wrap_key(&self, data_key: &SecretSlice<u8>, context: &Context<'_>) -> Result<WrappedKey>;

    /// The data key again, with whichever key wrapped it.
    async fn unwrap_key(&self, wrapped: &WrappedKey, context: &Context<'_>) -> Result<SecretSlice<u8>>;
}

/// Which key wrapped: a name that is no secret, such as an ARN, or the id that a [`Key`](crate::Key) derives from itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(Text);

impl KeyId {
    /// 1 to 255 visible ASCII characters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for anything else.
    pub fn new(id: impl AsRef<str>) -> Result<Self> {
        let id = id.as_ref();
        if (1..=255).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Ok(Self(Text::new(id)));
        }
        Err(Error::new(ErrorKind::Config, "a key id is empty, too long or not plain text")
            .with_advice("use 1 to 255 visible ASCII characters"))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// A data key, encrypted, and the key that did it.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    key_id: KeyId,
    bytes: Vec<u8>,
}

impl WrappedKey {
    /// The most bytes that a wrapped key may have; AWS KMS, the longest of those we know, gives up to
    /// [6144](https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html).
    pub const MAX_LENGTH: usize = 8192;

    /// What a provider gave for a data key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] for more than [`MAX_LENGTH`](Self::MAX_LENGTH) bytes.
    pub fn new(key_id: KeyId, bytes: Vec<u8>) -> Result<Self> {
        if bytes.len() > Self::MAX_LENGTH {
            return Err(Error::new(
                ErrorKind::Internal,
                format!("a wrapped key has {} bytes; at most {} are kept", bytes.len(), Self::MAX_LENGTH),
            ));
        }
        Ok(Self { key_id, bytes })
    }

    /// The key that wrapped it.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// What the provider gave, as it gave it.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WrappedKey({}, {} bytes)", self.key_id, self.bytes.len())
    }
}
