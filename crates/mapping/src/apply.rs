//! What a patch makes of a record.

use serde_json::Value;
use serde_json::value::RawValue;
use tieline_core::{FieldPatch, FieldPath, Patch, RawJson, Record, Result};

use crate::paths;
use crate::value::{items, members_in_order, quote, same};

/// The record as a patch wants it, the way that a provider without rules of its own would write it: objects on the way
/// to a field are made where they are missing. Numbers keep every digit.
///
/// A `Raw` change is set like any other, because only the provider knows what it means. Fails with `Decode` when the
/// record's text is no JSON.
pub fn apply(patch: &Patch, record: &Record) -> Result<Record> {
    let mut text: RawJson = record.payload.clone();
    // Reads it once, so that what follows meets valid JSON only.
    text.view::<&RawValue>()?;
    for (path, change) in &patch.0 {
        let segments: Vec<String> = paths::segments(path).collect();
        let now = text.at(path.as_str())?.map(RawValue::get).unwrap_or("null").to_owned();
        let value = match change {
            FieldPatch::Set(value) | FieldPatch::Raw(value) => value.get().to_owned(),
            FieldPatch::Add(item) => with_item(&now, item.get()),
            FieldPatch::Remove(item) => without_item(&now, item.get()),
            // Clear, and what a later version may bring.
            _ => "null".to_owned(),
        };
        text = RawJson::from_checked(&set(text.get(), &segments, &value));
    }
    let mut record = record.clone();
    record.payload = text;
    Ok(record)
}

/// Fields with a row's values at some paths.
pub(crate) fn keep(fields: &RawJson, paths: &[FieldPath], row: &RawJson) -> Result<RawJson> {
    let mut text = fields.clone();
    for path in paths {
        if let Some(value) = row.at(path.as_str())? {
            let segments: Vec<String> = paths::segments(path).collect();
            text = RawJson::from_checked(&set(text.get(), &segments, value.get()));
        }
    }
    Ok(text)
}

fn with_item(list: &str, item: &str) -> String {
    let mut kept = items(list).unwrap_or_default();
    if !kept.iter().any(|known| same(known, item)) {
        kept.push(item);
    }
    format!("[{}]", kept.join(","))
}

fn without_item(list: &str, item: &str) -> String {
    let mut kept = items(list).unwrap_or_default();
    kept.retain(|known| !same(known, item));
    format!("[{}]", kept.join(","))
}

/// The text with a value at a path; what is no object or list on the way gives way to one.
fn set(text: &str, segments: &[String], value: &str) -> String {
    let Some((first, rest)) = segments.split_first() else { return value.to_owned() };
    if let (Some(index), Some(items)) = (paths::index(first), items(text)) {
        let mut items: Vec<String> = items.into_iter().map(str::to_owned).collect();
        // Bounded by the paths that a mapping may write.
        while items.len() <= index.min(999) {
            items.push("null".to_owned());
        }
        if let Some(item) = items.get_mut(index) {
            *item = set(item, rest, value);
        }
        return format!("[{}]", items.join(","));
    }
    let members = members_in_order(text).unwrap_or_default();
    let mut out = String::from("{");
    let mut member = |name: &str, value: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        quote(name, &mut out);
        out.push(':');
        out.push_str(value);
    };
    // The last of a name stands.
    let last = members.iter().rposition(|(name, _)| name == first);
    for (index, (name, now)) in members.iter().enumerate() {
        match last {
            Some(last) if last == index => member(name, &set(now, rest, value)),
            _ if name == first => {}
            _ => member(name, now),
        }
    }
    if last.is_none() {
        member(first, &set("null", rest, value));
    }
    out.push('}');
    out
}

/// A record of these fields: a patch for a new record, as its create wants them.
pub fn new_record(patch: &Patch) -> Result<RawJson> {
    let empty = Record::new("", RawJson::of(&Value::Object(serde_json::Map::new()))?);
    let set = patch.0.iter().filter(|(_, change)| matches!(change, FieldPatch::Set(_) | FieldPatch::Raw(_)));
    let set: Vec<(FieldPath, FieldPatch)> = set.cloned().collect();
    Ok(apply(&Patch(set), &empty)?.payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(record: &str, changes: &[(&str, FieldPatch)]) -> String {
        let changes =
            changes.iter().map(|(path, change)| (FieldPath::parse(path).unwrap(), change.clone())).collect();
        let record = Record::new("1", RawJson::parse(record).unwrap());
        apply(&Patch(changes), &record).unwrap().payload.to_string()
    }

    #[test]
    fn a_patch_changes_what_it_names_and_nothing_else() {
        let json = |text: &str| RawJson::parse(text).unwrap();
        let set = |text: &str| FieldPatch::Set(json(text));
        assert_eq!(applied(r#"{"a":1.10,"b":2}"#, &[("/b", set("3.00"))]), r#"{"a":1.10,"b":3.00}"#);
        assert_eq!(applied(r#"{"a":null}"#, &[("/a/b/c", set("1"))]), r#"{"a":{"b":{"c":1}}}"#);
        assert_eq!(
            applied(r#"{"a":[{"v":1}]}"#, &[("/a/0/v", set("2")), ("/a/2", set("3"))]),
            r#"{"a":[{"v":2},null,3]}"#
        );
        assert_eq!(applied(r#"{"a":1,"a":2}"#, &[("/a", set("3"))]), r#"{"a":3}"#);
        assert_eq!(applied(r#"{"a":7}"#, &[("/a", FieldPatch::Clear)]), r#"{"a":null}"#);
        let tags = [("/t", FieldPatch::Add(json("2"))), ("/t", FieldPatch::Remove(json("1.0")))];
        assert_eq!(applied(r#"{"t":[1]}"#, &tags), r#"{"t":[2]}"#);
        let patch =
            Patch(vec![(FieldPath::field("a"), set("1")), (FieldPath::field("b"), FieldPatch::Clear)]);
        assert_eq!(new_record(&patch).unwrap().get(), r#"{"a":1}"#);
    }
}
