//! One binary for the integration tests of this crate.

#![allow(missing_docs, clippy::unwrap_used)]

use insta::assert_snapshot;
use tieline_core::{Direction, FieldMapping, FieldPath, Given, Need, RawJson, Record};
use tieline_mapping::{CompiledPlan, Otherwise, Plan, Source};

fn record(json: &str) -> Record {
    Record::new("7", RawJson::parse(json).unwrap())
}

fn mapped(plan: &CompiledPlan, json: &str, given: &Given) -> String {
    let mapped = plan.forward(&record(json), given).unwrap();
    let mut lines = vec![mapped.fields.map_or("left out".to_owned(), |fields| fields.to_string())];
    lines.extend(mapped.issues.iter().map(ToString::to_string));
    lines.join("\n")
}

fn stages() -> Plan {
    Plan::new()
        .field("value", Source::path("/value"))
        .first_of(
            "stage",
            [
                Source::path("/status").table([("won", "won")], Otherwise::Null),
                Source::lookup("/stage_id", "stages", "/name")
                    .table([("Kvalificerad", "qualified"), ("Offert skickad", "proposal")], Otherwise::Issue),
            ],
        )
        .leave_out("/status", ["lost"])
}

#[test]
fn the_first_source_with_a_value_wins() {
    let plan = stages().compile().unwrap();
    let mut given = Given::default();
    let name = |id: &str| Need::new("stages", id, FieldPath::parse("/name").unwrap());
    given.resolved.insert(name("2"), RawJson::parse(r#""Kvalificerad ""#).unwrap());
    given.resolved.insert(name("9"), RawJson::parse(r#""Ny""#).unwrap());
    assert_snapshot!(mapped(&plan, r#"{"value":12345678901234567.890,"stage_id":2,"status":"open"}"#, &given),
        @r#"{"value":12345678901234567.890,"stage":"qualified"}"#);
    assert_snapshot!(mapped(&plan, r#"{"value":1,"stage_id":2,"status":"won"}"#, &given), @r#"{"value":1,"stage":"won"}"#);
    assert_snapshot!(mapped(&plan, r#"{"value":1,"stage_id":2,"status":"lost"}"#, &given), @"left out");
    assert_snapshot!(mapped(&plan, r#"{"stage_id":9,"status":"open"}"#, &given), @r#"
    {"value":null,"stage":null}
    /stage: the table does not list this value (a text)
    "#);
    assert_snapshot!(mapped(&plan, r#"{"stage_id":77}"#, &given), @r#"
    {"value":null,"stage":null}
    /stage: stages 77 was not found, so its /name is not known
    "#);
}

#[test]
fn needs_are_what_forward_looks_up() {
    let plan = stages().compile().unwrap();
    let needs = plan.needs(Direction::Forward, &record(r#"{"stage_id":2}"#));
    assert_eq!(needs, [Need::new("stages", "2", FieldPath::parse("/name").unwrap())]);
    assert!(plan.needs(Direction::Forward, &record(r#"{"stage_id":null}"#)).is_empty());
    assert!(plan.needs(Direction::Backward, &record(r#"{"stage_id":2}"#)).is_empty());
}

#[test]
fn the_way_back_writes_what_has_an_inverse() {
    let plan = Plan::new()
        .field("name", Source::path("/title"))
        .field("open", Source::path("/status").table([("open", true), ("lost", false)], Otherwise::Issue))
        .field("source", Source::constant("crm"))
        .field("stage", Source::lookup("/stage_id", "stages", "/name"))
        .compile()
        .unwrap();
    let current = record(r#"{"title":"A","status":"open","stage_id":1}"#);
    let wanted = plan.forward(&current, &Given::default()).unwrap().fields.unwrap();
    let back = |json: &str| {
        plan.backward(&record(json), Some(&current), &Given::default()).map(|patch| format!("{:?}", patch.0))
    };
    assert_eq!(back(wanted.get()).unwrap(), "[]", "what came forward changes nothing on the way back");
    assert_snapshot!(back(r#"{"name":"B","open":false,"source":"x","stage":"y"}"#).unwrap(),
        @r#"[("/title", Set("B")), ("/status", Set("lost"))]"#);
    assert_snapshot!(back(r#"{"name":null}"#).unwrap(), @r#"[("/title", Clear)]"#);
    assert_snapshot!(back(r#"{"open":"maybe"}"#).unwrap_err(),
        @"the table of a mapping has no way back for this value (rejected, field=/open)");
}

#[test]
fn a_bad_plan_is_refused_with_its_field() {
    let refused = |plan: Plan| plan.compile().unwrap_err().to_string();
    assert_snapshot!(refused(Plan::new()), @"the mapping has no fields: name at least one field of the host's record (config)");
    assert_snapshot!(refused(Plan::new().field("a", Source::path("/a")).field("a", Source::path("/b"))),
        @r#"the field "a" of the mapping is written twice: keep one of the two, or give both sources to one field (config)"#);
    assert_snapshot!(refused(Plan::new().first_of("a", [])),
        @r#"the field "a" of the mapping has no source: give it a path, a constant or a lookup (config)"#);
    let mut both = Source::path("/a");
    both.constant = Source::constant(1).constant;
    assert_snapshot!(refused(Plan::new().field("a", both)),
        @r#"the field "a" of the mapping has a source that is not exactly one of path, constant, or lookup with path (config)"#);
    assert_snapshot!(refused(Plan::new().field("a", Source::path("/a").table([("x", 1), ("x ", 2)], Otherwise::Null))),
        @r#"a table of the mapping lists "x " twice (config)"#);
}

#[test]
fn a_plan_is_data() {
    let plan = stages();
    let text = serde_json::to_string(&plan).unwrap();
    let again: Plan = serde_json::from_str(&text).unwrap();
    assert_eq!(plan, again);
    assert_eq!(plan.compile().unwrap().fingerprint(), again.compile().unwrap().fingerprint());
    let error = serde_json::from_str::<Plan>(r#"{"fields":[{"to":"a","form":[]}]}"#).unwrap_err();
    assert_snapshot!(error, @"unknown field `form`, expected `to` or `from` at line 1 column 27");
}
