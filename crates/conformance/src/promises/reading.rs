//! Reading everything.

use futures_util::StreamExt;
use serde_json::Value;
use tieline_core::{Change, FieldPath, Key, KeyKind, PassEnd, RawJson, ReadMode, ReadRequest};

use crate::Failure;
use crate::bench::{Lab, kept, short};
use crate::mirror::Mirror;
use crate::verdict::{Applies, Verdict, ensure, not};

pub(crate) async fn a_full_read_yields_every_record_once(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let truth = bench.keys(entity)?;
        for size in [None, Some(bench.page_size(entity, 5)?), Some(bench.page_size(entity, 40)?)] {
            let mut request = ReadRequest::full(entity.name.clone());
            request.page_size = size;
            let mut mirror = Mirror::default();
            bench.pull(&mut mirror, request).await?;
            mirror.has_keys(&truth)?;
            ensure!(
                mirror.upserts == truth.len(),
                "with pages of {size:?}, {} records came for {} keys",
                mirror.upserts,
                truth.len()
            );
        }
        kept()
    })
    .await
}

pub(crate) async fn a_record_is_json_that_holds_its_key(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let mirror = bench.full(entity).await?;
        for (key, record) in &mirror.rows {
            let value: Value = RawJson::parse(record.payload.get())
                .and_then(|json| json.view())
                .map_err(|error| Failure::new(format!("the record {key} is not JSON: {error}")))?;
            ensure!(value.is_object(), "the record {key} is no object: {}", short(record.payload.get()));
            ensure!(!key.as_str().is_empty(), "a record has an empty key");
            if entity.keys == KeyKind::Stable {
                ensure!(
                    holds(&value, key.as_str()),
                    "the record {key} does not hold its key: {}",
                    short(record.payload.get())
                );
            }
        }
        kept()
    })
    .await
}

/// Whether a number or text of the record is the key, or a part of a composite one.
fn holds(value: &Value, key: &str) -> bool {
    match value {
        Value::String(text) => !text.is_empty() && key.contains(text.as_str()),
        Value::Number(number) => key.contains(&number.to_string()),
        Value::Array(items) => items.iter().any(|item| holds(item, key)),
        Value::Object(members) => members.values().any(|member| holds(member, key)),
        _ => false,
    }
}

pub(crate) async fn a_pass_says_what_it_is_and_where_it_ends(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 5)?);
        let mut mirror = Mirror::default();
        bench.pull(&mut mirror, request).await?;
        let Some((last, others)) = mirror.batches.split_last() else {
            return Err(Failure::new("a full read has no batch"));
        };
        ensure!(last.end == Some(PassEnd::Complete), "the last batch ends with {:?}", last.end);
        ensure!(others.iter().all(|batch| batch.end.is_none()), "a batch before the last ends the pass");
        ensure!(
            mirror.batches.iter().all(|batch| batch.pass == ReadMode::Full),
            "a full read is another pass"
        );
        let mut done = 0;
        for batch in &mirror.batches {
            for group in &batch.groups {
                ensure!(
                    group.entity == entity.name || entity.group.is_some(),
                    "changes of {} come",
                    group.entity
                );
            }
            if let Some(progress) = batch.progress {
                ensure!(progress.done >= done, "the progress goes back from {done} to {}", progress.done);
                done = progress.done;
            }
        }
        kept()
    })
    .await
}

pub(crate) async fn reads_side_by_side_do_not_meet(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    let bench = lab.bench()?;
    let mut reads = Vec::new();
    // Each entity twice, all open at once, a batch from each in turn.
    for entity in lab.entities().await?.into_iter().flat_map(|entity| [entity.clone(), entity]) {
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(&entity, 5)?);
        reads.push((entity, Mirror::default(), bench.crm.read(request)?));
    }
    let mut goes_on = true;
    while goes_on {
        goes_on = false;
        for (_, mirror, batches) in &mut reads {
            if let Some(batch) = batches.next().await {
                mirror.apply(batch?);
                goes_on = true;
            }
        }
    }
    let mut verdict = Verdict::default();
    for (n, (entity, mirror, _)) in reads.iter().enumerate() {
        mirror.has_keys(&bench.keys(entity)?).map_err(|failure| failure.at(entity.name.as_str()))?;
        if n % 2 == 0 {
            verdict.add(entity.name.as_str(), Applies::Kept);
        }
    }
    Ok(verdict)
}

pub(crate) async fn nothing_is_sent_before_a_read_is_polled(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let before = bench.wire.count();
        let batches = bench.crm.read(ReadRequest::full(entity.name.clone()))?;
        bench.pause().await;
        drop(batches);
        bench.pause().await;
        ensure!(
            bench.wire.count() == before,
            "a read that nobody polls sends {} requests",
            bench.wire.count() - before
        );
        kept()
    })
    .await
}

