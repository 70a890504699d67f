//! Typed records. Chatwoot writes a time as seconds, seconds with a fraction or RFC 3339, depending on the place, and 0
//! for none; what it may leave out or set to null is optional. What is not named here is in the record's own text.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize};
use tieline_core::RawJson;

/// Custom attributes by their keys, each as Chatwoot writes it.
type Attributes = BTreeMap<String, RawJson>;

/// Null is the default.
fn lenient<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// Attributes; Chatwoot writes none as `{}`, as `[]` and as null.
fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
    let Some(raw) = Option::<RawJson>::deserialize(deserializer)? else { return Ok(Attributes::new()) };
    if raw.get().starts_with('[') {
        return Ok(Attributes::new());
    }
    raw.view().map_err(|_| serde::de::Error::custom("attributes are an object"))
}

/// A time in any of Chatwoot's forms; `None` for null, 0 and what cannot be read as one.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(raw) = Option::<RawJson>::deserialize(deserializer)? else { return Ok(None) };
    let text = raw.get().trim_matches('"');
    if matches!(text, "0" | "null" | "") {
        return Ok(None);
    }
    let Some((seconds, fraction)) = text.split_once('.').filter(|_| !text.contains('T')).or(Some((text, "")))
    else {
        return Ok(None);
    };
    let Ok(seconds) = seconds.parse() else { return Ok(tieline_kit::instant(text)) };
    let nanos: String = fraction.chars().chain(std::iter::repeat('0')).take(9).collect();
    Ok(DateTime::from_timestamp(seconds, nanos.parse().unwrap_or_default()))
}

/// A person who writes to the account's inboxes.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Contact {
    /// The id, unique on the server.
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The e-mail address, in lower case; unique within the account.
    #[serde(default)]
    pub email: Option<String>,
    /// The telephone number in E.164; unique within the account.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// The id in another system; unique within the account. Carries the marker of a create that gives none.
    #[serde(default)]
    pub identifier: Option<String>,
    /// Whether messages of the contact are refused.
    #[serde(default, deserialize_with = "lenient")]
    pub blocked: bool,
    /// City, country, company, profiles and more.
    #[serde(default, deserialize_with = "attributes")]
    pub additional_attributes: Attributes,
    /// The account's own attributes.
    #[serde(default, deserialize_with = "attributes")]
    pub custom_attributes: Attributes,
    /// When the contact last wrote or was written to.
    #[serde(default, deserialize_with = "moment")]
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When it was added.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
}

/// A conversation with a contact in an inbox.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Conversation {
    /// The number that people see, which counts within the account.
    pub id: u64,
    /// The inbox.
    #[serde(default)]
    pub inbox_id: Option<u64>,
    /// `open`, `resolved`, `pending` or `snoozed`.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    /// `low`, `medium`, `high` or `urgent`.
    #[serde(default)]
    pub priority: Option<String>,
    /// The labels, by title.
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<String>,
    /// The account's own attributes.
    #[serde(default, deserialize_with = "attributes")]
    pub custom_attributes: Attributes,
    /// When it comes back, where it is snoozed.
    #[serde(default, deserialize_with = "moment")]
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When the last message came or went.
    #[serde(default, deserialize_with = "moment")]
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When it began.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(default, deserialize_with = "moment")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A message of a conversation.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// The id, unique on the server.
    pub id: u64,
    /// The conversation's number.
    #[serde(default)]
    pub conversation_id: Option<u64>,
    /// The text, in Markdown.
    #[serde(default)]
    pub content: Option<String>,
    /// 0 incoming, 1 outgoing, 2 activity, 3 template; in notifications a word.
    #[serde(default)]
    pub message_type: Option<RawJson>,
    /// `text`, `input_select`, `cards` and others.
    #[serde(default, deserialize_with = "lenient")]
    pub content_type: String,
    /// Whether only agents see it.
    #[serde(default, deserialize_with = "lenient")]
    pub private: bool,
    /// `sent`, `delivered`, `read` or `failed`.
    #[serde(default)]
    pub status: Option<String>,
    /// The id in the channel, or the marker of its create.
    #[serde(default)]
    pub source_id: Option<String>,
    /// When it was sent.
    #[serde(default, deserialize_with = "moment")]
    pub created_at: Option<DateTime<Utc>>,
}

/// A channel through which contacts write.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Inbox {
    /// The id.
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// `Channel::Api`, `Channel::WebWidget` and others.
    #[serde(default, deserialize_with = "lenient")]
    pub channel_type: String,
    /// The public identifier of an API inbox.
    #[serde(default)]
    pub inbox_identifier: Option<String>,
}

/// A user of the account.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Agent {
    /// The id.
    pub id: u64,
    /// The name.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// `agent` or `administrator`.
    #[serde(default, deserialize_with = "lenient")]
    pub role: String,
}

/// A team of agents.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Team {
    /// The id.
    pub id: u64,
    /// The name, in lower case.
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    /// The description.
    #[serde(default)]
    pub description: Option<String>,
}

/// A label of conversations and contacts.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Label {
    /// The id.
    pub id: u64,
    /// The title, in lower case, by which records name it.
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// The colour, such as `#1f93ff`.
    #[serde(default)]
    pub color: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_all_forms_and_zero_is_none() {
        for (json, wanted) in [
            (r#"{"id":1,"updated_at":1768032764.125}"#, Some("2026-01-10T08:12:44.125Z")),
            (r#"{"id":1,"updated_at":1768032764}"#, Some("2026-01-10T08:12:44Z")),
            (r#"{"id":1,"updated_at":"1768032764"}"#, Some("2026-01-10T08:12:44Z")),
            (r#"{"id":1,"updated_at":"2026-01-10T08:12:44.123Z"}"#, Some("2026-01-10T08:12:44.123Z")),
            (r#"{"id":1,"updated_at":0}"#, None),
            (r#"{"id":1,"updated_at":null}"#, None),
            (r#"{"id":1}"#, None),
            (r#"{"id":1,"updated_at":"soon"}"#, None),
        ] {
            let conversation: Conversation = serde_json::from_str(json).unwrap();
            let wanted: Option<DateTime<Utc>> = wanted.map(|text| text.parse().unwrap());
            assert_eq!(conversation.updated_at, wanted, "{json}");
        }
    }

    #[test]
    fn no_attributes_are_written_in_three_ways() {
        for none in ["[]", "{}", "null"] {
            let json = format!(r#"{{"id":1,"custom_attributes":{none},"additional_attributes":{none}}}"#);
            let contact: Contact = serde_json::from_str(&json).unwrap();
            assert!(contact.custom_attributes.is_empty() && contact.additional_attributes.is_empty());
        }
    }
}
