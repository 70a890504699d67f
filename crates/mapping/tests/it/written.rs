//! The three formats say the same, and a plan is data.

use tieline_core::FieldMapping;
use tieline_mapping::{Format, Mapping};

const YAML: &str = "
version: 1
name: deals
entity: deals
owner: provider
fields:
  - host: title
    provider: /title
    owner: host
    required: [create]
  - host: value
    provider: value
    steps: [decimal: {scale: 2, host: text}]
  - host: stage
    provider: status
    steps:
      - table:
          entries: {Ny: lead, Vunnen: won}
          otherwise: keep
  - host: rate
    constant: 12345678901234567.890
  - host: note
    provider: /custom_fields/a
    steps: [trim, null_if: ['']]
    or: [constant: none]
exclude:
  - provider: status
    values: [lost, 7, true]
";

const TOML: &str = r#"
version = 1
name = "deals"
entity = "deals"
owner = "provider"
exclude = [{ provider = "status", values = ["lost", 7, true] }]

[[fields]]
host = "title"
provider = "/title"
owner = "host"
required = ["create"]

[[fields]]
host = "value"
provider = "value"
steps = [{ decimal = { scale = 2, host = "text" } }]

[[fields]]
host = "stage"
provider = "status"
[[fields.steps]]
table.entries = { Ny = "lead", Vunnen = "won" }
table.otherwise = "keep"

[[fields]]
host = "rate"
constant = 12345678901234567.890

[[fields]]
host = "note"
provider = "/custom_fields/a"
steps = ["trim", { null_if = [""] }]
or = [{ constant = "none" }]
"#;

const JSON: &str = r#"{
  "version": 1, "name": "deals", "entity": "deals", "owner": "provider",
  "fields": [
    {"host": "title", "provider": "/title", "owner": "host", "required": ["create"]},
    {"host": "value", "provider": "value", "steps": [{"decimal": {"scale": 2, "host": "text"}}]},
    {"host": "stage", "provider": "status",
     "steps": [{"table": {"entries": {"Ny": "lead", "Vunnen": "won"}, "otherwise": "keep"}}]},
    {"host": "rate", "constant": 12345678901234567.890},
    {"host": "note", "provider": "/custom_fields/a", "steps": ["trim", {"null_if": [""]}], "or": [{"constant": "none"}]}
  ],
  "exclude": [{"provider": "status", "values": ["lost", 7, true]}]
}"#;

#[test]
fn the_formats_say_the_same() {
    let yaml = Mapping::parse(YAML, Format::Yaml).unwrap();
    assert_eq!(yaml, Mapping::parse(TOML, Format::Toml).unwrap());
    assert_eq!(yaml, Mapping::parse(JSON, Format::Json).unwrap());
    assert_eq!(yaml.fields[3].constant.as_ref().unwrap().get(), "12345678901234567.890");
}

#[test]
fn a_plan_is_data() {
    let plan = Mapping::parse(YAML, Format::Yaml).unwrap();
    let text = plan.to_json().unwrap();
    let again = Mapping::parse(&text, Format::Json).unwrap();
    assert_eq!(plan, again);
    assert_eq!(plan, serde_json::from_str(&text).unwrap(), "also for whoever keeps it with serde");
    assert_eq!(plan, Mapping::parse(&text, Format::Yaml).unwrap(), "JSON is YAML");
    let (one, other) = (plan.compile().unwrap(), again.named("another name").compile().unwrap());
    assert_eq!(one.fingerprint(), other.fingerprint());
    let changed =
        Mapping::parse(&YAML.replace("scale: 2", "scale: 3"), Format::Yaml).unwrap().compile().unwrap();
    assert_ne!(one.fingerprint(), changed.fingerprint());
}
