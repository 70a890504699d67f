//! Providers whose lists say less than their records: what is asked for one by one, and what becomes of it meanwhile.

use tieline_core::{CheckRequest, DiscoverRequest, ErrorKind, FieldPath, ReadRequest};

use crate::Failure;
use crate::bench::{Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure, not};
use crate::wire::{Hint, On, Trouble};

/// How many fields are asked for, each alone.
const FIELDS: usize = 4;

pub(crate) async fn a_wanted_field_arrives_wherever_it_comes_from(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.projection {
            return not("reads restricted to some fields are not declared");
        }
        let catalog = bench.crm.discover(DiscoverRequest::schemas().only(entity.name.clone())).await?;
        let Some(described) = catalog.entity(entity.name.as_str()) else {
            return not("it has no description");
        };
        let whole = bench.full(entity).await?;
        let Some(first) = whole.rows.values().next() else { return not("it has no records") };
        let has = |field: &&FieldPath| first.payload.at(field.as_str()).is_ok_and(|value| value.is_some());
        let all: Vec<&FieldPath> = described.fields.iter().map(|field| &field.path).filter(has).collect();
        // From all over the record: what a list has stands in one place of the description, what it lacks in another.
        let step = (all.len() / FIELDS).max(1);
        for field in all.iter().rev().step_by(step).take(FIELDS) {
            let mut some = Mirror::default();
            let request = ReadRequest::full(entity.name.clone()).with_fields([(*field).clone()]);
            bench.pull(&mut some, request).await?;
            some.has_keys(&bench.keys(entity)?)?;
            for (key, record) in &some.rows {
                let there = record.payload.at(field.as_str())?.is_some();
                let expected = whole.rows.get(key).is_some_and(|record| {
                    record.payload.at(field.as_str()).is_ok_and(|value| value.is_some())
                });
                ensure!(there || !expected, "{field} is wanted alone, and the record {key} comes without it");
            }
        }
        kept()
    })
    .await
}

pub(crate) async fn a_record_that_goes_during_a_read_stops_nothing(
    lab: &Lab<'_>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        // Whatever a connector settles once, such as a session, is settled: the answers are those of the read.
        bench.crm.check(CheckRequest::default()).await?;
        for answers in [1, 2] {
            let keys = bench.keys(entity)?;
            let gone = keys.get(keys.len() / 2).cloned().filter(|_| keys.len() > 2);
            let Some(gone) = gone else { return not("the world has too few records") };
            let (world, name) = (std::sync::Arc::clone(&bench.world), entity.name.clone());
            let done = bench.wire.after(answers, move || world.delete(name.as_str(), &gone));
            let mut mirror = Mirror::default();
            bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
            match done.get() {
                None => return not("it is read with fewer answers"),
                Some(false) => return not("the world cannot delete records of it"),
                Some(true) => {}
            }
            let missing: Vec<_> =
                bench.keys(entity)?.into_iter().filter(|key| !mirror.rows.contains_key(key)).collect();
            ensure!(
                missing.is_empty(),
                "a record went after {answers} answers, and {missing:?} did not come"
            );
            bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
            mirror.has_keys(&bench.truth(entity)?)?;
        }
        kept()
    })
    .await
}

pub(crate) async fn what_is_forbidden_stops_that_read_alone(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let entities = lab.entities().await?;
    lab.each(async |bench, entity| {
        bench.crm.check(CheckRequest::default()).await?;
        for skip in [0, 1] {
            let before = bench.wire.count();
            bench.wire.arm(Trouble::Says(403, Hint::None), On::All, skip, u32::MAX);
            let read = bench.pull(&mut Mirror::default(), ReadRequest::full(entity.name.clone())).await;
            bench.wire.calm();
            let Err(error) = read else {
                ensure!(skip > 0, "every request is forbidden, and the read works");
                continue;
            };
            let sent = bench.wire.count() - before;
            ensure!(
                error.kind() == ErrorKind::Forbidden,
                "what is forbidden is another kind of error: {error}"
            );
            ensure!(sent <= 20, "it was given up after {sent} requests only");
            // The others go on, and so does this one once it is allowed.
            let other = entities.iter().find(|other| other.name != entity.name).unwrap_or(entity);
            for entity in [other, entity] {
                let mut mirror = Mirror::default();
                bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
                mirror.has_keys(&bench.truth(entity)?).map_err(|failure| failure.at(entity.name.as_str()))?;
            }
        }
        kept()
    })
    .await
}
