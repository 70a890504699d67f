//! Events: the content of a delivery.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use crate::{EntityChanges, EntityName, Error, ErrorKind, Key, Partition, Result, Text};

/// The most bytes that a handshake's body may have.
pub const HANDSHAKE_LIMIT: usize = 8 * 1024;

/// The content of a verified delivery.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// The provider wants this response before it sends anything.
    Handshake(Handshake),
    /// Records changed: look them up.
    Hints(Hints),
    /// Records as they are: the provider sends them here and lists them nowhere.
    Records(Records),
    /// The account was disconnected at the provider.
    Disconnected(Disconnected),
    /// Deliveries were lost: read what changed.
    Missed(Missed),
    /// Nothing that concerns a connection, such as a test.
    Nothing,
}

/// The provider's id of a delivery, for recognising a repeated one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DeliveryId {
    /// The id.
    pub id: Text,
    /// Whether the signature covers it. An id that it does not cover identifies nothing: use the hash of the signed
    /// bytes.
    pub signed: bool,
}

impl DeliveryId {
    /// An id that the signature covers.
    pub fn signed(id: impl Into<Text>) -> Self {
        Self { id: id.into(), signed: true }
    }

    /// An id that the signature does not cover.
    pub fn unsigned(id: impl Into<Text>) -> Self {
        Self { id: id.into(), signed: false }
    }
}

/// The response that a provider waits for before it sends notifications.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Handshake {
    /// The response.
    pub response: Response<Bytes>,
}

impl Handshake {
    /// The challenge, repeated as `text/plain`, so that no browser runs what an attacker put into it.
    ///
    /// # Errors
    ///
    /// `Decode` for a challenge over [`HANDSHAKE_LIMIT`] bytes.
    pub fn echo(challenge: impl Into<Bytes>) -> Result<Self> {
        Self::of("text/plain; charset=utf-8", challenge.into())
    }

    /// A JSON text, for providers that want the challenge in a member or as a hash.
    ///
    /// # Errors
    ///
    /// `Decode` for a text over [`HANDSHAKE_LIMIT`] bytes.
    pub fn json(text: impl Into<Bytes>) -> Result<Self> {
        Self::of("application/json", text.into())
    }

    /// A response of the provider's own manner: a header that is repeated, an empty body.
    pub fn new(response: Response<Bytes>) -> Self {
        Self { response }
    }

    fn of(media_type: &'static str, body: Bytes) -> Result<Self> {
        if body.len() > HANDSHAKE_LIMIT {
            return Err(Error::new(ErrorKind::Decode, "the challenge of a webhook is too long")
                .with_context("bytes", body.len()));
        }
        let mut response = Response::new(body);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
            .headers_mut()
            .insert(http::header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        Ok(Self { response })
    }
}

/// Records that changed, to be looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hints {
    /// The delivery.
    pub id: Option<DeliveryId>,
    /// Each record, or entity.
    pub hints: Vec<Hint>,
}

impl Hints {
    /// These hints.
    pub fn new(hints: Vec<Hint>) -> Self {
        Self { id: None, hints }
    }

    /// Names the delivery.
    #[must_use]
    pub fn with_id(mut self, id: Option<DeliveryId>) -> Self {
        self.id = id;
        self
    }
}

impl From<Hints> for WebhookEvent {
    fn from(hints: Hints) -> Self {
        Self::Hints(hints)
    }
}

/// A record, or an entity, that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hint {
    /// The entity.
    pub entity: EntityName,
    /// The record; all of the entity when absent.
    pub key: Option<Key>,
    /// The part of the entity.
    pub partition: Option<Partition>,
    /// The kind of change, by the delivery's word.
    pub kind: HintKind,
    /// When, in the provider's own words: an older hint than the record that is kept needs no lookup.
    pub changed_at: Option<Text>,
}

impl Hint {
    /// A record that changed; the whole entity without a key.
    pub fn new(entity: impl Into<EntityName>, key: Option<Key>) -> Self {
        Self { entity: entity.into(), key, partition: None, kind: HintKind::Changed, changed_at: None }
    }

    /// Sets what happened.
    #[must_use]
    pub fn with_kind(mut self, kind: HintKind) -> Self {
        self.kind = kind;
        self
    }

    /// Sets the partition.
    #[must_use]
    pub fn with_partition(mut self, partition: Option<Partition>) -> Self {
        self.partition = partition;
        self
    }

    /// Sets when it happened.
    #[must_use]
    pub fn with_changed_at(mut self, changed_at: impl Into<Text>) -> Self {
        self.changed_at = Some(changed_at.into());
        self
    }
}

/// The kind of change of a record, by a delivery's word. A lookup decides.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum HintKind {
    /// It was made or changed.
    Changed,
    /// It was deleted.
    Deleted,
    /// It became part of the record of this key.
    Merged(Key),
}

/// Records as a delivery has them. Committed as they are only when their content is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Records {
    /// The delivery.
    pub id: Option<DeliveryId>,
    /// The changes by entity: records, deletions, merges.
    pub changes: Vec<EntityChanges>,
}

impl Records {
    /// These changes.
    pub fn new(changes: Vec<EntityChanges>) -> Self {
        Self { id: None, changes }
    }

    /// Names the delivery.
    #[must_use]
    pub fn with_id(mut self, id: Option<DeliveryId>) -> Self {
        self.id = id;
        self
    }
}

impl From<Records> for WebhookEvent {
    fn from(records: Records) -> Self {
        Self::Records(records)
    }
}

/// The end of a connection at the provider: the app was uninstalled, the grant revoked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disconnected {
    /// The provider's id of the account.
    pub account: Option<Text>,
    /// The provider's id of the user, when only one user's grant ended.
    pub user: Option<Text>,
}

impl Disconnected {
    /// The end of an account's connection.
    pub fn new(account: Option<Text>) -> Self {
        Self { account, user: None }
    }
}

/// Deliveries that were lost: the provider dropped them, or the subscription had ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Missed {
    /// From when on; since the last read when `None`.
    pub since: Option<DateTime<Utc>>,
    /// Of which entities; of all when empty.
    pub entities: Vec<EntityName>,
}

impl Missed {
    /// Everything since a time.
    pub fn new(since: Option<DateTime<Utc>>) -> Self {
        Self { since, entities: Vec::new() }
    }
}
