//! Connections of customers: kept in a store, sealed by a vault, connected when they are needed.

mod builder;
mod consent;
mod disconnect;
mod draft;
mod keys;
mod renewals;
mod resolve;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tieline_auth::{CredentialManager, CredentialStore, Environment, OAuthApp, OAuthUrls, Secret};
use tieline_core::{Connector, Error, ErrorKind, Result};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, Connection, RunReport};
use url::Url;

pub use builder::ConnectionsBuilder;
pub use disconnect::{Disconnected, Erase};
pub use draft::Draft;
pub use keys::Rotated;
pub use renewals::Renewed;

use crate::Registry;

/// The connections of one tenant: a store, a vault, the connectors that the host offers, and its apps at the providers.
///
/// A host builds one with [`builder`](Self::builder) and makes the others from it with [`for_tenant`](Self::for_tenant),
/// so that all of them share limits, and one renewal of a token serves everybody in the process. Cheap to clone.
///
/// A connection that takes keys or passwords is a [`draft`](Self::draft); one by consent is begun with
/// [`begin`](Self::begin) and comes back as a draft from [`finish`](Self::finish). A draft is tried before it is stored:
///
/// ```
/// # #[cfg(feature = "pipedrive")]
/// # async fn example() -> tieline::Result<()> {
/// use std::sync::Arc;
/// use tieline::store::connections::NewConnection;
/// use tieline::store::MemoryStore;
/// use tieline::vault::{KeyRing, Vault};
/// use tieline::{Connections, Fields, Host, Registry};
///
/// let registry = Registry::new(Host::new()?).with(tieline::pipedrive::PipedriveFactory::default());
/// let vault = Vault::new(KeyRing::from_env("TIELINE_VAULT_KEY")?);
/// let connections = Connections::builder(registry, vault).build(Arc::new(MemoryStore::new()));
/// connections.verify_keys().await?;
///
/// let settings = serde_json::json!({ "company": "acme" });
/// let new = NewConnection::new("sales", "pipedrive", "Sales").with_config(settings);
/// let mut draft = connections.draft(new, Fields::new([("api_token", "0123456789abcdef")]))?;
/// println!("this is {}", draft.check().await?.name);
/// draft.store(&"anna".into()).await?;
///
/// let crm = connections.connect(&"sales".into()).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Connections {
    shared: Arc<Shared>,
    store: Arc<dyn CredentialStore>,
}

#[derive(Debug)]
struct Shared {
    registry: Registry,
    keeper: CredentialManager,
    environment: Environment,
    apps: BTreeMap<String, OAuthApp>,
    oauth_urls: BTreeMap<String, OAuthUrls>,
    base_urls: BTreeMap<String, Url>,
}

/// A connection in use: its connector, and which secret it began with.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenConnection {
    /// The connection.
    pub id: ConnectionId,
    /// Its connector.
    pub connector: Arc<dyn Connector>,
    /// The generation of its secret; 0 for one of the environment.
    pub generation: u64,
}

impl Connections {
    /// The same host for another tenant of the same database.
    #[must_use]
    pub fn for_tenant(&self, store: Arc<dyn CredentialStore>) -> Self {
        Self { shared: Arc::clone(&self.shared), store }
    }

    /// The tenant's rows: lists, settings, the audit log.
    pub fn store(&self) -> &Arc<dyn CredentialStore> {
        &self.store
    }

    /// What the host offers.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// Whether the host has an app at a provider, for consents.
    pub fn has_app(&self, provider: &str) -> bool {
        self.shared.apps.contains_key(provider)
    }

    /// Connects an account with the credential that the store keeps, else with the one in the environment. Sends
    /// nothing, except what the credential needs once it is used.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown connection; `Config` for one that is switched off, and where there is no credential;
    /// whatever the store, the vault and the factory answer.
    pub async fn connect(&self, id: &ConnectionId) -> Result<Arc<dyn Connector>> {
        self.open(id).await.map(|opened| opened.connector)
    }

