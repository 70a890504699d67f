use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use tieline_core::Attachment;

use crate::stamp::Stamp;
use crate::template::{WordName, WordValue, Words};

/// What the words of one request stand for. Everything is absent unless set.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestWords<'a> {
    pub(crate) page: Option<u64>,
    pub(crate) offset: Option<u64>,
    pub(crate) next: Option<&'a str>,
    /// Members of the last record, as JSON.
    pub(crate) last: Option<&'a BTreeMap<String, String>>,
    pub(crate) page_size: Option<u32>,
    pub(crate) fields: Vec<String>,
    pub(crate) since: Option<Stamp>,
    pub(crate) until: Option<Stamp>,
    /// The start of the pass.
    pub(crate) started: Option<Stamp>,
    pub(crate) token: Option<&'a str>,
    pub(crate) parents: Vec<String>,
    /// The parent's record, JSON.
    pub(crate) parent_record: Option<&'a str>,
    /// The parts of a key, by name, then the whole.
    pub(crate) key_parts: Vec<(String, String)>,
    pub(crate) key: Option<&'a str>,
    pub(crate) keys: Vec<String>,
    pub(crate) field: Option<&'a str>,
    /// JSON.
    pub(crate) value: Option<&'a str>,
    /// JSON.
    pub(crate) record: Option<&'a str>,
    /// JSON, one text a record.
    pub(crate) records: Vec<String>,
    pub(crate) marker: Option<&'a str>,
    /// The id of the operation that is carried out.
    pub(crate) operation: Option<&'a str>,
    pub(crate) version: Option<&'a str>,
    /// JSON.
    pub(crate) input: Option<&'a str>,
    /// The id of a job or subscription.
    pub(crate) id: Option<&'a str>,
    pub(crate) callback: Option<&'a str>,
    pub(crate) events: Vec<String>,
    pub(crate) secret: Option<&'a SecretString>,
    /// Files that go with the request.
    pub(crate) files: &'a [Attachment],
    pub(crate) each: Vec<(String, String)>,
    /// Parameters of the query beside the request's own.
    pub(crate) query: Vec<(String, String)>,
    pub(crate) settings: Option<&'a BTreeMap<String, String>>,
    pub(crate) now: DateTime<Utc>,
    pub(crate) zone: Option<Tz>,
}

impl Words for RequestWords<'_> {
    fn value(&self, name: &WordName) -> Option<WordValue<'_>> {
        let number = |value: Option<u64>| value.map(|value| WordValue::Json(Cow::Owned(value.to_string())));
        match name {
            WordName::Page => number(self.page),
            WordName::Offset => number(self.offset),
            WordName::PageSize => number(self.page_size.map(u64::from)),
            WordName::Next => self.next.map(WordValue::text),
            WordName::Last(member) => {
                let json = self.last?.get(member)?;
                if member == "changed" {
                    let value = WordValue::of_json(json);
                    let (text, number) = match &value {
                        WordValue::Text(text) => (text, false),
                        WordValue::Json(text) => (text, true),
                        _ => return None,
                    };
                    return Stamp::parse(text, number, self.zone).map(WordValue::Stamp).or(Some(value));
                }
                Some(WordValue::of_json(json))
            }
            WordName::Fields => list(&self.fields),
            WordName::Since => self.since.clone().map(WordValue::Stamp),
            WordName::Until => self.until.clone().map(WordValue::Stamp),
            WordName::Started => self.started.clone().map(WordValue::Stamp),
            WordName::Token => self.token.map(WordValue::text),
            WordName::ParentKey => match self.parents.as_slice() {
                [one] => Some(WordValue::text(one.as_str())),
                _ => None,
            },
            WordName::Parents => list(&self.parents),
            WordName::Key => self.key.map(WordValue::text),
            WordName::KeyPart(part) => {
                let found = self.key_parts.iter().find(|(name, _)| name == part);
                found.map(|(_, value)| WordValue::text(value.as_str()))
            }
            WordName::Keys => list(&self.keys),
            // Of a field that is deeper, the provider knows the last part.
            WordName::FieldName => {
                self.field.map(|field| WordValue::text(field.rsplit('/').next().unwrap_or(field)))
            }
            WordName::Value => self.value.map(WordValue::of_json),
            WordName::Record | WordName::Changes => self.record.map(|json| WordValue::Json(json.into())),
            WordName::RecordField(member) => member_of(self.record?, member),
            WordName::Marker => self.marker.map(WordValue::text),
            WordName::Version => self.version.map(WordValue::text),
            WordName::Input => self.input.map(WordValue::of_json),
            WordName::InputField(member) => member_of(self.input?, member),
            WordName::Now => Some(WordValue::Stamp(Stamp::at(self.now))),
            WordName::Setting(name) => self.settings?.get(name).map(|value| WordValue::text(value.as_str())),
            WordName::Each(name) => {
                let found = self.each.iter().find(|(each, _)| each == name);
                found.map(|(_, value)| WordValue::text(value.as_str()))
            }
            WordName::Parent(member) => member_of(self.parent_record?, member),
            WordName::Id => self.id.map(WordValue::text),
            WordName::Callback => self.callback.map(WordValue::text),
            WordName::Events => list(&self.events),
            WordName::Secret => self.secret.map(|secret| WordValue::text(secret.expose_secret())),
            WordName::Records if self.records.is_empty() => None,
            WordName::Records => {
                let records = self.records.iter().map(|json| WordValue::Json(json.as_str().into()));
                Some(WordValue::List(records.collect()))
            }
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.now
    }

    fn zone(&self) -> Option<Tz> {
        self.zone
    }
}

fn list(items: &[String]) -> Option<WordValue<'_>> {
    let items: Vec<WordValue<'_>> = items.iter().map(|item| WordValue::text(item.as_str())).collect();
    (!items.is_empty()).then_some(WordValue::List(items))
}

fn member_of<'j>(json: &'j str, member: &str) -> Option<WordValue<'j>> {
    let pointer = format!("/{}", member.replace('.', "/"));
    let raw = tieline_core::json::at(json, &pointer).ok().flatten()?;
    (raw.get() != "null").then(|| WordValue::of_json(raw.get()))
}
