//! A sealed secret and its text.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use tieline_core::{Error, ErrorKind, Result};

use crate::aead::{NONCE, TAG};
use crate::vault::MAX_SECRET;
use crate::{KeyId, WrappedKey};

const PREFIX: &str = "tlv1_";
const VERSION: u8 = 1;
/// Lengths of the key id and of the wrapped key come before them, in one and two bytes.
const MAX_BYTES: usize = 1 + 1 + 255 + 2 + WrappedKey::MAX_LENGTH + NONCE + MAX_SECRET + TAG;
const MAX_TEXT: usize = PREFIX.len() + MAX_BYTES.div_ceil(3) * 4;

/// A sealed secret: what a host stores, as text (`Display`, [`parse`](Self::parse), serde) or as bytes. It is no secret
/// itself, except that its length tells the secret's length.
///
/// The text is one word of at most 99 kB: `tlv1_`, then the bytes in base64url without padding. The bytes:
///
/// | bytes | what |
/// |---|---|
/// | 1 | 1, the version |
/// | 1 | length of the key id |
/// | … | key id |
/// | 2 | length of the wrapped key, big-endian |
/// | … | the data key, wrapped by that key |
/// | 12 | nonce |
/// | … | the secret, AES-256-GCM with the data key, and 16 bytes of tag |
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    pub(crate) wrapped: WrappedKey,
    pub(crate) nonce: [u8; NONCE],
    pub(crate) ciphertext: Vec<u8>,
}

impl Sealed {
    /// Reads a text that `Display` wrote.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Internal`] when it is anything else: cut off, altered, or of a newer version. The error never holds
    /// a part of the text, which may be a secret in clear.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > MAX_TEXT {
            return Err(damaged(Fault::TooLong));
        }
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            return Err(damaged(match text.strip_prefix("tlv") {
                _ if text.is_empty() => Fault::Empty,
                Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => Fault::UnknownVersion,
                _ => Fault::Foreign,
            }));
        };
        let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| damaged(Fault::Altered))?;
        Self::from_bytes(&bytes)
    }

    /// The key that wrapped the data key.
    pub fn key_id(&self) -> &KeyId {
        self.wrapped.key_id()
    }

    /// Reads bytes that [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            None => Err(damaged(Fault::Empty)),
            Some((&VERSION, rest)) => Self::read(rest).ok_or_else(|| damaged(Fault::Altered)),
            Some(_) => Err(damaged(Fault::UnknownVersion)),
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (&length, rest) = bytes.split_first()?;
        let (key_id, rest) = rest.split_at_checked(length.into())?;
        let key_id = KeyId::new(std::str::from_utf8(key_id).ok()?).ok()?;
        let (&length, rest) = rest.split_first_chunk()?;
        let (wrapped, rest) = rest.split_at_checked(u16::from_be_bytes(length).into())?;
        let wrapped = WrappedKey::new(key_id, wrapped.to_vec()).ok()?;
        let (&nonce, ciphertext) = rest.split_first_chunk()?;
        let fits = (TAG..=MAX_SECRET + TAG).contains(&ciphertext.len());
        fits.then(|| Self { wrapped, nonce, ciphertext: ciphertext.to_vec() })
    }

    /// The value for a column of bytes, a quarter shorter than its text.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (key_id, wrapped) = (self.key_id().as_str(), self.wrapped.as_bytes());
        // Both are bounded where they are made, below what their length fields hold.
        [
            &[VERSION, key_id.len() as u8],
            key_id.as_bytes(),
            &(wrapped.len() as u16).to_be_bytes(),
            wrapped,
            &self.nonce,
            &self.ciphertext,
        ]
        .concat()
    }
}

/// Why a stored value is no sealed secret.
#[derive(Clone, Copy)]
enum Fault {
    Empty,
    TooLong,
    Foreign,
    UnknownVersion,
    Altered,
}

fn damaged(fault: Fault) -> Error {
    let (fault, advice) = match fault {
        Fault::Empty => ("it is empty", "restore it from a backup, or ask for the secret again"),
        Fault::TooLong => ("it is too long", "restore it from a backup, or ask for the secret again"),
        Fault::Foreign => ("it does not begin with tlv1_", "if it is a secret in clear, seal it"),
        Fault::UnknownVersion => ("its version is not known here", "update to the release that wrote it"),
        Fault::Altered => {
            ("it is cut off or altered", "restore it from a backup, or ask for the secret again")
        }
    };
    Error::new(ErrorKind::Internal, format!("a stored value is not a sealed secret: {fault}"))
        .with_advice(advice)
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&URL_SAFE_NO_PAD.encode(self.to_bytes()))
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed(key {}, {} bytes)", self.key_id(), self.ciphertext.len())
    }
}

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
