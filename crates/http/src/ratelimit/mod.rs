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
use tieline_core::http::{HttpRequest, Usage};
use tieline_core::{Error, ErrorKind, Limit, LimitScope, LimitUnit, Resend, Result};
use tokio::time::Instant;

use crate::auth::Auth;
use crate::download::Download;
use crate::exchange::{Attempt, Failed, Mode, Received};
use crate::observe;
use bucket::{Bucket, TooLong};
use learn::LimitHeaders;

pub(crate) use bucket::Reservation;
pub use registry::LimitPause;
pub(crate) use registry::Registry;

/// How long a spent budget is left alone when the provider names no time.
const EXHAUSTED: Duration = Duration::from_secs(60 * 60);

/// The names that limits and messages go by.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) provider: Arc<str>,
    pub(crate) title: String,
    /// The holder of limits of one account or credential.
    pub(crate) account: String,
}

/// Sends through the limits.
#[derive(Debug)]
pub(crate) struct RateLimit {
    limits: Vec<Kept>,
    /// What a refusal pauses when no limit covers the request.
    gate: Arc<Bucket>,
    registry: Arc<Registry>,
    max_wait: Duration,
    names: Names,
    inner: Auth,
}

#[derive(Debug)]
struct Kept {
    limit: Limit,
    /// `None` for a limit with a bucket for each value of a key.
    bucket: Option<Arc<Bucket>>,
    headers: Option<LimitHeaders>,
}

/// The units of one limit that a request holds.
struct Held<'l> {
    kept: &'l Kept,
    reservation: Reservation,
}

impl RateLimit {
    pub(crate) fn new(
        names: Names,
        mut limits: Vec<Limit>,
        registry: &Arc<Registry>,
        max_wait: Duration,
        inner: Auth,
    ) -> Result<Self> {
        // The narrowest first: whoever waits for it holds no room in a wider one. And always in the same order.
        limits.sort_by(|a, b| order(a).cmp(&order(b)));
        let limits = limits
            .into_iter()
            .map(|limit| {
                let endless = limit.per.is_zero() && limit.unit != LimitUnit::InFlight;
                if limit.quota == 0 || endless {
                    return Err(Error::new(
                        ErrorKind::Config,
                        format!("the limit {:?} allows nothing", limit.name),
                    )
                    .with_advice("give it a quota and a period above zero, or leave it out"));
                }
                let bucket = match limit.key {
                    Some(_) => None,
                    None => Some(registry.bucket(&names.provider, &limit, &names.account, None)),
                };
                let headers = limit.headers.as_deref().map(LimitHeaders::new).transpose()?;
                Ok(Kept { limit, bucket, headers })
            })
            .collect::<Result<Vec<_>>>()?;
        let gate = Limit::new("", LimitScope::Account, u32::MAX, Duration::from_nanos(1));
        let gate = registry.bucket(&names.provider, &gate, &names.account, None);
        Ok(Self { limits, gate, registry: Arc::clone(registry), max_wait, names, inner })
    }

    /// One attempt. `pause` is how long everyone waits after a refusal that names no time.
    /// `waited` sums up how long the call has waited for limits.
    pub(crate) async fn send(
        &self,
        request: HttpRequest,
        pause: Duration,
        mode: Mode,
        waited: &mut Duration,
    ) -> Attempt {
        let begun = Instant::now();
        let reserved = self.reserve(&request).await;
        let wait = begun.elapsed();
        if wait >= Duration::from_millis(1) {
            *waited += wait;
            observe::waited(&self.names.provider, wait, *waited);
        }
        let mut held = reserved.map_err(Failed::unsent)?;
        let body_limit = request.body_limit();
        match self.inner.send(request, mode).await {
            Ok(received) => {
                let response = &received.response;
                self.learn(&mut held, &received.usage, &response.headers, response.date);
                Ok(self.stream(received, held, body_limit))
            }
            Err(failed) => {
                if let Some(response) = &failed.response {
                    self.learn(&mut held, &failed.usage, &response.headers, response.date);
                }
                if !failed.sent {
                    held.into_iter().for_each(|held| held.reservation.unsent());
                } else {
                    self.refused(&held, &failed.error, pause);
                }
                Err(failed)
            }
        }
    }

    pub(crate) fn provider(&self) -> &Arc<str> {
        &self.names.provider
    }

    /// Lets a streamed response keep its places among the requests in flight.
    fn stream(&self, mut received: Received, held: Vec<Held<'_>>, limit: Option<usize>) -> Received {
        if let Some(body) = received.stream.take() {
            let in_flight = held.into_iter().filter(|held| held.kept.limit.unit == LimitUnit::InFlight);
            let reserved = in_flight.map(|held| held.reservation).collect();
            received.stream = Some(Download::start(body, reserved, limit, self.inner.idle()));
        }
        received
    }

