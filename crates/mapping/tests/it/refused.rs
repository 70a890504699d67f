//! What is refused at load, with line, column and reason.

use insta::assert_snapshot;
use tieline_mapping::{Format, Mapping, Source, Step};

fn problems(text: &str, format: Format) -> String {
    let problems: Vec<String> = Mapping::check(text, format).iter().map(ToString::to_string).collect();
    if problems.is_empty() { "sound".to_owned() } else { problems.join("\n") }
}

fn in_yaml(fields: &str) -> String {
    problems(&format!("version: 1\nfields:{fields}"), Format::Yaml)
}

#[test]
fn words_that_are_not_known() {
    assert_snapshot!(in_yaml("\n  - host: a\n    provder: b"), @r#"line 4, column 5: there is no setting "provder" here: did you mean "provider"?"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps: [trim, lowr]"), @r#"line 5, column 19: the word "lowr" is not known here: did you mean "lower"?"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps:\n      - decimal: {scal: 2}"), @r#"line 6, column 19: there is no setting "scal" here: did you mean "scale"?"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps:\n      - decimal: {scale: two}"), @"line 6, column 26: here stands a text, and should stand u32");
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    direction: foward"), @r#"line 5, column 16: the word "foward" is not known here: did you mean "forward"?"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps: [table]"), @r#"line 5, column 13: "table" needs settings: the setting "entries" is missing"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps: [datetime: {zone: Europe/Stokholm}]"), @r#"line 5, column 24: field /a: the zone "Europe/Stokholm" is not known: did you mean "Europe/Stockholm"?"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps: [date: {host: '%Y-%m'}]"), @r#"line 5, column 20: field /a: "%Y-%m" does not write a whole date: name year, month and day, and nothing else"#);
    assert_snapshot!(in_yaml("\n  - host: a\n    provider: b\n    steps: [extract: {pattern: '('}]"), @"line 5, column 23: field /a: the pattern is no regular expression: unclosed group");
}

#[test]
fn what_has_no_way_back() {
    assert_snapshot!(in_yaml("\n  - {host: a, constant: 1, direction: both}\n  - {host: b, template: '{{ x }}', direction: both}\n  - host: c\n    provider: c\n    direction: both\n    steps: [trim, extract: {pattern: x}]"), @r"
    line 3, column 15: field /a: the field goes both ways, and constant has no way back: a constant comes from nowhere: mark it direction: forward, or choose what can be undone
    line 4, column 15: field /b: the field goes both ways, and template has no way back: a template cannot be taken apart: mark it direction: forward, or choose what can be undone
    line 8, column 19: field /c: the field goes both ways, and extract has no way back: it drops the rest of the text: mark it direction: forward, or choose what can be undone
    ");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: a, direction: both, steps: [lookup: {entity: o, field: name}]}"), @"line 3, column 53: field /a: the field goes both ways, and lookup has no way back: it does not say which field repeats the key, with key, or by: mark it direction: forward, or choose what can be undone");
    assert_snapshot!(problems("version: 1\ndirection: both\nfields:\n  - {host: a, provider: a, steps: [datetime: {host: '%Y'}]}", Format::Yaml), @"line 4, column 36: field /a: the field goes both ways, and datetime has no way back: the host's format keeps only a part of the moment: mark it direction: forward, or choose what can be undone");
}

#[test]
fn two_fields_onto_one_target_and_cycles() {
    assert_snapshot!(in_yaml("\n  - {host: a, provider: x}\n  - {host: a, provider: y}"), @"line 4, column 6: field /a: two fields are written to /a of the host's record: keep one of them, or give one the other's source as or");
    assert_snapshot!(in_yaml("\n  - {host: /a/b, provider: x}\n  - {host: a, provider: y}"), @"line 4, column 6: field /a: two fields are written to /a/b of the host's record: keep one of them, or give one the other's source as or");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: x}\n  - {host: b, provider: /x/y}"), @"line 4, column 15: field /b: two fields are written to /x/y of the provider's record, this and /a: mark one of them direction: forward");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: x}\n  - {host: b, provider: x, direction: forward}"), @"sound");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: x, or: [provider: y], direction: both}\n  - {host: b, provider: y, or: [provider: x], direction: both}"), @"line 3, column 28: field /a: a cycle: /a and /b fall back on what the others write: mark one of them direction: forward");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: x, or: [provider: /y/z], direction: both}\n  - {host: b, provider: y}"), @"line 3, column 28: field /a: it falls back on /y/z, of which /b writes a part: mark it direction: forward");
}

