//! Several targets of one entity, and what stops a mapping from emptying one.

use std::sync::Arc;

use insta::assert_snapshot;
use tieline_core::{Change, Entity, EntityField, ErrorKind, FieldMapping, FieldPath, PassEnd, ReadMode};
use tieline_mapping::{FieldSpec, Mapping, RequiredOn, Source};
use tieline_store::{ConnectionId, DeleteThreshold, SyncStore};
use tieline_sync::{OneWaySync, Report, StreamPlan};

use crate::provider::*;

fn titles() -> Arc<dyn FieldMapping> {
    Arc::new(Mapping::new().field("title", Source::path("/title")).compile().unwrap())
}

/// A mapping whose only field must be there; `source` is where it is read from.
fn required(source: &str) -> Arc<dyn FieldMapping> {
    let title =
        FieldSpec::new("title", Source::path(source)).required([RequiredOn::Create, RequiredOn::Update]);
    Arc::new(Mapping::new().with_field(title).compile().unwrap())
}

/// A mapping that leaves out records with this title.
fn without(title: &str) -> Arc<dyn FieldMapping> {
    let mapping = Mapping::new().field("title", Source::path("/title")).exclude("/title", [title]);
    Arc::new(mapping.compile().unwrap())
}

async fn keys_in(store: &Arc<dyn SyncStore>, target: &str) -> Vec<String> {
    let rows = store.rows(&ConnectionId::new("acme"), &target.into(), None, 1000).await.unwrap();
    rows.iter().map(|row| format!("{} {}", row.key, row.fields)).collect()
}

async fn sync(
    provider: &Arc<Provider>,
    store: &Arc<dyn SyncStore>,
    targets: &[(&str, Arc<dyn FieldMapping>)],
) -> Report {
    let run = OneWaySync::new(provider.clone(), store.clone(), "acme");
    let plans = targets.iter().map(|(target, mapping)| StreamPlan::mapped("deals", *target, mapping.clone()));
    plans.fold(run, OneWaySync::stream).run().await
}

