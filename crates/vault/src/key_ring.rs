//! Keys held in this process.

use std::fmt;

use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretSlice};
use tieline_core::{Error, ErrorKind, Result};

use crate::aead::{self, Cipher, NONCE};
use crate::provider::{KeyId, KeyProvider, WrappedKey};
use crate::vault::refused;
use crate::{Context, Key};

/// Keys held in this process: the current one wraps, it and the older ones unwrap. `Debug` shows their ids.
///
/// A wrapped key is a random nonce of 96 bits, then AES-256-GCM's ciphertext and tag over the data key.
/// [NIST SP 800-38D](https://nvlpubs.nist.gov/nistpubs/Legacy/SP/nistspecialpublication800-38d.pdf), section 8.3, allows
/// 2³² of those for one key, so rotate long before a key has sealed or rewrapped four billion times.
///
/// ```
/// use tieline_vault::{Key, KeyRing};
///
/// let ring = KeyRing::new(Key::generate()?).with_older(Key::generate()?);
/// # Ok::<(), tieline_core::Error>(())
/// ```
pub struct KeyRing {
    current: Held,
    older: Vec<Held>,
}

struct Held {
    id: KeyId,
    cipher: Cipher,
}

impl From<&Key> for Held {
    fn from(key: &Key) -> Self {
        Self { id: key.id().clone(), cipher: key.cipher() }
    }
}

impl KeyRing {
    /// A ring with one key, which wraps and unwraps.
    pub fn new(current: Key) -> Self {
        Self { current: Held::from(&current), older: Vec::new() }
    }

    /// Adds a key that only unwraps what it wrapped before.
    #[must_use]
    pub fn with_older(mut self, key: Key) -> Self {
        if self.find(key.id()).is_none() {
            self.older.push(Held::from(&key));
        }
        self
    }

    /// The ids of all keys, the current one first.
    pub fn key_ids(&self) -> impl Iterator<Item = &KeyId> {
        self.all().map(|held| &held.id)
    }

    fn all(&self) -> impl Iterator<Item = &Held> {
        std::iter::once(&self.current).chain(&self.older)
    }

    fn find(&self, id: &KeyId) -> Option<&Held> {
        self.all().find(|held| held.id == *id)
    }

    fn unknown(&self, id: &KeyId) -> Error {
        let held: Vec<&str> = self.key_ids().map(KeyId::as_str).collect();
        Error::new(
            ErrorKind::Config,
            format!("the value is sealed with key {id}, and the key ring holds {}", held.join(", ")),
        )
        .with_advice("give the ring that key too, after the current one, until everything is rewrapped")
    }
}

#[async_trait]
impl KeyProvider for KeyRing {
    fn current_key(&self) -> KeyId {
        self.current.id.clone()
    }

    async fn wrap_key(&self, data_key: &SecretSlice<u8>, context: &Context<'_>) -> Result<WrappedKey> {
        let nonce = *aead::random::<NONCE>()?;
        let ciphertext =
            self.current.cipher.encrypt(&nonce, &context.associated_data(), data_key.expose_secret())?;
        WrappedKey::new(self.current.id.clone(), [nonce.as_slice(), &ciphertext].concat())
    }

    async fn unwrap_key(&self, wrapped: &WrappedKey, context: &Context<'_>) -> Result<SecretSlice<u8>> {
        let held = self.find(wrapped.key_id()).ok_or_else(|| self.unknown(wrapped.key_id()))?;
        let (nonce, ciphertext) = wrapped.as_bytes().split_first_chunk::<NONCE>().ok_or_else(refused)?;
        held.cipher
            .decrypt(nonce, &context.associated_data(), ciphertext)
            .map(SecretSlice::from)
            .ok_or_else(refused)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing")?;
        f.debug_list().entries(self.key_ids()).finish()
    }
}
