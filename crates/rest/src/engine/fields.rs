//! What a write sends: fields and changes as JSON texts, never through a number type.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPatch, FieldPath, Patch, RawJson, Result, json};

/// An object's members as they are written.
pub(crate) type Members = BTreeMap<String, String>;

/// The members of a JSON object.
///
/// # Errors
/// `Rejected` when it is none.
pub(crate) fn members(object: &str) -> Result<Members> {
    let members: BTreeMap<String, &RawValue> = serde_json::from_str(object)
        .map_err(|_| Error::new(ErrorKind::Rejected, "what is written must be a JSON object"))?;
    Ok(members.into_iter().map(|(name, raw)| (name, raw.get().to_owned())).collect())
}

/// The object of these members.
pub(crate) fn object(members: &Members) -> String {
    let mut out = String::from("{");
    for (index, (name, json)) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        out.push_str(&quoted(name));
        out.push(':');
        out.push_str(json);
    }
    out.push('}');
    out
}

/// A JSON object with the members of another over it, objects within objects member by member.
///
/// # Errors
/// `Rejected` when one of them is no object.
pub(crate) fn merged(below: &str, over: &str) -> Result<String> {
    let mut all = members(below)?;
    for (name, json) in members(over)? {
        let whole = match all.get(&name) {
            Some(own) if own.starts_with('{') && json.starts_with('{') => merged(own, &json)?,
            _ => json,
        };
        all.insert(name, whole);
    }
    Ok(object(&all))
}

pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether the patch can only be sent after the record was read.
pub(crate) fn needs_record(patch: &Patch) -> bool {
    patch.0.iter().any(|(_, change)| matches!(change, FieldPatch::Add(_) | FieldPatch::Remove(_)))
}

/// The changes as one object. Lists that are added to or taken from are those of the record as it is.
///
/// # Errors
/// `Rejected` for a change that this provider has no way to write.
pub(crate) fn changes(patch: &Patch, current: Option<&RawJson>, clear: &str) -> Result<String> {
    let mut tree = Tree::Object(BTreeMap::new());
    for (path, change) in &patch.0 {
        let json = match change {
            FieldPatch::Set(json) | FieldPatch::Raw(json) => json.get().to_owned(),
            FieldPatch::Clear => clear.to_owned(),
            FieldPatch::Add(json) => list(current, path, |items| {
                if !items.iter().any(|item| item == json.get()) {
                    items.push(json.get().to_owned());
                }
            })?,
            FieldPatch::Remove(json) => list(current, path, |items| items.retain(|item| item != json.get()))?,
            _ => return Err(Error::new(ErrorKind::Unsupported, "this change to a field is not known")),
        };
        let segments: Vec<String> = path
            .as_str()
            .split('/')
            .skip(1)
            .map(|segment| segment.replace("~1", "/").replace("~0", "~"))
            .collect();
        tree.put(&segments, json);
    }
    Ok(tree.write())
}

fn list(current: Option<&RawJson>, path: &FieldPath, edit: impl FnOnce(&mut Vec<String>)) -> Result<String> {
    let unreadable = || {
        Error::new(ErrorKind::Rejected, "a list is to be changed, and the record as it is cannot be read")
            .with_context("field", path)
    };
    let current = current.ok_or_else(unreadable)?;
    let mut items = match current.at(path.as_str()).map_err(|_| unreadable())? {
        None => Vec::new(),
        Some(raw) if raw.get() == "null" => Vec::new(),
        Some(raw) => {
            let items: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(|_| {
                Error::new(ErrorKind::Rejected, "the field is no list").with_context("field", path)
            })?;
            items.iter().map(|item| item.get().to_owned()).collect()
        }
    };
    edit(&mut items);
    Ok(format!("[{}]", items.join(",")))
}

enum Tree {
    Json(String),
    Object(BTreeMap<String, Tree>),
}

impl Tree {
    fn put(&mut self, segments: &[String], json: String) {
        let Some((first, rest)) = segments.split_first() else {
            *self = Self::Json(json);
            return;
        };
        if matches!(self, Self::Json(_)) {
            *self = Self::Object(BTreeMap::new());
        }
        if let Self::Object(members) = self {
            members.entry(first.clone()).or_insert_with(|| Self::Object(BTreeMap::new())).put(rest, json);
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Json(json) => json.clone(),
            Self::Object(members) => {
                object(&members.iter().map(|(name, tree)| (name.clone(), tree.write())).collect())
            }
        }
    }
}

/// A member's value as a text.
pub(crate) fn text_at(object: &str, pointer: &str) -> Option<String> {
    let raw = json::at(object, pointer).ok().flatten()?;
    let is_scalar = !matches!(raw.get().as_bytes().first(), Some(b'{' | b'[' | b'n') | None);
    is_scalar.then(|| serde_json::from_str::<String>(raw.get()).unwrap_or_else(|_| raw.get().to_owned()))
}
