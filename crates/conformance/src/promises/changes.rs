//! What happens at the provider, and when it shows.

use std::time::Duration;

use futures_util::StreamExt;
use tieline_core::{Change, Deletes, Entity, Key, ReadMode, ReadRequest};

use crate::Failure;
use crate::bench::{Bench, HOUR, Lab, kept};
use crate::mirror::Mirror;
use crate::verdict::{Verdict, ensure, not};

const NO_CREATE: &str = "the world cannot create records of it";
const NO_UPDATE: &str = "the world cannot change records of it";

fn changes(entity: &Entity) -> ReadRequest {
    ReadRequest::changes(entity.name.clone())
}

/// A mirror of everything, an hour ago.
async fn an_hour_ago(bench: &Bench<'_>, entity: &Entity) -> Result<Mirror, Failure> {
    let mut mirror = Mirror::default();
    bench.pull(&mut mirror, changes(entity)).await?;
    bench.world.advance(HOUR);
    Ok(mirror)
}

pub(crate) async fn a_second_read_brings_little(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.changes {
            return not("reads of changes are not declared");
        }
        let truth = bench.keys(entity)?;
        if truth.len() < 8 {
            return not("the world has too few records to tell");
        }
        bench.world.advance(HOUR);
        let mut mirror = an_hour_ago(bench, entity).await?;
        bench.pull(&mut mirror, changes(entity)).await?;
        ensure!(
            mirror.batches.iter().all(|batch| batch.pass == ReadMode::Changes),
            "reads of changes are declared, and a second read is another pass"
        );
        // What lies within the overlap comes again.
        ensure!(
            mirror.upserts <= truth.len() / 2,
            "{} of {} records came again",
            mirror.upserts,
            truth.len()
        );
        mirror.has_keys(&truth)?;
        kept()
    })
    .await
}

pub(crate) async fn a_created_record_shows(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mut mirror = an_hour_ago(bench, entity).await?;
        let Some(key) = bench.world.create(entity.name.as_str()) else { return not(NO_CREATE) };
        bench.pull(&mut mirror, changes(entity)).await?;
        ensure!(mirror.rows.contains_key(&key), "the new record {key} does not come");
        bench.agrees(&mirror, entity, &[&key]).await?;
        kept()
    })
    .await
}

pub(crate) async fn an_updated_record_shows(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mut mirror = an_hour_ago(bench, entity).await?;
        let keys = bench.keys(entity)?;
        let some: Vec<&Key> =
            [keys.first(), keys.get(keys.len() / 2), keys.last()].into_iter().flatten().collect();
        for key in &some {
            let before = mirror.rows.get(*key).map(|record| record.payload.clone());
            if !bench.world.update(entity.name.as_str(), key) {
                return not(NO_UPDATE);
            }
            bench.pull(&mut mirror, changes(entity)).await?;
            let after = mirror.rows.get(*key).map(|record| record.payload.clone());
            ensure!(before != after, "the change of {key} does not come");
            bench.world.advance(HOUR);
        }
        bench.agrees(&mirror, entity, &some).await?;
        kept()
    })
    .await
}

pub(crate) async fn a_deleted_record_is_seen_to_be_gone(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mut mirror = an_hour_ago(bench, entity).await?;
        let keys = bench.keys(entity)?;
        let Some(key) = keys.get(keys.len() / 2) else { return not("it has no records") };
        if !bench.world.delete(entity.name.as_str(), key) {
            return not("the world cannot delete records of it");
        }
        match entity.deletes {
            Deletes::Feed => {
                bench.pull(&mut mirror, changes(entity)).await?;
                let told = mirror
                    .batches
                    .iter()
                    .flat_map(|batch| &batch.groups)
                    .flat_map(|group| &group.changes)
                    .any(|change| {
                        matches!(change, Change::Delete(_) | Change::Merged { .. }) && change.key() == key
                    });
                ensure!(told, "deletions are declared to come with changes, and that of {key} does not");
            }
            Deletes::Sweep => {
                bench.pull(&mut mirror, ReadRequest::full(entity.name.clone())).await?;
                ensure!(!mirror.rows.contains_key(key), "a complete pass leaves the deleted record {key}");
                if entity.capabilities.keys_only {
                    bench.pull(&mut mirror, ReadRequest::keys(entity.name.clone())).await?;
                }
            }
            _ => return not("deletes are declared never to show"),
        }
        mirror.has_keys(&bench.truth(entity)?)?;
        kept()
    })
    .await
}

pub(crate) async fn what_changes_during_a_read_shows_in_the_next(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let name = entity.name.as_str();
        let request = changes(entity).with_page_size(bench.page_size(entity, 5)?);
        let mut mirror = Mirror::default();
        let mut batches = bench.crm.read(request)?;
        mirror.apply(batches.next().await.ok_or_else(|| Failure::new("the read is empty"))??);
        let read: Vec<Key> = mirror.rows.keys().cloned().collect();
        let unread: Vec<Key> =
            bench.keys(entity)?.into_iter().filter(|key| !mirror.rows.contains_key(key)).collect();

        // Behind the walk first, then, later, in front of it: the highest time that is seen lies after the start.
        bench.world.advance(HOUR);
        let Some(behind) = read.first() else { return not("its first batch is empty") };
        if !bench.world.update(name, behind) {
            return not(NO_UPDATE);
        }
        let created = bench.world.create(name);
        bench.world.advance(HOUR);
        let mut changed = vec![behind];
        if let Some(front) = unread.last().filter(|front| bench.world.update(name, front)) {
            changed.push(front);
        }
        while let Some(batch) = batches.next().await {
            mirror.apply(batch?);
        }
        bench.world.advance(HOUR);
        bench.pull(&mut mirror, changes(entity)).await?;
        if let Some(created) = created {
            ensure!(mirror.rows.contains_key(&created), "a record created during the read never comes");
        }
        bench.agrees(&mirror, entity, &changed).await?;
        kept()
    })
    .await
}

pub(crate) async fn a_record_of_the_last_second_shows(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let name = entity.name.as_str();
        bench.world.advance(HOUR);
        let Some(first) = bench.world.create(name) else { return not(NO_CREATE) };
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, changes(entity)).await?;
        ensure!(mirror.rows.contains_key(&first), "the new record {first} does not come");
        // Both records have the same time of change: the clock has not moved since.
        let Some(second) = bench.world.create(name) else { return not(NO_CREATE) };
        bench.world.advance(HOUR);
        bench.pull(&mut mirror, changes(entity)).await?;
        ensure!(mirror.rows.contains_key(&second), "a record of the same second as the newest never comes");
        kept()
    })
    .await
}

pub(crate) async fn a_record_that_shows_late_is_not_lost(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let name = entity.name.as_str();
        let lateness = bench.subject.lateness();
        bench.world.advance(HOUR);
        if bench.world.create(name).is_none() {
            return not(NO_CREATE);
        }
        let stamped = bench.world.now() - lateness + Duration::from_secs(1);
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, changes(entity)).await?;
        bench.world.advance(Duration::from_secs(1));
        let Some(late) = bench.world.create(name) else { return not(NO_CREATE) };
        if !bench.world.backdate(name, &late, stamped) {
            return not("the world cannot make a record show late");
        }
        bench.pull(&mut mirror, changes(entity)).await?;
        ensure!(mirror.rows.contains_key(&late), "a record that shows {lateness:?} late never comes");
        kept()
    })
    .await
}
