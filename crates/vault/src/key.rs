//! A key that wraps data keys, and its text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretBox, SecretSlice, SecretString};
use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::KeyId;
use crate::aead::{self, Cipher};

/// Says what it is to people and to secret scanners, and the version of the form.
const PREFIX: &str = "tlk1_";
const CHECKSUM: usize = 4;
/// 36 bytes in base64.
const ENCODED: usize = 48;

/// A key-encryption key: 256 bits that wrap data keys. Wiped when dropped; `Debug` shows its id.
///
/// ```
/// use tieline_vault::Key;
///
/// let key = Key::generate()?;
/// let text = key.to_text();
/// assert_eq!(Key::parse(&text)?.id(), key.id());
/// # Ok::<(), tieline_core::Error>(())
/// ```
pub struct Key {
    id: KeyId,
    bytes: SecretBox<[u8; aead::KEY]>,
}

impl Key {
    /// A new key from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] when the system gives none.
    pub fn generate() -> Result<Self> {
        Self::from_bytes(&SecretSlice::from(aead::random::<{ aead::KEY }>()?.to_vec()))
    }

    /// A key that was made elsewhere: 32 random bytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for another length, and for a placeholder: 32 times the same byte, as in all zeros.
    pub fn from_bytes(bytes: &SecretSlice<u8>) -> Result<Self> {
        Self::checked(bytes.expose_secret()).map_err(|fault| {
            Error::new(ErrorKind::Config, format!("a vault key {fault}"))
                .with_advice("make one with `tieline keygen`")
        })
    }

    /// Reads what [`to_text`](Self::to_text) wrote; white space around it does not count.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] for anything else: another prefix or length, a typo, a placeholder. The error never holds
    /// a part of the text.
    pub fn parse(text: &SecretString) -> Result<Self> {
        Self::read(text.expose_secret().trim()).map_err(|fault| {
            Error::new(ErrorKind::Config, format!("a vault key {fault}"))
                .with_advice("copy it again as it was made, or make one with `tieline keygen`")
        })
    }

    /// The key as one word to keep: `tlk1_`, then the key and a checksum against typos in base64url.
    pub fn to_text(&self) -> SecretString {
        let bytes = self.bytes.expose_secret();
        let mut both = Zeroizing::new([0; aead::KEY + CHECKSUM]);
        for (to, from) in both.iter_mut().zip(bytes.iter().copied().chain(checksum(bytes))) {
            *to = from;
        }
        // Exactly as long as needed, so that no shorter copy stays behind.
        let mut text = String::with_capacity(PREFIX.len() + ENCODED);
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(both.as_slice(), &mut text);
        text.into()
    }

    /// The key's name, derived from it one way: 16 hex digits that may be shown.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn cipher(&self) -> Cipher {
        Cipher::of(self.bytes.expose_secret())
    }

    /// What [`parse`](Self::parse) does, with the fault as a predicate for the caller's sentence.
    pub(crate) fn read(text: &str) -> Result<Self, Fault> {
        let encoded = text.strip_prefix(PREFIX).ok_or(Fault::Prefix)?;
        if encoded.len() != ENCODED {
            return Err(Fault::Characters(text.chars().count()));
        }
        let mut both = Zeroizing::new([0; aead::KEY + CHECKSUM]);
        URL_SAFE_NO_PAD.decode_slice(encoded, both.as_mut_slice()).map_err(|_| Fault::Typo)?;
        let (bytes, sum) = both.split_last_chunk::<CHECKSUM>().ok_or(Fault::Typo)?;
        let key = Self::checked(bytes)?;
        if *sum == checksum(bytes) { Ok(key) } else { Err(Fault::Typo) }
    }

    fn checked(bytes: &[u8]) -> Result<Self, Fault> {
        let mut key = Box::new([0; aead::KEY]);
        if bytes.len() != key.len() {
            return Err(Fault::Bytes(bytes.len()));
        }
        key.copy_from_slice(bytes);
        let key = SecretBox::new(key);
        if bytes.windows(2).all(|pair| pair.first() == pair.last()) {
            return Err(if bytes.first() == Some(&0) { Fault::Zero } else { Fault::Placeholder });
        }
        let id = key_id(bytes).ok_or(Fault::Bytes(bytes.len()))?;
        Ok(Self { id, bytes: key })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.id)
    }
}

/// Why a text or bytes are no key. Holds nothing of them.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Prefix,
    Characters(usize),
    Bytes(usize),
    Typo,
    Zero,
    Placeholder,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => write!(f, "does not begin with {PREFIX}"),
            Self::Characters(found) => {
                write!(f, "has {found} characters instead of {}", PREFIX.len() + ENCODED)
            }
            Self::Bytes(found) => write!(f, "has {found} bytes instead of {}", aead::KEY),
            Self::Typo => f.write_str("has a typo, for its checksum does not match"),
            Self::Zero => f.write_str("is all zeros, which everybody can guess"),
            Self::Placeholder => f.write_str("repeats one byte, which everybody can guess"),
        }
    }
}

fn checksum(key: &[u8]) -> [u8; CHECKSUM] {
    let hash = Sha256::new().chain_update("tieline-vault 1 key checksum").chain_update(key).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// HMAC, so that the id says nothing of the key.
fn key_id(key: &[u8]) -> Option<KeyId> {
    let mac = Hmac::<Sha256>::new_from_slice(key).ok()?.chain_update("tieline-vault 1 key id").finalize();
    let id: String = mac.into_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    KeyId::new(id).ok()
}
