//! Waiting as long as the provider says, and not being told to.

use std::time::Duration;

use tieline_core::{ErrorKind, LimitUnit, ReadRequest};

use crate::Failure;
use crate::bench::{Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure, not};
use crate::wire::{Hint, Trouble};

/// What a wait may be longer than told: the steps of the runtime's timer.
const SLACK: Duration = Duration::from_millis(100);

pub(crate) async fn a_wait_in_seconds_is_waited_exactly(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    waits(lab, Hint::Seconds(7), Duration::from_secs(7)..=Duration::from_secs(7) + SLACK).await
}

pub(crate) async fn a_wait_until_a_date_is_waited_exactly(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    // A date has whole seconds, and so has the provider's own `Date` that it is compared with.
    waits(lab, Hint::Date(9), Duration::from_secs(9)..=Duration::from_secs(9) + SLACK).await
}

pub(crate) async fn a_refusal_without_a_hint_is_backed_off(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    waits(lab, Hint::None, Duration::from_millis(200)..=Duration::from_secs(30)).await
}

async fn waits(
    lab: &Lab<'_>,
    hint: Hint,
    expected: std::ops::RangeInclusive<Duration>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if lab.real_time {
            return not("a world in real time is not waited for");
        }
        let truth = bench.keys(entity)?;
        bench.wire.once(Trouble::Says(429, hint));
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
        mirror.has_keys(&truth)?;
        let sent = bench.wire.sent();
        let refused = sent.iter().position(|sent| sent.status == 429);
        let Some([first, second]) = refused.and_then(|at| sent.get(at..at + 2)) else {
            return Err(Failure::new("after a 429 nothing was sent again"));
        };
        let waited = second.at - first.at;
        ensure!(expected.contains(&waited), "{hint:?}: it waited {waited:?}, and {expected:?} is right");
        kept()
    })
    .await
}

pub(crate) async fn a_wait_over_the_cap_is_handed_up(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        for hint in [Hint::Seconds(3600), Hint::Date(3600)] {
            bench.wire.calm();
            bench.wire.always(Trouble::Says(429, hint));
            let begun = tokio::time::Instant::now();
            let before = bench.wire.count();
            let read = bench
                .with(bench.stack())?
                .pull(&mut Mirror::default(), ReadRequest::full(entity.name.clone()))
                .await;
            let Err(error) = read else {
                return Err(Failure::new("a read works while the provider refuses it"));
            };
            let told = error.retry_after().unwrap_or_default().as_secs();
            ensure!(
                matches!(error.kind(), ErrorKind::RateLimited | ErrorKind::QuotaExhausted),
                "{hint:?}: another kind of error: {error}"
            );
            ensure!((3590..=3610).contains(&told), "{hint:?}: the error says to wait {told} s");
            ensure!(
                bench.wire.count() - before == 1,
                "{hint:?}: it was sent {} times",
                bench.wire.count() - before
            );
            ensure!(begun.elapsed() < Duration::from_secs(30), "{hint:?}: it slept {:?}", begun.elapsed());
        }
        kept()
    })
    .await
}

pub(crate) async fn the_published_limits_are_kept(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    /// The longest walk that a test makes.
    const MOST: usize = 400;
    lab.whole(async |bench| {
        let factory = bench.subject.factory();
        let limits: Vec<_> = factory
            .spec()
            .limits
            .iter()
            .filter(|limit| limit.unit == LimitUnit::Requests && limit.tag.is_none())
            .filter(|limit| (limit.quota as usize) < MOST / 2)
            .collect();
        if limits.is_empty() {
            return not("the spec publishes no limit on requests that a walk could reach");
        }
        if lab.real_time {
            return not("a world in real time is not waited for");
        }
        let widest = limits.iter().map(|limit| limit.quota as usize).max().unwrap_or_default();
        'walk: loop {
            for entity in lab.entities().await? {
                let request = ReadRequest::full(entity.name.clone()).with_page_size(1).with_max_records(100);
                bench.pull(&mut Mirror::default(), request).await?;
                if bench.wire.count() > 3 * widest {
                    break 'walk;
                }
            }
        }
        let sent = bench.wire.sent();
        ensure!(sent.iter().all(|sent| sent.status != 429), "the provider had to refuse");
        for limit in limits {
            let quota = limit.quota as usize;
            let crowded = sent
                .iter()
                .zip(sent.iter().skip(quota))
                .find(|(first, beyond)| beyond.at - first.at < limit.per);
            ensure!(
                crowded.is_none(),
                "more than {quota} requests within {:?}, which the limit {:?} allows",
                limit.per,
                limit.name
            );
        }
        kept()
    })
    .await
}
