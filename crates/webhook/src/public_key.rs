//! Signatures that a public key verifies.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use webpki::EndEntityCert;

use crate::decode;

/// An algorithm with a public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    Ed25519,
    EcdsaP256,
    Rsa,
    RsaSha1,
}

impl KeyAlgorithm {
    fn of_library(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Ed25519 => &ED25519,
            Self::EcdsaP256 => &ECDSA_P256_SHA256_ASN1,
            Self::Rsa => &RSA_PKCS1_2048_8192_SHA256,
            Self::RsaSha1 => &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        }
    }

    /// Returns whether the signature is one of the message by the key: raw bytes for Ed25519, else a
    /// `SubjectPublicKeyInfo` in DER. A key that cannot be read verifies nothing.
    pub(crate) fn verifies(self, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(self.of_library(), key).verify(message, signature).is_ok()
    }
}

/// Reads a public key that a host keeps: PEM (a key or a certificate), or Base64 of its bytes behind an optional `whpk_`.
pub(crate) fn public_key(text: &str) -> Option<Vec<u8>> {
    let text = text.trim();
    if text.contains("-----BEGIN CERTIFICATE-----") {
        return certificate_key(text.as_bytes());
    }
    if text.starts_with("-----BEGIN") {
        return SubjectPublicKeyInfoDer::from_pem_slice(text.as_bytes()).ok().map(|key| key.to_vec());
    }
    // A secret of the same library must not become a public key, nor the other way round.
    if text.starts_with("whsec_") {
        return None;
    }
    decode::base64(text.strip_prefix("whpk_").unwrap_or(text))
}

/// Returns the public key of a certificate in PEM, as a `SubjectPublicKeyInfo` in DER.
pub(crate) fn certificate_key(pem: &[u8]) -> Option<Vec<u8>> {
    let der = CertificateDer::from_pem_slice(pem).ok()?;
    let certificate = EndEntityCert::try_from(&der).ok()?;
    Some(certificate.subject_public_key_info().to_vec())
}