fn deals(titles: &[(u32, &str)]) -> Vec<Change> {
    titles.iter().map(|(key, title)| put(&key.to_string(), &format!(r#"{{"title":"{title}"}}"#))).collect()
}

#[tokio::test]
async fn two_targets_of_one_entity_miss_nothing() {
    let (provider, store) = (Provider::new(), memory());
    let both = [("one", titles()), ("two", titles())];
    provider.log("deals", deals(&[(1, "A"), (2, "B")]));
    sync(&provider, &store, &both).await.into_result().unwrap();
    provider.log("deals", deals(&[(1, "A2"), (3, "C")]));
    let report = sync(&provider, &store, &both).await.into_result().unwrap();
    let expected = [r#"1 {"title":"A2"}"#, r#"2 {"title":"B"}"#, r#"3 {"title":"C"}"#];
    assert_eq!(keys_in(&store, "one").await, expected);
    assert_eq!(keys_in(&store, "two").await, expected);
    assert_eq!((report.streams[0].read, report.streams[1].read), (2, 0), "it was read once");
    let rows = report.streams[1].rows;
    assert_eq!((rows.created, rows.updated), (1, 1));
}

#[tokio::test]
async fn a_run_without_the_mapping_leaves_its_rows_to_the_next_with_it() {
    let (provider, store) = (Provider::new(), memory());
    let mapped = [("one", titles())];
    provider.log("deals", deals(&[(1, "A")]));
    sync(&provider, &store, &mapped).await.into_result().unwrap();
    provider.log("deals", deals(&[(1, "A2"), (2, "B")]));
    let plain = OneWaySync::new(provider.clone(), store.clone(), "acme").stream(StreamPlan::mirror("deals"));
    plain.run().await.into_result().unwrap();
    sync(&provider, &store, &mapped).await.into_result().unwrap();
    assert_eq!(keys_in(&store, "one").await, [r#"1 {"title":"A2"}"#, r#"2 {"title":"B"}"#]);
}

/// Fifty rows, mapped well.
async fn fifty(provider: &Arc<Provider>, store: &Arc<dyn SyncStore>) {
    let all: Vec<(u32, &str)> = (0..50).map(|key| (key, "A")).collect();
    provider.log("deals", deals(&all));
    sync(provider, store, &[("one", without("out"))]).await.into_result().unwrap();
    assert_eq!(keys_in(store, "one").await.len(), 50);
}

#[tokio::test]
async fn a_typo_in_a_required_field_does_not_empty_a_target() {
    let (provider, store) = (Provider::new(), memory());
    fifty(&provider, &store).await;
    let report = sync(&provider, &store, &[("one", required("/titel"))]).await.into_result().unwrap();
    assert_eq!((report.streams[0].rows.deleted, report.streams[0].issue_count), (0, 50));
    assert_eq!(keys_in(&store, "one").await.len(), 50);
}

#[tokio::test]
async fn a_mapping_does_not_empty_a_target_unless_somebody_confirms() {
    let (provider, store) = (Provider::new(), memory());
    fifty(&provider, &store).await;
    let wrong = [("one", without("A"))];
    for _ in 0..3 {
        let report = sync(&provider, &store, &wrong).await;
        assert!(!report.is_complete());
        let refused = report.streams[0].removals_refused.unwrap();
        assert_eq!((refused.would_delete, refused.of), (50, 50));
        assert_eq!(report.streams[0].rows.deleted, 0, "not a little at each run either");
        assert!(report.into_result().is_ok());
    }
    // What changes meanwhile is mapped, and nothing goes by and by.
    provider.log("deals", deals(&[(7, "B"), (8, "A")]));
    let report = sync(&provider, &store, &wrong).await;
    assert_snapshot!(report.streams[0], @"deals: 0 created, 1 updated, 0 deleted, 0 unchanged; the mapping would take out 49 of 50 rows, so they stay: look at the mapping, then confirm by a run without brake");
    assert_eq!(keys_in(&store, "one").await.len(), 50);

    // With the mapping mended, all rows are as they should be.
    let report = sync(&provider, &store, &[("one", without("out"))]).await.into_result().unwrap();
    assert!(report.is_complete());
    let rows = keys_in(&store, "one").await;
    assert_eq!((rows.len(), rows.iter().filter(|row| row.contains(r#""B""#)).count()), (50, 1));

    let run = OneWaySync::new(provider.clone(), store.clone(), "acme");
    let run = run.stream(StreamPlan::mapped("deals", "one", without("A"))).brake(DeleteThreshold::OFF);
    let report = run.run().await.into_result().unwrap();
    assert_eq!((report.streams[0].removals_refused, report.streams[0].rows.deleted), (None, 49));
    assert_eq!(keys_in(&store, "one").await, [r#"7 {"title":"B"}"#]);
}

#[tokio::test]
async fn a_share_of_the_rows_may_go_however_they_come() {
    let (provider, store) = (Provider::new(), memory());
    fifty(&provider, &store).await;
    let out = |keys: std::ops::Range<u32>| deals(&keys.map(|key| (key, "out")).collect::<Vec<_>>());
    // Twelve and twelve are less than half of fifty.
    provider.log("deals", out(0..12));
    provider.log("deals", out(12..24));
    let report = sync(&provider, &store, &[("one", without("out"))]).await;
    assert_eq!((report.streams[0].removals_refused, report.streams[0].rows.deleted), (None, 24));
    assert_eq!(keys_in(&store, "one").await.len(), 26);
    // Two batches that are too much together, although neither is alone.
    provider.log("deals", out(24..37));
    provider.log("deals", out(37..50));
    let report = sync(&provider, &store, &[("one", without("out"))]).await;
    assert!(report.streams[0].removals_refused.is_some());
    assert_eq!(keys_in(&store, "one").await.len(), 26, "all of them, or none");
}

fn entity(fields: &[&str]) -> Entity {
    let mut entity = Entity::new("deals", "Deals");
    entity.fields =
        fields.iter().map(|name| EntityField::new(FieldPath::field(name), *name, "text")).collect();
    entity
}

#[tokio::test]
async fn a_field_that_is_gone_stops_its_mapping_before_values_are_cleared() {
    let (provider, store) = (Provider::new(), memory());
    provider.describe(entity(&["title"]));
    provider.log("deals", deals(&[(1, "A")]));
    let mapped = [("one", titles())];
    sync(&provider, &store, &mapped).await.into_result().unwrap();

    provider.describe(entity(&["name"]));
    provider.log("deals", vec![put("1", r#"{"name":"A"}"#)]);
    let report = sync(&provider, &store, &mapped).await;
    let error = report.into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_snapshot!(error.message(), @"the mapping does not fit the provider's fields: /title: /title is not among the entity's fields any more");
    assert_eq!(keys_in(&store, "one").await, [r#"1 {"title":"A"}"#]);

    let run = OneWaySync::new(provider.clone(), store.clone(), "acme");
    let run = run.stream(StreamPlan::mapped("deals", "one", titles())).allow_broken_mappings(true);
    let report = run.run().await.into_result().unwrap();
    assert_snapshot!(report.streams[0].issues[0], @"deals /title: /title is not among the entity's fields any more");
    assert_eq!(keys_in(&store, "one").await, [r#"1 {"title":null}"#]);
}

#[tokio::test]
async fn a_provider_that_cannot_say_what_it_has_is_synced_all_the_same() {
    let (provider, store) = (Provider::new(), memory());
    provider.refuse_discovery(ErrorKind::Forbidden);
    provider.log("deals", deals(&[(1, "A")]));
    let report = sync(&provider, &store, &[("one", titles())]).await.into_result().unwrap();
    assert_snapshot!(report.streams[0].issues[0], @"deals: the mapping could not be compared with the provider's fields: no discovery");
    assert_eq!(keys_in(&store, "one").await.len(), 1);
}

#[tokio::test]
async fn a_partial_pass_says_so_and_why() {
    let (provider, store) = (Provider::new(), memory());
    let all: Vec<(u32, &str)> = (0..3).map(|key| (key, "A")).collect();
    provider.log_pass("deals", deals(&all), ReadMode::Full, Some(PassEnd::Complete));
    sync(&provider, &store, &[("one", titles())]).await.into_result().unwrap();

    provider.log_pass("deals", deals(&[(0, "A")]), ReadMode::Full, None);
    provider.complain(tieline_core::Issue::new("the user may not see all companies"));
    provider.log_pass("deals", Vec::new(), ReadMode::Full, Some(PassEnd::Partial));
    let report = sync(&provider, &store, &[("one", titles())]).await;
    assert!(!report.is_complete());
    assert_snapshot!(report.streams[0], @"deals: 0 created, 0 updated, 0 deleted, 1 unchanged; the pass was partial, so nothing was deleted on its word: the user may not see all companies; 1 issue");
    assert_eq!(keys_in(&store, "one").await.len(), 3);
}

#[tokio::test]
async fn who_sees_nothing_is_told() {
    let (provider, store) = (Provider::new(), memory());
    provider.log_pass("deals", Vec::new(), ReadMode::Full, Some(PassEnd::Complete));
    let report = sync(&provider, &store, &[("one", titles())]).await.into_result().unwrap();
    assert_snapshot!(report.streams[0], @"deals: 0 created, 0 updated, 0 deleted, 0 unchanged; no record was found: there are none, or this user may not see them");
    provider.log_pass("deals", deals(&[(1, "A")]), ReadMode::Full, Some(PassEnd::Complete));
    let report = sync(&provider, &store, &[("one", titles())]).await.into_result().unwrap();
    assert!(!report.streams[0].nothing_seen);
}