#[test]
fn sources_and_steps_that_do_not_fit() {
    assert_snapshot!(in_yaml("\n  - {host: a}\n  - {host: b, provider: b, constant: 1}\n  - {provider: c}\n  - {host: /d/0, provider: d}"), @r"
    line 3, column 5: field /a: the field has no source: give it exactly one of provider, several, constant, given, template
    line 4, column 28: field /b: the field has provider and constant for its source: give it exactly one of provider, several, constant, given, template
    line 5, column 5: field /c: the field does not say where it stands in the host's record: say host, or direction: backward for what is only written to the provider
    line 6, column 6: field /d/0: a field of the host's record is no item of a list: make a list with several, wrap or split
    ");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: a, steps: [split: {separator: ','}, trim]}"), @"line 3, column 61: field /a: trim cannot take what split makes: a list");
    assert_snapshot!(in_yaml("\n  - {host: a, provider: a, steps: [table: {entries: [[1, a], ['1', b]]}]}"), @r#"line 3, column 44: field /a: the table lists "1" twice"#);
    assert_snapshot!(in_yaml("\n  - {host: a, provider: a, steps: [lookup: {entity: o, field: x}, lookup: {entity: p, field: y}]}"), @"line 3, column 67: field /a: a source has one look-up, because all are resolved at once: map the other entity first, and look the result up there");
    assert_snapshot!(in_yaml(" []"), @"line 2, column 1: the mapping has no fields: name at least one field of the host's record");
}

#[test]
fn templates_that_reach_outside() {
    let template = |text: &str| in_yaml(&format!("\n  - host: a\n    template: \"{text}\""));
    assert_snapshot!(template("{{ env.HOME }}"), @r#"line 4, column 5: field /a: the template asks for "env", and a mapping sees only the record: hand the value in, and name it given.NAME"#);
    assert_snapshot!(template("{{ env('HOME') }}"), @r#"line 4, column 5: field /a: the template calls "env", and there are no functions: a mapping sees only the record: hand the value in, and name it given.NAME"#);
    assert_snapshot!(template("{{ x.upper() }}"), @r#"line 4, column 5: field /a: the template calls "upper", and there are no functions: a mapping sees only the record: hand the value in, and name it given.NAME"#);
    assert_snapshot!(template("{% include 'x' %}"), @r#"line 4, column 5: field /a: the template cannot be read: unknown statement include"#);
    assert_snapshot!(template("{% set x = 1 %}"), @r#"line 4, column 5: field /a: "set" is not allowed in a template: use if, for, and what stands in double braces"#);
    assert_snapshot!(template("{% for x in [a, a] %}{% endfor %}"), @"line 4, column 5: field /a: a loop of a template goes over a field, and nothing else");
    assert_snapshot!(template("{{ x * 1000000000 }}"), @r#"line 4, column 5: field /a: "*" is not allowed in a template: write values one after another, and count with steps"#);
    assert_snapshot!(template("{{ x|uper }}"), @r#"line 4, column 5: field /a: the filter "uper" is not known: did you mean "upper"?"#);
    assert_snapshot!(template("{{ x "), @"line 4, column 5: field /a: the template cannot be read: unexpected end of input, expected end of variable block");
    assert_snapshot!(template("{% if a is defined and (b) %}{{ c|default('(') }}{% endif %}"), @"sound");
}

#[test]
fn files_that_are_not_of_their_format() {
    assert_snapshot!(problems("version: 1\nfields: [", Format::Yaml), @"line 3, column 1: this is not valid YAML: while parsing a node, did not find expected node content");
    assert_snapshot!(problems("version: 1\nversion: 1", Format::Yaml), @r#"line 2, column 1: this is not valid YAML: the name "version" stands twice in one object"#);
    assert_snapshot!(problems("a: &x 1\nb: *x", Format::Yaml), @"line 2, column 4: this is not valid YAML: aliases are not read, so write the value out");
    assert_snapshot!(problems("version = 1\nfields = [\n", Format::Toml), @"line 2, column 11: this is not valid TOML: unclosed array, expected `]`");
    assert_snapshot!(problems("{\"version\": 1,\n \"å\": }", Format::Json), @"line 2, column 7: this is not valid JSON: expected value");
    assert_snapshot!(problems("", Format::Yaml), @"this is not valid YAML: it is empty");
    assert_snapshot!(problems("- 1", Format::Yaml), @"line 1, column 1: here stands a list, and should stand an object");
    assert_snapshot!(problems("version: 2\nfields: {}", Format::Yaml), @"line 1, column 10: the mapping is written in a version that is not known: this version of the crate reads version 1");
    assert_snapshot!(problems("fields: []", Format::Yaml), @"line 1, column 1: the mapping does not say its version: begin it with version: 1");
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert_snapshot!(problems(&deep, Format::Json), @"line 1, column 66: this is not valid JSON: it is nested too deep");
    assert_snapshot!(problems(&deep, Format::Yaml), @"line 1, column 65: this is not valid YAML: it is nested too deep");
}

#[test]
fn a_plan_without_a_file_names_its_field() {
    let plan = Mapping::new()
        .field(
            "a",
            Source::path("/a").step(Step::Datetime(tieline_mapping::Datetime {
                zone: Some("Mars".into()),
                ..Default::default()
            })),
        )
        .field("b", Source::default());
    assert_snapshot!(plan.compile().unwrap_err(), @r#"the mapping: field /a: the zone "Mars" is not known: write an IANA name, such as Europe/Stockholm (config, more_problems=1)"#);
}

#[cfg(not(feature = "jq"))]
#[test]
fn a_filter_without_the_feature() {
    assert_snapshot!(in_yaml("\n  - {host: a, provider: a, steps: [jq: .b]}"), @"line 3, column 36: field /a: tieline-mapping was built without the feature jq: build it with the feature, or use other steps");
}
