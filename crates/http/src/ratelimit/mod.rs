//! Step three: the provider's published limits, kept before the provider has to refuse.

mod bucket;
mod learn;
mod registry;
mod window;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::HeaderMap;
use tieline_core::http::HttpRequest;
use tieline_core::{Error, ErrorKind, Limit, LimitScope, LimitUnit, Resend, Result};
use tokio::time::Instant;

use crate::auth::Auth;
use crate::exchange::{Attempt, Failed};
use bucket::{Bucket, Reservation, TooLong};
use learn::LimitHeaders;
pub(crate) use registry::Registry;

/// Sends through the limits.
#[derive(Debug)]
pub(crate) struct RateLimit {
    limits: Vec<Kept>,
    /// What a refusal pauses when no limit covers the request.
    gate: Arc<Bucket>,
    max_wait: Duration,
    title: Cow<'static, str>,
    inner: Auth,
}

#[derive(Debug)]
struct Kept {
    limit: Limit,
    bucket: Arc<Bucket>,
    headers: Option<LimitHeaders>,
}

impl RateLimit {
    pub(crate) fn new(
        (provider, title): (Cow<'static, str>, Cow<'static, str>),
        mut limits: Vec<Limit>,
        account: &str,
        registry: &Registry,
        max_wait: Duration,
        inner: Auth,
    ) -> Result<Self> {
        // The narrowest first: whoever waits for it holds no room in a wider one. And always in the same order.
        limits.sort_by(|a, b| order(a).cmp(&order(b)));
        let limits = limits
            .into_iter()
            .map(|limit| {
                if limit.quota == 0 || limit.per.is_zero() {
                    return Err(Error::new(
                        ErrorKind::Config,
                        format!("the limit {:?} allows nothing", limit.name),
                    )
                    .with_advice("give it a quota and a period above zero, or leave it out"));
                }
                let bucket = registry.bucket(provider.clone(), &limit, account);
                let headers = limit.headers.as_deref().map(LimitHeaders::new).transpose()?;
                Ok(Kept { limit, bucket, headers })
            })
            .collect::<Result<Vec<_>>>()?;
        let gate = Limit::new("", LimitScope::Account, u32::MAX, Duration::from_nanos(1));
        let gate = registry.bucket(provider, &gate, account);
        Ok(Self { limits, gate, max_wait, title, inner })
    }

    /// One attempt. `pause` is how long everyone waits after a refusal that names no time.
    pub(crate) async fn send(&self, request: HttpRequest, pause: Duration) -> Attempt {
        let reserved = self.reserve(&request).await.map_err(Failed::unsent)?;
        let tag = request.tag();
        let attempt = self.inner.send(request).await;
        match &attempt {
            Ok(answer) => self.learn(tag, &answer.headers, answer.date),
            Err(failed) => {
                if let Some(answer) = &failed.answer {
                    self.learn(tag, &answer.headers, answer.date);
                }
                if !failed.sent {
                    reserved.into_iter().for_each(Reservation::unsent);
                } else if failed.error.kind() == ErrorKind::RateLimited {
                    self.bucket_of(tag).pause(failed.error.retry_after().unwrap_or(pause));
                }
            }
        }
        attempt
    }

    async fn reserve(&self, request: &HttpRequest) -> Result<Vec<Reservation>> {
        let deadline = Instant::now() + self.max_wait;
        let mut reserved = Vec::with_capacity(self.limits.len());
        self.gate.reserve(0, deadline).await.map_err(|too_long| self.too_long("", too_long))?;
        for kept in self.limits.iter().filter(|kept| kept.limit.covers(request.tag())) {
            let units = match kept.limit.unit {
                LimitUnit::Cost => request.cost(),
                _ => 1,
            };
            match kept.bucket.reserve(u64::from(units), deadline).await {
                Ok(reservation) => reserved.push(reservation),
                Err(too_long) => {
                    reserved.into_iter().for_each(Reservation::unsent);
                    return Err(self.too_long(&kept.limit.name, too_long));
                }
            }
        }
        Ok(reserved)
    }

    fn too_long(&self, limit: &str, TooLong(wait): TooLong) -> Error {
        let error =
            Error::new(ErrorKind::RateLimited, format!("{} allows no more requests for now", self.title))
                .with_advice("go on after the wait")
                .with_resend(Resend::Safe)
                .with_retry_after(wait);
        if limit.is_empty() { error } else { error.with_context("limit", limit) }
    }

    /// Which bucket a refusal is about: the narrowest one.
    fn bucket_of(&self, tag: Option<&str>) -> &Bucket {
        let kept = self.limits.iter().find(|kept| kept.limit.covers(tag));
        kept.map_or(&self.gate, |kept| &kept.bucket)
    }

    /// An answer describes one limit under each prefix: the narrowest that the request fell under.
    fn learn(&self, tag: Option<&str>, headers: &HeaderMap, date: Option<DateTime<Utc>>) {
        let mut told: Vec<&str> = Vec::new();
        for kept in self.limits.iter().filter(|kept| kept.limit.covers(tag)) {
            let (Some(names), Some(prefix)) = (&kept.headers, kept.limit.headers.as_deref()) else {
                continue;
            };
            if told.contains(&prefix) {
                continue;
            }
            told.push(prefix);
            let learnt = names.read(&kept.limit.name, headers, || date.unwrap_or_else(|| self.inner.now()));
            if let Some(quota) = learnt.quota {
                kept.bucket.learn_quota(quota);
            }
            if let Some(wait) = learnt.spent_for {
                kept.bucket.pause(wait);
            }
        }
    }
}

type Order<'a> = (bool, u8, Duration, &'a Cow<'static, str>);

fn order(limit: &Limit) -> Order<'_> {
    let width = match limit.scope {
        LimitScope::Credential => 0,
        LimitScope::Account => 1,
        LimitScope::App => 2,
        _ => 3,
    };
    (limit.tag.is_none(), width, limit.per, &limit.name)
}
