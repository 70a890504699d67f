//! Opening what Python's `cryptography` encrypted with Fernet, to import it.
//!
//! Fernet is AES-128-CBC and HMAC-SHA256, as its [specification](https://github.com/fernet/spec/blob/master/Spec.md) says.
//! New values are always sealed with the [`Vault`](crate::Vault).

use std::fmt;

use aes_gcm::aes::Aes128;
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use sha2::Sha256;
use tieline_core::{Error, ErrorKind, Result};
use zeroize::Zeroizing;

use crate::vault::MAX_SECRET;

const VERSION: u8 = 0x80;
const TIMESTAMP: usize = 8;
const IV: usize = 16;
const MAC: usize = 32;
const BLOCK: usize = 16;
const MAX_TOKEN: usize = (1 + TIMESTAMP + IV + MAX_SECRET + BLOCK + MAC).div_ceil(3) * 4;

/// Python writes padding; what was stored without it is read too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Fernet keys. A token opens with whichever of them made it, as with Python's `MultiFernet`. `Debug` shows how many.
///
/// ```
/// use secrecy::ExposeSecret;
/// use tieline_vault::fernet::FernetKeys;
///
/// let keys = FernetKeys::parse(&"cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=".into())?;
/// let token = "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";
/// assert_eq!(keys.open(token)?.expose_secret(), b"hello");
/// # Ok::<(), tieline_core::Error>(())
/// ```
pub struct FernetKeys(Vec<SecretSlice<u8>>);

impl FernetKeys {
    /// Reads one or more keys as `Fernet.generate_key()` gives them, separated by white space or commas.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] when there is none or one of them is none, by its place and never by its text.
    pub fn parse(text: &SecretString) -> Result<Self> {
        let words = text.expose_secret().split(|c: char| c == ',' || c.is_whitespace());
        let keys: Vec<_> = words
            .filter(|word| !word.is_empty())
            .enumerate()
            .map(|(index, word)| {
                key(word).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Config,
                        format!("Fernet key {} is not a key", index.saturating_add(1)),
                    )
                    .with_advice("give 32 bytes in URL-safe base64, as Fernet.generate_key() writes them")
                })
            })
            .collect::<Result<_>>()?;
        if keys.is_empty() {
            return Err(Error::new(ErrorKind::Config, "there is no Fernet key")
                .with_advice("give the key that the values were encrypted with"));
        }
        Ok(Self(keys))
    }

    /// What was encrypted. The token's time is not looked at: a stored secret does not expire by its age.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rejected`] when it is no Fernet token or holds more than [`MAX_SECRET`] bytes;
    /// [`ErrorKind::Config`] when no key opens it. The error never holds a part of the token.
    pub fn open(&self, token: &str) -> Result<SecretSlice<u8>> {
        let token = token.trim();
        if token.len() > MAX_TOKEN {
            return Err(no_token("it is too long"));
        }
        let bytes = BASE64.decode(token).map_err(|_| no_token("it is not URL-safe base64"))?;
        if bytes.first().is_some_and(|version| *version != VERSION) {
            return Err(no_token("its version is not 0x80"));
        }
        let short = || no_token("it is cut off");
        let (signed, mac) = bytes.split_last_chunk::<MAC>().ok_or_else(short)?;
        let (_, rest) = signed.split_first_chunk::<{ 1 + TIMESTAMP }>().ok_or_else(short)?;
        let (iv, ciphertext) = rest.split_first_chunk::<IV>().ok_or_else(short)?;

        let encryption_key = self.0.iter().find_map(|key| {
            let (signing, encryption) = key.expose_secret().split_first_chunk::<16>()?;
            let hmac = Hmac::<Sha256>::new_from_slice(signing).ok()?.chain_update(signed);
            // In constant time.
            hmac.verify_slice(mac).ok()?;
            encryption.first_chunk::<16>()
        });
        let encryption_key = encryption_key.ok_or_else(|| {
            Error::new(ErrorKind::Config, "a Fernet token opens with none of the keys given")
                .with_advice("add the key that it was encrypted with; if it is there, the token was altered")
                .with_context("keys", self.0.len())
        })?;

        // The token is authentic from here on, so that a fault of its padding tells an attacker nothing.
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let plaintext = cbc::Decryptor::<Aes128>::new(encryption_key.into(), iv.into())
            .decrypt_padded::<Pkcs7>(&mut buffer)
            .map_err(|_| no_token("its padding is wrong"))?;
        if plaintext.len() > MAX_SECRET {
            return Err(no_token("it holds more than 64 KiB"));
        }
        Ok(SecretSlice::from(plaintext.to_vec()))
    }
}

impl fmt::Debug for FernetKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FernetKeys({})", self.0.len())
    }
}

fn key(text: &str) -> Option<SecretSlice<u8>> {
    // Python takes the standard alphabet as well. 45 characters and more are not 32 bytes.
    let mut encoded = Zeroizing::new([0; 44]);
    let encoded = encoded.get_mut(..text.len())?;
    for (to, from) in encoded.iter_mut().zip(text.bytes()) {
        *to = match from {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        };
    }
    // The decoder wants room for whole groups of three.
    let mut decoded = Zeroizing::new([0; 33]);
    let length = BASE64.decode_slice(encoded, decoded.as_mut_slice()).ok()?;
    (length == 32).then(|| SecretSlice::from(decoded.get(..32).unwrap_or_default().to_vec()))
}

fn no_token(fault: &str) -> Error {
    Error::new(ErrorKind::Rejected, format!("a value is no Fernet token: {fault}"))
        .with_advice("take the value as Python's cryptography wrote it")
}
