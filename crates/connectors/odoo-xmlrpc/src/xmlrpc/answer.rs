//! Whole answers: rows, one value, or a fault.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::Value;
use tieline_core::{Key, RawJson, Record, Result};

use super::decode::Decoder;
use super::events::{SOMETHING_ELSE, Tag, Token};
use super::rules::{Course, FieldRule, FieldRules};

/// What a call gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<T> {
    /// What the method returned.
    Returned(T),
    /// The server refused or failed.
    Fault(Fault),
}

/// Why a server refused or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The code, a number as text, or a text at addresses before `/xmlrpc/2`.
    pub code: String,
    /// The message, or a whole traceback.
    pub text: String,
}

/// One record of a list, as JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The record, valid JSON.
    pub json: &'a str,
    key: &'a str,
    changed_at: &'a str,
}

impl<'a> Row<'a> {
    /// The key: a number or a text that is not empty.
    pub fn key(&self) -> Option<Key> {
        match self.key.bytes().next()? {
            b'"' => text_of(self.key).filter(|key| !key.is_empty()).map(|key| Key::new(key.as_ref())),
            b'0'..=b'9' | b'-' => Some(Key::new(self.key)),
            _ => None,
        }
    }

    /// The time of change as the server wrote it, when it is a text.
    pub fn changed_at(&self) -> Option<Cow<'a, str>> {
        text_of(self.changed_at)
    }

    /// The record, copied once. `None` when it has no key.
    pub fn record(&self) -> Option<Record> {
        let record = Record::new(self.key()?, RawJson::from_checked(self.json));
        Some(match self.changed_at() {
            Some(at) => record.with_changed_at(at.as_ref()),
            None => record,
        })
    }
}

/// The inside of a JSON string, borrowed unless it is written with escapes.
fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') { serde_json::from_str(json).ok().map(Cow::Owned) } else { Some(inside.into()) }
}

/// Reads a list of structs row by row, each written as JSON once by the rules, and says how many there were. Of a name
/// that comes twice in a row both are written; the last counts, as in most JSON parsers.
///
/// The rows before an error were read from a broken answer: keep none of them.
///
/// Fails with `Decode`, saying what is wrong at which byte and never content, and with the first error of `each`.
pub fn read_rows(
    answer: &[u8],
    rules: &FieldRules,
    each: impl FnMut(Row<'_>) -> Result<()>,
) -> Result<Answer<usize>> {
    rows(answer, rules, each, true)
}

/// The same without the short way, to compare both.
pub fn read_rows_slowly(
    answer: &[u8],
    rules: &FieldRules,
    each: impl FnMut(Row<'_>) -> Result<()>,
) -> Result<Answer<usize>> {
    rows(answer, rules, each, false)
}

fn rows(
    answer: &[u8],
    rules: &FieldRules,
    mut each: impl FnMut(Row<'_>) -> Result<()>,
    fast: bool,
) -> Result<Answer<usize>> {
    let mut decoder = Decoder::new(answer, fast)?;
    if let Some(fault) = begin(&mut decoder)? {
        return Ok(Answer::Fault(fault));
    }
    let (mut count, mut json, mut course) = (0, String::new(), Course::new(rules));
    decoder.events.expect(Tag::Array)?;
    decoder.events.expect(Tag::Data)?;
    while decoder.element()? {
        decoder.events.expect(Tag::Struct)?;
        json.clear();
        course.restart();
        decoder.members(&mut json, Some(&mut course))?;
        decoder.events.close()?;
        let part = |range: &Range<usize>| json.get(range.clone()).unwrap_or_default();
        each(Row { json: &json, key: part(&course.key), changed_at: part(&course.changed_at) })?;
        count += 1;
    }
    // Array and value.
    decoder.events.close()?;
    decoder.events.close()?;
    finish(&mut decoder, 3)?;
    Ok(Answer::Returned(count))
}

/// Reads one value as JSON.
///
/// Fails with `Decode`, saying what is wrong at which byte and never content.
pub fn read_value(answer: &[u8]) -> Result<Answer<RawJson>> {
    let mut decoder = Decoder::new(answer, true)?;
    if let Some(fault) = begin(&mut decoder)? {
        return Ok(Answer::Fault(fault));
    }
    let mut json = String::new();
    decoder.value(&mut json, FieldRule::Keep)?;
    finish(&mut decoder, 3)?;
    Ok(Answer::Returned(RawJson::from_checked(&json)))
}

/// The fault that an answer holds, if any, without reading what an answer without fault holds.
///
/// Fails with `Decode` when it is no answer at all.
pub fn read_fault(answer: &[u8]) -> Result<Option<Fault>> {
    begin(&mut Decoder::new(answer, true)?)
}

/// Reads up to the value, or all of a fault.
fn begin(decoder: &mut Decoder<'_>) -> Result<Option<Fault>> {
    match decoder.events.tag()? {
        Token::Open(Tag::MethodResponse) => {}
        Token::End => return Err(decoder.events.error("is empty")),
        _ => {
            return Err(decoder.events.error(SOMETHING_ELSE));
        }
    }
    match decoder.events.tag()? {
        Token::Open(Tag::Params) => {
            decoder.events.expect(Tag::Param)?;
            decoder.events.expect(Tag::Value)?;
            Ok(None)
        }
        Token::Open(Tag::Fault) => {
            decoder.events.expect(Tag::Value)?;
            let mut json = String::new();
            decoder.value(&mut json, FieldRule::Keep)?;
            finish(decoder, 2)?;
            fault(&json).map(Some).ok_or_else(|| decoder.events.error("has a fault without code and text"))
        }
        found => Err(decoder.events.unexpected(&found)),
    }
}

fn fault(json: &str) -> Option<Fault> {
    let members: Value = serde_json::from_str(json).ok()?;
    let text = |name: &str| {
        Some(match members.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        })
    };
    Some(Fault { code: text("faultCode")?, text: text("faultString")? })
}

/// Closes what is open, after which nothing may follow.
fn finish(decoder: &mut Decoder<'_>, open: usize) -> Result<()> {
    for _ in 0..open {
        decoder.events.close()?;
    }
    match decoder.events.tag()? {
        Token::End => Ok(()),
        _ => Err(decoder.events.error("has something after its end")),
    }
}