    async fn reserve(&self, request: &HttpRequest) -> Result<Vec<Held<'_>>> {
        let deadline = Instant::now() + self.max_wait;
        let mut held = Vec::with_capacity(self.limits.len());
        self.gate.reserve(0, deadline).await.map_err(|too_long| self.too_long("", too_long))?;
        for kept in self.limits.iter().filter(|kept| kept.limit.covers(request)) {
            let units = match kept.limit.unit {
                LimitUnit::Cost => request.cost(),
                _ => 1,
            };
            let reserved = match (&kept.bucket, kept.limit.key.as_deref()) {
                (Some(bucket), _) => bucket.reserve(u64::from(units), deadline).await,
                (None, key) => {
                    let key = key.and_then(|key| request.limit_key(key));
                    let Names { provider, account, .. } = &self.names;
                    let bucket = self.registry.bucket(provider, &kept.limit, account, key);
                    bucket.reserve(u64::from(units), deadline).await
                }
            };
            match reserved {
                Ok(reservation) => held.push(Held { kept, reservation }),
                Err(too_long) => {
                    held.into_iter().for_each(|held| held.reservation.unsent());
                    return Err(self.too_long(&kept.limit.name, too_long));
                }
            }
        }
        Ok(held)
    }

    fn too_long(&self, limit: &str, too_long: TooLong) -> Error {
        let title = &self.names.title;
        let error = if too_long.exhausted {
            Error::new(ErrorKind::QuotaExhausted, format!("the budget of requests at {title} is used up"))
                .with_advice("go on after the wait, or raise the plan at the provider")
        } else {
            Error::new(ErrorKind::RateLimited, format!("{title} allows no more requests for now"))
                .with_advice("go on after the wait")
        };
        let error = error.with_resend(Resend::Safe).with_retry_after(too_long.wait);
        if limit.is_empty() { error } else { error.with_context("limit", limit) }
    }

    /// Pauses what a refusal is about: the narrowest limit for sending too fast, the longest for a budget.
    fn refused(&self, held: &[Held<'_>], error: &Error, pause: Duration) {
        let mut counted = held.iter().filter(|held| held.kept.limit.unit != LimitUnit::InFlight);
        let exhausted = error.kind() == ErrorKind::QuotaExhausted;
        let (held, wait) = match error.kind() {
            ErrorKind::RateLimited => (counted.next(), pause),
            ErrorKind::QuotaExhausted => {
                (counted.max_by_key(|held| held.reservation.bucket().per()), EXHAUSTED)
            }
            _ => return,
        };
        let bucket = held.map_or(&*self.gate, |held| held.reservation.bucket());
        bucket.pause(error.retry_after().unwrap_or(wait), exhausted);
    }

    /// A response describes one limit under each prefix: the narrowest that the request fell under.
    fn learn(
        &self,
        held: &mut [Held<'_>],
        usage: &[Usage],
        headers: &HeaderMap,
        date: Option<DateTime<Utc>>,
    ) {
        let mut described: Vec<&str> = Vec::new();
        for Held { kept, reservation } in &*held {
            let (Some(names), Some(prefix)) = (&kept.headers, kept.limit.headers.as_deref()) else {
                continue;
            };
            if described.contains(&prefix) {
                continue;
            }
            described.push(prefix);
            let now = || date.unwrap_or_else(|| self.inner.now());
            learn(reservation, &names.read(&kept.limit.name, headers, now));
        }
        for seen in usage {
            let fits = |held: &&mut Held<'_>| match &seen.limit {
                Some(name) => held.kept.limit.name == *name,
                None if seen.cost.is_some() => held.kept.limit.unit == LimitUnit::Cost,
                None => held.kept.limit.unit != LimitUnit::InFlight,
            };
            let Some(held) = held.iter_mut().find(fits) else { continue };
            if let Some(cost) = seen.cost.filter(|_| held.kept.limit.unit == LimitUnit::Cost) {
                held.reservation.settle(u64::from(cost));
            }
            learn(&held.reservation, seen);
        }
    }
}

fn learn(reservation: &Reservation, seen: &Usage) {
    let bucket = reservation.bucket();
    if let Some(quota) = seen.quota.filter(|quota| (1..=u64::from(u32::MAX)).contains(quota)) {
        bucket.learn_quota(quota);
    }
    match (seen.remaining, seen.reset) {
        (Some(0), Some(wait)) if !wait.is_zero() => bucket.pause(wait, false),
        (Some(remaining), reset) => bucket.learn_remaining(remaining, reset),
        (None, _) => {}
    }
}

type Order<'a> = (bool, bool, bool, u8, Duration, &'a Cow<'static, str>);

fn order(limit: &Limit) -> Order<'_> {
    let width = match limit.scope {
        LimitScope::Credential => 0,
        LimitScope::Account => 1,
        LimitScope::App => 2,
        _ => 3,
    };
    // A place in flight is taken last, because whoever waits for a window would hold it idle.
    let in_flight = limit.unit == LimitUnit::InFlight;
    (in_flight, limit.key.is_none(), limit.tag.is_none(), width, limit.per, &limit.name)
}
