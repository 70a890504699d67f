//! What the process that sets up and the processes that work do alike.

use std::borrow::Cow;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use tieline_auth::{
    Callback, ConsentRequest, CredentialManager, CredentialStore, OAuthApp, OAuthClient, Secret,
    VerifiedCallback, token_endpoint,
};
use tieline_core::http::HttpClient;
use tieline_core::{AuthScheme, Category, Clock, ConnectorSpec, OAuth2, Origins, RefreshPolicy, SystemClock};
use tieline_http::{ClientOptions, HttpStack};
use tieline_sandbox::oauth::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI};
use tieline_store::ConnectionId;
use tieline_store::connections::{Actor, NewConnection};
use tieline_vault::{Key, KeyRing, Vault};
use url::Url;

use super::place::Place;
use crate::Result;

const SESSION: &str = "the browser";

/// A provider, an app there, and a vault.
pub(crate) struct Setup {
    base_url: Url,
    key: SecretString,
    pub(crate) spec: ConnectorSpec,
    pub(crate) host: HttpStack,
    pub(crate) client: OAuthClient,
}

impl Setup {
    pub(crate) fn new(base_url: Url) -> Result<Self> {
        Self::with_key(base_url, Key::generate()?.to_text())
    }

    pub(crate) fn with_key(base_url: Url, key: SecretString) -> Result<Self> {
        let mut spec = ConnectorSpec::new("sandbox", "the sandbox", Category::Other);
        let mut oauth = OAuth2::new(
            base_url.join("oauth/authorize")?.to_string(),
            base_url.join("oauth/token")?.to_string(),
        );
        oauth.pkce = true;
        oauth.refresh = RefreshPolicy::one_time();
        spec.auth = vec![AuthScheme::OAuth2(oauth)];
        let host = base_url.host_str().unwrap_or_default().to_owned();
        spec.origins = Origins::Patterns(vec![Cow::Owned(host)]);
        let host = HttpStack::builder().allow_network("127.0.0.1/32").build()?;
        let client = OAuthClient::new(&spec, token_client(&host, &spec, &base_url)?)?
            .with_app(OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse()?));
        Ok(Self { base_url, key, spec, host, client })
    }

    pub(crate) fn base_url(&self) -> &Url {
        &self.base_url
    }

    pub(crate) fn key_text(&self) -> String {
        self.key.expose_secret().to_owned()
    }

    pub(crate) fn keeper(&self, clock: Arc<dyn Clock>) -> Result<CredentialManager> {
        Ok(CredentialManager::new(self.vault()?, clock))
    }

    pub(crate) fn connection() -> ConnectionId {
        "acme".into()
    }

    fn vault(&self) -> Result<Vault> {
        Ok(Vault::new(KeyRing::new(Key::parse(&self.key)?)))
    }

    /// A person consents, and the tokens are stored.
    pub(crate) async fn connect(&self, place: &Place) -> Result<()> {
        let store: Arc<dyn CredentialStore> = place.open().await?;
        let (vault, now, connection) = (self.vault()?, SystemClock.now(), Self::connection());
        let begun =
            self.client.begin(&*store, &vault, ConsentRequest::new(connection.clone(), SESSION), now).await?;
        let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
        let answer = browser.get(begun.url).send().await?;
        let callback = answer.headers().get("location").ok_or("the provider sent the browser nowhere")?;
        let query = Url::parse(callback.to_str()?)?.query().unwrap_or_default().to_owned();
        let returned = VerifiedCallback::take(&*store, &Callback::new(query, SESSION), now).await?;
        let consented = self.client.finish(&vault, returned, now).await?;
        let secret = Secret::from(consented.tokens);
        let put = secret.put(&vault, store.tenant(), &connection, Some(self.client.oauth()), now).await?;
        let new = NewConnection::new(connection, "sandbox", "Acme");
        store.create(new, vec![(Secret::NAME.to_owned(), put)], &Actor::new("bench"), now).await?;
        Ok(())
    }
}

fn token_client(host: &HttpStack, spec: &ConnectorSpec, base_url: &Url) -> Result<HttpClient> {
    Ok(host.client(ClientOptions::new(token_endpoint(spec), base_url.clone()))?)
}
