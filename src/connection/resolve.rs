//! From a stored connection to a connector.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tieline_auth::{IssuedCredential, Login, OAuthClient, Secret, refused_before, token_endpoint};
use tieline_core::http::HttpClient;
use tieline_core::{
    Connector, ConnectorFactory, ConnectorSpec, Credential, Error, ErrorKind, Grant, IntoCredential, Origins,
    Result,
};
use tieline_http::ClientOptions;
use tieline_store::connections::Connection;
use url::Url;

use super::ConnectionHandle;
use crate::connect::{Options, configured, context};
use crate::{Provider, Tenant};

/// Where a credential comes from.
pub(crate) enum Source<'s> {
    /// The store, which renews it there: the secret, and its generation.
    Stored(&'s Secret, u64),
    /// Elsewhere: nothing of it is in the store.
    Loose(&'s Secret),
}

/// A secret that the store keeps.
pub(crate) struct Kept {
    pub(crate) secret: Secret,
    pub(crate) generation: u64,
    pub(crate) refused_at: Option<DateTime<Utc>>,
}

impl ConnectionHandle {
    /// The connector of what the store keeps, and the generation of its secret; 0 for one of the environment.
    pub(super) async fn connector_of(&self, connection: &Connection) -> Result<(Arc<dyn Connector>, u64)> {
        let (provider, config) = (connection.provider.as_str(), &connection.config);
        let Some(kept) = self.secret().await? else {
            let secret = self.environment_secret(provider)?;
            return Ok((self.connector_with(provider, config, Source::Loose(&secret))?, 0));
        };
        // Tokens may still be alive when their refresh token is refused; their credential knows.
        if let Some(at) = kept.refused_at.filter(|_| !matches!(kept.secret, Secret::Tokens(_))) {
            let factory = self.tenant.tieline().registry().factory(provider)?;
            return Err(refused_before(&factory.spec().title, at));
        }
        let source = Source::Stored(&kept.secret, kept.generation);
        Ok((self.connector_with(provider, config, source)?, kept.generation))
    }

    /// The secret that the store keeps.
    pub(crate) async fn secret(&self) -> Result<Option<Kept>> {
        let store = self.tenant.sealed();
        let Some(stored) = store.secret(&self.id, Secret::NAME).await? else { return Ok(None) };
        let vault = self.tenant.credentials()?.vault();
        let secret = Secret::open(vault, store.tenant(), &self.id, &stored.sealed).await?;
        Ok(Some(Kept { secret, generation: stored.generation, refused_at: stored.refused_at }))
    }

    fn environment_secret(&self, provider: &str) -> Result<Secret> {
        let tieline = self.tenant.tieline();
        let spec = tieline.registry().factory(provider)?.spec();
        tieline.0.environment.secret(spec)?.ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("there is no credential for {}", spec.title))
                .with_advice("connect the account again")
        })
    }

    pub(crate) fn connector_with(
        &self,
        provider: &str,
        config: &Value,
        source: Source<'_>,
    ) -> Result<Arc<dyn Connector>> {
        let tieline = self.tenant.tieline();
        let plain = tieline.registry().factory(provider)?;
        let (Source::Stored(secret, _) | Source::Loose(secret)) = &source;
        let config = settings_in_force(config, secret, plain);
        let factory = configured(plain, &config)?;
        let base_url = self.base_url(&factory, &config)?;
        let credential = self.credential(&factory, &base_url, &config, source)?;
        let options = Options { base_url: Some(base_url), ..self.options(factory.spec()) };
        factory.build(context(tieline.http(), Arc::clone(&factory), config, credential, options)?)
    }

    /// The options of the connection's client.
    pub(super) fn options(&self, spec: &ConnectorSpec) -> Options {
        let provider = self.provider(spec);
        Options {
            base_url: provider.and_then(|provider| provider.base_url.clone()),
            account: Some(self.id.to_string()),
            tenant: Some(self.tenant.id().to_string()),
            limits: self.limits.clone().or_else(|| provider.and_then(|provider| provider.limits.clone())),
        }
    }

    fn provider(&self, spec: &ConnectorSpec) -> Option<&Provider> {
        self.tenant.tieline().registry().get(&spec.id)
    }

    /// Where requests go. Settings may come from a provider's answer, so the spec's origins are asked as well.
    fn base_url(&self, factory: &Arc<dyn ConnectorFactory>, config: &Value) -> Result<Url> {
        let spec = factory.spec();
        let declared = factory.base_url(config)?;
        if let Some(url) = self.provider(spec).and_then(|provider| provider.base_url.as_ref()) {
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
        factory: &Arc<dyn ConnectorFactory>,
        base_url: &Url,
        config: &Value,
        source: Source<'_>,
    ) -> Result<Arc<dyn Credential>> {
        let tenant = &self.tenant;
        let spec = factory.spec();
        let clock = || tenant.tieline().http().clock();
        let (Source::Stored(secret, _) | Source::Loose(secret)) = &source;
        // One login, or one request for a token, for all who connect.
        let shared = |make: &dyn Fn() -> Result<Arc<IssuedCredential>>| match source {
            Source::Stored(_, generation) => {
                let depends_on = [base_url.as_str(), &config.to_string()];
                tenant.credentials()?.issued(tenant.sealed(), &self.id, generation, &depends_on, make)
            }
            Source::Loose(_) => make(),
        };
        match secret {
            Secret::Tokens(tokens) => {
                let credential: Arc<dyn Credential> = match source {
                    Source::Loose(_) => tokens.as_credential(),
                    Source::Stored(..) => {
                        let client = tenant.oauth(factory, config)?;
                        tenant.credentials()?.credential(tenant.sealed(), &self.id, &client)
                    }
                };
                let scheme = spec.auth.iter().find(|scheme| scheme.oauth2().is_some());
                match scheme {
                    Some(scheme) => tokens.entered().beside(scheme, config, credential),
                    None => Ok(credential),
                }
            }
            Secret::ClientCredentials(_) => {
                let client = tenant.oauth(factory, config)?;
                if !client.has(Grant::ClientCredentials) {
                    let message = format!("{} gives applications no tokens of their own", spec.title);
                    return Err(Error::new(ErrorKind::Config, message));
                }
                shared(&|| Ok(IssuedCredential::client_credentials(&client, config, clock())))
                    .map(|issued| issued as Arc<dyn Credential>)
            }
            Secret::ServiceAccount(account) => {
                let client = tenant.oauth(factory, config)?;
                shared(&|| Ok(IssuedCredential::service_account(&client, account.clone(), clock())))
                    .map(|issued| issued as Arc<dyn Credential>)
            }
            Secret::Fields(fields) => {
                let scheme = fields.scheme(&spec.auth).filter(|scheme| scheme.session().is_some());
                let Some(scheme) = scheme else {
                    return fields.clone().into_credential_for(&spec.auth, config);
                };
                let issued = shared(&|| {
                    let http = tenant.login_client(factory, base_url)?;
                    let login = Login::new(spec, base_url, config, fields.clone(), http)?;
                    Ok(IssuedCredential::session(login, clock()))
                })?;
                fields.beside(scheme, config, issued)
            }
            _ => Err(Error::unsupported("this kind of credential")),
        }
    }
}

