//! Operations as JSON lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use tieline::{
    Error, ErrorKind, FieldPatch, FieldPath, Key, Operation, Patch, RawJson, Result, Text, WriteOp,
};

use crate::encoding;

/// One line, before it is known whether its members fit its operation.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    op: String,
    id: Option<String>,
    key: Option<KeyText>,
    fields: Option<RawJson>,
    marker: Option<String>,
    set: Option<BTreeMap<FieldPath, RawJson>>,
    clear: Option<BTreeSet<FieldPath>>,
    add: Option<BTreeMap<FieldPath, RawJson>>,
    remove: Option<BTreeMap<FieldPath, RawJson>>,
    raw: Option<BTreeMap<FieldPath, RawJson>>,
    if_version: Option<String>,
    action: Option<String>,
    input: Option<RawJson>,
}

/// A key as text; a number is taken by its digits, because many providers write keys so.
struct KeyText(Key);

impl<'de> Deserialize<'de> for KeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyKey;
        impl Visitor<'_> for AnyKey {
            type Value = KeyText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key: a text or a whole number")
            }

            fn visit_str<E>(self, text: &str) -> Result<KeyText, E> {
                Ok(KeyText(text.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<KeyText, E> {
                Ok(KeyText(number.into()))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<KeyText, E> {
                Ok(KeyText(number.into()))
            }
        }
        deserializer.deserialize_any(AnyKey)
    }
}

/// An operation, and whether its line gave it an id.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) operation: Operation,
    pub(crate) named: bool,
}

/// Reads the operation on a line. Fails with `Rejected` that says what is wrong with it.
pub(crate) fn parse(line: &[u8], number: u64) -> Result<Operation> {
    parse_named(line, number).map(|parsed| parsed.operation)
}

/// The same, and whether the line gave the operation an id.
pub(crate) fn parse_named(line: &[u8], number: u64) -> Result<Parsed> {
    let malformed = |why: String| {
        Error::new(ErrorKind::Rejected, format!("line {number} is no operation: {why}"))
            .with_advice("`tieline write --help` shows the operations; nothing was sent for this line")
    };
    // UTF-16 cut at its line ends begins with the second half of one, and after the last one there is nothing else.
    if encoding::is_utf16(line) || encoding::is_utf16(line.get(1..).unwrap_or_default()) || line == b"\0" {
        return Err(
            malformed(format!("standard input {}", encoding::UTF16)).with_advice(encoding::UTF16_ADVICE)
        );
    }
    let text = std::str::from_utf8(line).map_err(|_| malformed("it is not UTF-8".to_owned()))?;
    if !text.trim_start().starts_with('{') {
        return Err(malformed("it is not a JSON object".to_owned()));
    }
    let written: Written = serde_json::from_str(text).map_err(|error| malformed(without_line(&error)))?;
    let id = written.id.clone().unwrap_or_else(|| format!("line-{number}"));
    let named = written.id.is_some();
    let operation = written.operation().map(|op| Operation::new(id, op)).map_err(malformed)?;
    Ok(Parsed { operation, named })
}

/// The line is that of the input, not of the JSON text.
fn without_line(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        Some(what) => format!("{what} at column {}", error.column()),
        None => text,
    }
}

impl Written {
    fn operation(self) -> Result<WriteOp, String> {
        self.fits()?;
        let lacks = |name: &str| format!("{:?} needs a member {name:?}", self.op);
        match self.op.as_str() {
            "create" => {
                let fields = self.fields.ok_or_else(|| lacks("fields"))?;
                if !fields.get().trim_start().starts_with('{') {
                    return Err("\"fields\" is not an object".to_owned());
                }
                Ok(WriteOp::create(fields).with_marker(self.marker.map(Text::from)))
            }
            "update" => {
                let key = self.key.ok_or_else(|| lacks("key"))?.0;
                let mut patch = Vec::new();
                patch.extend(
                    self.set.into_iter().flatten().map(|(path, value)| (path, FieldPatch::Set(value))),
                );
                patch.extend(self.clear.into_iter().flatten().map(|path| (path, FieldPatch::Clear)));
                patch.extend(
                    self.add.into_iter().flatten().map(|(path, value)| (path, FieldPatch::Add(value))),
                );
                patch.extend(
                    self.remove.into_iter().flatten().map(|(path, value)| (path, FieldPatch::Remove(value))),
                );
                patch.extend(
                    self.raw.into_iter().flatten().map(|(path, value)| (path, FieldPatch::Raw(value))),
                );
                once_each(&patch)?;
                Ok(WriteOp::update(key, Patch(patch)).with_if_version(self.if_version.map(Text::from)))
            }
            "delete" => Ok(WriteOp::delete(self.key.ok_or_else(|| lacks("key"))?.0)),
            "invoke" => {
                let action = self.action.ok_or_else(|| lacks("action"))?;
                let input = match self.input {
                    Some(input) => input,
                    None => RawJson::from_checked("{}"),
                };
                Ok(WriteOp::invoke(action, input).with_key(self.key.map(|key| key.0)))
            }
            other => Err(format!("there is no \"op\" {other:?}, but create, update, delete and invoke")),
        }
    }