pub(crate) async fn a_dropped_read_sends_nothing_more(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let request = ReadRequest::full(entity.name.clone()).with_page_size(bench.page_size(entity, 8)?);
        bench.pull(&mut Mirror::default(), request.clone()).await?;
        let (whole, before) = (bench.wire.count(), bench.wire.count());
        let mut batches = bench.crm.read(request)?;
        batches.next().await.ok_or_else(|| Failure::new("the read is empty"))??;
        drop(batches);
        let at_drop = bench.wire.count();
        bench.pause().await;
        ensure!(bench.wire.count() == at_drop, "{} requests after the drop", bench.wire.count() - at_drop);
        let sent = bench.wire.count() - before;
        ensure!(whole < 6 || sent <= whole / 2, "{sent} of {whole} requests were sent for the first batch");
        kept()
    })
    .await
}

pub(crate) async fn a_limit_of_records_ends_a_pass_that_goes_on(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        let truth = bench.keys(entity)?;
        let wanted = (truth.len() as u64).div_ceil(3);
        let mut mirror = Mirror::default();
        for _ in 0..40 {
            let request = ReadRequest::full(entity.name.clone()).with_max_records(wanted);
            bench.pull(&mut mirror, request).await?;
            ensure!(mirror.upserts as u64 <= wanted, "{} records came, {wanted} were wanted", mirror.upserts);
            match mirror.batches.last().and_then(|batch| batch.end) {
                Some(PassEnd::Complete) => {
                    mirror.has_keys(&truth)?;
                    return kept();
                }
                Some(PassEnd::Partial) => {}
                end => return Err(Failure::new(format!("a read that was cut short ends with {end:?}"))),
            }
        }
        Err(Failure::new("forty reads of a third each do not come to an end"))
    })
    .await
}

pub(crate) async fn a_pass_over_keys_yields_every_key(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.keys_only {
            return not("passes over keys only are not declared");
        }
        let mut mirror = Mirror::default();
        let request = ReadRequest::keys(entity.name.clone()).with_page_size(bench.page_size(entity, 4)?);
        bench.pull(&mut mirror, request).await?;
        let mut keys: Vec<Key> = Vec::new();
        for batch in &mirror.batches {
            ensure!(batch.pass == ReadMode::Keys, "the pass is {:?}", batch.pass);
            for change in batch.groups.iter().flat_map(|group| &group.changes) {
                ensure!(matches!(change, Change::Present(_)), "in a pass over keys: {change:?}");
                keys.push(change.key().clone());
            }
        }
        keys.sort();
        ensure!(keys == bench.keys(entity)?, "the keys are not those of the provider");
        ensure!(
            mirror.batches.last().is_some_and(|batch| batch.end == Some(PassEnd::Complete)),
            "no complete end"
        );
        kept()
    })
    .await
}

pub(crate) async fn wanted_fields_arrive(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.each(async |bench, entity| {
        if !entity.capabilities.projection {
            return not("reads restricted to some fields are not declared");
        }
        let whole = bench.full(entity).await?;
        let request = tieline_core::DiscoverRequest::schemas().only(entity.name.clone());
        let catalog = bench.crm.discover(request).await?;
        let Some(described) = catalog.entity(entity.name.as_str()) else {
            return not("it has no description");
        };
        let Some(first) = whole.rows.values().next() else { return not("it has no records") };
        let has = |field: &&FieldPath| first.payload.at(field.as_str()).is_ok_and(|value| value.is_some());
        let all: Vec<&FieldPath> = described.fields.iter().map(|field| &field.path).filter(has).collect();
        let fields: Vec<FieldPath> = all.iter().copied().take(2).cloned().collect();
        let mut some = Mirror::default();
        bench.pull(&mut some, ReadRequest::full(entity.name.clone()).with_fields(fields.clone())).await?;
        some.has_keys(&bench.keys(entity)?)?;
        let mut smaller = false;
        for (key, record) in &some.rows {
            let Some(before) = whole.rows.get(key) else { continue };
            for field in &fields {
                let (mine, all) = (record.payload.at(field.as_str())?, before.payload.at(field.as_str())?);
                ensure!(
                    mine.map(|raw| raw.get()) == all.map(|raw| raw.get()),
                    "the record {key} differs at {field}"
                );
            }
            smaller |= record.payload.get().len() < before.payload.get().len();
        }
        ensure!(smaller || all.len() <= 2, "two fields are wanted, and all come");
        kept()
    })
    .await
}

pub(crate) async fn digits_beyond_a_float_arrive(lab: &Lab<'_>) -> Result<Verdict, Failure> {
    lab.whole(async |bench| {
        let Some(exact) = bench.world.exact() else { return not("the world has no number beyond a float") };
        let catalog = bench.catalog().await?;
        let entity =
            catalog.entity(exact.entity).ok_or_else(|| Failure::new("the catalog lacks its entity"))?;
        let read = bench.full(entity).await?.rows.remove(&exact.key);
        for (what, record) in [("read", read), ("looked up", bench.record(entity, &exact.key).await?)] {
            let record =
                record.ok_or_else(|| Failure::new(format!("the record {} is not {what}", exact.key)))?;
            let digits = record.payload.at(exact.field.as_str())?.map(|raw| raw.get().trim_matches('"'));
            ensure!(digits == Some(exact.digits), "{} arrives as {digits:?} when {what}", exact.digits);
        }
        kept()
    })
    .await
}
