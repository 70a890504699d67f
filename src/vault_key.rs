//! One application for each vault key of a process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tieline_core::{Error, ErrorKind, Result};
use tieline_vault::Vault;

/// The current keys of the applications of this process.
static IN_USE: Mutex<BTreeMap<String, Weak<VaultKey>>> = Mutex::new(BTreeMap::new());

/// The place of one application's vault key, until it is dropped.
#[derive(Debug)]
pub(crate) struct VaultKey(String);

impl VaultKey {
    /// Takes the key of a vault. Fails with `Config` when another application of this process has it.
    ///
    /// Two of them over one database would count the provider's limits apart, and each would renew tokens that the
    /// other one uses.
    pub(crate) fn take(vault: &Vault) -> Result<Arc<Self>> {
        let id = vault.current_key().as_str().to_owned();
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        if in_use.get(&id).is_some_and(|other| other.strong_count() > 0) {
            return Err(Error::new(
                ErrorKind::Config,
                "another Tieline of this process has the same vault key, and the two would share no limits",
            )
            .with_advice("build one and clone it; for another database, or another test, make another key")
            .with_context("key", id));
        }
        let key = Arc::new(Self(id.clone()));
        in_use.insert(id, Arc::downgrade(&key));
        Ok(key)
    }
}

impl Drop for VaultKey {
    fn drop(&mut self) {
        let mut in_use = IN_USE.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever took its place meanwhile keeps it.
        if in_use.get(&self.0).is_some_and(|place| place.strong_count() == 0) {
            in_use.remove(&self.0);
        }
    }
}
