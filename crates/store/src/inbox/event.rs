//! Events as they are stored.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tieline_core::webhook::{Disconnected, Hint, HintKind, Hints, Missed, Records, WebhookEvent};
use tieline_core::{
    Change, Deletion, DeletionScope, EntityChanges, EntityName, Error, ErrorKind, Key, Partition, RawJson,
    Record, Result, Text,
};

/// The kind of a stored event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventKind {
    /// Records that changed, to be looked up.
    Hints,
    /// Records as they are.
    Records,
    /// The end of a connection at the provider.
    Disconnected,
    /// Deliveries that were lost.
    Missed,
}

impl EventKind {
    /// The word under which it is stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hints => "hints",
            Self::Records => "records",
            Self::Disconnected => "disconnected",
            Self::Missed => "missed",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Hints {
        hints: Vec<StoredHint>,
    },
    Records {
        changes: Vec<StoredChanges>,
    },
    Disconnected {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        account: Option<Text>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user: Option<Text>,
    },
    Missed {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<DateTime<Utc>>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entities: Vec<EntityName>,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredHint {
    entity: EntityName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    partition: Option<Partition>,
    #[serde(default, skip_serializing_if = "is_false")]
    deleted: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    merged_into: Option<Key>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    changed_at: Option<Text>,
}

#[derive(Serialize, Deserialize)]
struct StoredChanges {
    entity: EntityName,
    changes: Vec<StoredChange>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredChange {
    Upsert(Record),
    Delete {
        key: Key,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Text>,
        #[serde(default, skip_serializing_if = "is_false")]
        from_partition: bool,
    },
    Merged {
        from: Key,
        into: Key,
    },
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Returns an event as it is stored; `None` for a handshake and for nothing, which are not.
///
/// # Errors
///
/// `Unsupported` for an event that this version does not know.
pub fn encode_event(event: &WebhookEvent) -> Result<Option<(EventKind, RawJson)>> {
    let (kind, stored) = match event {
        WebhookEvent::Hints(hints) => {
            let hints = hints.hints.iter().map(StoredHint::of).collect::<Result<_>>()?;
            (EventKind::Hints, Stored::Hints { hints })
        }
        WebhookEvent::Records(records) => {
            let changes = records.changes.iter().map(StoredChanges::of).collect::<Result<_>>()?;
            (EventKind::Records, Stored::Records { changes })
        }
        WebhookEvent::Disconnected(end) => {
            let stored = Stored::Disconnected { account: end.account.clone(), user: end.user.clone() };
            (EventKind::Disconnected, stored)
        }
        WebhookEvent::Missed(missed) => {
            let stored = Stored::Missed { since: missed.since, entities: missed.entities.clone() };
            (EventKind::Missed, stored)
        }
        WebhookEvent::Handshake(_) | WebhookEvent::Nothing => return Ok(None),
        _ => return Err(Error::unsupported("storing this event of a webhook")),
    };
    Ok(Some((kind, RawJson::of(&stored)?)))
}

/// Returns a stored event.
///
/// # Errors
///
/// `Internal` for a text that this version did not write.
pub fn decode_event(text: &str) -> Result<WebhookEvent> {
    let stored: Stored = serde_json::from_str(text).map_err(|_| {
        // The parser's message could quote a record.
        Error::new(ErrorKind::Internal, "a stored event cannot be read")
            .with_advice("report it; a newer version may have stored it")
    })?;
    Ok(match stored {
        Stored::Hints { hints } => Hints::new(hints.into_iter().map(StoredHint::hint).collect()).into(),
        Stored::Records { changes } => {
            Records::new(changes.into_iter().map(StoredChanges::changes).collect()).into()
        }
        Stored::Disconnected { account, user } => {
            let mut end = Disconnected::new(account);
            end.user = user;
            WebhookEvent::Disconnected(end)
        }
        Stored::Missed { since, entities } => {
            let mut missed = Missed::new(since);
            missed.entities = entities;
            WebhookEvent::Missed(missed)
        }
    })
}

impl StoredHint {
    fn of(hint: &Hint) -> Result<Self> {
        let (deleted, merged_into) = match &hint.kind {
            HintKind::Changed => (false, None),
            HintKind::Deleted => (true, None),
            HintKind::Merged(into) => (false, Some(into.clone())),
            _ => return Err(Error::unsupported("storing this kind of hint")),
        };
        Ok(Self {
            entity: hint.entity.clone(),
            key: hint.key.clone(),
            partition: hint.partition.clone(),
            deleted,
            merged_into,
            changed_at: hint.changed_at.clone(),
        })
    }

    fn hint(self) -> Hint {
        let kind = match (self.deleted, self.merged_into) {
            (_, Some(into)) => HintKind::Merged(into),
            (true, None) => HintKind::Deleted,
            (false, None) => HintKind::Changed,
        };
        let hint = Hint::new(self.entity, self.key).with_kind(kind).with_partition(self.partition);
        match self.changed_at {
            Some(time) => hint.with_changed_at(time),
            None => hint,
        }
    }
}

impl StoredChanges {
    fn of(group: &EntityChanges) -> Result<Self> {
        let changes = group.changes.iter().map(StoredChange::of).collect::<Result<_>>()?;
        Ok(Self { entity: group.entity.clone(), changes })
    }

    fn changes(self) -> EntityChanges {
        EntityChanges::new(self.entity, self.changes.into_iter().map(StoredChange::change).collect())
    }
}

impl StoredChange {
    fn of(change: &Change) -> Result<Self> {
        Ok(match change {
            Change::Upsert(record) => Self::Upsert(record.clone()),
            Change::Delete(deletion) => Self::Delete {
                key: deletion.key.clone(),
                at: deletion.at.clone(),
                from_partition: deletion.scope == DeletionScope::Partition,
            },
            Change::Merged { from, into, .. } => Self::Merged { from: from.clone(), into: into.clone() },
            _ => return Err(Error::unsupported("storing this change of a delivery")),
        })
    }

    fn change(self) -> Change {
        match self {
            Self::Upsert(record) => Change::Upsert(record),
            Self::Delete { key, at, from_partition } => {
                let scope = if from_partition { DeletionScope::Partition } else { DeletionScope::Provider };
                let deletion = Deletion::new(key).with_scope(scope);
                Change::Delete(match at {
                    Some(at) => deletion.with_at(at),
                    None => deletion,
                })
            }
            Self::Merged { from, into } => Change::merged(from, into),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(event: &WebhookEvent) -> WebhookEvent {
        let (_, text) = encode_event(event).unwrap().unwrap();
        decode_event(text.get()).unwrap()
    }

    #[test]
    fn events_come_back_as_they_were() {
        let hints = Hints::new(vec![
            Hint::new("deals", Some("1".into())).with_changed_at("2026-01-10T08:12:43Z"),
            Hint::new("deals", Some("2".into())).with_kind(HintKind::Deleted),
            Hint::new("deals", Some("3".into())).with_kind(HintKind::Merged("4".into())),
            Hint::new("messages", None).with_partition(Some("conversation".into())),
        ]);
        let WebhookEvent::Hints(read) = again(&hints.clone().into()) else { panic!() };
        assert_eq!(read, hints);

        let record =
            Record::new("7", RawJson::parse(r#"{"value":1250.10,"n":12345678901234567890.5}"#).unwrap());
        let records = Records::new(vec![EntityChanges::new(
            "messages",
            vec![
                Change::Upsert(record.with_changed_at("x").with_version("3")),
                Change::Delete(Deletion::new("8").with_at("y").with_scope(DeletionScope::Partition)),
                Change::merged("9", "10"),
            ],
        )]);
        let WebhookEvent::Records(read) = again(&records.clone().into()) else { panic!() };
        assert_eq!(read, records, "no digit is lost");

        let WebhookEvent::Disconnected(end) =
            again(&WebhookEvent::Disconnected(Disconnected::new(Some("T1".into()))))
        else {
            panic!()
        };
        assert_eq!(end.account, Some("T1".into()));
        assert!(encode_event(&WebhookEvent::Nothing).unwrap().is_none());
        let unread = decode_event(r#"{"hints":{"hints":[{"secret":1}]}}"#).unwrap_err();
        assert!(!format!("{unread:?}").contains("secret"));
    }
}
