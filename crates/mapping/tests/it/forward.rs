//! Provider to host.

use insta::assert_snapshot;
use tieline_core::{Direction, FieldMapping, FieldPath, MappingContext, RawJson, RecordLookup};
use tieline_mapping::{Mapping, Otherwise, Source};

use crate::*;

fn stages() -> Mapping {
    Mapping::new()
        .field("value", Source::path("/value"))
        .first_of(
            "stage",
            [
                Source::path("/status").table([("won", "won")], Otherwise::Null),
                Source::lookup("/stage_id", "stages", "/name")
                    .table([("Kvalificerad", "qualified"), ("Offert skickad", "proposal")], Otherwise::Issue),
            ],
        )
        .exclude("/status", ["lost"])
}

#[test]
fn the_first_source_with_a_value_wins() {
    let plan = stages().compile().unwrap();
    let mut given = MappingContext::default();
    let name = |id: &str| RecordLookup::new("stages", id, FieldPath::parse("/name").unwrap());
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
    /stage: no record of stages with that key was found, so its /name is not known
    "#);
}

#[test]
fn needs_are_what_forward_looks_up() {
    let plan = stages().compile().unwrap();
    let needs = plan.needs(Direction::Forward, &record(r#"{"stage_id":2}"#));
    assert_eq!(needs, [RecordLookup::new("stages", "2", FieldPath::parse("/name").unwrap())]);
    assert_eq!(plan.begin(&record(r#"{"stage_id":2}"#)).needs(), needs);
    assert!(plan.needs(Direction::Forward, &record(r#"{"stage_id":null}"#)).is_empty());
    assert!(plan.needs(Direction::Forward, &record(r#"{"stage_id":2,"status":"lost"}"#)).is_empty());
    assert!(plan.needs(Direction::Backward, &record(r#"{"stage_id":2}"#)).is_empty());
}

#[test]
fn fields_nest_where_their_names_meet() {
    let plan = fields(
        "
  - {host: /address/city, provider: /adr/0/city}
  - {host: name, provider: n}
  - {host: /address/zip/code, provider: zip}
  - {host: /a~1b, provider: /x~0y}
",
    );
    assert_snapshot!(mapped(&plan, r#"{"adr":[{"city":"Lund"}],"n":"A","zip":"22100","x~y":1}"#, &MappingContext::default()),
        @r#"{"address":{"city":"Lund","zip":{"code":"22100"}},"name":"A","a/b":1}"#);
}

#[test]
fn null_is_written_or_left_out() {
    let plan = fields("\n  - {host: a, provider: a}\n  - {host: b, provider: b, omit_null: true}");
    assert_snapshot!(mapped(&plan, r#"{"a":null,"b":null}"#, &MappingContext::default()), @r#"{"a":null}"#);
    assert_snapshot!(mapped(&plan, r#"{"b":2}"#, &MappingContext::default()), @r#"{"a":null,"b":2}"#);
}

#[test]
fn a_record_is_refused_only_for_what_it_needs() {
    let plan = fields(
        "\n  - {host: name, provider: n, required: [create]}\n  - {host: age, provider: age, steps: [integer]}",
    );
    assert_snapshot!(mapped(&plan, r#"{"age":true}"#, &MappingContext::default()), @r"
    left out
    /age: integer takes a number or a text, and this is a boolean
    /name (left out): a field that a new record needs is null
    ");
    assert_snapshot!(mapped(&plan, r#"{"n":"A","age":1.5}"#, &MappingContext::default()), @r#"
    {"name":"A","age":null}
    /age: the number has a fraction
    "#);
    let missing = plan.missing(tieline_mapping::RequiredOn::Create, &RawJson::parse(r#"{"age":1}"#).unwrap());
    assert_eq!(missing.unwrap(), [FieldPath::field("name")]);
}

#[test]
fn values_are_handed_in() {
    let plan = fields(
        "
  - {host: offer_number, given: offer_number, required: [create]}
  - {host: team_id, given: team}
",
    );
    let given =
        MappingContext::default().with_value("offer_number", RawJson::parse(r#""OE-2025-12-0042""#).unwrap());
    assert_snapshot!(mapped(&plan, "{}", &given), @r#"
    {"offer_number":"OE-2025-12-0042","team_id":null}
    /team_id: the host handed no value "team" in
    "#);
    assert_snapshot!(mapped(&plan, "{}", &MappingContext::default()), @r#"
    left out
    /offer_number: the host handed no value "offer_number" in
    /team_id: the host handed no value "team" in
    /offer_number (left out): a field that a new record needs is null
    "#);
}

#[test]
fn several_fields_become_one_list() {
    let plan = fields(
        "
  - {host: pair, several: {fields: [a, b]}}
  - {host: amenities, several: {fields: [features, equipment, extra], flat: true, skip_null: true}}
",
    );
    assert_snapshot!(mapped(&plan, r#"{"a":1,"features":["wifi","bar"],"equipment":["projector"]}"#, &MappingContext::default()),
        @r#"{"pair":[1,null],"amenities":["wifi","bar","projector"]}"#);
}

#[test]
fn templates_place_fields() {
    let plan = fields(
        r#"
  - {host: name, template: "{{ first|trim }} {{ last|upper }}{% if title is defined %}, {{ title }}{% endif %}"}
  - {host: label, template: "{{ given.prefix }}{{ id }}: {{ amount }} {{ tags|join('/') }}"}
"#,
    );
    let given = MappingContext::default().with_value("prefix", RawJson::parse(r#""OE-""#).unwrap());
    assert_snapshot!(
        mapped(&plan, r#"{"first":" Åsa ","last":"Öberg","id":7,"amount":12345678901234567.890,"tags":["a","b"]}"#, &given),
        @r#"{"name":"Åsa ÖBERG","label":"OE-7: 12345678901234567.890 a/b"}"#);
    assert_snapshot!(mapped(&plan, r#"{"last":null}"#, &given), @r#"
    {"name":null,"label":null}
    /name: the template uses a field that is null or not there
    /label: the template uses a field that is null or not there
    "#);
}

#[test]
fn a_template_out_of_fuel_is_an_issue_on_its_field() {
    let plan = fields(
        "
  - {host: id, provider: id}
  - {host: all, template: '{% for a in xs %}{% for b in xs %}{{ a }}{{ b }}{% endfor %}{% endfor %}'}
",
    );
    let xs = (0..200).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert_snapshot!(mapped(&plan, &format!(r#"{{"id":1,"xs":[{xs}]}}"#), &MappingContext::default()), @r#"
    {"id":1,"all":null}
    /all: the template is out of fuel: it does too much for one text
    "#);
    let long = fields("\n  - {host: all, template: '{% for x in xs %}{{ text }}{% endfor %}'}");
    let json = format!(r#"{{"text":"{}","xs":[{xs}]}}"#, "x".repeat(16_000));
    assert_snapshot!(mapped(&long, &json, &MappingContext::default()), @r#"
    {"all":null}
    /all: the template writes more than 16384 bytes
    "#);
}
