//! The page parser, JSON Pointers and decimals, against `serde_json` and `f64`. The first line is the pointer and the
//! decimal, the rest the JSON.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rust_decimal::prelude::ToPrimitive;
use serde::de::IgnoredAny;
use serde_json::Value;
use tieline_core::{ErrorKind, RawJson, exact, json};
use tieline_kit::{HeadKey, Records, parse_page};

#[derive(serde::Deserialize)]
struct Head {
    #[serde(default)]
    id: HeadKey,
}

fuzz_target!(|text: &str| {
    let (line, text) = text.split_once('\n').unwrap_or((text, ""));
    decimals(line);
    let value: Option<Value> = serde_json::from_str(text).ok();
    pointers(line, text, value.as_ref());
    pages(text, value.as_ref());
});

fn decimals(text: &str) {
    let Ok(decimal) = exact::decimal(text) else { return };
    assert_eq!(exact::decimal(&decimal.to_string()).unwrap(), decimal);
    if let Ok(float) = text.parse::<f64>() {
        let ours = decimal.to_f64().unwrap();
        assert!((ours - float).abs() <= float.abs() * 1e-12, "{text} became {decimal}");
    }
}

fn pointers(pointer: &str, text: &str, value: Option<&Value>) {
    match (json::at(text, pointer), value) {
        (Ok(Some(raw)), Some(value)) => {
            let found: Value = serde_json::from_str(raw.get()).unwrap();
            assert_eq!(Some(&found), value.pointer(pointer));
        }
        (Ok(None), Some(value)) => assert_eq!(value.pointer(pointer), None),
        (Err(error), Some(_)) => assert_eq!(error.kind(), ErrorKind::Config, "{error}"),
        (_, None) => {}
    }
}

fn pages(text: &str, value: Option<&Value>) {
    for path in [&[][..], &["data"], &["data", "items"]] {
        let mut count = 0;
        let walked = parse_page(text, path, |head: Head, raw| {
            RawJson::parse(raw).unwrap();
            assert_ne!(head.id.0.as_ref().map(|key| key.as_str()), Some(""));
            count += 1;
            Ok(())
        });
        let Ok(envelope) = walked else { continue };
        if let Records::List(length) = envelope.records {
            assert_eq!(length, count);
        }
        let Some(value) = value else { continue };
        let list = path.iter().try_fold(value, |value, name| value.get(name)).and_then(Value::as_array);
        assert_eq!(list.map_or(0, Vec::len), count);
        let _ = envelope.member::<IgnoredAny>("next");
    }
}
