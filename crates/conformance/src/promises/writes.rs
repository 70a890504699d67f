//! Writing, when all goes well or the operation itself is at fault.

use futures_util::StreamExt;
use serde_json::Value;
use tieline_core::{
    Entity, ErrorKind, FieldPatch, FieldPath, Key, Operation, Outcome, Patch, RawJson, Text, WriteOp,
    WriteRequest,
};

use super::catalog::refuses_to;
use super::faults::all_of;
use crate::bench::{Bench, Lab, kept};
use crate::verdict::{Verdict, ensure, not};
use crate::{Draft, Failure};

pub(super) const NO_CREATE: &str = "creates are not declared";
pub(super) const NO_DRAFT: &str = "the world has no draft of it";
const NO_UPDATE: &str = "updates are not declared";

pub(super) fn draft(bench: &Bench<'_>, entity: &Entity, n: u32) -> Option<Draft> {
    bench.world.draft(entity.name.as_str(), n)
}

pub(super) fn create(id: &str, fields: RawJson, marker: Option<Text>) -> Operation {
    Operation::new(id, WriteOp::create(fields).with_marker(marker))
}

fn update(id: &str, key: &Key, change: &(FieldPath, RawJson), if_version: Option<Text>) -> Operation {
    let patch = Patch(vec![(change.0.clone(), FieldPatch::Set(change.1.clone()))]);
    Operation::new(id, WriteOp::update(key.clone(), patch).with_if_version(if_version))
}

/// The only outcome of one operation.
pub(super) async fn write(
    bench: &Bench<'_>,
    entity: &Entity,
    operation: Operation,
) -> Result<Outcome, Failure> {
    let outcome = bench.write(entity, vec![operation]).await?.pop();
    outcome.map(|outcome| outcome.outcome).ok_or_else(|| Failure::new("an operation has no outcome"))
}

pub(crate) async fn a_create_is_found_again(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.create {
            return not(NO_CREATE);
        }
        let Some(draft) = draft(bench, entity, 1) else { return not(NO_DRAFT) };
        let before = bench.keys(entity)?;
        let key = match write(bench, entity, create("op-1", draft.fields, None)).await? {
            Outcome::Applied { key: Some(key), .. } => key,
            other => return Err(Failure::new(format!("a create ends as {other:?}"))),
        };
        let after = bench.keys(entity)?;
        ensure!(after.len() == before.len() + 1, "one create made {} records", after.len() - before.len());
        ensure!(after.contains(&key) && !before.contains(&key), "the provider has no new record {key}");
        let record = bench.record(entity, &key).await?;
        ensure!(record.is_some_and(|record| record.key == key), "the new record {key} is not found");
        kept()
    })
    .await
}

/// Fails unless the record holds the value.
async fn holds(
    bench: &Bench<'_>,
    entity: &Entity,
    key: &Key,
    change: &(FieldPath, RawJson),
) -> Result<(), Failure> {
    let record =
        bench.record(entity, key).await?.ok_or_else(|| Failure::new(format!("{key} is not found")))?;
    let there: Option<Value> = match record.payload.at(change.0.as_str())? {
        Some(raw) => RawJson::from_raw(raw).view()?,
        None => None,
    };
    let wanted: Value = change.1.view()?;
    ensure!(there.as_ref() == Some(&wanted), "{key} holds {there:?} at {}, not {wanted}", change.0);
    Ok(())
}

pub(crate) async fn an_update_changes_the_record(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.update {
            return not(NO_UPDATE);
        }
        let Some(draft) = draft(bench, entity, 1) else { return not(NO_DRAFT) };
        let chosen = bench.world.writable(entity.name.as_str(), false);
        let keys = bench.keys(entity)?;
        let Some(key) = chosen.as_ref().or(keys.first()) else { return not("it has no records") };
        match write(bench, entity, update("op-1", key, &draft.change, None)).await? {
            Outcome::Applied { key: told, .. } => {
                ensure!(told.is_none_or(|told| told == *key), "the update of {key} names another key")
            }
            other => return Err(Failure::new(format!("an update ends as {other:?}"))),
        }
        holds(bench, entity, key, &draft.change).await?;
        ensure!(bench.keys(entity)? == keys, "an update changes which records there are");
        kept()
    })
    .await
}

pub(crate) async fn an_update_to_the_same_value_does_no_harm(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.update {
            return not(NO_UPDATE);
        }
        let Some(draft) = draft(bench, entity, 1) else { return not(NO_DRAFT) };
        let chosen = bench.world.writable(entity.name.as_str(), false);
        let keys = bench.keys(entity)?;
        let Some(key) = chosen.as_ref().or(keys.first()) else { return not("it has no records") };
        for id in ["op-1", "op-2"] {
            let outcome = write(bench, entity, update(id, key, &draft.change, None)).await?;
            ensure!(
                matches!(outcome, Outcome::Applied { .. } | Outcome::Unchanged),
                "an update to the same value ends as {outcome:?}"
            );
            holds(bench, entity, key, &draft.change).await?;
        }
        let writes = bench.wire.writes();
        let nothing = WriteOp::update(key.clone(), Patch::default());
        let outcome = write(bench, entity, Operation::new("op-3", nothing)).await?;
        ensure!(matches!(outcome, Outcome::Unchanged), "an empty patch ends as {outcome:?}");
        ensure!(bench.wire.writes() == writes, "an empty patch is sent");
        kept()
    })
    .await
}

