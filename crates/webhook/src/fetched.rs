//! Public keys that a provider publishes, kept for a while.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tieline_core::Result;
use tieline_core::webhook::ReceiveRequest;
use url::Url;

use crate::{Refusal, Verified, Verifier};

/// The most bytes of a published key that are used.
const KEY_LIMIT: usize = 256 * 1024;
/// The most addresses that are kept.
const KEPT: usize = 64;
/// The time for which a key is used without asking again.
const LIFE: Duration = Duration::from_secs(60 * 60);
/// The time in which nobody asks again after an address was asked in vain, or for a key that was not there.
const PAUSE: Duration = Duration::from_secs(30);

/// Fetches what a provider publishes at an address of its own. The host's HTTP stack does it, with its guard: no
/// redirect is followed, no private address is reached, and no credential is sent.
#[async_trait]
pub trait FetchKey: fmt::Debug + Send + Sync {
    /// Returns the body of a GET of the address.
    ///
    /// # Errors
    ///
    /// As the request fails.
    async fn fetch(&self, address: &Url) -> Result<Bytes>;
}

/// Public keys that providers publish: fetched when a delivery needs one, kept for an hour, and asked for again at most
/// every 30 seconds when a delivery names a key that is not there.
pub struct FetchedKeys {
    fetch: Arc<dyn FetchKey>,
    kept: Mutex<HashMap<Url, Kept>>,
}

#[derive(Clone)]
struct Kept {
    at: Instant,
    /// `None` after it was asked in vain.
    key: Option<Bytes>,
}

impl fmt::Debug for FetchedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedKeys").field("fetch", &self.fetch).finish_non_exhaustive()
    }
}

impl FetchedKeys {
    /// Keys that are fetched in this way.
    pub fn new(fetch: Arc<dyn FetchKey>) -> Self {
        Self { fetch, kept: Mutex::default() }
    }

    /// Verifies a delivery, with a fetched key where the scheme needs one.
    ///
    /// # Errors
    ///
    /// The reason for which it is refused: [`Refusal::KeyUnavailable`] when the provider's key could not be had.
    pub async fn verify(
        &self,
        verifier: &Verifier,
        delivery: &ReceiveRequest<'_>,
    ) -> Result<Verified, Refusal> {
        let Some(address) = verifier.key_address(delivery)? else { return verifier.verify(delivery) };
        let kept = self.find(&address);
        let (age, key) = match kept {
            Some(kept) if kept.at.elapsed() < LIFE => (kept.at.elapsed(), kept.key),
            _ => (Duration::MAX, None),
        };
        if let Some(key) = &key {
            match verifier.verify_with_key(delivery, Some(key)) {
                // The provider may have a new key by now.
                Err(Refusal::KeyUnavailable) if age >= PAUSE => {}
                verified => return verified,
            }
        } else if age < PAUSE {
            return Err(Refusal::KeyUnavailable);
        }
        let fetched = self.fetch.fetch(&address).await.ok().filter(|key| key.len() <= KEY_LIMIT);
        self.keep(address, fetched.clone().or(key));
        let fetched = fetched.ok_or(Refusal::KeyUnavailable)?;
        verifier.verify_with_key(delivery, Some(&fetched))
    }

    fn find(&self, address: &Url) -> Option<Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    fn keep(&self, address: Url, key: Option<Bytes>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT && !kept.contains_key(&address) {
            let oldest = kept.iter().min_by_key(|(_, kept)| kept.at).map(|(address, _)| address.clone());
            oldest.and_then(|oldest| kept.remove(&oldest));
        }
        kept.insert(address, Kept { at: Instant::now(), key });
    }
}
