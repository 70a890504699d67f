//! Host to provider.

use insta::assert_snapshot;
use tieline_core::{Direction, FieldMapping, FieldPath, MappingContext, RawJson, RecordLookup};

use crate::*;

#[test]
fn only_what_the_host_changed_is_written() {
    let plan = fields(
        "
  - {host: name, provider: title, steps: [trim]}
  - {host: open, provider: status, steps: [table: {entries: [[open, true], [Open, true], [lost, false]]}]}
  - {host: source, constant: crm}
",
    );
    let current = r#"{"title":" A ","status":"Open"}"#;
    assert_snapshot!(back(&plan, r#"{"name":"A","open":true,"source":"x"}"#, Some(current)), @"");
    assert_snapshot!(back(&plan, r#"{"name":"B","open":false}"#, Some(current)), @r#"
    /title = "B"
    /status = "lost"
    "#);
    assert_snapshot!(back(&plan, r#"{"name":null}"#, Some(current)), @"/title cleared");
    assert_snapshot!(back(&plan, r#"{"name":"A","open":true}"#, None), @r#"
    /title = "A"
    /status = "open"
    "#);
    assert_snapshot!(back(&plan, r#"{"open":"maybe"}"#, Some(current)),
        @"a field cannot be written back: the table has no way back for this value (a text): change the value, or the field's steps (rejected, field=/open)");
    assert_snapshot!(back(&plan, r#"{"name":" C"}"#, Some(current)),
        @"a field cannot be written back: the value is beyond what the field's steps can give: change the value, or the field's steps (rejected, field=/name)");
}

#[test]
fn a_fallback_sees_what_others_write() {
    let plan = fields(
        "
  - {host: theater_capacity, provider: /layouts/theatre, or: [provider: capacity], direction: both}
  - {host: capacity, provider: capacity}
",
    );
    let current = r#"{"capacity":100,"layouts":{"theatre":null}}"#;
    assert_snapshot!(mapped(&plan, current, &MappingContext::default()), @r#"{"theater_capacity":100,"capacity":100}"#);
    assert_snapshot!(back(&plan, r#"{"theater_capacity":100,"capacity":120}"#, Some(current)), @r"
    /capacity = 120
    /layouts/theatre = 100
    ");
    assert_snapshot!(back(&plan, r#"{"theater_capacity":120,"capacity":120}"#, Some(current)), @"/capacity = 120");
}

#[test]
fn what_is_only_written_travels_with_what_changes() {
    let plan = fields(
        r#"
  - {host: name, provider: name}
  - {provider: channel, constant: tieline, direction: backward}
  - {host: note, provider: note, direction: backward}
  - {provider: label, template: "{{ name }} ({{ note }})", direction: backward}
"#,
    );
    let current = r#"{"name":"A","channel":"web","note":"old"}"#;
    assert_snapshot!(back(&plan, r#"{"name":"A"}"#, Some(current)), @"");
    assert_snapshot!(back(&plan, r#"{"name":"B"}"#, Some(current)), @r#"
    /name = "B"
    /channel = "tieline"
    "#);
    assert_snapshot!(back(&plan, r#"{"name":"A","note":"new"}"#, Some(current)), @r#"
    /note = "new"
    /label = "A (new)"
    /channel = "tieline"
    "#);
    assert_snapshot!(back(&plan, r#"{"name":"A"}"#, None), @r#"
    /name = "A"
    /channel = "tieline"
    "#);
}

#[test]
fn operations_need_fields() {
    let plan = fields(
        "
  - {host: name, provider: name, required: [create, update]}
  - {host: city, provider: city}
",
    );
    assert_snapshot!(back(&plan, r#"{"city":"Lund"}"#, None),
        @"a new record needs /name: give these fields a value (rejected)");
    assert_snapshot!(back(&plan, r#"{"city":"Lund"}"#, Some(r#"{"name":"A","city":"Malmö"}"#)), @r#"
    /city = "Lund"
    /name = "A"
    "#);
    assert_snapshot!(back(&plan, r#"{"city":"Lund"}"#, Some(r#"{"name":"A","city":"Lund"}"#)), @"");
}

#[test]
fn lookups_go_back_by_the_field_that_came_out() {
    let plan = fields(
        "
  - {host: owner, provider: owner_email, steps: [lower, lookup: {entity: users, by: email, field: uuid}]}
  - {host: organization, provider: org_id, steps: [lookup: {entity: organizations, key: id, field: name}]}
",
    );
    let at = |name| FieldPath::field(name);
    let current = record(r#"{"owner_email":"A@x.se","org_id":4}"#);
    let user = RecordLookup::new("users", "a@x.se", at("uuid")).by(at("email"));
    let org = RecordLookup::new("organizations", "4", at("name"));
    assert_eq!(plan.needs(Direction::Forward, &current), [user.clone(), org.clone()]);
    let wanted = record(r#"{"owner":"u-2","organization":"Åkeri AB"}"#);
    let new_user = RecordLookup::new("users", "u-2", at("email")).by(at("uuid"));
    let same_org = RecordLookup::new("organizations", "Åkeri AB", at("id")).by(at("name"));
    assert_eq!(plan.needs(Direction::Backward, &wanted), [new_user.clone(), same_org]);

    let mut given = MappingContext::default();
    for (need, value) in [(user, r#""u-1""#), (org, r#""Åkeri AB""#), (new_user, r#""b@x.se""#)] {
        given.resolved.insert(need, RawJson::parse(value).unwrap());
    }
    let patch = plan.backward(&wanted, Some(&current), &given).unwrap();
    assert_snapshot!(written(&patch), @r#"/owner_email = "b@x.se""#);
    let lost = record(r#"{"owner":"u-3"}"#);
    assert_snapshot!(plan.backward(&lost, Some(&current), &given).unwrap_err(),
        @"a field cannot be written back: no record of users with that /uuid was found, so its /email is not known: change the value, or the field's steps (rejected, field=/owner)");
}

#[test]
fn several_fields_go_back_one_by_one() {
    let plan = fields("\n  - {host: pair, several: {fields: [a, b]}}");
    let current = r#"{"a":1,"b":2}"#;
    assert_snapshot!(back(&plan, r#"{"pair":[1,3]}"#, Some(current)), @"/b = 3");
    assert_snapshot!(back(&plan, r#"{"pair":[null,2]}"#, Some(current)), @"/a cleared");
    assert_snapshot!(back(&plan, r#"{"pair":[1]}"#, Some(current)),
        @"a field cannot be written back: the list has 1 items, and 2 fields: change the value, or the field's steps (rejected, field=/pair)");
}
