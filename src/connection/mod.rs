//! One connection: opened, synced, written through, looked after.

mod disconnect;
mod health;
mod open;
mod outbox;
mod resolve;

use std::sync::Arc;

use secrecy::SecretString;
use serde_json::Value;
use tieline_auth::AuthorizationUrl;
use tieline_core::{
    Connector, ConnectorConfig, ConnectorFactory, Error, ErrorKind, IntoCredential, Limit, Result,
};
use tieline_store::ConnectionId;
use tieline_store::connections::NewConnection;
use tieline_sync::{OneWaySync, Report};

pub use disconnect::{Disconnected, Erase};
pub use health::ConnectionHealth;
pub use open::OpenConnection;
pub use outbox::ConnectionOutbox;
pub(crate) use resolve::{Kept, Source};

use crate::Tenant;
use crate::connect::{configured, context, typed};

/// One connection of a tenant, by its id, from [`Tieline::connection`](crate::Tieline::connection). It need not exist
/// yet: each method reads what the store keeps when it is called. Cheap to clone.
#[derive(Clone, Debug)]
pub struct ConnectionHandle {
    tenant: Tenant,
    id: ConnectionId,
    limits: Option<Vec<Limit>>,
}

impl ConnectionHandle {
    pub(crate) fn new(tenant: Tenant, id: ConnectionId) -> Self {
        Self { tenant, id, limits: None }
    }

    /// The connection's id.
    pub fn id(&self) -> &ConnectionId {
        &self.id
    }

    /// The connection's tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// Replaces the provider's published limits for this handle, for a customer on another plan.
    #[must_use]
    pub fn with_limits(mut self, limits: Vec<Limit>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Returns the connector, with the credential that the store keeps, else with the one in the environment. Sends
    /// nothing, except what the credential needs once it is used.
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open).
    pub async fn connect(&self) -> Result<Arc<dyn Connector>> {
        self.open().await.map(|open| Arc::clone(open.connector()))
    }

    /// Opens the connection for work: the connector, with what the application shares, and which secret it began with.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown connection; `Config` for one that is switched off, and where there is no credential;
    /// whatever the store, the vault and the factory fail with.
    pub async fn open(&self) -> Result<OpenConnection> {
        let connection = self.tenant.stored(&self.id).await?;
        if !connection.active {
            return Err(Error::new(ErrorKind::Config, "the connection is switched off")
                .with_advice("switch it on before it is used")
                .with_context("connection", &self.id));
        }
        let opened = self.connector_of(&connection).await.map_err(|error| {
            let named = error.context().any(|(name, _)| name == "connection");
            if named { error } else { error.with_context("connection", &self.id) }
        });
        let (connector, generation) = opened?;
        Ok(OpenConnection::stored(self.clone(), connector, connection.provider, generation))
    }

    /// Opens the connection with settings and a secret that the application keeps itself. The store knows no such
    /// connection, only its records, rows and outbox. Sends nothing.
    ///
    /// ```no_run
    /// # #[cfg(feature = "pipedrive")]
    /// # async fn example(tieline: tieline::Tieline, token: String) -> tieline::Result<()> {
    /// use tieline::pipedrive::PipedriveConfig;
    /// use tieline::{ApiKey, CheckRequest, Connector};
    ///
    /// let crm = tieline.connection("main", "crm").open_with(PipedriveConfig::company("acme"), ApiKey::new(token))?;
    /// println!("connected to {}", crm.check(CheckRequest::default()).await?.name);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// `Config` for settings or a secret that the connector does not take.
    pub fn open_with<C: ConnectorConfig>(
        &self,
        config: C,
        secret: impl IntoCredential,
    ) -> Result<OpenConnection<C::Connector>> {
        let factory = C::Factory::default();
        let options = self.options(factory.spec());
        let connector = typed(self.tenant.tieline().http(), config, secret, options)?;
        Ok(OpenConnection::unstored(
            self.clone(),
            connector.clone(),
            connector,
            factory.spec().id.to_string(),
        ))
    }

    /// [`open_with`](Self::open_with) for a connector of the registry and settings that are known at run time only.
    ///
    /// # Errors
    ///
    /// As for `open_with`, and `Config` for an unknown connector.
    pub fn open_settings(
        &self,
        provider: &str,
        config: &Value,
        secret: impl IntoCredential,
    ) -> Result<OpenConnection> {
        let tieline = self.tenant.tieline();
        let factory = configured(tieline.registry().factory(provider)?, config)?;
        let options = self.options(factory.spec());
        let context = context(tieline.http(), Arc::clone(&factory), config.clone(), secret, options)?;
        let connector = factory.build(context)?;
        Ok(OpenConnection::unstored(self.clone(), connector.clone(), connector, provider.to_owned()))
    }

    /// Opens the connection and syncs it; see [`OpenConnection::sync`].
    ///
    /// # Errors
    ///
    /// As for [`open`](Self::open) and `OpenConnection::sync`.
    pub async fn sync(&self, configure: impl FnOnce(OneWaySync) -> OneWaySync) -> Result<Report> {
        self.open().await?.sync(configure).await
    }

    /// The connection's outbox: operations that wait to be sent, and their outcomes.
    pub fn outbox(&self) -> ConnectionOutbox {
        ConnectionOutbox::new(self.clone(), None)
    }

    /// Begins consent once more for a connection that the store keeps, with its settings: returns the address to send
    /// the browser to. A new connection is begun by [`Tenant::begin_consent`].
    ///
    /// # Errors
    ///
    /// As for `Tenant::begin_consent`, and `NotFound`.
    pub async fn begin_consent(&self, session: impl Into<SecretString>) -> Result<AuthorizationUrl> {
        let stored = self.tenant.stored(&self.id).await?;
        let new = NewConnection::new(stored.id, stored.provider, stored.name).with_config(stored.config);
        self.tenant.begin_with(new, session.into(), None).await
    }

    /// Returns the names and masked values of the connection's secret, for a settings page.
    ///
    /// # Errors
    ///
    /// Whatever the store and the vault fail with.
    pub async fn masked(&self) -> Result<Vec<(String, String)>> {
        Ok(self.secret().await?.map(|kept| kept.secret.masked()).unwrap_or_default())
    }

    /// Renews the connection's tokens now.
    pub(crate) async fn renew(&self) -> Result<()> {
        let connection = self.tenant.stored(&self.id).await?;
        let Some(kept) = self.secret().await? else { return Ok(()) };
        let mut settings = connection.config;
        kept.secret.captured().apply(&mut settings);
        let factory = self.tenant.tieline().registry().factory(&connection.provider)?;
        let client = self.tenant.oauth(factory, &settings)?;
        self.tenant.credentials()?.credential(self.tenant.sealed(), &self.id, &client).renew().await
    }
}
