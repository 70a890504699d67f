use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tieline_core::{Clock, Limit, LimitScope, Text};

use super::bucket::Bucket;

/// All buckets of a process, so that clients under the same limit share it.
#[derive(Debug)]
pub(crate) struct Registry {
    buckets: Mutex<Buckets>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
struct Buckets {
    by_key: HashMap<BucketKey, Arc<Bucket>>,
    /// How many there were after idle ones were last dropped.
    kept: usize,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct BucketKey {
    provider: Arc<str>,
    limit: String,
    scope: LimitScope,
    /// The account, or empty where all accounts share the limit.
    holder: String,
    /// What a keyed limit counts by itself.
    key: Option<Text>,
}

/// A limit that sends nothing for a while, because the provider refused or said that nothing is left.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LimitPause {
    /// The id of the provider.
    pub provider: String,
    /// The name of the limit; empty for a refusal that fell under no limit.
    pub limit: String,
    /// The account, as the host named it; `None` where accounts share the limit, or the host named none.
    pub account: Option<String>,
    /// The time that is left.
    pub wait: Duration,
    /// Whether a budget for a long period is used up, not only the rate too high.
    pub exhausted: bool,
    key: BucketKey,
}

impl Registry {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { buckets: Mutex::default(), clock }
    }

    /// The bucket of a limit. The newest numbers win, because a host corrects them by connecting again.
    pub(super) fn bucket(
        &self,
        provider: &Arc<str>,
        limit: &Limit,
        account: &str,
        key: Option<&Text>,
    ) -> Arc<Bucket> {
        let holder = match limit.scope {
            LimitScope::App | LimitScope::Ip => String::new(),
            _ => account.to_owned(),
        };
        let key = BucketKey {
            provider: Arc::clone(provider),
            limit: limit.name.to_string(),
            scope: limit.scope,
            holder,
            key: key.cloned(),
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.drop_idle();
        if let Some(bucket) = buckets.by_key.get(&key) {
            if key.key.is_none() {
                bucket.configure(limit);
            }
            return Arc::clone(bucket);
        }
        let bucket = Arc::new(Bucket::new(limit, Arc::clone(&self.clock)));
        buckets.by_key.insert(key, Arc::clone(&bucket));
        bucket
    }

    pub(crate) fn pauses(&self) -> Vec<LimitPause> {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = |(key, bucket): (&BucketKey, &Arc<Bucket>)| {
            let (wait, exhausted) = bucket.paused()?;
            let named = !key.holder.is_empty() && !key.holder.starts_with('\0');
            Some(LimitPause {
                provider: key.provider.as_ref().to_owned(),
                limit: key.limit.clone(),
                account: named.then(|| key.holder.clone()),
                wait,
                exhausted,
                key: key.clone(),
            })
        };
        buckets.by_key.iter().filter_map(pause).collect()
    }

    pub(crate) fn lift(&self, pause: &LimitPause) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.by_key.get(&pause.key).is_some_and(|bucket| bucket.lift())
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.buckets.lock().unwrap().by_key.len()
    }
}

impl fmt::Debug for BucketKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.limit)
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
    use tieline_core::SystemClock;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn connections_that_are_gone_leave_no_buckets() {
        let registry = Registry::new(Arc::new(SystemClock));
        let limit = Limit::new("burst", LimitScope::Account, 5, Duration::from_secs(2)).keyed_by("mailbox");
        for account in 0..10_000 {
            let mailbox = Text::new(account.to_string());
            let bucket = registry.bucket(&"demo".into(), &limit, &account.to_string(), Some(&mailbox));
            drop(bucket.reserve(1, tokio::time::Instant::now()).await);
            tokio::time::advance(Duration::from_millis(500)).await;
        }
        assert!(registry.len() <= 64, "{}", registry.len());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_comes_back_finds_what_it_used() {
        let registry = Registry::new(Arc::new(SystemClock));
        let limit = Limit::new("burst", LimitScope::Account, 1, Duration::from_secs(2));
        let now = tokio::time::Instant::now();
        let bucket = |account| registry.bucket(&"demo".into(), &limit, account, None);
        drop(bucket("a").reserve(1, now).await);
        assert!(bucket("a").reserve(1, now).await.is_err());
        assert!(bucket("b").reserve(1, now).await.is_ok());
    }
}
