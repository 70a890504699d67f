//! Descriptions that are written out and built, the JSON Schema, and the reference.

use std::path::Path;

use proptest::prelude::*;
use serde_json::{Value, json};
use tieline_document::{Format, Node};
use tieline_rest::{Description, EntityBuilder, Library, LoadOptions, reference, schema};

const FILES: [(&str, &str); 5] = [
    ("three-lines.yaml", include_str!("described/three-lines.yaml")),
    ("three-lines-more.yaml", include_str!("described/three-lines-more.yaml")),
    ("hubspot.yaml", include_str!("described/hubspot.yaml")),
    ("providers.yaml", include_str!("described/providers.yaml")),
    (
        "bases.yaml",
        "name: B\nurl: https://b.example\nentities:\n  customers: {base: odata4, key: id}\n  rows: {base: postgrest}\n",
    ),
];

fn load(name: &str, text: &str) -> Description {
    Description::load(name, text, Format::Yaml).unwrap_or_else(|findings| panic!("{findings}\n{text}"))
}

/// What an entity asks for, and what is shown of it.
fn meaning(description: &Description) -> String {
    let entities = description.entities.iter();
    let said =
        entities.map(|(name, entity)| format!("{}{:?}", description.explain(name).unwrap(), entity.walk));
    said.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_is_written_out_means_the_same() {
    for (name, text) in FILES {
        let description = load(name, text);
        let written = description.to_yaml();
        let again = load(name, &written);
        assert_eq!(again.to_yaml(), written, "{name}");
        assert_eq!(meaning(&again), meaning(&description), "{name}");
    }
    let library = Library::new().with("b", "b.yaml", FILES[4].1);
    let options = LoadOptions::new().with_library(library);
    let like = "like: b\nentities:\n  customers: {page_size: 7}\n";
    let description = Description::load_with("like.yaml", like, Format::Yaml, &options).unwrap();
    let written = description.to_yaml();
    assert!(!written.contains("like:") && !written.contains("base:"), "{written}");
    assert_eq!(meaning(&load("written.yaml", &written)), meaning(&description));
}

#[test]
fn a_description_is_built_and_checked_in_rust() {
    let bookings = EntityBuilder::list("/bookings?page=<page>&since=<since>")
        .with("records", "data")
        .with("key", json!(["parent.key", "id"]))
        .with("parent", "rooms")
        .with("changed", "at");
    let slip = Description::builder("Booking system", "https://api.booking.example/v1")
        .with("auth", "bearer")
        .with_limit("10 per 1s")
        .with_limit("2 at once")
        .with_entity("rooms", EntityBuilder::list("/rooms").with("key", "number"))
        .with_entity("bookings", bookings.clone());
    insta::assert_snapshot!(slip.clone().build().unwrap_err(), @r"
    description.yaml:11:13: no request uses <parent.key>, so every rooms would list the same: put <parent.key> or <parents> where the parent belongs
       11 |     parent: rooms
          |             ^
    ");
    let bookings = bookings.with("list", "/rooms/<parent.key>/bookings?page=<page>&since=<since>");
    let description = slip.with_entity("bookings", bookings).build();
    // A name that is given twice is an entity twice.
    assert!(description.unwrap_err().to_string().contains("stands twice in one object"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Written out and read again, a description of any settings is the same.
    #[test]
    fn a_built_description_is_written_and_read(
        page in prop_oneof![Just("page"), Just("offset"), Just("last.id"), Just("last.changed|since")],
        name in "[a-z][a-z_]{0,8}",
        segment in "[a-zA-Z0-9 _.~:@!$*+-]{1,10}",
        records in prop_oneof![Just(String::new()), "[ -~&&[^\\[?<.~]]{1,12}"]
            .prop_filter("a path of one star is refused", |records| records != "*"),
        size in 1_u32..5_000,
        overlap in 1_u32..90,
        values in prop::collection::vec("\\PC{0,8}", 1..3),
        text in "\\PC{0,20}",
    ) {
        let call = format!("/{}?p=<{page}>&size=<page_size>&since=<since:date>", segment.replace(['?', '#', '&'], ""));
        let entity = EntityBuilder::list(call)
            .with("records", records)
            .with("page_size", size)
            .with("overlap", format!("{overlap}m"))
            .with("changed", "at")
            .with("deleted_if", json!({ "/state": values }))
            .with("create", json!({ "call": "POST /x", "body": { "a": text.replace('<', "<<"), "b": "<record>" } }));
        let built = Description::builder("T", "https://t.example").with_entity(name, entity).build();
        prop_assert!(built.is_ok(), "{}", built.unwrap_err());
        let built = built.unwrap();
        let again = load("again.yaml", &built.to_yaml());
        prop_assert_eq!(again.to_yaml(), built.to_yaml());
        prop_assert_eq!(meaning(&again), meaning(&built));
    }
}

/// Whether a value is what a schema allows, as far as the schema of descriptions goes.
fn fits(whole: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        return fits(whole, &whole["$defs"][name.trim_start_matches("#/$defs/")], value, at);
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if let Some(condition) = schema["if"]["type"].as_str() {
        let branch = if condition == kind { "then" } else { "else" };
        return fits(whole, &schema[branch], value, at);
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_type = types.iter().any(|allowed| *allowed == kind || (*allowed == "integer" && kind == "number"));
    if !types.is_empty() && !is_type {
        return Err(format!("{at} is {kind}, not {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        return Err(format!("{at} is none of {words:?}"));
    }
    for (name, member) in value.as_object().into_iter().flatten() {
        let at = format!("{at}/{name}");
        match (&schema["properties"][name], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => return Err(format!("{at} is not known")),
            (Value::Null, Value::Null) => {}
            (Value::Null, more) => fits(whole, more, member, &at)?,
            (known, _) => fits(whole, known, member, &at)?,
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        fits(whole, &schema["items"], item, &format!("{at}/{index}"))?;
    }
    Ok(())
}

#[test]
fn the_schema_knows_every_example_and_refuses_a_slip() {
    let schema = schema();
    for (name, text) in FILES {
        let value: Value = serde_json::from_str(&Node::parse(text, Format::Yaml).unwrap().to_json()).unwrap();
        assert_eq!(fits(&schema, &schema, &value, ""), Ok(()), "{name}");
    }
    for (slip, said) in [
        (json!({ "entitys": {} }), "/entitys is not known"),
        (
            json!({ "entities": { "a": { "list": { "call": "/a", "recods": "x" } } } }),
            "/entities/a/list/recods is not known",
        ),
        (json!({ "entities": { "a": { "decode": "yaml" } } }), "/entities/a/decode is none of"),
    ] {
        let refused = fits(&schema, &schema, &slip, "").unwrap_err();
        assert!(refused.starts_with(said), "{refused}");
    }
    assert!(schema.to_string().len() < 128 << 10);
}

/// `docs/reference/describe.md` is what the language says today. TIELINE_WRITE_REFERENCE=1 writes it anew.
#[test]
fn the_reference_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/describe.md");
    if std::env::var_os("TIELINE_WRITE_REFERENCE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, reference()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == reference(),
        "write it anew: TIELINE_WRITE_REFERENCE=1 cargo test -p tieline-rest --test it reference"
    );
}
