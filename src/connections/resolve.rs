//! From a stored connection to a connector.

use std::sync::Arc;

use serde_json::Value;
use tieline_auth::{IssuedCredential, Login, OAuthClient, Secret, token_endpoint};
use tieline_core::http::HttpClient;
use tieline_core::{
    Connector, ConnectorFactory, Credential, Error, ErrorKind, Grant, IntoCredential, Origins, Result,
};
use tieline_http::ClientOptions;
use tieline_store::ConnectionId;
use tieline_store::connections::Connection;
use url::Url;

use super::Connections;
use crate::host::{Options, configured};

/// Where a credential comes from.
pub(super) enum Source<'s> {
    /// The store, which renews it there.
    Stored(&'s Secret),
    /// Elsewhere: nothing of it is in the store.
    Loose(&'s Secret),
}

impl Connections {
    pub(super) async fn connector_of(&self, connection: &Connection) -> Result<Arc<dyn Connector>> {
        let stored = self.secret(&connection.id).await?;
        let (id, provider, config) = (&connection.id, connection.provider.as_str(), &connection.config);
        match &stored {
            Some(secret) => self.connector(id, provider, config, Source::Stored(secret)),
            None => {
                let secret = self.environment_secret(provider)?;
                self.connector(id, provider, config, Source::Loose(&secret))
            }
        }
    }

    pub(super) async fn secret(&self, id: &ConnectionId) -> Result<Option<Secret>> {
        let Some(stored) = self.store.secret(id, Secret::NAME).await? else { return Ok(None) };
        let vault = self.shared.keeper.vault();
        Secret::open(vault, self.store.tenant(), id, &stored.sealed).await.map(Some)
    }

    fn environment_secret(&self, provider: &str) -> Result<Secret> {
        let spec = self.shared.registry.factory(provider)?.spec();
        self.shared.environment.secret(spec)?.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("there is no credential for {}", spec.title))
                .with_advice("connect the account again")
        })
    }

    pub(super) fn connector(
        &self,
        id: &ConnectionId,
        provider: &str,
        config: &Value,
        source: Source<'_>,
    ) -> Result<Arc<dyn Connector>> {
        let registry = &self.shared.registry;
        let factory = &configured(registry.factory(provider)?, config)?;
        let base_url = self.base_url(factory, config)?;
        let credential = self.credential(id, factory, &base_url, config, source)?;
        let options = Options {
            base_url: Some(base_url),
            account: Some(id.to_string()),
            tenant: Some(self.store.tenant().to_string()),
            limits: None,
        };
        registry.host().build(factory, config.clone(), credential, options)
    }

    /// Where requests go. Settings may come from a provider's answer, so the spec's origins are asked as well.
    fn base_url(&self, factory: &Arc<dyn ConnectorFactory>, config: &Value) -> Result<Url> {
        let spec = factory.spec();
        let declared = factory.base_url(config)?;
        if let Some(url) = self.shared.base_urls.get(spec.id.as_ref()) {
            return Ok(url.clone());
        }
        if matches!(spec.origins, Origins::Patterns(_)) && !spec.origins.allows(&declared) {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the settings lead to an address that is not {}'s", spec.title),
            )
            .with_advice("correct the connection's settings"));
        }
        Ok(declared)
    }

    fn credential(
        &self,
        id: &ConnectionId,
        factory: &Arc<dyn ConnectorFactory>,
        base_url: &Url,
        config: &Value,
        source: Source<'_>,
    ) -> Result<Arc<dyn Credential>> {
        let keeper = &self.shared.keeper;
        let spec = factory.spec();
        let (Source::Stored(secret) | Source::Loose(secret)) = &source;
        match secret {
            Secret::Tokens(tokens) if matches!(source, Source::Loose(_)) => Ok(tokens.as_credential()),
            Secret::Tokens(_) => Ok(keeper.credential(&self.store, id, &self.oauth(factory)?)),
            Secret::ClientCredentials => {
                let client = self.oauth(factory)?;
                if !client.has(Grant::ClientCredentials) {
                    let message = format!("{} gives applications no tokens of their own", spec.title);
                    return Err(Error::new(ErrorKind::Config, message));
                }
                Ok(IssuedCredential::client_credentials(&client, config, Arc::clone(keeper.clock())))
            }
            Secret::ServiceAccount(account) => {
                let client = self.oauth(factory)?;
                Ok(IssuedCredential::service_account(&client, account.clone(), Arc::clone(keeper.clock())))
            }
            Secret::Fields(fields) => {
                if fields.scheme(&spec.auth).is_some_and(|scheme| scheme.session().is_some()) {
                    let http = self.login_client(factory, base_url)?;
                    let login = Login::new(spec, base_url, config, fields.clone(), http)?;
                    return Ok(IssuedCredential::session(login, Arc::clone(keeper.clock())));
                }
                fields.clone().into_credential(&spec.auth)
            }
            _ => Err(Error::unsupported("this kind of credential")),
        }
    }

    /// The provider's OAuth 2, with the host's app and addresses.
    pub(super) fn oauth(&self, factory: &Arc<dyn ConnectorFactory>) -> Result<OAuthClient> {
        let spec = factory.spec();
        let token_url =
            spec.auth.iter().find_map(|scheme| scheme.oauth2()).map(|oauth| oauth.token_url.as_ref());
        let urls = self.shared.oauth_urls.get(spec.id.as_ref());
        let address = match (urls, token_url) {
            (Some(urls), _) => urls.token.clone(),
            (None, Some(url)) => Url::parse(url).map_err(|_| {
                Error::new(ErrorKind::Internal, format!("the token address of {} is no URL", spec.title))
            })?,
            (None, None) => factory_takes_no_oauth(&spec.title)?,
        };
        let mut client = OAuthClient::new(spec, self.login_client(factory, &address)?)?;
        if let Some(app) = self.shared.apps.get(spec.id.as_ref()) {
            client = client.with_app(app.clone());
        }
        if let Some(urls) = urls {
            client = client.with_urls(urls.clone());
        }
        Ok(client)
    }

    fn login_client(&self, factory: &Arc<dyn ConnectorFactory>, address: &Url) -> Result<HttpClient> {
        let options = ClientOptions::new(token_endpoint(factory.spec()), address.clone());
        self.shared.registry.host().http().client(options)
    }
}

fn factory_takes_no_oauth(title: &str) -> Result<Url> {
    Err(Error::new(ErrorKind::Config, format!("{title} is not connected by OAuth"))
        .with_advice("ask for the fields that the connector's spec names"))
}
