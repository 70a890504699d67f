use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tieline_core::{Limit, LimitScope};

use super::bucket::Bucket;

/// All buckets of a process, so that clients under the same limit share it.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Buckets>);

#[derive(Debug, Default)]
struct Buckets {
    by_key: HashMap<BucketKey, Arc<Bucket>>,
    /// How many there were after idle ones were last dropped.
    kept: usize,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct BucketKey {
    provider: Cow<'static, str>,
    limit: Cow<'static, str>,
    scope: LimitScope,
    /// The account, or empty where all accounts share the limit.
    holder: String,
}

impl Registry {
    /// The bucket of a limit. The newest numbers win, because a host corrects them by connecting again.
    pub(super) fn bucket(&self, provider: Cow<'static, str>, limit: &Limit, account: &str) -> Arc<Bucket> {
        let holder = match limit.scope {
            LimitScope::App | LimitScope::Ip => String::new(),
            _ => account.to_owned(),
        };
        let key = BucketKey { provider, limit: limit.name.clone(), scope: limit.scope, holder };
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.drop_idle();
        if let Some(bucket) = buckets.by_key.get(&key) {
            bucket.configure(limit.quota, limit.per);
            return Arc::clone(bucket);
        }
        let bucket = Arc::new(Bucket::new(limit.quota, limit.per));
        buckets.by_key.insert(key, Arc::clone(&bucket));
        bucket
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.0.lock().unwrap().by_key.len()
    }
}

impl Buckets {
    /// Keeps what is used or still counts something. Looks only when the number has doubled, so that it costs little.
    fn drop_idle(&mut self) {
        if self.by_key.len() >= 64.max(self.kept.saturating_mul(2)) {
            self.by_key.retain(|_, bucket| Arc::strong_count(bucket) > 1 || !bucket.is_idle());
            self.kept = self.by_key.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn connections_that_are_gone_leave_no_buckets() {
        let registry = Registry::default();
        let limit = Limit::new("burst", LimitScope::Account, 5, Duration::from_secs(2));
        for account in 0..10_000 {
            let bucket = registry.bucket("demo".into(), &limit, &account.to_string());
            drop(bucket.reserve(1, tokio::time::Instant::now()).await);
            tokio::time::advance(Duration::from_millis(500)).await;
        }
        assert!(registry.len() <= 64, "{}", registry.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_comes_back_finds_what_it_used() {
        let registry = Registry::default();
        let limit = Limit::new("burst", LimitScope::Account, 1, Duration::from_secs(2));
        let now = tokio::time::Instant::now();
        drop(registry.bucket("demo".into(), &limit, "a").reserve(1, now).await);
        assert!(registry.bucket("demo".into(), &limit, "a").reserve(1, now).await.is_err());
        assert!(registry.bucket("demo".into(), &limit, "b").reserve(1, now).await.is_ok());
    }
}
