//! From arguments to a connector.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tieline::chatwoot::ChatwootFactory;
use tieline::custom_rest::CustomRestFactory;
use tieline::fortnox::FortnoxFactory;
use tieline::google_sheets::GoogleSheetsFactory;
use tieline::hubspot::HubSpotFactory;
use tieline::odoo::OdooFactory;
use tieline::pipedrive::PipedriveFactory;
use tieline::slack::SlackFactory;
use tieline::store::{ConnectionId, MemoryStore};
use tieline::{
    Connector, Error, ErrorKind, NetworkPolicy, Provider, Registry, Result, RetryPolicy, Tieline,
    TielineBuilder,
};
use url::Url;

use crate::arguments::{ConnectionArgs, HostArgs};
use crate::store_arguments::StoreArgs;
use crate::{credential, keeping, settings};

tokio::task_local! {
    static REGISTRY: Registry;
}

/// The connectors of the program `tieline`. A new one is a line here.
pub fn registry() -> Registry {
    Registry::new()
        .with(ChatwootFactory::default())
        .with(CustomRestFactory::default())
        .with(FortnoxFactory::default())
        .with(GoogleSheetsFactory::default())
        .with(HubSpotFactory::default())
        .with(OdooFactory::default())
        .with(PipedriveFactory::default())
        .with(SlackFactory::default())
}

/// Carries out a command that knows these connectors.
pub(crate) async fn with_registry<T>(registry: Registry, command: impl Future<Output = T>) -> T {
    REGISTRY.scope(registry, command).await
}

/// The connectors of this program, without a way out, for what they say about themselves.
pub(crate) fn catalog() -> Registry {
    REGISTRY.try_with(Registry::clone).unwrap_or_default()
}

/// A connected account.
pub(crate) struct Connected {
    /// The provider's id.
    pub(crate) provider: Cow<'static, str>,
    /// The provider's name for people.
    pub(crate) title: Cow<'static, str>,
    /// The public settings.
    pub(crate) config: Value,
    pub(crate) connector: Arc<dyn Connector>,
    /// The longest single wait.
    pub(crate) max_wait: Duration,
}

/// Connects. Sends nothing.
pub(crate) async fn connect(arguments: &ConnectionArgs) -> Result<Connected> {
    let ConnectionArgs { provider, config, credential_file, stored, store, host } = arguments;
    let max_wait = Duration::from_secs(host.max_wait.into());
    if let Some(id) = stored {
        return connect_stored(provider, id, store, host).await;
    }
    let registry = catalog();
    let factory = registry.factory(provider)?;
    let spec = factory.spec();
    let config = settings::read(config.as_deref(), spec)?;
    // The settings are checked even when another address takes their place.
    let declared = factory.base_url(&config)?;
    let credential = credential::read(credential_file.as_deref(), spec)?;
    let target = match &host.base_url {
        Some(url) => base_url(url)?,
        None => declared,
    };
    check_network(host, &target)?;
    let application = builder(host, registry.providers().cloned())?.store(Arc::new(MemoryStore::new()));
    let connection = application.build().await?.connection(store.tenant.as_str(), &*spec.id);
    let connector = connection.open_settings(&spec.id, &config, credential)?.connector().clone();
    Ok(Connected { provider: spec.id.clone(), title: spec.title.clone(), config, connector, max_wait })
}

/// Connects with what `tieline connect` kept.
async fn connect_stored(provider: &str, id: &str, store: &StoreArgs, host: &HostArgs) -> Result<Connected> {
    let tenant = keeping::connections(store, host).await?;
    let spec = tenant.tieline().registry().factory(provider)?.spec();
    let id = ConnectionId::from(id);
    let kept = tenant.store().connection(&id).await?.ok_or_else(|| {
        Error::new(ErrorKind::NotFound, "there is no such connection")
            .with_advice("`tieline connections` lists them")
            .with_context("connection", &id)
    })?;
    if kept.provider != spec.id {
        let message = format!("the connection is one with {}, not with {}", kept.provider, spec.id);
        return Err(Error::new(ErrorKind::Config, message).with_context("connection", id));
    }
    let (provider, title, max_wait) =
        (spec.id.clone(), spec.title.clone(), Duration::from_secs(host.max_wait.into()));
    let run = tenant.connection(id).open().await?;
    let connector = Arc::clone(run.connector());
    keeping::used(run, keeping::actor(store));
    Ok(Connected { provider, title, config: kept.config, connector, max_wait })
}

/// The application of a command, with the options that every command has.
pub(crate) fn builder(
    options: &HostArgs,
    providers: impl IntoIterator<Item = Provider>,
) -> Result<TielineBuilder> {
    let agent = concat!("tieline-cli/", env!("CARGO_PKG_VERSION"));
    let retry = RetryPolicy::default().with_max_wait(Duration::from_secs(options.max_wait.into()));
    let elsewhere = options.base_url.as_deref().map(base_url).transpose()?;
    if let Some(url) = &elsewhere {
        check_network(options, url)?;
    }
    let builder = Tieline::builder().http(|http| http.user_agent(agent).retry(retry));
    let networks = options.allow_network.iter();
    let builder = networks.fold(builder, |builder, network| builder.allow_network(network));
    Ok(providers.into_iter().fold(builder, |builder, provider| {
        builder.provider(match &elsewhere {
            Some(url) => provider.with_base_url(url.clone()),
            None => provider,
        })
    }))
}

/// The stack refuses it too, but does not know what the option is called.
pub(crate) fn check_network(options: &HostArgs, target: &Url) -> Result<()> {
    let policy = options
        .allow_network
        .iter()
        .try_fold(NetworkPolicy::public_only(), |policy, network| policy.allow(network))?;
    policy.check_url(target).map_err(|error| {
        error.with_advice(
            "use a public https address, or allow a network of your own with --allow-network, such as 127.0.0.1/32",
        )
    })
}

/// The address is not repeated in messages, because somebody may have put a password into it.
pub(crate) fn base_url(text: &str) -> Result<Url> {
    text.parse().map_err(|error| {
        Error::new(ErrorKind::Config, format!("--base-url is not an address: {error}"))
            .with_advice("write it in full, such as http://127.0.0.1:8080")
    })
}
