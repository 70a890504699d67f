//! Fields on request come when a mapping uses them, and stay.

use std::sync::Arc;

use tieline_core::{Entity, EntityField, ErrorKind, FieldMapping, FieldPath};
use tieline_mapping::{Mapping, Source};
use tieline_store::SyncStore;
use tieline_sync::{OneWaySync, Report, StreamPlan};

use crate::provider::*;

/// Deals with a field on request.
fn provider() -> Arc<Provider> {
    let provider = Provider::new();
    let mut on_request = EntityField::new(FieldPath::field("stock"), "Stock", "json");
    on_request.on_request = true;
    let mut other = EntityField::new(FieldPath::field("files"), "Files", "json");
    other.on_request = true;
    let title = EntityField::new(FieldPath::field("title"), "Title", "text");
    let mut deals = Entity::new("deals", "Deals");
    deals.fields = vec![title, on_request, other];
    provider.describe(deals);
    provider.log("deals", vec![put("1", r#"{"title":"A","stock":{"free":5}}"#)]);
    provider
}

fn mapping(path: &str) -> Arc<dyn FieldMapping> {
    Arc::new(Mapping::new().field("value", Source::path(path)).compile().unwrap())
}

async fn sync(provider: &Arc<Provider>, store: &Arc<dyn SyncStore>, plan: StreamPlan) -> Report {
    OneWaySync::new(provider.clone(), store.clone(), "acme").stream(plan).run().await
}

#[tokio::test]
async fn a_mapping_that_uses_a_field_on_request_gets_it_for_all_records() {
    let (provider, store) = (provider(), memory());
    sync(&provider, &store, StreamPlan::mapped("deals", "deals", mapping("/title"))).await;
    assert!(provider.fields_read().is_empty(), "all that come by themselves");

    let stock = || StreamPlan::mapped("deals", "deals", mapping("/stock/free"));
    let report = sync(&provider, &store, stock()).await;
    assert_eq!(provider.fields_read(), ["/title", "/stock"]);
    assert_eq!(
        (report.streams[0].read, &*report.streams[0].fields_added),
        (1, &[FieldPath::field("stock")][..])
    );
    assert_eq!(rows(&store).await, [r#"1 {"value":5}"#]);

    let report = sync(&provider, &store, stock()).await;
    assert_eq!((report.streams[0].read, report.streams[0].fields_added.len()), (0, 0), "once");
    // A run without the mapping keeps what the mirror has.
    sync(&provider, &store, StreamPlan::mirror("deals")).await;
    assert_eq!(provider.fields_read(), ["/title", "/stock"]);
}

#[tokio::test]
async fn a_read_that_would_lose_fields_waits_until_their_names_are_known() {
    let (provider, store) = (provider(), memory());
    sync(&provider, &store, StreamPlan::mapped("deals", "deals", mapping("/stock"))).await;
    provider.refuse_discovery(ErrorKind::Unavailable);
    provider.log("deals", vec![put("1", r#"{"title":"B"}"#)]);
    let report = sync(&provider, &store, StreamPlan::mirror("deals")).await;
    assert_eq!(report.streams[0].error.as_ref().unwrap().kind(), ErrorKind::Unavailable);
    assert_eq!(rows(&store).await, [r#"1 {"value":{"free":5}}"#]);
}

#[tokio::test]
async fn a_pass_over_keys_names_no_field() {
    let (provider, store) = (provider(), memory());
    sync(&provider, &store, StreamPlan::mapped("deals", "deals", mapping("/stock"))).await;
    sync(&provider, &store, StreamPlan::mirror("deals").keys()).await;
    assert!(provider.fields_read().is_empty());
}
