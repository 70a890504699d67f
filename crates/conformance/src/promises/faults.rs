//! What goes wrong on the way, and what a host is told of it.

use std::error::Error as _;

use tieline_core::{CheckRequest, Entity, Error, ErrorKind, ReadRequest};

use crate::Failure;
use crate::bench::{Bench, Lab, kept, short};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure};
use crate::wire::{Hint, On, Trouble, VERBOSE};

/// The most characters of an error, with its causes.
const MOST: usize = 1500;

pub(crate) async fn passing_faults_change_nothing(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let truth = bench.keys(entity)?;
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 4)?);
        for trouble in [
            Trouble::Refused,
            Trouble::Reset,
            Trouble::LostAnswer,
            Trouble::BreaksOff,
            Trouble::Slow,
            Trouble::Says(500, Hint::None),
            Trouble::Says(503, Hint::None),
        ] {
            bench.wire.once(trouble);
            // The second page, where there is one.
            bench.wire.arm(trouble, On::All, 1, 1);
            let mut mirror = Mirror::default();
            bench
                .pull(&mut mirror, request.clone())
                .await
                .map_err(|error| Failure::from(error).at(&format!("{trouble:?}")))?;
            bench.wire.calm();
            mirror.has_keys(&truth).map_err(|failure| failure.at(&format!("{trouble:?}")))?;
            ensure!(
                mirror.upserts == truth.len(),
                "{trouble:?}: {} records for {} keys",
                mirror.upserts,
                truth.len()
            );
        }
        kept()
    })
    .await
}

async fn failed(bench: &Bench<'_>, entity: &Entity, trouble: Trouble) -> Result<Error, Failure> {
    bench.wire.calm();
    // Whatever a connector settles once, such as a session, is settled: the trouble meets the read itself.
    bench.crm.check(CheckRequest::default()).await?;
    bench.wire.always(trouble);
    let before = bench.wire.count();
    let read = bench.pull(&mut Mirror::default(), ReadRequest::full(entity.name.clone())).await;
    let sent = bench.wire.count() - before;
    ensure!(sent <= 10, "{trouble:?}: only after {sent} requests");
    read.err().ok_or_else(|| Failure::new(format!("{trouble:?} on every request, and the read works")))
}

pub(crate) async fn an_unreachable_provider_is_a_transport_error(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        for trouble in [Trouble::Refused, Trouble::Reset, Trouble::BreaksOff] {
            let error = failed(bench, entity, trouble).await?;
            ensure!(error.kind() == ErrorKind::Transport, "{trouble:?}: {error}");
            ensure!(error.attempts() > 1, "{trouble:?}: it was tried {} times", error.attempts());
        }
        kept()
    })
    .await
}

pub(crate) async fn a_web_page_is_a_clear_error(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let error = failed(bench, entity, Trouble::WebPage).await?;
        // A page instead of an answer may also mean that the address is not the provider's.
        let is_clear = matches!(error.kind(), ErrorKind::Decode | ErrorKind::Config);
        ensure!(is_clear, "a web page is another kind of error: {error}");
        ensure!(!all_of(&error).contains("<h1>"), "the error quotes the page: {}", short(&all_of(&error)));
        kept()
    })
    .await
}

pub(crate) async fn a_broken_body_is_a_clear_error(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let error = failed(bench, entity, Trouble::Malformed).await?;
        ensure!(error.kind() == ErrorKind::Decode, "half of a body is another kind of error: {error}");
        ensure!(all_of(&error).len() <= MOST, "the error has {} bytes", all_of(&error).len());
        kept()
    })
    .await
}

pub(crate) async fn an_endless_body_is_left(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        const LIMIT: usize = 1 << 20;
        /// The most that a connector may ask for in the host's place.
        const MOST: u64 = 65 << 20;
        let mut stack = bench.stack();
        stack.body_limit = Some(LIMIT);
        let bench = bench.with(stack)?;
        let error = failed(&bench, entity, Trouble::Endless).await?;
        ensure!(error.kind() == ErrorKind::Decode, "an endless body is another kind of error: {error}");
        ensure!(bench.wire.taken() <= MOST, "{} bytes of an endless body were taken", bench.wire.taken());
        kept()
    })
    .await
}

pub(crate) async fn an_error_names_its_entity_and_stays_short(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mut troubles = vec![Trouble::Refused, Trouble::Malformed, Trouble::WebPage];
        troubles.extend([400, 403, 422, 500, 503].map(Trouble::Verbose));
        for trouble in troubles {
            let read = failed(bench, entity, trouble).await?;
            let key = bench.keys(entity)?.into_iter().take(1).collect();
            let looked_up = match entity.capabilities.lookup {
                true => bench.lookup(entity, key).await.err(),
                false => None,
            };
            for error in [Some(read), looked_up].into_iter().flatten() {
                let all = all_of(&error);
                ensure!(
                    all.contains(entity.name.as_str()),
                    "{trouble:?}: the error does not name the entity: {error}"
                );
                ensure!(all.len() <= MOST, "{trouble:?}: the error has {} bytes: {}", all.len(), short(&all));
                ensure!(
                    !all.contains(&VERBOSE.repeat(60)),
                    "{trouble:?}: the error quotes the body wholesale"
                );
            }
        }
        kept()
    })
    .await
}

/// An error with its causes.
pub(super) fn all_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str("; ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
