//! Writing, when something goes wrong on the way: at most once, or a question.

use tieline_core::{Entity, FieldPath, LookupRequest, Outcome, RawJson, Record, Text};

use super::writes::{NO_CREATE, NO_DRAFT, create, draft, write};
use crate::bench::{Bench, Lab, kept};
use crate::verdict::{Check, Verdict, ensure, not};
use crate::wire::{Hint, On, Trouble};
use crate::{Draft, Failure};

/// A draft of what can be created.
fn creatable(bench: &Bench<'_>, entity: &Entity, n: u32) -> Result<Draft, Check> {
    if !entity.capabilities.create {
        return Err(not(NO_CREATE));
    }
    draft(bench, entity, n).ok_or_else(|| not(NO_DRAFT))
}

pub(crate) async fn a_write_whose_answer_is_lost_is_not_sent_again(
    lab: &Lab<'_>,
) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        for (n, trouble) in
            (1..).zip([Trouble::LostAnswer, Trouble::BreaksOff, Trouble::Malformed, Trouble::Replaced(502)])
        {
            let draft = match creatable(bench, entity, n) {
                Ok(draft) => draft,
                Err(applies) => return applies,
            };
            let before = bench.keys(entity)?.len();
            bench.wire.calm();
            bench.wire.arm(trouble, On::Writes, 0, u32::MAX);
            let outcome = write(bench, entity, create(&format!("op-{n}"), draft.fields, None)).await?;
            let made = bench.keys(entity)?.len() - before;
            ensure!(made == 1, "{trouble:?}: one create made {made} records");
            ensure!(
                matches!(outcome, Outcome::Unknown(_) | Outcome::Applied { .. }),
                "{trouble:?}: the record was made, and the outcome is {outcome:?}"
            );
        }
        kept()
    })
    .await
}

async fn marked(
    bench: &Bench<'_>,
    entity: &Entity,
    field: &FieldPath,
    marker: &str,
) -> Result<Vec<Record>, Failure> {
    let request = LookupRequest::field(entity.name.clone(), field.clone(), RawJson::of(marker)?);
    Ok(bench.crm.lookup(request).await?.records().cloned().collect())
}

pub(crate) async fn a_lost_create_is_found_by_its_marker(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    const MARKER: &str = "conformance-7f3a";
    lab.each(async |bench, entity| {
        let Some(field) = &entity.marker else { return not("no marker is declared") };
        let (first, second) = match (creatable(bench, entity, 1), creatable(bench, entity, 2)) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(applies), _) | (_, Err(applies)) => return applies,
        };
        let before = bench.keys(entity)?;
        let found = marked(bench, entity, &field.field, MARKER).await?;
        ensure!(found.is_empty(), "a marker that was never used is found");

        bench.wire.arm(Trouble::LostAnswer, On::Writes, 0, 1);
        let operation = create("op-1", first.fields, Some(Text::new(MARKER)));
        let Some(lost) = bench.write(entity, vec![operation]).await?.pop() else {
            return Err(Failure::new("an operation has no outcome"));
        };
        if lost.unmarked {
            return not("its drafts take no marker, which the outcome says");
        }
        // A create that the provider makes once however often it is sent may have been sent again.
        let settled = matches!(lost.outcome, Outcome::Unknown(_) | Outcome::Applied { .. });
        ensure!(settled, "a lost create ends as {:?}", lost.outcome);
        // Another record, to tell a search from a list.
        let other = create("op-2", second.fields, Some(Text::new("conformance-another")));
        let other = write(bench, entity, other).await?;
        ensure!(matches!(other, Outcome::Applied { .. }), "a create with a marker ends as {other:?}");

        bench.world.advance(field.search_delay);
        tokio::time::sleep(if lab.real_time { std::time::Duration::ZERO } else { field.search_delay }).await;
        let found = marked(bench, entity, &field.field, MARKER).await?;
        let [record] = found.as_slice() else {
            return Err(Failure::new(format!("the marker of a lost create finds {} records", found.len())));
        };
        ensure!(!before.contains(&record.key), "the marker finds a record from before");
        ensure!(bench.keys(entity)?.len() == before.len() + 2, "not exactly two records were made");
        kept()
    })
    .await
}

pub(crate) async fn a_write_that_never_left_is_done_once(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let (first, second) = match (creatable(bench, entity, 1), creatable(bench, entity, 2)) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(applies), _) | (_, Err(applies)) => return applies,
        };
        let before = bench.keys(entity)?.len();
        bench.wire.arm(Trouble::Refused, On::Writes, 0, 1);
        let outcome = write(bench, entity, create("op-1", first.fields, None)).await?;
        ensure!(
            matches!(outcome, Outcome::Applied { .. }),
            "after a refused connection it ends as {outcome:?}"
        );
        ensure!(bench.keys(entity)?.len() == before + 1, "not exactly one record was made");

        bench.wire.arm(Trouble::Refused, On::Writes, 0, u32::MAX);
        let outcome = write(bench, entity, create("op-2", second.fields, None)).await?;
        ensure!(matches!(outcome, Outcome::Deferred(_)), "a write that can never leave ends as {outcome:?}");
        ensure!(bench.keys(entity)?.len() == before + 1, "what never left made a record");
        kept()
    })
    .await
}

pub(crate) async fn a_write_that_must_wait_is_deferred(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let (first, second) = match (creatable(bench, entity, 1), creatable(bench, entity, 2)) {
            (Ok(first), Ok(second)) => (first, second),
            (Err(applies), _) | (_, Err(applies)) => return applies,
        };
        let before = bench.keys(entity)?.len();
        bench.wire.arm(Trouble::Says(429, Hint::Seconds(1)), On::Writes, 0, 1);
        let outcome = write(bench, entity, create("op-1", first.fields, None)).await?;
        ensure!(matches!(outcome, Outcome::Applied { .. }), "after a short wait it ends as {outcome:?}");
        ensure!(bench.keys(entity)?.len() == before + 1, "not exactly one record was made");

        bench.wire.arm(Trouble::Says(429, Hint::Seconds(3600)), On::Writes, 0, u32::MAX);
        match write(bench, entity, create("op-2", second.fields, None)).await? {
            Outcome::Deferred(error) => {
                let told = error.retry_after().unwrap_or_default().as_secs();
                ensure!((3590..=3610).contains(&told), "it says to wait {told} s: {error}");
            }
            other => return Err(Failure::new(format!("a write that must wait an hour ends as {other:?}"))),
        }
        ensure!(bench.keys(entity)?.len() == before + 1, "a deferred write made a record");
        kept()
    })
    .await
}
