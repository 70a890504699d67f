//! Notifications of a provider: routed to a connection, verified, and read as events.
//!
//! Verification is data ([`Verification`]); the host's side has the cryptography. What a delivery may do follows from
//! it: one whose content is not signed is a hint, and the record is looked up.

mod event;
mod verification;

use std::fmt::Debug;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

pub use event::{
    DeliveryId, Disconnected, HANDSHAKE_LIMIT, Handshake, Hint, HintKind, Hints, Missed, Records,
    WebhookEvent,
};
pub use verification::{
    KeyForm, SignatureAlgorithm, SignatureScheme, TimestampPlace, TokenPlace, TokenScheme, Verification,
};

use crate::{Result, Text};

/// Receives a provider's notifications: the host routes a delivery to a connection, checks it as
/// [`verification`](Self::verification) says, and has it read.
pub trait WebhookReceiver: Debug + Send + Sync {
    /// Returns the connections that a delivery can be for, not yet verified. More than one where the provider sends one
    /// delivery for several accounts.
    ///
    /// # Errors
    ///
    /// `Decode` for a delivery that names no connection.
    fn route(&self, request: &http::Request<Bytes>) -> Result<Vec<WebhookRoute>>;

    /// Returns how the deliveries of a connection with these settings are verified.
    fn verification(&self, config: &Value) -> Verification;

    /// Reads a delivery that was verified.
    ///
    /// # Errors
    ///
    /// `Decode` for a body that is not the provider's, `Unauthenticated` for one that proves not to be meant.
    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent>;
}

/// A delivery, with what its reading may depend on.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ReceiveRequest<'a> {
    /// The request, its body as it came.
    pub request: &'a http::Request<Bytes>,
    /// The address that the provider called, as it knows it: before any proxy rewrote it.
    pub url: &'a Url,
    /// The secrets in force, the newest first; two during a rotation.
    pub secrets: &'a [SecretString],
    /// The connection's settings; `null` for a delivery to an app that is not routed yet.
    pub config: &'a Value,
    /// The host's time.
    pub now: DateTime<Utc>,
}

impl<'a> ReceiveRequest<'a> {
    /// A delivery under the host's secrets and a connection's settings.
    pub fn new(
        request: &'a http::Request<Bytes>,
        url: &'a Url,
        secrets: &'a [SecretString],
        config: &'a Value,
        now: DateTime<Utc>,
    ) -> Self {
        Self { request, url, secrets, config, now }
    }
}

/// A connection that a delivery can be for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WebhookRoute {
    /// The unguessable token in the path that the host made for the connection.
    PathToken(Text),
    /// The provider's id of the account, as [`Account::id`](crate::Account::id) has it. The host finds the connections
    /// that stored it at a check; an id that a tenant typed routes nothing.
    Account(Text),
    /// The host's app, not one connection: a handshake, an uninstallation.
    App,
}