    /// A member that the operation does not take would be lost without a word.
    fn fits(&self) -> Result<(), String> {
        let taken: &[&str] = match self.op.as_str() {
            "create" => &["fields", "marker"],
            "update" => &["key", "set", "clear", "add", "remove", "raw", "if_version"],
            "delete" => &["key"],
            "invoke" => &["action", "key", "input"],
            _ => return Ok(()),
        };
        let given = [
            ("key", self.key.is_some()),
            ("fields", self.fields.is_some()),
            ("marker", self.marker.is_some()),
            ("set", self.set.is_some()),
            ("clear", self.clear.is_some()),
            ("add", self.add.is_some()),
            ("remove", self.remove.is_some()),
            ("raw", self.raw.is_some()),
            ("if_version", self.if_version.is_some()),
            ("action", self.action.is_some()),
            ("input", self.input.is_some()),
        ];
        match given.into_iter().find(|(name, given)| *given && !taken.contains(name)) {
            Some((name, _)) => Err(format!("{:?} takes no member {name:?}", self.op)),
            None => Ok(()),
        }
    }
}

/// Two changes to one field have no order among each other.
fn once_each(patch: &[(FieldPath, FieldPatch)]) -> Result<(), String> {
    let mut seen = BTreeSet::new();
    match patch.iter().find(|(path, _)| !seen.insert(path)) {
        Some((path, _)) => Err(format!("{path} is changed twice")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_keep_their_digits_and_their_order() {
        let create =
            parse(br#"{"op":"create","fields":{"value":12345678901234567.890},"marker":"m"}"#, 7).unwrap();
        let fields = RawJson::parse(r#"{"value":12345678901234567.890}"#).unwrap();
        assert_eq!(create, Operation::new("line-7", WriteOp::create(fields).with_marker(Some("m".into()))));

        let update = parse(
            br#"{"op":"update","id":"u","key":42,"set":{"/a":1.10},"clear":["/b"],"if_version":"3"}"#,
            1,
        )
        .unwrap();
        let patch = Patch(vec![
            (FieldPath::field("a"), FieldPatch::Set(RawJson::parse("1.10").unwrap())),
            (FieldPath::field("b"), FieldPatch::Clear),
        ]);
        let expected = WriteOp::update("42", patch).with_if_version(Some("3".into()));
        assert_eq!(update, Operation::new("u", expected));
    }

    #[test]
    fn what_is_no_operation_says_why() {
        let lines: [&[u8]; 14] = [
            b"",
            b"[]",
            b"{\"op\":\"create\"",
            b"\xff",
            br#"{"op":"destroy","key":"1"}"#,
            br#"{"op":"create"}"#,
            br#"{"op":"create","fields":[]}"#,
            br#"{"op":"create","fields":{},"key":"1"}"#,
            br#"{"op":"update","set":{"/a":1}}"#,
            br#"{"op":"update","key":"1","set":{"a":1}}"#,
            br#"{"op":"update","key":"1","set":{"/a":1},"clear":["/a"]}"#,
            br#"{"op":"delete","key":1.5}"#,
            br#"{"op":"delete","key":"1","feilds":{}}"#,
            br#"{"op":"invoke","key":"1"}"#,
        ];
        let messages: Vec<_> =
            lines.iter().map(|line| parse(line, 3).unwrap_err().message().to_owned()).collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
