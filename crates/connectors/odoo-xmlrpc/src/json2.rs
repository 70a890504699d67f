//! Records as JSON-2 writes them, rewritten by the same rules as those of XML-RPC: one shape for both.
//!
//! Source: <https://www.odoo.com/documentation/19.0/developer/reference/external_api.html>.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, RawJson, Record, Result};
use tieline_kit::{HeadKey, HeadText, parse_page};

use crate::model::Model;
use crate::xmlrpc::FieldRule;

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(default)]
    id: HeadKey,
    #[serde(default, borrow)]
    write_date: HeadText<'a>,
}

/// Walks over a list of records.
pub(crate) fn rows(text: &str, model: &Model, mut each: impl FnMut(Option<Record>)) -> Result<()> {
    parse_page(text, &[], |head: Head<'_>, raw| {
        let payload = row(raw, model)?;
        each(head.id.0.map(|key| {
            let record = Record::new(key, payload);
            match head.write_date.get() {
                Some(at) => record.with_changed_at(at),
                None => record,
            }
        }));
        Ok(())
    })?;
    Ok(())
}

fn row(raw: &str, model: &Model) -> Result<RawJson> {
    let broken = || Error::new(ErrorKind::Decode, "a record in Odoo's answer is not valid JSON");
    let Members(members) = serde_json::from_str(raw).map_err(|_| broken())?;
    let mut json = String::with_capacity(raw.len());
    for (name, value) in members {
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&serde_json::to_string(&name).map_err(|_| broken())?);
        json.push(':');
        let rule = model.fields.get(name.as_ref()).map_or(FieldRule::FalseIsNull, |field| field.rule());
        push(&mut json, value.get(), rule);
    }
    json.push_str(if json.is_empty() { "{}" } else { "}" });
    Ok(RawJson::from_checked(&json))
}

fn push(json: &mut String, value: &str, rule: FieldRule) {
    match rule {
        FieldRule::Keep => json.push_str(value),
        _ if value == "false" => json.push_str("null"),
        FieldRule::Many2one => match serde_json::from_str::<Vec<&RawValue>>(value).as_deref() {
            Ok([] | [_] | [_, _]) if no_id(value) => json.push_str("null"),
            Ok([id, name @ ..])
                if id.get().starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '"')
                    && name.len() < 2
                    && name.iter().all(|name| name.get().starts_with(['"', 'f', 'n'])) =>
            {
                let name = name.first().map_or("null", |name| name.get());
                let name = if name.starts_with('"') { name } else { "null" };
                json.extend(["{\"id\":", id.get(), ",\"name\":", name, "}"]);
            }
            _ => json.push_str(value),
        },
        _ => json.push_str(value),
    }
}

/// Whether a list has no id in the place of one.
fn no_id(list: &str) -> bool {
    let first = list.trim_start_matches(['[', ' ', '\n', '\t', '\r']);
    first.starts_with("false") || first.starts_with("null") || first.starts_with(']')
}

/// The members of an object in their order, values as they are written.
struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;

        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((name, value)) = map.next_entry::<HeadText<'de>, &'de RawValue>()? {
                    members.push((name.0.unwrap_or_default(), value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Walk)
    }
}