    /// [`connect`](Self::connect) for a run whose end is [reported](Self::report_run): it remembers which secret it began
    /// with.
    ///
    /// # Errors
    ///
    /// As for `connect`.
    pub async fn open(&self, id: &ConnectionId) -> Result<OpenConnection> {
        let connection = self.connection(id).await?;
        if !connection.active {
            return Err(Error::new(ErrorKind::Config, "the connection is switched off")
                .with_advice("switch it on before it is used")
                .with_context("connection", id));
        }
        let opened = self.connector_of(&connection).await.map_err(|error| {
            let named = error.context().any(|(name, _)| name == "connection");
            if named { error } else { error.with_context("connection", id) }
        });
        let (connector, generation) = opened?;
        Ok(OpenConnection { id: id.clone(), connector, generation })
    }

    /// Notes how a run that was [opened](Self::open) ended, as [`report`](Self::report) does. Nothing is noted when somebody
    /// stored another secret meanwhile: the run says nothing about the connection as it is now.
    ///
    /// # Errors
    ///
    /// Whatever the store returns.
    pub async fn report_run(
        &self,
        run: &OpenConnection,
        outcome: Result<(), &Error>,
        by: &Actor,
    ) -> Result<()> {
        let Some(report) = self.outcome(outcome) else { return Ok(()) };
        let report = match run.generation {
            0 => report,
            generation => report.with_secret(Secret::NAME, generation),
        };
        self.store.report(&run.id, report, by).await
    }

    fn outcome(&self, outcome: Result<(), &Error>) -> Option<RunReport> {
        match outcome {
            Ok(()) => Some(RunReport::went_well(self.now())),
            Err(error) if concerns_the_connection(error) => Some(RunReport::failed(self.now(), error)),
            Err(_) => None,
        }
    }

    /// Notes how something that used a connection ended: its health, for a page that lists them. An error that says nothing
    /// about the connection as a whole (a record that is not there, data that was refused, an entity that the user may not
    /// see, settings of the host) changes nothing. For a run that may last while somebody reconnects,
    /// [`report_run`](Self::report_run) is the better one.
    ///
    /// # Errors
    ///
    /// Whatever the store answers.
    pub async fn report(&self, id: &ConnectionId, outcome: Result<(), &Error>, by: &Actor) -> Result<()> {
        let Some(report) = self.outcome(outcome) else { return Ok(()) };
        self.store.report(id, report, by).await
    }

    /// What a settings page may show of a connection's secret: names, and values masked.
    ///
    /// # Errors
    ///
    /// Whatever the store and the vault answer.
    pub async fn masked(&self, id: &ConnectionId) -> Result<Vec<(String, String)>> {
        Ok(self.secret(id).await?.map(|kept| kept.secret.masked()).unwrap_or_default())
    }

    /// Waits until no token is being renewed and every token that a provider gave is stored, for as long as the store takes.
    /// Await it before the process ends on purpose, with a timeout where it must end in spite of a store that is away.
    pub async fn idle(&self) {
        self.shared.keeper.idle().await;
    }

    /// [`idle`](Self::idle), then ends the sessions of this process at the providers that have a way to.
    pub async fn close(&self) {
        self.idle().await;
        self.shared.keeper.log_out_all().await;
    }

    async fn connection(&self, id: &ConnectionId) -> Result<Connection> {
        self.store.connection(id).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "there is no such connection").with_context("connection", id)
        })
    }

    fn now(&self) -> DateTime<Utc> {
        self.shared.keeper.clock().now()
    }
}

/// Whether whatever is done next with the connection would fail in the same way.
fn concerns_the_connection(error: &Error) -> bool {
    use ErrorKind::{Decode, QuotaExhausted, Timeout, Transport, Unauthenticated, Unavailable};
    matches!(error.kind(), Unauthenticated | QuotaExhausted | Unavailable | Timeout | Transport | Decode)
}
