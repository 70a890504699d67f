//! From a stored connection to a connector.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tieline_auth::{IssuedCredential, Login, OAuthClient, Secret, refused_before, token_endpoint};
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
    /// The store, which renews it there: the secret, and its generation.
    Stored(&'s Secret, u64),
    /// Elsewhere: nothing of it is in the store.
    Loose(&'s Secret),
}

/// A secret that the store keeps.
pub(super) struct Kept {
    pub(super) secret: Secret,
    pub(super) generation: u64,
    pub(super) refused_at: Option<DateTime<Utc>>,
}

impl Connections {
    /// The connector of a connection, and the generation of its secret; 0 for one of the environment.
    pub(super) async fn connector_of(&self, connection: &Connection) -> Result<(Arc<dyn Connector>, u64)> {
        let (id, provider, config) = (&connection.id, connection.provider.as_str(), &connection.config);
        let Some(kept) = self.secret(id).await? else {
            let secret = self.environment_secret(provider)?;
            return Ok((self.connector(id, provider, config, Source::Loose(&secret))?, 0));
        };
        // Tokens may still be alive when their refresh token is refused; their credential knows.
        if let Some(at) = kept.refused_at.filter(|_| !matches!(kept.secret, Secret::Tokens(_))) {
            let factory = self.registry().factory(provider)?;
            return Err(refused_before(&factory.spec().title, at));
        }
        let source = Source::Stored(&kept.secret, kept.generation);
        Ok((self.connector(id, provider, config, source)?, kept.generation))
    }

    pub(super) async fn secret(&self, id: &ConnectionId) -> Result<Option<Kept>> {
        let Some(stored) = self.store.secret(id, Secret::NAME).await? else { return Ok(None) };
        let vault = self.shared.keeper.vault();
        let secret = Secret::open(vault, self.store.tenant(), id, &stored.sealed).await?;
        Ok(Some(Kept { secret, generation: stored.generation, refused_at: stored.refused_at }))
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
        let plain = registry.factory(provider)?;
        let (Source::Stored(secret, _) | Source::Loose(secret)) = &source;
        let config = settings_in_force(config, secret, plain);
        let factory = &configured(plain, &config)?;
        let base_url = self.base_url(factory, &config)?;
        let credential = self.credential(id, factory, &base_url, &config, source)?;
        let options = Options {
            base_url: Some(base_url),
            account: Some(id.to_string()),
            tenant: Some(self.store.tenant().to_string()),
            limits: None,
        };
        registry.host().build(factory, config, credential, options)
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
        let clock = || Arc::clone(keeper.clock());
        let (Source::Stored(secret, _) | Source::Loose(secret)) = &source;
        // One login, or one request for a token, for all who connect.
        let shared = |make: &dyn Fn() -> Result<Arc<IssuedCredential>>| match source {
            Source::Stored(_, generation) => {
                let depends_on = [base_url.as_str(), &config.to_string()];
                keeper.issued(&self.store, id, generation, &depends_on, make)
            }
            Source::Loose(_) => make(),
        };
        match secret {
            Secret::Tokens(tokens) => {
                let credential: Arc<dyn Credential> = match source {
                    Source::Loose(_) => tokens.as_credential(),
                    Source::Stored(..) => keeper.credential(&self.store, id, &self.oauth(factory, config)?),
                };
                let scheme = spec.auth.iter().find(|scheme| scheme.oauth2().is_some());
                match scheme {
                    Some(scheme) => tokens.entered().beside(scheme, config, credential),
                    None => Ok(credential),
                }
            }
            Secret::ClientCredentials(_) => {
                let client = self.oauth(factory, config)?;
                if !client.has(Grant::ClientCredentials) {
                    let message = format!("{} gives applications no tokens of their own", spec.title);
                    return Err(Error::new(ErrorKind::Config, message));
                }
                shared(&|| Ok(IssuedCredential::client_credentials(&client, config, clock())))
                    .map(|issued| issued as Arc<dyn Credential>)
            }
            Secret::ServiceAccount(account) => {
                let client = self.oauth(factory, config)?;
                shared(&|| Ok(IssuedCredential::service_account(&client, account.clone(), clock())))
                    .map(|issued| issued as Arc<dyn Credential>)
            }
            Secret::Fields(fields) => {
                let scheme = fields.scheme(&spec.auth).filter(|scheme| scheme.session().is_some());
                let Some(scheme) = scheme else {
                    return fields.clone().into_credential_for(&spec.auth, config);
                };
                let issued = shared(&|| {
                    let http = self.login_client(factory, base_url)?;
                    let login = Login::new(spec, base_url, config, fields.clone(), http)?;
                    Ok(IssuedCredential::session(login, clock()))
                })?;
                fields.beside(scheme, config, issued)
            }
            _ => Err(Error::unsupported("this kind of credential")),
        }
    }

    /// The provider's OAuth 2, with the host's app and addresses.
    pub(super) fn oauth(&self, factory: &Arc<dyn ConnectorFactory>, settings: &Value) -> Result<OAuthClient> {
        let spec = factory.spec();
        let token_url =
            spec.auth.iter().find_map(|scheme| scheme.oauth2()).map(|oauth| oauth.token_url.as_ref());
        let urls = self.shared.oauth_urls.get(spec.id.as_ref());
        let address = match (urls, token_url) {
            (Some(urls), _) => urls.token.clone(),
            (None, Some(url)) => OAuthClient::address(spec, url, settings)?,
            (None, None) => factory_takes_no_oauth(&spec.title)?,
        };
        let http = self.login_client(factory, &address)?;
        // Where the host puts its own addresses, those of the spec need no settings.
        let mut client = match urls {
            Some(urls) => OAuthClient::at(spec, urls.clone(), http)?,
            None => OAuthClient::for_settings(spec, settings, http)?,
        };
        if let Some(app) = self.shared.apps.get(spec.id.as_ref()) {
            client = client.with_app(app.clone());
        }
        Ok(client)
    }

    fn login_client(&self, factory: &Arc<dyn ConnectorFactory>, address: &Url) -> Result<HttpClient> {
        let options = ClientOptions::new(token_endpoint(factory.spec()), address.clone());
        self.shared.registry.host().http().client(options)
    }
}

/// The settings of a connection with what its authorization said about the account in their place. Which account an
/// application's own token opens is said by the authorization alone: what the settings say of it does not count.
fn settings_in_force(config: &Value, secret: &Secret, factory: &Arc<dyn ConnectorFactory>) -> Value {
    let mut settings = config.clone();
    if matches!(secret, Secret::ClientCredentials(_))
        && let Some(members) = settings.as_object_mut()
    {
        let oauth = factory.spec().auth.iter().find_map(|scheme| scheme.oauth2());
        for header in oauth.iter().flat_map(|oauth| &oauth.token_headers) {
            members.remove(header.setting.as_ref());
        }
    }
    secret.captured().apply(&mut settings);
    settings
}

fn factory_takes_no_oauth(title: &str) -> Result<Url> {
    Err(Error::new(ErrorKind::Config, format!("{title} is not connected by OAuth"))
        .with_advice("ask for the fields that the connector's spec names"))
}
