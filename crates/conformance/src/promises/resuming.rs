//! Going on from a state.

use futures_util::StreamExt;
use serde_json::{Value, json};
use tieline_core::{Entity, ErrorKind, PassEnd, ReadRequest, State};

use crate::Failure;
use crate::bench::{Bench, Lab, kept, short};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure, not};

/// The most bytes of a state: it is a row of a database, written with each batch.
const MOST: usize = 4096;

pub(crate) async fn a_read_goes_on_after_any_batch(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let truth = bench.keys(entity)?;
        let size = bench.page_size(entity, 6)?;
        let request = ReadRequest::full(entity.name.clone()).with_page_size(size);
        let mut whole = Mirror::default();
        bench.pull(&mut whole, request.clone()).await?;
        let count = whole.batches.len();
        for stop in 1..count {
            let mut mirror = cut(bench, &request, stop).await?;
            let before = mirror.rows.len();
            bench.pull(&mut mirror, request.clone()).await?;
            mirror
                .has_keys(&truth)
                .map_err(|failure| failure.at(&format!("cut after batch {stop} of {count}")))?;
            ensure!(
                mirror.batches.last().is_some_and(|batch| batch.end == Some(PassEnd::Complete)),
                "cut after batch {stop} of {count}: what is left does not end the pass"
            );
            let most = truth.len() - before + 2 * size as usize;
            ensure!(
                mirror.upserts <= most,
                "cut after batch {stop} of {count}, with {before} of {} records read, {} came again",
                truth.len(),
                mirror.upserts
            );
        }
        if count < 2 { not("it comes in one batch") } else { kept() }
    })
    .await
}

/// A mirror after so many batches.
async fn cut(bench: &Bench<'_>, request: &ReadRequest, stop: usize) -> Result<Mirror, Failure> {
    let mut mirror = Mirror::default();
    let mut batches = bench.crm.read(request.clone())?;
    for _ in 0..stop {
        mirror.apply(batches.next().await.ok_or_else(|| Failure::new("the read ends early"))??);
    }
    Ok(mirror)
}

pub(crate) async fn an_interrupted_first_read_is_finished_by_a_read_of_changes(
    lab: &Lab<'_>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = ReadRequest::changes(entity.name.clone()).with_page_size(bench.page_size(entity, 4)?);
        let mut mirror = cut(bench, &request, 1).await?;
        if mirror.batches.iter().any(|batch| batch.end.is_some()) {
            return not("it comes in one batch");
        }
        bench.pull(&mut mirror, request).await?;
        mirror.has_keys(&bench.keys(entity)?)?;
        kept()
    })
    .await
}

pub(crate) async fn a_state_survives_text_and_stays_small(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 60)?);
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, request).await?;
        let mut lengths = Vec::new();
        for batch in &mirror.batches {
            let text = batch.state.to_text()?;
            ensure!(text.len() <= MOST, "a state has {} bytes: {}", text.len(), short(&text));
            ensure!(State::from_text(&text)? == batch.state, "a state is another one after it was stored");
            lengths.push(text.len());
        }
        // After a dozen pages everything that is kept of a walk is there.
        let (early, late) = lengths.split_at(lengths.len().min(12));
        let most = early.iter().max().copied().unwrap_or_default() + 64;
        ensure!(late.iter().all(|length| *length <= most), "the state grows with the walk: {lengths:?}");
        kept()
    })
    .await
}

pub(crate) async fn a_state_that_cannot_be_read_is_refused_at_once(
    lab: &Lab<'_>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let good = state_of(bench, entity).await?;
        let version = good.version();
        let body: Value = good.body()?;
        let mut bad = vec![("one of a version to come", State::new(u32::MAX, &body)?)];
        for (what, body) in [
            ("a number", json!(7)),
            ("a text", json!("state")),
            ("a list", json!([{}, {}])),
            ("another connector's", json!({ "token_of_another_connector": "x", "page": 3 })),
        ] {
            bad.push((what, State::new(version, &body)?));
        }
        let before = bench.wire.count();
        for (what, state) in bad {
            refused(bench, entity, what, state).await?;
        }
        ensure!(bench.wire.count() == before, "something was sent before the state was refused");
        kept()
    })
    .await
}

async fn state_of(bench: &Bench<'_>, entity: &Entity) -> Result<State, Failure> {
    bench.full(entity).await?.state.ok_or_else(|| Failure::new("the read is empty"))
}

async fn refused(bench: &Bench<'_>, entity: &Entity, what: &str, state: State) -> Result<(), Failure> {
    match bench.crm.read(ReadRequest::changes(entity.name.clone()).with_state(Some(state))) {
        Ok(_) => Err(Failure::new(format!("a state that is {what} is taken"))),
        Err(error) => {
            ensure!(error.kind() == ErrorKind::StateInvalid, "a state that is {what}: {error}");
            ensure!(error.advice().is_some(), "a state that is {what} is refused without advice: {error}");
            Ok(())
        }
    }
}

pub(crate) async fn a_state_of_another_entity_is_refused(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let others = lab.entities().await?;
        let foreign = |other: &&Entity| {
            other.name != entity.name && (other.group.is_none() || other.group != entity.group)
        };
        let Some(other) = others.iter().find(foreign) else { return not("there is no other entity") };
        let state = state_of(bench, other).await?;
        refused(bench, entity, &format!("of {}", other.name), state).await?;
        kept()
    })
    .await
}
