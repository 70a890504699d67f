//! How a provider's notifications are received. A notification is a hint: the record is read again.

use std::fmt::Debug;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;

use crate::{EntityName, Key, Result, Text};

/// Receives a provider's notifications in three steps: route, fetch the secret (the host's part), verify and read.
pub trait WebhookReceiver: Debug + Send + Sync {
    /// Which connection a notification is for, not yet verified.
    fn route(&self, request: &http::Request<Bytes>) -> Result<WebhookRoute>;

    /// Checks the notification against the secrets in force (two during a rotation) and reads it.
    fn receive(
        &self,
        request: &http::Request<Bytes>,
        secrets: &[SecretString],
        now: DateTime<Utc>,
    ) -> Result<WebhookEvent>;
}

/// What leads from a notification to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookRoute {
    /// The unguessable token in the path that the host made for the connection.
    PathToken(Text),
    /// The provider's id of the account.
    Account(Text),
}

/// A verified notification.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// The provider wants this answer before it sends anything.
    Handshake(http::Response<Bytes>),
    /// Something changed.
    Hints {
        /// The delivery's id, for recognising a repeated one.
        id: Option<Text>,
        /// What changed.
        hints: Vec<Hint>,
    },
}

/// Something that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hint {
    /// The entity.
    pub entity: EntityName,
    /// The record; all of the entity when absent.
    pub key: Option<Key>,
}

impl Hint {
    /// A record that changed.
    pub fn new(entity: impl Into<EntityName>, key: Option<Key>) -> Self {
        Self { entity: entity.into(), key }
    }
}
