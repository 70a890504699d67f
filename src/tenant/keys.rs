//! The vault's keys: verified at start, rotated on the host's word.

use tieline_auth::Secret;
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, SecretInfo};
use tieline_vault::Context;

use super::Tenant;

const PAGE: u32 = 200;

/// What a rotation did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Rotated {
    /// Secrets that are wrapped by the current key now.
    pub rewrapped: u64,
    /// Secrets that were already.
    pub current: u64,
    /// Secrets that stay as they were, by connection and name, and why.
    pub failed: Vec<(ConnectionId, String, Error)>,
}

impl Tenant {
    /// Verifies that the vault's keys open what the store keeps, and stores a value to check them by the first time.
    /// [`TielineBuilder::build`](crate::TielineBuilder::build) does it at the start.
    #[doc(hidden)]
    pub async fn verify_keys(&self) -> Result<()> {
        let vault = self.credentials()?.vault();
        // Another process may store its check at the same moment.
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            let stored = self.sealed.key_check().await?;
            match &stored {
                Some(check) => {
                    vault.verify(check).await?;
                    if !vault.needs_rewrap(check) {
                        return Ok(());
                    }
                }
                // A database from before there was a check: a secret does as well.
                None => self.open_one().await?,
            }
            if self.sealed.put_key_check(stored.as_ref(), vault.key_check().await?).await? {
                return Ok(());
            }
        }
        Err(Error::new(ErrorKind::Conflict, "other processes keep changing the key check")
            .with_advice("start again once they agree on the vault's keys"))
    }

    async fn open_one(&self) -> Result<()> {
        for info in self.sealed.secrets(None, 1).await? {
            if let Some(stored) = self.sealed.secret(&info.connection, &info.name).await? {
                let context =
                    Context::new(self.sealed.tenant().as_str(), info.connection.as_str(), &info.name);
                self.credentials()?.vault().open(&context, &stored.sealed).await?;
            }
        }
        Ok(())
    }

    /// Wraps every secret of this tenant, those of its webhooks' endpoints too, and the key check, by the vault's current key. The secrets themselves are not
    /// decrypted. A secret that fails stays as it was, and is in the result; run it again, for each tenant, until nothing
    /// fails, before an old key is taken away.
    ///
    /// # Errors
    ///
    /// `Config` without a vault; whatever the store fails with when lists are read.
    pub async fn rotate_keys(&self, by: &Actor) -> Result<Rotated> {
        let mut rotated = Rotated::default();
        let mut after: Option<(ConnectionId, String)> = None;
        loop {
            let last = after.as_ref().map(|(connection, name)| (connection, name.as_str()));
            let page = self.sealed.secrets(last, PAGE).await?;
            for info in &page {
                match self.rewrap(info, by).await {
                    Ok(true) => rotated.rewrapped += 1,
                    Ok(false) => rotated.current += 1,
                    Err(error) => rotated.failed.push((info.connection.clone(), info.name.clone(), error)),
                }
            }
            match page.last() {
                Some(last) if page.len() >= PAGE as usize => {
                    after = Some((last.connection.clone(), last.name.clone()));
                }
                _ => break,
            }
        }
        #[cfg(feature = "webhooks")]
        if let Some(store) = self.store().webhooks() {
            let vault = self.credentials()?.vault();
            rotated.rewrapped += tieline_webhook::rewrap_secrets(&*store, vault).await?;
        }
        self.verify_keys().await?;
        Ok(rotated)
    }

    /// Whether it was necessary.
    async fn rewrap(&self, info: &SecretInfo, by: &Actor) -> Result<bool> {
        let vault = self.credentials()?.vault();
        let SecretInfo { connection, name, .. } = info;
        // A renewal in between seals anew.
        const ROUNDS: usize = 3;
        for _ in 0..ROUNDS {
            let Some(stored) = self.sealed.secret(connection, name).await? else { return Ok(false) };
            if !vault.needs_rewrap(&stored.sealed) {
                return Ok(false);
            }
            let context = Context::new(self.sealed.tenant().as_str(), connection.as_str(), name);
            let sealed = vault.rewrap(&context, &stored.sealed).await?;
            let now = self.now();
            if self.sealed.rewrap_secret(connection, name, stored.generation, sealed, by, now).await? {
                return Ok(true);
            }
        }
        Err(Error::new(ErrorKind::Conflict, "the secret keeps changing")
            .with_advice("rotate again")
            .with_context("name", if name == Secret::NAME { Secret::NAME } else { "another" }))
    }
}
