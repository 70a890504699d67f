//! Endpoints: where a provider's deliveries for a connection arrive.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use http::StatusCode;
use secrecy::SecretString;
use serde_json::Value;
use tieline_core::webhook::WebhookRoute;
use tieline_core::{EntityName, Result, Text};
use tieline_store::{ConnectionId, InboxStore};

/// A connection's endpoint, as a delivery finds it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Endpoint {
    /// The id of the endpoint. The identity of a delivery holds within it.
    pub id: Text,
    /// The connection.
    pub connection: ConnectionId,
    /// The inbox of the connection's tenant.
    pub store: Arc<dyn InboxStore>,
    /// The connection's settings.
    pub config: Value,
    /// The secrets in force, the newest first; two during a rotation.
    pub secrets: Vec<SecretString>,
    /// Whether it takes deliveries. A paused one answers 503, so that the provider sends again.
    pub is_active: bool,
    /// The entities whose changes are taken; all when empty.
    pub entities: Vec<EntityName>,
    /// Whether it is the host's app, and no connection: only handshakes are answered there.
    pub is_app: bool,
    /// The status of an accepted delivery: 202, unless the provider wants another.
    pub accepted: StatusCode,
}

impl Endpoint {
    /// An active endpoint of a connection.
    pub fn new(id: impl Into<Text>, connection: ConnectionId, store: Arc<dyn InboxStore>) -> Self {
        Self {
            id: id.into(),
            connection,
            store,
            config: Value::Null,
            secrets: Vec::new(),
            is_active: true,
            entities: Vec::new(),
            is_app: false,
            accepted: StatusCode::ACCEPTED,
        }
    }

    /// Sets the connection's settings.
    #[must_use]
    pub fn with_config(mut self, config: Value) -> Self {
        self.config = config;
        self
    }

    /// Sets the secrets in force, the newest first.
    #[must_use]
    pub fn with_secrets(mut self, secrets: Vec<SecretString>) -> Self {
        self.secrets = secrets;
        self
    }

    /// Pauses it.
    #[must_use]
    pub fn paused(mut self) -> Self {
        self.is_active = false;
        self
    }

    /// Sets the entities whose changes are taken.
    #[must_use]
    pub fn with_entities(mut self, entities: Vec<EntityName>) -> Self {
        self.entities = entities;
        self
    }

    /// Makes it the host's app, which has no connection.
    #[must_use]
    pub fn of_app(mut self) -> Self {
        self.is_app = true;
        self
    }

    /// Sets the status of an accepted delivery.
    #[must_use]
    pub fn with_accepted(mut self, status: StatusCode) -> Self {
        self.accepted = status;
        self
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("id", &self.id)
            .field("connection", &self.connection)
            .field("is_active", &self.is_active)
            .finish_non_exhaustive()
    }
}

/// The host's endpoints.
#[async_trait]
pub trait FindEndpoints: fmt::Debug + Send + Sync {
    /// Returns the endpoints of a route, none for an unknown one. A path token is compared by its hash or in constant
    /// time; an account is one that a check stored, never one that a tenant typed.
    ///
    /// # Errors
    ///
    /// As the host's store fails: the provider gets 503 and sends again.
    async fn find(&self, provider: &str, route: &WebhookRoute) -> Result<Vec<Endpoint>>;
}
