//! What people are shown: previews, explanations, drafts, what a changed schema breaks.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tieline_core::{Choice, Entity, EntityField, FieldPath, MappingContext};
use tieline_mapping::{Explanation, propose};

use crate::*;

const DEALS: &str = "
  - {host: title, provider: title, steps: [trim]}
  - {host: value, provider: value, steps: [decimal: {scale: 2, host: text}]}
  - host: stage
    provider: status
    steps: [table: {entries: {open: proposal, won: won}}]
    or:
      - {provider: stage_id, steps: [text, prefix: 'stage ']}
      - {constant: unknown}
  - {provider: channel, constant: api, direction: backward}
";

#[test]
fn a_preview_shows_both_ways() {
    let plan = fields(&DEALS.replace("constant: unknown}\n", "constant: unknown}\n    direction: forward\n"));
    let deal =
        record(r#"{"title":" Ny order ","value":1250.1,"status":"stalled","stage_id":7,"channel":"web"}"#);
    let preview = plan.preview(&deal, None, &MappingContext::default()).unwrap();
    assert_snapshot!(preview.fields.unwrap(), @r#"{"title":"Ny order","value":"1250.10","stage":"stage 7"}"#);
    assert_snapshot!(preview.issues[0], @"/stage: the table does not list this value (a text)");
    assert_eq!(written(&preview.back.unwrap()), "");
    let wanted = record(r#"{"title":"Ny order","value":"1300"}"#);
    let preview = plan.preview(&deal, Some(&wanted), &MappingContext::default()).unwrap();
    assert_snapshot!(written(&preview.back.unwrap()), @r#"
    /value = 1300.00
    /channel = "api"
    "#);
}

fn told(explanation: &Explanation) -> String {
    let mut lines = vec![format!("{} {}", explanation.field, explanation.direction.as_str())];
    for source in &explanation.sources {
        lines.push(format!("  {}", source.from));
        for step in &source.steps {
            let value = match &step.value {
                Ok(value) => value.to_string(),
                Err(reason) => format!("({reason})"),
            };
            lines.push(format!("    {} {value}", step.step.unwrap_or("is")));
        }
    }
    lines.push(format!("  = {}", explanation.value));
    lines.join("\n")
}

#[test]
fn a_field_is_explained_step_by_step() {
    let plan = fields(DEALS);
    let explain = |field: &str, json: &str| {
        told(
            &plan
                .explain(&FieldPath::field(field), &record(json), &MappingContext::default())
                .unwrap()
                .unwrap(),
        )
    };
    assert_snapshot!(explain("stage", r#"{"status":"stalled","stage_id":7}"#), @r#"
    /stage forward
      provider /status
        is "stalled"
        table (the table does not list this value (a text))
      provider /stage_id
        is 7
        text "7"
        prefix "stage 7"
      = "stage 7"
    "#);
    assert_snapshot!(explain("value", r#"{"value":"1.005"}"#), @r#"
    /value both
      provider /value
        is "1.005"
        decimal "1.00"
      = "1.00"
    "#);
    assert!(
        plan.explain(&FieldPath::field("x"), &record("{}"), &MappingContext::default()).unwrap().is_none()
    );
}

#[test]
fn what_a_mapping_yields_is_a_schema() {
    let plan = fields(
        "
  - {host: name, provider: name, required: [create]}
  - {host: value, provider: value, steps: [decimal]}
  - {host: /address/city, provider: city, steps: [trim]}
  - {host: open, provider: status, steps: [table: {entries: [[open, true], [won, false]]}]}
  - {host: source, constant: crm}
  - {host: note, provider: note, omit_null: true}
",
    );
    let provider =
        json!({ "type": "object", "properties": { "name": { "type": "string", "maxLength": 5 } } });
    let schema = plan.schema(Some(&provider));
    assert_snapshot!(serde_json::to_string_pretty(&schema["properties"]).unwrap());
    assert_eq!(schema["required"], json!(["name", "value", "address", "open", "source"]));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for deal in [r#"{"name":"A","value":"1.5","city":" Lund","status":"won"}"#, r#"{"name":"B","note":[1]}"#]
    {
        let mapped: Value =
            plan.forward(&record(deal), &MappingContext::default()).unwrap().fields.unwrap().view().unwrap();
        assert!(validator.is_valid(&mapped), "{mapped}");
    }
    assert!(
        !validator.is_valid(&json!({ "name": null, "value": null, "address": {}, "open": 1, "source": "x" }))
    );
}

fn deals_entity() -> Entity {
    let mut entity = Entity::new("deals", "Deals");
    for (name, kind) in [
        ("title", "string"),
        ("value", "number"),
        ("status", "string"),
        ("stage_id", "integer"),
        ("channel", "string"),
    ] {
        let mut field = EntityField::new(FieldPath::field(name), name, kind);
        (field.creatable, field.updatable) = (true, true);
        if name == "status" {
            field.choices =
                ["open", "won"].map(|value| Choice { value: value.into(), label: value.into() }).into();
        }
        entity.fields.push(field);
    }
    entity.schema = Some(json!({ "type": "object", "properties": {
        "title": { "type": ["string", "null"] }, "value": { "type": "number" }, "status": { "type": "string" },
        "stage_id": { "type": "integer" }, "channel": { "type": "string" },
    }}));
    entity
}

#[test]
fn a_changed_schema_is_reported_before_it_breaks() {
    let plan = fields(DEALS);
    let drift =
        |entity: &Entity| plan.drift(entity).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert_eq!(drift(&deals_entity()), "");
    let mut changed = deals_entity();
    changed.fields.retain(|field| field.path.as_str() != "/channel" && field.path.as_str() != "/stage_id");
    (changed.fields[0].creatable, changed.fields[0].updatable) = (false, false);
    changed.fields[2].choices.push(Choice { value: "lost".into(), label: "Lost".into() });
    let schema = changed.schema.as_mut().unwrap();
    schema["properties"]["value"] = json!({ "type": "object" });
    for gone in ["channel", "stage_id"] {
        schema["properties"].as_object_mut().unwrap().remove(gone);
    }
    assert_snapshot!(drift(&changed), @r"
    risk: /title: /title can not be written
    broken: /value: /value is an object now, which the field's steps do not take
    risk: /stage: /status has values that the table does not list: lost
    risk: /stage: /stage_id is not among the entity's fields any more
    broken: /channel: /channel is not among the entity's fields any more
    ");
    assert_eq!(drift(&Entity::new("deals", "Deals")), "", "a catalog of names says nothing");
}

#[test]
fn a_draft_goes_by_names_and_types() {
    let provider = json!({ "properties": {
        "id": { "type": "integer" },
        "org_name": { "type": "string" },
        "chosen_date": { "type": "string", "format": "date" },
        "number_of_participants": { "type": "string" },
        "add_time": { "type": "string", "format": "date-time" },
        "address": { "type": "object", "properties": { "city": { "type": "string" }, "postcode": { "type": "string" } } },
        "is_active": { "type": "integer" },
        "unrelated": { "type": "string" },
    }});
    let host = json!({ "required": ["id", "team_id"], "properties": {
        "id": { "type": "string" },
        "organizationName": { "type": "string" },
        "event_date": { "type": "string", "format": "date" },
        "participants": { "type": "integer" },
        "created_at": { "type": "string", "format": "date-time" },
        "city": { "type": "string" },
        "zip": { "type": "string" },
        "active": { "type": "boolean" },
        "team_id": { "type": "string" },
    }});
    let proposal = propose(&provider, &host);
    let lines: Vec<String> = proposal
        .lines
        .iter()
        .map(|line| {
            let (host, provider) = (line.field.host.as_ref().unwrap(), line.field.provider.as_ref().unwrap());
            format!("{host} <- {provider} {:.2} {}", line.confidence, line.reason)
        })
        .collect();
    assert_snapshot!(lines.join("\n"));
    assert!(proposal.unmatched.contains(&(FieldPath::field("team_id"), true)), "{:?}", proposal.unmatched);
    proposal.plan(0.6).compile().unwrap();
}