pub(crate) async fn an_update_of_a_record_that_changed_is_a_conflict(
    lab: &Lab<'_>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.update {
            return not(NO_UPDATE);
        }
        let Some(draft) = draft(bench, entity, 1) else { return not(NO_DRAFT) };
        let chosen = bench.world.writable(entity.name.as_str(), false);
        let keys = bench.keys(entity)?;
        let Some(key) = chosen.as_ref().or(keys.first()) else { return not("it has no records") };
        let before =
            bench.record(entity, key).await?.ok_or_else(|| Failure::new(format!("{key} is not found")))?;
        let Some(version) = before.version else {
            // What cannot be checked must not be written as if it had been.
            let blind =
                write(bench, entity, update("op-1", key, &draft.change, Some(Text::new("1")))).await?;
            ensure!(
                matches!(blind, Outcome::Conflict { .. } | Outcome::Rejected(_)),
                "an update of a version that the record does not have ends as {blind:?}"
            );
            return kept();
        };
        let right = write(bench, entity, update("op-1", key, &draft.change, Some(version.clone()))).await?;
        ensure!(matches!(right, Outcome::Applied { .. }), "an update of the right version ends as {right:?}");
        let Some(second) = bench.world.draft(entity.name.as_str(), 2) else { return not(NO_DRAFT) };
        match write(bench, entity, update("op-2", key, &second.change, Some(version))).await? {
            Outcome::Conflict { current, .. } => {
                ensure!(
                    current.is_none_or(|current| current.key == *key),
                    "the conflict shows another record"
                )
            }
            other => {
                return Err(Failure::new(format!("an update of a version that is gone ends as {other:?}")));
            }
        }
        holds(bench, entity, key, &draft.change).await?;
        kept()
    })
    .await
}

pub(crate) async fn a_delete_takes_effect_once(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.delete {
            return not("deletes are not declared");
        }
        if draft(bench, entity, 1).is_none() {
            return not(NO_DRAFT);
        }
        let chosen = bench.world.writable(entity.name.as_str(), true);
        let before = bench.keys(entity)?;
        let Some(key) = chosen.or_else(|| before.get(before.len() / 2).cloned()) else {
            return not("it has no records");
        };
        let delete = |id: &str| Operation::new(id, WriteOp::delete(key.clone()));
        let first = write(bench, entity, delete("op-1")).await?;
        ensure!(matches!(first, Outcome::Applied { .. }), "a delete ends as {first:?}");
        let again = write(bench, entity, delete("op-2")).await?;
        let settled = match &again {
            Outcome::Applied { .. } | Outcome::Unchanged => true,
            Outcome::Rejected(error) => error.kind() == ErrorKind::NotFound,
            _ => false,
        };
        ensure!(settled, "a second delete ends as {again:?}");
        let after = bench.keys(entity)?;
        ensure!(after.len() == before.len() - 1 && !after.contains(&key), "not exactly {key} is gone");
        kept()
    })
    .await
}

pub(crate) async fn outcomes_keep_their_order_around_a_bad_one(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.create {
            return not(NO_CREATE);
        }
        let (Some(first), Some(last)) = (draft(bench, entity, 1), draft(bench, entity, 2)) else {
            return not(NO_DRAFT);
        };
        let Some(bad) = first.bad.clone() else {
            return not("the world has no draft that the provider refuses");
        };
        let before = bench.keys(entity)?.len();
        let operations = vec![
            create("op-a", first.fields, None),
            create("op-b", bad, None),
            create("op-c", last.fields, None),
        ];
        let outcomes: Vec<Outcome> =
            bench.write(entity, operations).await?.into_iter().map(|outcome| outcome.outcome).collect();
        let [Outcome::Applied { .. }, Outcome::Rejected(error), Outcome::Applied { .. }] =
            outcomes.as_slice()
        else {
            return Err(Failure::new(format!("good, bad, good ends as {outcomes:?}")));
        };
        ensure!(
            all_of(error).contains(entity.name.as_str()),
            "the refusal does not name the entity: {error}"
        );
        ensure!(bench.keys(entity)?.len() == before + 2, "not exactly two records were made");
        kept()
    })
    .await
}

pub(crate) async fn an_unknown_action_is_refused_unsent(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let key = bench.keys(entity)?.into_iter().next();
        let input = RawJson::parse("{}")?;
        let invoke = WriteOp::invoke(Text::new("no-such-action"), input).with_key(key);
        refuses_to("an action that does not exist", bench, entity, invoke).await?;
        kept()
    })
    .await
}

pub(crate) async fn a_dropped_write_stops(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.create {
            return not(NO_CREATE);
        }
        let drafts: Option<Vec<Draft>> = (1..=5).map(|n| draft(bench, entity, n)).collect();
        let Some(drafts) = drafts else { return not(NO_DRAFT) };
        let before = bench.keys(entity)?.len();
        let operations: Vec<Operation> = drafts
            .into_iter()
            .enumerate()
            .map(|(n, draft)| create(&format!("op-{n}"), draft.fields, None))
            .collect();
        let request = WriteRequest::new(entity.name.clone(), operations);

        let unasked = bench.crm.write(request.clone())?;
        bench.pause().await;
        drop(unasked);
        ensure!(bench.wire.writes() == 0, "a write that nobody polls is sent");

        let mut outcomes = bench.crm.write(request)?;
        let first = outcomes.next().await;
        ensure!(first.is_some(), "a write without an outcome");
        drop(outcomes);
        let sent = bench.wire.writes();
        bench.pause().await;
        ensure!(
            bench.wire.writes() == sent,
            "{} writes were sent after the drop",
            bench.wire.writes() - sent
        );
        let made = bench.keys(entity)?.len() - before;
        ensure!(made >= 1, "the first outcome came, and nothing was made");
        ensure!(made <= 2 || sent == 1, "{made} records were made in {sent} requests before the drop");
        kept()
    })
    .await
}
