//! What real records hold: values that cannot be read, may not be seen, or are written in several ways.

use insta::assert_snapshot;
use tieline_core::{Direction, FieldMapping as _, MappingContext, RawJson, RecordLookup};
use tieline_mapping::{Format, Mapping};

use crate::*;

fn plain(plan: &CompiledMapping, json: &str) -> String {
    mapped(plan, json, &MappingContext::default())
}

/// A record whose text no JSON parser accepted, as a lenient page walker may hand it on.
fn unchecked(plan: &CompiledMapping, json: &str) -> String {
    let record = Record::new("7", RawJson::from_checked(json));
    let mapped = plan.forward(&record, &MappingContext::default()).unwrap();
    let mut lines = vec![mapped.fields.map_or("left out".to_owned(), |fields| fields.to_string())];
    lines.extend(mapped.issues.iter().map(ToString::to_string));
    lines.join("\n")
}

#[test]
fn half_a_surrogate_is_an_issue_on_its_field() {
    let plan = fields(
        "
  - {host: copy, provider: title}
  - {host: trimmed, provider: title, steps: [trim], direction: forward}
  - {host: label, template: '{{ title }}!'}
  - {host: inside, provider: tags}
  - {host: nested, template: '{{ tags|join }}'}
  - {host: status, provider: status}
",
    );
    let json = r#"{"id":1,"title":"Hej \ud83d","tags":["a","\ude00"],"status":"open"}"#;
    let text = unchecked(&plan, json);
    assert_snapshot!(text, @r#"
    {"copy":null,"trimmed":null,"label":null,"inside":null,"nested":null,"status":"open"}
    /copy: the text holds half a surrogate pair, which is no character
    /trimmed: the text holds half a surrogate pair, which is no character
    /label: the text holds half a surrogate pair, which is no character
    /inside: the text holds half a surrogate pair, which is no character
    /nested: the text holds half a surrogate pair, which is no character
    "#);
    assert!(serde_json::from_str::<serde_json::Value>(text.lines().next().unwrap()).is_ok());
    assert!(
        unchecked(&plan, r#"{"title":"Hej \ud83d\ude00","status":"open"}"#)
            .starts_with(r#"{"copy":"Hej \ud83d\ude00","trimmed":"Hej 😀","label":"Hej 😀!""#)
    );
}

#[test]
fn what_is_no_json_or_stands_twice_is_an_issue_on_its_field() {
    let plan = fields(
        "
  - {host: id, provider: id}
  - {host: title, provider: title, steps: [trim]}
  - {host: label, template: '{{ title }}'}
  - {host: amount, provider: amount, steps: [decimal]}
  - {host: city, provider: /address/city}
",
    );
    assert_snapshot!(unchecked(&plan, r#"{"id":1,"title":"a","title":"b","amount":NaN,"address":{"city":"x","city":"y"},"id":2}"#), @r#"
    {"id":null,"title":null,"label":null,"amount":null,"city":null}
    /id: the field stands twice in the record, so its value is not known
    /title: the field stands twice in the record, so its value is not known
    /label: the field stands twice in the record, so its value is not known
    /amount: the value is no JSON
    /city: the field stands twice in the record, so its value is not known
    "#);
    assert_snapshot!(unchecked(&plan, r#"{"a\u0000b":-Infinity,"id":7.0,"x":{"x":1,"x":2},"title":"t"}"#), @r#"
    {"id":7.0,"title":"t","label":"t","amount":null,"city":null}
    "#);
    let broken = Record::new("7", RawJson::from_checked(r#"{"id":1"#));
    assert!(plan.forward(&broken, &MappingContext::default()).is_err());
}

const INVOICE: &str = "
version: 1
unseen: [API_NORIGHT]
fields:
  - {host: id, provider: DocumentNumber}
  - {host: name, provider: CustomerName}
  - {host: /address/city, provider: City, steps: [trim]}
  - {host: total, provider: Total, steps: [{decimal: {scale: 2}}]}
  - host: status
    provider: Cancelled
    steps: [boolean, {table: {entries: [[true, cancelled]], otherwise: 'null'}}]
    or:
      - {provider: Booked, steps: [boolean, {table: {entries: [[true, booked]], otherwise: 'null'}}]}
      - {constant: draft}
  - {host: lines, several: {fields: [A, B]}, direction: forward}
  - {host: label, template: '{{ CustomerName }}'}
exclude:
  - {provider: Type, values: [offer]}
";

#[test]
fn not_seen_is_not_a_value() {
    let plan = yaml(INVOICE);
    let no_right = r#"{"DocumentNumber":"7","CustomerName":" API_NORIGHT","City":"API_NORIGHT","Total":"API_NORIGHT","Cancelled":false,"Booked":"API_NORIGHT","A":1,"B":"API_NORIGHT","Type":"API_NORIGHT"}"#;
    let mapped = plan.forward(&record(no_right), &MappingContext::default()).unwrap();
    assert_eq!(mapped.issues, []);
    let unseen: Vec<&str> = mapped.unseen.iter().map(|path| path.as_str()).collect();
    assert_eq!(unseen, ["/name", "/address/city", "/total", "/status", "/lines", "/label"]);
    let fields = mapped.fields.clone().unwrap();
    assert_eq!(
        fields.get(),
        r#"{"id":"7","name":null,"address":{"city":null},"total":null,"status":null,"lines":null,"label":null}"#
    );

    // A row that is there keeps what it has.
    let row = RawJson::parse(r#"{"id":"6","name":"Ada","address":{"city":"Gävle"},"total":1.50,"status":"booked","lines":[1],"label":"Ada"}"#).unwrap();
    let settled = plan.settle(mapped, Some(&row)).unwrap();
    let kept = settled.fields.unwrap();
    assert_eq!(
        kept.get(),
        r#"{"id":"7","name":"Ada","address":{"city":"Gävle"},"total":1.50,"status":"booked","lines":[1],"label":"Ada"}"#
    );

    // And nothing is written over what cannot be seen.
    assert_eq!(back(&plan, fields.get(), Some(no_right)), "");
    assert_eq!(back(&plan, &kept.get().replace("Ada", "Bo"), Some(no_right)), "");
}

#[test]
fn a_value_that_cannot_be_read_is_not_replaced_by_a_fallback() {
    let plan = yaml(INVOICE);
    let status = |booked: &str| {
        plain(&plan, &format!(r#"{{"Cancelled":false,"Booked":{booked},"CustomerName":"x"}}"#))
    };
    assert!(status("false").contains(r#""status":"draft""#));
    assert!(status("null").contains(r#""status":"draft""#));
    assert!(status(r#""maybe""#).contains(r#""status":null"#), "{}", status(r#""maybe""#));
    // What is missing is.
    let plan = fields("\n  - {host: n, template: '{{ first }}', or: [{provider: name}]}");
    assert!(plain(&plan, r#"{"name":"Ada"}"#).starts_with(r#"{"n":"Ada"}"#));
}

#[test]
fn create_means_create() {
    let plan = fields(
        "\n  - {host: id, provider: id}\n  - {host: name, provider: nmae, required: [create]}\n  - {host: c, provider: c, required: [update]}",
    );
    let given = MappingContext::default();
    let mapped = |json: &str| plan.forward(&record(json), &given).unwrap();
    let settled = |json: &str, row: Option<&str>| {
        let row = row.map(|row| RawJson::parse(row).unwrap());
        let settled = plan.settle(mapped(json), row.as_ref()).unwrap();
        let issues: Vec<String> = settled.issues.iter().map(ToString::to_string).collect();
        format!(
            "{} {}",
            settled.fields.map_or("none".to_owned(), |fields| fields.to_string()),
            issues.join("; ")
        )
    };
    assert_eq!(
        settled(r#"{"id":1,"c":1}"#, None),
        "none /name (left out): a field that a new record needs is null"
    );
    assert_eq!(
        settled(r#"{"id":1,"c":1}"#, Some(r#"{"id":1,"name":"a"}"#)),
        r#"{"id":1,"name":null,"c":1} "#
    );
    assert_eq!(
        settled(r#"{"id":2}"#, Some(r#"{"id":1,"name":"a"}"#)),
        r#"{"id":1,"name":"a"} /c: a field that a change needs is null, so the row stays as it was"#
    );
}

#[test]
fn null_can_be_excluded_and_the_old_word_is_refused() {
    let plan = yaml(
        "version: 1\nfields: [{host: a, provider: a}]\nexclude: [{provider: s, values: [null, 7, förlorad]}]",
    );
    for (json, out) in [
        (r#"{"a":1}"#, true),
        (r#"{"a":1,"s":null}"#, true),
        (r#"{"a":1,"s":7.0}"#, true),
        ("{\"a\":1,\"s\":\"fo\u{308}rlorad\u{200b} \"}", true),
        (r#"{"a":1,"s":"7"}"#, true),
        (r#"{"a":1,"s":8}"#, false),
        (r#"{"a":1,"s":""}"#, false),
    ] {
        assert_eq!(plain(&plan, json) == "left out", out, "{json}");
    }
    let old = Mapping::check("version: 1\nfields: [{host: a, provider: a}]\nleave_out: []", Format::Yaml);
    assert_eq!(
        old.first().unwrap().to_string(),
        "line 3, column 12: leave_out is called exclude: write exclude"
    );
}

#[test]
fn tables_and_trim_see_what_people_see() {
    let plan = fields(
        "\n  - {host: s, provider: s, steps: [{table: {entries: {förhandling: neg, 'Stor kund': big, '7': seven}}}]}\n  - {host: t, provider: s, steps: [text, trim], direction: forward}",
    );
    for (value, expected) in [
        ("\"fo\u{308}rhandling\"", "\"neg\""),
        ("\"förhandling\u{200b}\"", "\"neg\""),
        ("\"\u{feff}Stor\u{a0}kund\"", "\"big\""),
        ("7.0", "\"seven\""),
    ] {
        let text = plain(&plan, &format!(r#"{{"s":{value}}}"#));
        assert!(text.starts_with(&format!(r#"{{"s":{expected},"#)), "{value}: {text}");
    }
    assert!(plain(&plan, "{\"s\":\"\u{2060}a@b.se\u{200b}\u{a0}\"}").contains(r#""t":"a@b.se""#));
}

#[test]
fn look_ups_find_addresses_whatever_their_case_and_say_when_two_match() {
    let plan = fields(
        "\n  - {host: owner, provider: mail, steps: [{lookup: {entity: users, by: email, field: id}}]}",
    );
    let one = record("{\"mail\":\"\u{feff}Ada@Example.com\u{200b}\"}");
    let needs = plan.needs(Direction::Forward, &one);
    assert_eq!(needs.iter().map(|need| need.key.as_str()).collect::<Vec<_>>(), ["ada@example.com"]);
    let mut given = MappingContext::default();
    let need: &RecordLookup = &needs[0];
    given.add_found(need, RawJson::parse("7").unwrap());
    assert_eq!(plan.forward(&one, &given).unwrap().fields.unwrap().get(), r#"{"owner":7}"#);
    given.add_found(need, RawJson::parse("8").unwrap());
    given.add_found(need, RawJson::parse("9").unwrap());
    let mapped = plan.forward(&one, &given).unwrap();
    assert_eq!(mapped.fields.unwrap().get(), r#"{"owner":null}"#);
    let issue = mapped.issues[0].to_string();
    assert_eq!(issue, "/owner: several records of users with that /email were found, so /id is not known");
    // What no record has is nobody's content.
    let lost = plan.forward(&one, &MappingContext::default()).unwrap().issues[0].to_string();
    assert!(!lost.to_lowercase().contains("ada"), "{lost}");
    let by_key = fields("\n  - {host: o, provider: o, steps: [{lookup: {entity: orgs, field: name}}]}");
    assert_eq!(by_key.needs(Direction::Forward, &record(r#"{"o":7.0}"#))[0].key.as_str(), "7");
    assert!(!plain(&by_key, r#"{"o":"CANARY"}"#).contains("CANARY"));
}

#[test]
fn an_edit_keeps_the_providers_types() {
    let cases = [
        ("join: {separator: ', '}", "[1,2]", r#""1, 3""#, "[1,3]"),
        ("join: {separator: ', '}", r#"["1","2"]"#, r#""1, 3""#, r#"["1","3"]"#),
        ("join: {separator: ', '}", "[1,2.50]", r#""2.50""#, "[2.50]"),
        ("text", "42", r#""43""#, "43"),
        ("text", "true", r#""false""#, "false"),
        ("integer", r#""007""#, "8", r#""008""#),
        ("integer", r#""7""#, "8", r#""8""#),
        ("integer: {provider: text}", "7", "8", "8"),
        ("decimal: {scale: 2}", r#""1.50""#, "2.50", r#""2.50""#),
        ("minor_units", r#""150""#, "2.50", r#""250""#),
        (
            "datetime: {provider: epoch_seconds}",
            r#""1795188000""#,
            r#""2026-11-20T15:20:01Z""#,
            r#""1795188001""#,
        ),
    ];
    for (step, now, wanted, expected) in cases {
        let plan = fields(&format!("\n  - {{host: x, provider: x, steps: [{step}]}}"));
        let current = format!(r#"{{"x":{now}}}"#);
        let written = back(&plan, &format!(r#"{{"x":{wanted}}}"#), Some(&current));
        assert_eq!(written, format!("/x = {expected}"), "{step} over {now}");
    }
}

fn one(steps: &str, values: &[&str]) -> String {
    let plan = fields(&format!("\n  - {{host: x, provider: x, direction: forward, steps: [{steps}]}}"));
    let lines = values.iter().map(|value| {
        let text = plain(&plan, &format!(r#"{{"x":{value}}}"#));
        format!("{value} -> {}", text.replace(r#"{"x":"#, "").replacen('}', "", 1).replace('\n', " "))
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn years_are_whole_and_near() {
    let values = [r#""05.03.24""#, r#""5.3.2024""#, r#""05.03.20245""#, r#""05.03.1024""#, r#""05.03.0000""#];
    assert_snapshot!(one("date: {provider: '%d.%m.%Y'}", &values), @r#"
    "05.03.24" -> null /x: the text is no date written as %d.%m.%Y
    "5.3.2024" -> "2024-03-05"
    "05.03.20245" -> null /x: the text is no date written as %d.%m.%Y
    "05.03.1024" -> null /x: the year is outside 1900 to 2200: name others with years
    "05.03.0000" -> null /x: the year is outside 1900 to 2200: name others with years
    "#);
    assert_snapshot!(one("date", &[r#""0001-01-01""#, r#""9999-12-31""#, r#""1899-12-31""#, r#""1900-01-01""#]), @r#"
    "0001-01-01" -> null /x: the year is outside 1900 to 2200: name others with years
    "9999-12-31" -> null /x: the year is outside 1900 to 2200: name others with years
    "1899-12-31" -> null /x: the year is outside 1900 to 2200: name others with years
    "1900-01-01" -> "1900-01-01"
    "#);
    assert_snapshot!(one("date: {years: [0, 9999]}", &[r#""0001-01-01""#, r#""9999-12-31""#]), @r#"
    "0001-01-01" -> "0001-01-01"
    "9999-12-31" -> "9999-12-31"
    "#);
    assert_snapshot!(one("date: {provider: '%d.%m.%y'}", &[r#""05.03.69""#, r#""05.03.70""#, r#""01.01.48""#, r#""05.03.2024""#]), @r#"
    "05.03.69" -> "2069-03-05"
    "05.03.70" -> "1970-03-05"
    "01.01.48" -> "2048-01-01"
    "05.03.2024" -> null /x: the text is no date written as %d.%m.%y
    "#);
}

#[test]
fn seconds_are_of_a_clock_and_epochs_of_a_unit() {
    assert_snapshot!(one("time: {provider: '%H.%M.%S'}", &[r#""23.59.60""#, r#""23:59:60""#, r#""23.59.59""#]), @r#"
    "23.59.60" -> null /x: the text is no time written as %H.%M.%S
    "23:59:60" -> null /x: the text is no time written as %H.%M.%S
    "23.59.59" -> "23:59:59"
    "#);
    let values = [
        r#""2016-12-31T23:59:60Z""#,
        r#""2026-11-20T15:17:16.000+0000""#,
        r#""2026-11-20T15:17:16+00""#,
        r#""2026-11-20t15:17:16z""#,
        r#""20261120T151716Z""#,
        r#""2026-11-20T15:17:16,123Z""#,
        r#""2026-W47-5""#,
        r#""0026-11-20T15:17:16Z""#,
        "1795188000",
    ];
    assert_snapshot!(one("datetime", &values), @r#"
    "2016-12-31T23:59:60Z" -> null /x: the text names a leap second
    "2026-11-20T15:17:16.000+0000" -> "2026-11-20T15:17:16Z"
    "2026-11-20T15:17:16+00" -> "2026-11-20T15:17:16Z"
    "2026-11-20t15:17:16z" -> "2026-11-20T15:17:16Z"
    "20261120T151716Z" -> null /x: the text is no moment in RFC 3339
    "2026-11-20T15:17:16,123Z" -> null /x: the text is no moment in RFC 3339
    "2026-W47-5" -> null /x: the text is no moment in RFC 3339
    "0026-11-20T15:17:16Z" -> null /x: the year is outside 1900 to 2200: name others with years
    1795188000 -> null /x: datetime takes a text, and this is a number
    "#);
    assert_snapshot!(one("datetime: {provider: '%s'}", &[r#""1795188000""#, r#""1795188000123""#]), @r#"
    "1795188000" -> "2026-11-20T15:20:00Z"
    "1795188000123" -> null /x: the year is outside 1900 to 2200: name others with years
    "#);
    assert_snapshot!(one("datetime: {provider: '%s%.f'}", &[r#""1795188000.25""#]), @r#""1795188000.25" -> "2026-11-20T15:20:00.250Z""#);
    assert_snapshot!(one("datetime: {provider: epoch_milliseconds}", &["1795188000123", r#""1795188000123""#, "1795188000", "1.5e12", "-1", r#""x""#]), @r#"
    1795188000123 -> "2026-11-20T15:20:00.123Z"
    "1795188000123" -> "2026-11-20T15:20:00.123Z"
    1795188000 -> "1970-01-21T18:39:48Z"
    1.5e12 -> "2017-07-14T02:40:00Z"
    -1 -> "1969-12-31T23:59:59.999Z"
    "x" -> null /x: the value is no number since 1970
    "#);
    assert_snapshot!(one("datetime: {provider: '%Y-%m-%d %H:%M:%S'}", &[r#""24-11-20 15:17:16""#, r#""2026-11-20 15:17:60""#]), @r#"
    "24-11-20 15:17:16" -> null /x: the text is no moment written as %Y-%m-%d %H:%M:%S
    "2026-11-20 15:17:60" -> null /x: the text is no moment written as %Y-%m-%d %H:%M:%S
    "#);
}

#[test]
fn numbers_of_a_template_are_numbers() {
    let case = |condition: &str, json: &str| {
        let plan = fields(&format!(
            "\n  - {{host: x, template: '{{% if {condition} %}}yes{{% else %}}no{{% endif %}}'}}"
        ));
        let text = plain(&plan, json);
        text.strip_prefix(r#"{"x":"#).unwrap().replacen('}', "", 1).replace('\n', " ")
    };
    for (condition, json, expected) in [
        ("value > 1000", r#"{"value":999}"#, "no"),
        ("value > 1000", r#"{"value":999.5}"#, "no"),
        ("value > 1000", r#"{"value":1e2}"#, "no"),
        ("value > 1000", r#"{"value":-5.5}"#, "no"),
        ("value > 1000", r#"{"value":1000.0}"#, "no"),
        ("value > 1000", r#"{"value":1000.01}"#, "yes"),
        ("value > 1000", r#"{"value":9223372036854775808}"#, "yes"),
        ("value >= 1000 and value < 2000.5", r#"{"value":1000.0}"#, "yes"),
        ("9.5 < 10.5", "{}", "yes"),
        ("a < b", r#"{"a":9.5,"b":10.5}"#, "yes"),
        ("value == 1.5", r#"{"value":1.50}"#, "yes"),
        ("value != 1.5", r#"{"value":1.50}"#, "no"),
        ("value", r#"{"value":0.0}"#, "no"),
        ("value", r#"{"value":0.10}"#, "yes"),
        ("not (value > -3)", r#"{"value":-3.5}"#, "yes"),
        ("value in [1, 2.5]", r#"{"value":2.50}"#, "yes"),
        ("status not in [\"open\", \"won\"]", r#"{"status":"lost"}"#, "yes"),
        ("status == \"open\"", r#"{"status":null}"#, "no"),
        ("(a or b) == true", r#"{"a":true,"b":false}"#, "yes"),
        ("items|length > 1", r#"{"items":[1,2]}"#, "yes"),
        ("o.x > 1", r#"{"o":{"x":1.5}}"#, "yes"),
        ("a > \"b\"", r#"{"a":"c"}"#, "yes"),
        ("value is defined and value > 1", r#"{"value":2.0}"#, "yes"),
    ] {
        assert_eq!(case(condition, json), format!("\"{expected}\""), "{condition} over {json}");
    }
    let unlike = "null /x: the template compares values of different types, such as a text with a number";
    assert_eq!(case("value > 1000", r#"{"value":"999"}"#), unlike);
    assert_eq!(case("value == 1", r#"{"value":"1"}"#), unlike);
    let missing = "null /x: the template uses a field that is null or not there";
    assert_eq!(case("value > 1000", "{}"), missing);
    for refused in ["a < b < c", "a - 1", "a / 2", "a % 2", "1.1234567890123456 < a"] {
        let plan = format!("version: 1\nfields: [{{host: x, template: '{{{{ {refused} }}}}'}}]");
        assert!(!Mapping::check(&plan, Format::Yaml).is_empty(), "{refused}");
    }
}

#[test]
fn a_template_prints_as_json_and_never_what_is_missing() {
    let print = |template: &str, json: &str| {
        plain(&fields(&format!("\n  - {{host: x, template: '{template}'}}")), json)
    };
    for (template, json, expected) in [
        ("aktiv: {{ active }}", r#"{"active":true}"#, "aktiv: true"),
        ("{{ flags|join(\", \") }}", r#"{"flags":[true,false]}"#, "true, false"),
        ("{{ obj }}", r#"{"obj":{"b":null,"a":true,"c":1.50}}"#, r#"{\"b\":null,\"a\":true,\"c\":1.50}"#),
        ("{{ n }} {{ m }}", r#"{"n":1e2,"m":-0.50}"#, "1e2 -0.50"),
        ("{{ active|upper }}", r#"{"active":false}"#, "FALSE"),
        ("{{ x|default(\"-\") }}", r#"{"x":null}"#, "-"),
        ("{{ x|default(\"-\") }}", r#"{"x":""}"#, ""),
        ("{{- a -}} b", r#"{"a":1}"#, "1b"),
        ("{{ \"a\" if a > 1.5 else \"b\" }}", r#"{"a":1.6}"#, "a"),
    ] {
        assert_eq!(print(template, json), format!(r#"{{"x":"{expected}"}}"#), "{template}");
    }
    let missing = "{\"x\":null}\n/x: the template uses a field that is null or not there";
    for (template, json) in [
        ("{{ x }}", "{}"),
        ("{{ x }}", r#"{"x":null}"#),
        ("{{ x.y }}", r#"{"x":{"y":null}}"#),
        ("{{ x|join(\",\") }}", r#"{"x":[null,"a"]}"#),
        ("{{ x|upper }}", "{}"),
        ("{{ x|first }}", r#"{"x":[]}"#),
        ("{% for y in x %}{{ y }}{% endfor %}", r#"{"x":[1,null]}"#),
        ("{{ none }}", "{}"),
    ] {
        assert_eq!(print(template, json), missing, "{template} over {json}");
    }
}