impl Tenant {
    /// The provider's OAuth 2, with the application's app and addresses.
    pub(crate) fn oauth(&self, factory: &Arc<dyn ConnectorFactory>, settings: &Value) -> Result<OAuthClient> {
        let spec = factory.spec();
        let token_url =
            spec.auth.iter().find_map(|scheme| scheme.oauth2()).map(|oauth| oauth.token_url.as_ref());
        let provider = self.tieline().registry().get(&spec.id);
        let urls = provider.map(Provider::oauth_urls).transpose()?.flatten();
        let address = match (&urls, token_url) {
            (Some(urls), _) => urls.token.clone(),
            (None, Some(url)) => OAuthClient::address(spec, url, settings)?,
            (None, None) => factory_takes_no_oauth(&spec.title)?,
        };
        let http = self.login_client(factory, &address)?;
        // Where the application puts its own addresses, those of the spec need no settings.
        let mut client = match urls {
            Some(urls) => OAuthClient::at(spec, urls, http)?,
            None => OAuthClient::for_settings(spec, settings, http)?,
        };
        if let Some(app) = provider.and_then(|provider| provider.app.as_ref()) {
            client = client.with_app(app.clone());
        }
        Ok(client)
    }

    fn login_client(&self, factory: &Arc<dyn ConnectorFactory>, address: &Url) -> Result<HttpClient> {
        let options = ClientOptions::new(token_endpoint(factory.spec()), address.clone());
        self.tieline().http().client(options)
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
