//! Consent, renewal and revocation under an echoing provider, for the hunt for secrets.

use std::sync::Arc;

use chrono::Utc;
use secrecy::ExposeSecret as _;
use tieline_auth::{
    Authorized, Callback, ConsentRequest, CredentialManager, CredentialStore, OAuthApp, OAuthClient, Secret,
    VerifiedCallback, token_endpoint,
};
use tieline_core::{Clock, ConnectorSpec, Error, Result, SystemClock};
use tieline_http::{ClientOptions, HttpStack, RetryPolicy};
use tieline_store::ConnectionId;
use tieline_store::connections::NewConnection;
use tieline_vault::{Key, KeyRing, Vault};
use url::Url;

use crate::bench::{Bench, Lab};
use crate::verdict::ensure;
use crate::wire::Trouble;
use crate::{Failure, Hunt};

const SESSION: &str = "c00kie-of-the-browser-77d1";
const STATUSES: [u16; 6] = [400, 401, 403, 422, 500, 503];

struct Walk<'w> {
    bench: Bench<'w>,
    spec: ConnectorSpec,
    app: OAuthApp,
    vault: Vault,
    store: Arc<dyn CredentialStore>,
    connection: ConnectionId,
}

/// Walks it all, where the provider takes consents and the world models them. Answers whether it did.
pub(crate) async fn try_consents(
    lab: &Lab<'_>,
    store: Arc<dyn CredentialStore>,
    hunt: &mut Hunt,
) -> std::result::Result<bool, Failure> {
    let factory = lab.subject.factory();
    let spec = factory.spec().clone();
    let Some(app) = lab.subject.app() else { return Ok(false) };
    let Some(oauth) = spec.auth.iter().find_map(|scheme| scheme.oauth2()) else { return Ok(false) };
    let token_url = oauth.token_url.to_string();
    let key = Key::generate()?;
    hunt.secret("the vault's key", key.to_text().expose_secret());
    hunt.secret("the browser's session", SESSION);
    let vault = Vault::new(KeyRing::new(key));
    let bench = lab.bench()?;
    let walk = Walk { bench, spec, app, vault, store, connection: "consented".into() };
    walk.all(&token_url, hunt).await?;
    for issued in walk.bench.world.issued() {
        hunt.secret("a secret of the consent", issued);
    }
    Ok(true)
}

impl Walk<'_> {
    /// A process of its own, which met nothing yet.
    fn process(&self, token_url: &str) -> Result<(OAuthClient, CredentialManager)> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let transport = Arc::clone(&self.bench.wire);
        let retry = RetryPolicy::default().with_max_attempts(1);
        let host =
            HttpStack::builder().transport(transport).clock(Arc::clone(&clock)).retry(retry).build()?;
        let url: Url = token_url.parse().map_err(|_| Error::unsupported("a token address that is no URL"))?;
        let http = host.client(ClientOptions::new(token_endpoint(&self.spec), url))?;
        let client = OAuthClient::new(&self.spec, http)?.with_app(self.app.clone());
        Ok((client, CredentialManager::new(self.vault.clone(), clock)))
    }

    /// Begins, and comes back from the provider.
    async fn visit(&self, client: &OAuthClient, hunt: &mut Hunt) -> std::result::Result<Callback, Failure> {
        let request = ConsentRequest::new(self.connection.clone(), SESSION);
        hunt.debug("the request for a consent", &request);
        let begun = client.begin(&*self.store, &self.vault, request, Utc::now()).await?;
        hunt.debug("where the browser is sent", &begun);
        let query = self.bench.world.consent(&begun.url);
        let query =
            query.ok_or_else(|| Failure::new("the subject has an app, and its world takes no consents"))?;
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if matches!(&*name, "state" | "code") {
                hunt.secret(&name, value.as_bytes());
            }
        }
        let callback = Callback::new(query, SESSION);
        hunt.debug("the callback", &callback);
        Ok(callback)
    }

    async fn finish(&self, client: &OAuthClient, callback: &Callback) -> Result<Authorized> {
        let returned = VerifiedCallback::take(&*self.store, callback, Utc::now()).await?;
        client.finish(&self.vault, returned, Utc::now()).await
    }

    async fn all(&self, token_url: &str, hunt: &mut Hunt) -> std::result::Result<(), Failure> {
        let wire = &self.bench.wire;
        for status in STATUSES {
            let (client, _) = self.process(token_url)?;
            let callback = self.visit(&client, hunt).await?;
            wire.always(Trouble::Echo(status));
            let refused = self.finish(&client, &callback).await;
            wire.calm();
            ensure!(refused.is_err(), "a code was exchanged for an error of status {status}");
            hunt.result("the answer to an echoed code", &refused);
        }
        let (client, keeper) = self.process(token_url)?;
        let callback = self.visit(&client, hunt).await?;
        let consented = self.finish(&client, &callback).await?;
        hunt.debug("the consent", &consented);
        hunt.result("a replayed callback", &self.finish(&client, &callback).await);
        let (secret, now) = (Secret::from(consented.tokens), Utc::now());
        let put =
            secret.put(&self.vault, self.store.tenant(), &self.connection, Some(client.oauth()), now).await?;
        let new = NewConnection::new(self.connection.clone(), &*self.spec.id, "Conformance");
        let by = "conformance".into();
        self.store.create(new, vec![(Secret::NAME.to_owned(), put)], &by, now).await?;
        keeper.credential(&self.store, &self.connection, &client).renew().await?;
        for status in STATUSES {
            let (client, keeper) = self.process(token_url)?;
            let credential = keeper.credential(&self.store, &self.connection, &client);
            wire.always(Trouble::Echo(status));
            let refused = credential.renew().await;
            wire.calm();
            ensure!(refused.is_err(), "a token was renewed by an error of status {status}");
            hunt.result("an echoed renewal", &refused);
            hunt.debug("the credential", &credential);
            // Nothing is lost: whoever comes next renews.
            let (client, keeper) = self.process(token_url)?;
            keeper.credential(&self.store, &self.connection, &client).renew().await?;
        }
        for trouble in STATUSES.map(|status| Some(Trouble::Echo(status))).into_iter().chain([None]) {
            let (client, keeper) = self.process(token_url)?;
            if let Some(trouble) = trouble {
                wire.always(trouble);
            }
            hunt.debug("a revocation", &keeper.revoke(&self.store, &self.connection, &client).await);
            wire.calm();
        }
        let (client, keeper) = self.process(token_url)?;
        let last = keeper.credential(&self.store, &self.connection, &client).renew().await;
        hunt.result("a renewal of what may be revoked", &last);
        hunt.debug("the audit log", &self.store.audit(None, None, 1_000).await?);
        hunt.debug("the stored secret", &self.store.secret(&self.connection, Secret::NAME).await?);
        hunt.debug("the stored connection", &self.store.connection(&self.connection).await?);
        Ok(())
    }
}
