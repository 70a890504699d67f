//! Paths to records and heads in any JSON, against JSON Pointers of `serde_json`. The first line is the path.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use tieline_kit::{JsonPath, PageLayout};

fuzz_target!(|text: &str| {
    let (path, text) = text.split_once('\n').unwrap_or(("", text));
    let Ok(path) = path.parse::<JsonPath>() else { return };
    assert_eq!(path.to_string().parse::<JsonPath>().unwrap(), path);
    let head: JsonPath = "id".parse().unwrap();
    let layout = PageLayout::new(&path).with_head(&head).unwrap();
    let mut records = 0;
    let page = layout.walk(text, |record| {
        records += 1;
        if record.fault().is_none() {
            // Well formed; a number may be larger than `Value` holds (`1e999`).
            let _: IgnoredAny = serde_json::from_str(record.text()).unwrap();
        }
        Ok(())
    });
    let value: Option<Value> = serde_json::from_str(text).ok();
    let (Ok(page), Some(value)) = (page, value) else { return };
    if path.has_each() {
        return;
    }
    if let (Some(Value::Array(items)), Ok(count)) = (value.pointer(&path.to_string()), page.count()) {
        assert_eq!((count, records), (items.len(), items.len()));
    }
});
