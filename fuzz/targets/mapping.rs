//! A plan and a record, one a line, both as JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value};
use tieline_core::{Direction, ErrorKind, FieldMapping, Given, RawJson, Record};
use tieline_mapping::Plan;

fuzz_target!(|text: &str| {
    let Some((plan, payload)) = text.split_once('\n') else { return };
    let Ok(plan) = serde_json::from_str::<Plan>(plan) else { return };
    let names: Vec<String> = plan.fields.iter().map(|field| field.to.clone()).collect();
    let mapping = match plan.compile() {
        Ok(mapping) => mapping,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Config, "{error}");
            return;
        }
    };
    let Ok(payload) = RawJson::parse(payload) else { return };
    let record = Record::new("1", payload);
    let mut given = Given::default();
    for need in mapping.needs(Direction::Forward, &record) {
        given.resolved.insert(need, RawJson::from_checked("\"resolved\""));
    }
    let Ok(mapped) = mapping.forward(&record, &given) else { return };
    assert_eq!(mapping.forward(&record, &given).unwrap(), mapped, "a mapping is pure");
    if let Some(fields) = mapped.fields {
        // Numbers beyond `f64` and halves of surrogate pairs are kept as they are, which `Value` cannot.
        if let Ok(fields) = fields.view::<Map<String, Value>>() {
            assert!(names.iter().all(|name| fields.contains_key(name)), "{fields:?}");
        }
    }
});
