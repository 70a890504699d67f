//! Secrets of endpoints: made, sealed, opened.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::TenantId;
use tieline_store::webhooks::{EndpointSecret, SEALED_AS, SealedSecret, SecretPurpose, WebhookStore};
use tieline_vault::{Context, Sealed, Vault};

/// The secrets that are rewrapped between two looks at the store.
const PAGE: u32 = 200;

/// Returns a random text of 32 bytes that a path may hold.
pub(crate) fn random() -> Result<SecretString> {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system has no randomness for a secret"))?;
    Ok(SecretString::from(URL_SAFE_NO_PAD.encode(bytes)))
}

/// Returns a new id that says what it is of.
pub(crate) fn new_id(prefix: &str) -> Result<String> {
    let mut bytes = [0; 12];
    rand::fill(&mut bytes)
        .map_err(|_| Error::new(ErrorKind::Internal, "the system has no randomness for an id"))?;
    Ok(format!("{prefix}_{}", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()))
}

/// Returns the hash by which an endpoint is found.
pub(crate) fn path_hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    for (to, from) in hash.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    hash
}

pub(crate) async fn seal(
    vault: &Vault,
    tenant: &TenantId,
    endpoint: &str,
    secret: &SecretString,
) -> Result<Sealed> {
    vault.seal_text(&Context::new(tenant.as_str(), endpoint, SEALED_AS), secret).await
}

/// Returns the secrets of a purpose that are in force, the newest first.
pub(crate) async fn open(
    vault: &Vault,
    tenant: &TenantId,
    endpoint: &str,
    (secrets, purpose): (&[EndpointSecret], SecretPurpose),
) -> Result<Vec<SecretString>> {
    let context = Context::new(tenant.as_str(), endpoint, SEALED_AS);
    let mut opened = Vec::new();
    for secret in secrets.iter().filter(|secret| secret.purpose == purpose) {
        opened.push(vault.open_text(&context, &secret.sealed).await?);
    }
    Ok(opened)
}

/// Checks a secret that somebody chose: a provider that signs with an empty one signs with nothing.
pub(crate) fn check(secret: &SecretString) -> Result<()> {
    if secret.expose_secret().is_empty() {
        return Err(Error::new(ErrorKind::Config, "the secret of a webhook is empty")
            .with_advice("take the one that the provider shows, or let one be made"));
    }
    Ok(())
}

/// Wraps the secrets of all endpoints and subscribers of a tenant by the vault's current key. Returns how many were
/// wrapped by another.
///
/// # Errors
///
/// As the vault and the store fail; what was wrapped before stays so.
pub async fn rewrap_secrets(store: &dyn WebhookStore, vault: &Vault) -> Result<u64> {
    let (mut after, mut rewrapped) = (None, 0);
    loop {
        let page = store.endpoint_secrets(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(rewrapped) };
        after = Some(last.number);
        for secret in &page {
            rewrapped += u64::from(rewrap(store, vault, secret).await?);
        }
    }
}

async fn rewrap(store: &dyn WebhookStore, vault: &Vault, secret: &SealedSecret) -> Result<bool> {
    if !vault.needs_rewrap(&secret.sealed) {
        return Ok(false);
    }
    let context = Context::new(store.tenant().as_str(), secret.endpoint.as_str(), SEALED_AS);
    let sealed = vault.rewrap(&context, &secret.sealed).await?;
    store.rewrap_endpoint_secret(secret, sealed).await
}
