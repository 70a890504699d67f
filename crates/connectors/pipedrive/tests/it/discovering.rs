use serde_json::json;
use tieline_core::{Connector, Deletes, DiscoverRequest, EntityField};

use crate::common::{account, answering, asked, connected_with, marked};

fn shown(field: &EntityField) -> String {
    let choices: Vec<String> =
        field.choices.iter().map(|choice| format!("{}={}", choice.value, choice.label)).collect();
    let references = field.references.first().map(|entity| format!(" -> {entity}")).unwrap_or_default();
    format!("{} {:?} {}{references} {}", field.path, field.title, field.provider_type, choices.join(" "))
}

#[tokio::test(start_paused = true)]
async fn names_cost_nothing() {
    let (sandbox, crm) = account();
    let catalog = crm.discover(DiscoverRequest::names()).await.unwrap();
    let lines: Vec<String> = catalog
        .entities
        .iter()
        .map(|entity| {
            let cursor = entity.cursor_field.as_ref().map(|field| format!(" {field}")).unwrap_or_default();
            format!("{} {:?}{cursor}", entity.name, entity.deletes)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r"
    deals Feed /update_time
    deal_products Sweep
    persons Sweep /update_time
    organizations Sweep /update_time
    activities Sweep /update_time
    products Sweep /update_time
    pipelines Sweep
    stages Sweep
    projects Sweep
    tasks Sweep
    activity_types Sweep
    lead_labels Sweep
    leads Sweep /update_time
    notes Sweep /update_time
    users Sweep
    ");
    assert_eq!(catalog.entity("deals").unwrap().deletes, Deletes::Feed);
    assert!(catalog.entities.iter().all(|entity| entity.schema.is_none()));
    // Pipedrive has no request for one of these.
    let without: Vec<&str> = catalog
        .entities
        .iter()
        .filter(|entity| !entity.capabilities.lookup)
        .map(|entity| entity.name.as_str())
        .collect();
    assert_eq!(without, ["deal_products", "activity_types", "lead_labels"]);
    assert_eq!(sandbox.counters().requests, 0);
}

#[tokio::test(start_paused = true)]
async fn the_accounts_own_fields_are_named() {
    let (sandbox, crm) = account();
    let catalog = crm.discover(DiscoverRequest::schemas()).await.unwrap();
    assert_eq!(catalog.entities.len(), 15);
    // Deals and leads share one list.
    assert_eq!(sandbox.counters().requests, 6);
    let deals = catalog.entity("deals").unwrap();
    let lines: Vec<String> = deals.fields.iter().filter(|field| field.custom).map(shown).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    /custom_fields/3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214 "Kundkälla" enum 31=Webbplats 32=Mässa 33=Rekommendation 34=Kall bearbetning
    /custom_fields/b82e64d1905fa37c2468ce13570b9fd4e1a6087d "Intresseområden" set 41=Lager 42=Ekonomi 43=Fältservice 44=Utbildning
    /custom_fields/d4a0176be93c528f60d7b1e84f2a95c3307be6d9 "Årlig licensavgift" monetary 
    /custom_fields/07e5c4b3f21890ad6b7f3e2d15c8a9604f1d82be "Utlovad leverans" date 
    /custom_fields/9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091 "Extern referens" varchar
    "#);
    let leads = catalog.entity("leads").unwrap();
    assert!(
        leads
            .fields
            .iter()
            .filter(|field| field.custom)
            .all(|field| !field.path.as_str().contains("custom_fields"))
    );
    let owner = deals.fields.iter().find(|field| field.path.as_str() == "/owner_id").unwrap();
    assert_eq!(owner.references[0], "users");
    let schema = deals.schema.as_ref().unwrap();
    insta::assert_json_snapshot!(schema["properties"]["custom_fields"]["properties"], @r#"
    {
      "07e5c4b3f21890ad6b7f3e2d15c8a9604f1d82be": {
        "format": "date",
        "title": "Utlovad leverans",
        "type": [
          "string",
          "null"
        ],
        "x-custom": true,
        "x-pipedrive-type": "date"
      },
      "3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214": {
        "oneOf": [
          {
            "const": 31,
            "title": "Webbplats"
          },
          {
            "const": 32,
            "title": "Mässa"
          },
          {
            "const": 33,
            "title": "Rekommendation"
          },
          {
            "const": 34,
            "title": "Kall bearbetning"
          },
          {
            "const": null
          }
        ],
        "title": "Kundkälla",
        "x-custom": true,
        "x-pipedrive-type": "enum"
      },
      "9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091": {
        "title": "Extern referens",
        "type": [
          "string",
          "null"
        ],
        "x-custom": true,
        "x-pipedrive-type": "varchar"
      },
      "b82e64d1905fa37c2468ce13570b9fd4e1a6087d": {
        "items": {
          "oneOf": [
            {
              "const": 41,
              "title": "Lager"
            },
            {
              "const": 42,
              "title": "Ekonomi"
            },
            {
              "const": 43,
              "title": "Fältservice"
            },
            {
              "const": 44,
              "title": "Utbildning"
            }
          ]
        },
        "title": "Intresseområden",
        "type": [
          "array",
          "null"
        ],
        "x-custom": true,
        "x-pipedrive-type": "set"
      },
      "d4a0176be93c528f60d7b1e84f2a95c3307be6d9": {
        "properties": {
          "currency": {
            "type": [
              "string",
              "null"
            ]
          },
          "value": {
            "type": [
              "number",
              "null"
            ]
          }
        },
        "title": "Årlig licensavgift",
        "type": [
          "object",
          "null"
        ],
        "x-custom": true,
        "x-pipedrive-type": "monetary"
      }
    }
    "#);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_asked_for_is_described_page_by_page() {
    let (transport, crm) = answering(|path| {
        let (field, next) = if path.contains("cursor=") {
            (
                json!({ "field_code": "b".repeat(40), "field_name": "Andra", "field_type": "monetary", "is_custom_field": true }),
                None,
            )
        } else {
            (
                json!({ "field_code": "name", "field_name": "Namn", "field_type": "varchar", "options": null, "is_custom_field": false }),
                Some("x"),
            )
        };
        (
            200,
            json!({ "success": true, "data": [field], "additional_data": { "next_cursor": next } })
                .to_string(),
        )
    });
    let catalog = crm.discover(DiscoverRequest::schemas().only("persons")).await.unwrap();
    let fields = &catalog.entity("persons").unwrap().fields;
    assert_eq!(fields.iter().find(|field| field.path.as_str() == "/name").unwrap().title, "Namn");
    assert_eq!(fields.last().unwrap().title, "Andra");
    insta::assert_snapshot!(asked(&transport).join("\n"), @r"
    /api/v2/personFields?limit=500
    /api/v2/personFields?limit=500&cursor=x
    ");
    assert!(crm.discover(DiscoverRequest::schemas().only("person")).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn what_can_be_written_is_said() {
    let (sandbox, _) = account();
    let crm = connected_with(&sandbox, marked());
    let catalog = crm.discover(DiscoverRequest::schemas()).await.unwrap();
    let lines: Vec<String> = catalog
        .entities
        .iter()
        .map(|entity| {
            let can = entity.capabilities;
            assert!(can.create == can.update && can.update == can.delete);
            let marker =
                entity.marker.as_ref().map(|marker| format!("{} {:?}", marker.field, marker.search_delay));
            let named = |writable: bool| {
                let fields =
                    entity.fields.iter().filter(|field| field.is_writable() == writable && !field.custom);
                fields.map(|field| field.path.as_str().trim_start_matches('/')).collect::<Vec<_>>().join(" ")
            };
            let custom = entity.fields.iter().filter(|field| field.custom && field.is_writable()).count();
            format!(
                "{}: {}, {custom} own fields, marker {marker:?}\n  yes: {}\n  no: {}",
                entity.name,
                if can.create { "written" } else { "read only" },
                named(true),
                named(false)
            )
        })
        .collect();
    insta::assert_snapshot!("writable", lines.join("\n"));
}
