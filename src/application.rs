//! The one object of an application.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use tieline_auth::{CredentialManager, Environment};
use tieline_core::{Error, ErrorKind, Result};
use tieline_http::HttpStack;
use tieline_store::{ConnectionId, TenantId};
use url::Url;

use crate::activity::Activity;
use crate::builder::TielineBuilder;
use crate::vault_key::VaultKey;
use crate::{ApplicationStore, ConnectionHandle, Observer, Registry, Tenant};

/// All of Tieline in an application: the connectors that it offers, the store of its customers' connections and
/// records, the vault that seals their secrets, and the network. An application builds one at its start, and clones it
/// cheaply. Everything that it hands out shares sockets, the providers' limits, logins, and the renewals of tokens.
///
/// A connection is named by its tenant and by the application's own id for it:
///
/// ```
/// # #[cfg(feature = "pipedrive")]
/// # async fn example() -> tieline::Result<()> {
/// use std::sync::Arc;
///
/// use tieline::pipedrive::PipedriveFactory;
/// use tieline::store::MemoryStore;
/// use tieline::store::connections::NewConnection;
/// use tieline::sync::StreamPlan;
/// use tieline::vault::{KeyRing, Vault};
/// use tieline::{Fields, Tieline};
///
/// let tieline = Tieline::builder()
///     .store(Arc::new(MemoryStore::new()))
///     .vault(Vault::new(KeyRing::from_env("TIELINE_VAULT_KEY")?))
///     .provider(PipedriveFactory::default())
///     .build()
///     .await?;
///
/// // A customer entered a token: it is tried, then stored.
/// let settings = serde_json::json!({ "company": "acme" });
/// let new = NewConnection::new("sales", "pipedrive", "Sales").with_config(settings);
/// let mut draft = tieline.tenant("acme").draft(new, Fields::new([("api_token", "0123456789abcdef")]))?;
/// println!("this is {}", draft.check().await?.name);
/// draft.store(&"anna".into()).await?;
///
/// // From then on it is used by its name.
/// let sales = tieline.connection("acme", "sales");
/// let report = sales.sync(|run| run.stream(StreamPlan::mirror("deals"))).await?;
/// println!("{} streams, {:?}", report.streams.len(), sales.health().await?.health);
/// tieline.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Tieline(pub(crate) Arc<Shared>);

pub(crate) struct Shared {
    pub(crate) store: Arc<dyn ApplicationStore>,
    pub(crate) registry: Registry,
    pub(crate) http: HttpStack,
    pub(crate) credentials: Option<CredentialManager>,
    pub(crate) environment: Environment,
    pub(crate) public_url: Option<Url>,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
    pub(crate) records_events: bool,
    pub(crate) activity: Activity,
    pub(crate) _key: Option<Arc<VaultKey>>,
}

impl Tieline {
    /// A builder with the defaults: public addresses only, by https; no connectors, no vault.
    pub fn builder() -> TielineBuilder {
        TielineBuilder::default()
    }

    /// The connections of one tenant.
    pub fn tenant(&self, tenant: impl Into<TenantId>) -> Tenant {
        Tenant::of_store(self, self.0.store.of_tenant(&tenant.into()))
    }

    /// One connection of a tenant. Reads nothing yet.
    pub fn connection(&self, tenant: impl Into<TenantId>, id: impl Into<ConnectionId>) -> ConnectionHandle {
        self.tenant(tenant).connection(id)
    }

    /// The connectors that the application offers.
    pub fn registry(&self) -> &Registry {
        &self.0.registry
    }

    /// The network that all connections share.
    pub fn http(&self) -> &HttpStack {
        &self.0.http
    }

    /// The address at which browsers and providers reach the application, when it was set.
    pub fn public_url(&self) -> Option<&Url> {
        self.0.public_url.as_ref()
    }

    /// Waits until no token is being renewed and every token that a provider gave is stored, for as long as the store
    /// takes.
    pub async fn idle(&self) {
        if let Some(credentials) = &self.0.credentials {
            credentials.idle().await;
        }
    }

    /// Ends the application: no run begins any more, sync runs under way stop (what they committed stays), outboxes
    /// store the outcomes of what they are sending, tokens that a provider gave are stored, and sessions at providers
    /// are ended. Await it before the process ends on purpose, with a timeout where it must end in spite of a store or a
    /// provider that stays away.
    pub async fn shutdown(&self) {
        self.0.activity.end().await;
        self.idle().await;
        if let Some(credentials) = &self.0.credentials {
            credentials.log_out_all().await;
        }
    }

    pub(crate) fn credentials(&self) -> Result<&CredentialManager> {
        self.0.credentials.as_ref().ok_or_else(|| {
            Error::new(ErrorKind::Config, "no vault is set, so no secret can be kept or opened")
                .with_advice("give the application a vault: Tieline::builder().vault(…)")
        })
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.0.http.clock().now()
    }
}

impl fmt::Debug for Tieline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tieline")
            .field("store", &self.0.store)
            .field("registry", &self.0.registry)
            .field("public_url", &self.0.public_url.as_ref().map(Url::as_str))
            .field("activity", &self.0.activity)
            .finish_non_exhaustive()
    }
}
