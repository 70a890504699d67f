//! AES-256-GCM with 96-bit nonces and 128-bit tags, in place. The tag is appended to the ciphertext.

use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::U12;
use aes_gcm::aes::Aes256Enc;
use aes_gcm::{AesGcm, KeyInit, Nonce, Tag};
use tieline_core::{Error, ErrorKind, Result};

/// Bytes of a key.
pub(crate) const KEY: usize = 32;
/// Bytes of a nonce.
pub(crate) const NONCE: usize = 12;
/// Bytes that encryption adds.
pub(crate) const TAG: usize = 16;

/// GCM only ever encrypts blocks, so the round keys for decryption, which would take a third of the set-up, are left out.
type Aes256Gcm = AesGcm<Aes256Enc, U12>;

/// A key ready for use. Wiped when dropped.
pub(crate) struct Cipher(Aes256Gcm);

impl Cipher {
    pub(crate) fn of(key: &[u8; KEY]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// `None` when the key has not 32 bytes.
    pub(crate) fn new(key: &[u8]) -> Option<Self> {
        Aes256Gcm::new_from_slice(key).ok().map(Self)
    }

    /// The ciphertext of `plaintext`, and its tag.
    pub(crate) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>> {
        let mut buffer = Vec::with_capacity(plaintext.len().saturating_add(TAG));
        buffer.extend_from_slice(plaintext);
        let tag = self
            .0
            .encrypt_inout_detached(&Nonce::from(*nonce), associated_data, buffer.as_mut_slice().into())
            // Beyond 64 GiB, which the bounds of this crate keep out.
            .map_err(|_| Error::new(ErrorKind::Internal, "a secret is too long for AES-GCM"))?;
        buffer.extend_from_slice(&tag);
        Ok(buffer)
    }

    /// The plaintext, in a buffer that is exactly as long, so that turning it into a secret leaves no copy behind.
    /// `None` when any of the key, nonce, associated data and ciphertext is not the one of the encryption.
    pub(crate) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        ciphertext: &[u8],
    ) -> Option<Vec<u8>> {
        let (body, tag) = ciphertext.split_last_chunk::<TAG>()?;
        let mut buffer = body.to_vec();
        self.0
            .decrypt_inout_detached(
                &Nonce::from(*nonce),
                associated_data,
                buffer.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .ok()?;
        Some(buffer)
    }
}

/// Bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<zeroize::Zeroizing<[u8; N]>> {
    let mut bytes = zeroize::Zeroizing::new([0; N]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| {
        Error::new(ErrorKind::Internal, format!("the operating system gives no random bytes: {error}"))
            .with_advice("check that the process may call getrandom or read /dev/urandom")
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
