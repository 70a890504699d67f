//! Pipedrive deals as standard deals.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value, json};
use tieline::mapping::{Format, Mapping};
use tieline::store::{MemoryStore, SyncStore};
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::{FieldMapping, MappingContext};

use super::{forward, ready, record, records, rows, shown, text};
use crate::world::{CONNECTION, connect, sandbox};

async fn synced(mapping: Arc<dyn FieldMapping>) -> Arc<dyn SyncStore> {
    let sandbox = sandbox().await;
    let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
    let report = OneWaySync::new(connect(&sandbox).await, store.clone(), CONNECTION)
        .stream(StreamPlan::mirror("users"))
        .stream(StreamPlan::mirror("stages"))
        .stream(StreamPlan::mirror("organizations"))
        .stream(StreamPlan::mirror("persons"))
        .stream(StreamPlan::mapped("deals", "deals", mapping))
        .run()
        .await
        .into_result()
        .unwrap();
    let deals = report.stream("deals").unwrap();
    assert_eq!(deals.issue_count, 0, "{:?}", deals.issues);
    store
}

/// What the Swedish stages of the sandbox are, by hand.
fn expected_stage(deal: &Value) -> &'static str {
    match (deal["status"].as_str().unwrap(), deal["stage_id"].as_i64().unwrap()) {
        ("won", _) => "won",
        ("lost", _) => "lost",
        (_, 1) => "lead",
        (_, 2) => "qualified",
        (_, 3) => "proposal",
        (_, 4) => "negotiation",
        (_, 5) => "won",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_deal_gets_its_stage_and_the_names_behind_its_ids() {
    let store = synced(ready("pipedrive-deal.yaml")).await;
    let deals = records(&*store, CONNECTION, "deals").await;
    let mut names: HashMap<&str, HashMap<String, Value>> = HashMap::new();
    for entity in ["organizations", "persons", "users"] {
        names.insert(entity, records(&*store, CONNECTION, entity).await);
    }
    let name = |entity: &str, id: &Value| names[entity].get(&id.to_string()).map(|record| &record["name"]);

    let rows = rows(&*store, CONNECTION, "deals").await;
    assert_eq!(rows.len(), deals.values().filter(|deal| deal["is_archived"] != json!(true)).count());
    let mut stages: HashMap<String, usize> = HashMap::new();
    for (key, row) in &rows {
        let deal = &deals[key];
        assert_eq!(row["id"], json!(key));
        assert_eq!(row["title"], deal["title"]);
        assert_eq!(row["stage"], expected_stage(deal), "{deal}");
        for (field, entity, id) in [
            ("organization", "organizations", "org_id"),
            ("person", "persons", "person_id"),
            ("owner", "users", "owner_id"),
        ] {
            assert_eq!(&row[field], name(entity, &deal[id]).unwrap_or(&Value::Null), "{field} of {key}");
        }
        *stages.entry(row["stage"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for stage in ["lead", "qualified", "proposal", "negotiation", "won", "lost"] {
        assert!(stages.contains_key(stage), "the sandbox has no deal that is {stage}");
    }
}

#[tokio::test]
async fn lost_deals_are_left_out_on_wish() {
    let plan =
        Mapping::parse(&text("pipedrive-deal.yaml"), Format::Yaml).unwrap().exclude("status", ["lost"]);
    let store = synced(Arc::new(plan.compile().unwrap())).await;
    let deals = records(&*store, CONNECTION, "deals").await;
    let rows = rows(&*store, CONNECTION, "deals").await;
    assert!(deals.values().any(|deal| deal["status"] == "lost"));
    let wanted = deals.values().filter(|deal| deal["is_archived"] != json!(true) && deal["status"] != "lost");
    assert_eq!(rows.len(), wanted.count());
    assert!(rows.iter().all(|(_, row)| row["stage"] != "lost"));
}

#[test]
fn stages_are_known_in_both_languages_however_they_are_written() {
    let mapping = ready("pipedrive-deal.yaml");
    for (name, stage) in [
        ("Lead In", "lead"),
        ("Qualified", "qualified"),
        ("Contact Made", "qualified"),
        ("Demo Scheduled", "qualified"),
        ("Proposal Made", "proposal"),
        ("Negotiations Started", "negotiation"),
        (" FÖRHANDLING ", "negotiation"),
        ("offert skickad", "proposal"),
        ("Möte bokat", "qualified"),
    ] {
        let deal = record(json!({"id": 1, "title": "x", "status": "open", "stage_id": 7}));
        let (row, issues) = forward(&mapping, &deal, &[("stages", "7", name)]);
        assert_eq!((&row["stage"], issues), (&json!(stage), vec![]), "{name}");
    }
    let deal = record(json!({"id": 1, "title": "x", "status": "open", "stage_id": 7}));
    let (row, issues) = forward(&mapping, &deal, &[("stages", "7", "Fakturerat")]);
    assert_eq!(row["stage"], Value::Null);
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert!(issues[0].starts_with("/stage"), "{issues:?}");
}

#[test]
fn what_people_change_goes_back_and_the_rest_stays() {
    let mapping = ready("pipedrive-deal.yaml");
    let deal = record(json!({
        "id": 7, "title": "Ny order", "value": 1250.10, "currency": "SEK", "status": "open", "stage_id": 3, "org_id": 4,
        "expected_close_date": "2026-12-01",
    }));
    let (mut row, _) =
        forward(&mapping, &deal, &[("stages", "3", "Offert skickad"), ("organizations", "4", "Åkeri AB")]);
    assert_eq!(row["organization"], "Åkeri AB");
    let back = |row: &Value| {
        mapping.backward(&record(row.clone()), Some(&deal), &MappingContext::default()).unwrap()
    };
    assert!(back(&row).is_empty(), "{:?}", back(&row));

    row["title"] = json!("Ramavtal");
    row["value"] = json!("99500.00");
    row["expected_close_date"] = Value::Null;
    row["organization"] = json!("A name is no id");
    assert_eq!(
        shown(&back(&row)),
        json!({"/title": "Ramavtal", "/value": 99500.00, "/expected_close_date": null})
    );
}
