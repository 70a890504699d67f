//! The whole life of connections over real sockets. What is shown on the way goes to a hunt.

use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tieline::store::connections::{ConnectionFilter, NewConnection};
use tieline::vault::{Key, KeyRing, Vault};
use tieline::{
    ApplicationStore, Callback, CheckRequest, DiscoverRequest, Draft, Erase, Fields, OAuthApp, OAuthUrls,
    Provider, ReadRequest, Result, Revoked, Secret, Tenant, Tieline,
};
use tieline_conformance::Hunt;
use tieline_http::RetryPolicy;
use tieline_sandbox::oauth::{Authorizes, CLIENT_ID, CLIENT_SECRET, Decision, REDIRECT_URI};
use tieline_sandbox::{Fault, FaultRule, Model, Server};
use url::Url;

const SESSION: &str = "cookie-6d1f0a53be9c44e7";
const STATUSES: [u16; 6] = [200, 302, 400, 401, 403, 500];

/// A provider, and a database for two tenants, with two keys that follow each other.
pub struct Walk<M> {
    pub about: About,
    pub server: Server<M>,
    pub store: Arc<dyn ApplicationStore>,
    pub hunt: Hunt,
    keys: [SecretString; 2],
    rotated: bool,
}

/// What differs between providers.
#[derive(Clone, Copy)]
pub struct About {
    pub provider: &'static str,
    pub factory: fn() -> Provider,
    pub scopes: &'static [&'static str],
    /// Settings of a connection by key, and the name of that key.
    pub config: &'static str,
    pub field: &'static str,
    pub entity: &'static str,
}

impl<M: Model + Authorizes> Walk<M> {
    pub fn new(about: About, server: Server<M>, store: Arc<dyn ApplicationStore>) -> Self {
        let mut hunt = Hunt::default();
        hunt.secret("the cookie", SESSION);
        hunt.secret("the client secret", CLIENT_SECRET);
        let keys = [Key::generate().unwrap(), Key::generate().unwrap()].map(|key| key.to_text());
        for key in &keys {
            hunt.secret("a key of the vault", key.expose_secret());
        }
        Self { about, server, store, hunt, keys, rotated: false }
    }

    /// A process of its own: nothing in memory of what others met.
    pub fn process(&mut self) -> Tenant {
        let base: Url = self.server.base_url().parse().unwrap();
        let policy = self.server.authorization().policy();
        let at = |path: &str| base.join(path).unwrap();
        let urls = OAuthUrls::new(at(&policy.authorize_path), at(&policy.token_path))
            .with_revoke(at(&policy.revoke_path));
        let retry = RetryPolicy::default()
            .with_first_wait(Duration::from_millis(1))
            .with_max_wait(Duration::from_millis(10))
            .with_max_attempts(2);
        let [old, fresh] = self.keys.each_ref().map(|text| Key::parse(text).unwrap());
        let ring = if self.rotated { KeyRing::new(fresh).with_older(old) } else { KeyRing::new(old) };
        let app = OAuthApp::new(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI.parse().unwrap());
        let app = app.with_scopes(self.about.scopes.iter().copied());
        self.hunt.debug("the app", &app);
        self.hunt.debug("the keys", &ring);
        let provider = (self.about.factory)().with_app(app).with_base_url(base).with_oauth_urls(urls);
        let builder = Tieline::builder()
            .store(Arc::clone(&self.store))
            .vault(Vault::new(ring))
            .provider(provider)
            .allow_network("127.0.0.1/32")
            .http(|http| http.retry(retry));
        self.hunt.debug("the builder", &builder);
        let tieline = builder.build_unverified().unwrap();
        self.hunt.debug("the application", &tieline);
        let connections = tieline.tenant("main");
        self.hunt.debug("the connections", &connections);
        connections
    }

    /// A person goes to the provider and comes back.
    async fn visit(&mut self, connections: &Tenant, id: &str) -> Callback {
        let new = NewConnection::new(id, self.about.provider, "Sales");
        let begun = connections.begin_consent(new, SESSION).await.unwrap();
        self.hunt.debug("the way to the provider", &begun);
        let request = http::Request::get(begun.url.as_str()).body(bytes::Bytes::new()).unwrap();
        let reply = self.server.handle(request);
        let location: Url = reply.headers["location"].to_str().unwrap().parse().unwrap();
        for (name, value) in location.query_pairs().chain(begun.url.query_pairs()) {
            if matches!(&*name, "state" | "code") {
                self.hunt.secret(&name, value.as_bytes());
            }
        }
        let callback = Callback::new(location.query().unwrap().to_owned(), SESSION);
        self.hunt.debug("the callback", &callback);
        callback
    }

    fn echo(&self, method: &str, path: &str, status: u16) {
        self.server.clear_faults();
        self.server.inject(FaultRule::new(Fault::EchoSecrets { status }).on(method, path).always());
    }

    async fn consent(&mut self, connections: &Tenant, id: &str) -> Callback {
        let callback = self.visit(connections, id).await;
        let mut draft = connections.finish_consent(&callback).await.unwrap();
        self.tried(&mut draft).await;
        draft.store(&"anna".into()).await.unwrap();
        callback
    }

    async fn tried(&mut self, draft: &mut Draft) {
        let account = draft.check().await.unwrap();
        self.hunt.debug("the account", &account);
        self.hunt.debug("the draft", &draft);
        self.hunt.debug("the draft's secret", &draft.masked());
        self.hunt.debug("the draft's connector", &draft.connector().unwrap());
    }

    /// Every callback that is not the answer.
    pub async fn callbacks(&mut self) {
        let connections = self.process();
        connections.verify_keys().await.unwrap();
        self.server.authorization().set_decision(Decision::Denies);
        let denied = self.visit(&connections, "denied").await;
        self.server.authorization().set_decision(Decision::Consents);
        let other = self.visit(&connections, "foreign").await;
        let stranger = Callback::new(other.query.expose_secret().to_owned(), "cookie-of-a-stranger-77");
        self.hunt.secret("another cookie", "cookie-of-a-stranger-77");
        let expecting = self.visit(&connections, "expected").await.expecting("another");
        let foreign = connections.tieline().tenant("globex");
        let elsewhere = self.visit(&connections, "elsewhere").await;
        let codeless = self.visit(&connections, "codeless").await;
        let query = codeless.query.expose_secret();
        let state = query.split('&').find(|part| part.starts_with("state=")).unwrap();
        let codeless = Callback::new(state.to_owned(), SESSION);
        let refused = [
            ("a denied callback", connections.finish_consent(&denied).await),
            ("a stranger's callback", connections.finish_consent(&stranger).await),
            ("a callback for another", connections.finish_consent(&expecting).await),
            ("another tenant's callback", foreign.finish_consent(&elsewhere).await),
            ("a callback without a code", connections.finish_consent(&codeless).await),
        ];
        for (what, result) in refused {
            self.hunt.error(what, &result.unwrap_err());
        }
        let path = self.server.authorization().policy().token_path;
        for status in STATUSES {
            let connections = self.process();
            let callback = self.visit(&connections, "echoed").await;
            self.echo("POST", &path, status);
            self.hunt.error("an echoed code", &connections.finish_consent(&callback).await.unwrap_err());
        }
        self.server.clear_faults();
    }

    /// From the consent over renewals to the point where the customer must connect again.
    pub async fn renewals(&mut self) {
        let connections = self.process();
        let callback = self.consent(&connections, "sales").await;
        let elsewhere = self.process();
        self.hunt.error("a replayed callback", &elsewhere.finish_consent(&callback).await.unwrap_err());
        let crm = connections.connection("sales").connect().await.unwrap();
        self.hunt.debug("the connector", &crm);
        let read = crm.read(ReadRequest::full(self.about.entity)).unwrap().take(1).collect::<Vec<_>>().await;
        assert!(read[0].is_ok(), "{read:?}");
        self.hunt.debug("what was read", &read);
        self.hunt.debug("the catalog", &crm.discover(DiscoverRequest::names()).await);
        let before = self.server.authorization().counters().refreshes;
        self.server.expire_access_tokens();
        self.hunt.debug("a check", &crm.check(CheckRequest::default()).await.unwrap());
        assert_eq!(self.server.authorization().counters().refreshes, before + 1);

        let path = self.server.authorization().policy().token_path;
        for status in STATUSES {
            let connections = self.process();
            self.server.expire_access_tokens();
            self.echo("POST", &path, status);
            let error = check(&connections, "sales").await.unwrap_err();
            self.hunt.error("an echoed renewal", &error);
            connections
                .connection("sales")
                .open()
                .await
                .unwrap()
                .report(Err(&error), &"sync".into())
                .await
                .unwrap();
            self.server.clear_faults();
            // Whoever comes next goes on.
            check(&self.process(), "sales").await.unwrap();
            self.echo("GET", "", status);
            let result = check(&self.process(), "sales").await;
            self.hunt.result("an echoed request", &result);
            if let Err(error) = result {
                connections
                    .connection("sales")
                    .open()
                    .await
                    .unwrap()
                    .report(Err(&error), &"sync".into())
                    .await
                    .unwrap();
            }
            self.server.clear_faults();
        }
        let authorization = self.server.authorization();
        for consent in authorization.consents() {
            authorization.withdraw(consent.id).unwrap();
        }
        let connections = self.process();
        let refused = check(&connections, "sales").await.unwrap_err();
        self.hunt.error("a refused renewal", &refused);
        connections
            .connection("sales")
            .open()
            .await
            .unwrap()
            .report(Err(&refused), &"sync".into())
            .await
            .unwrap();
        self.shown(&connections).await;
        self.consent(&connections, "sales").await;
        check(&connections, "sales").await.unwrap();
    }

    /// A key that a person pasted, and what providers say about it.
    pub async fn pasted(&mut self, key: &str) {
        self.hunt.secret("the API key", key);
        let config = serde_json::from_str(self.about.config).unwrap();
        let new = NewConnection::new("pasted", self.about.provider, "Pasted").with_config(config);
        let fields = Fields::new([(self.about.field, key)]);
        self.hunt.debug("the fields", &fields);
        let connections = self.process();
        let mut draft = connections.draft(new, fields).unwrap();
        self.tried(&mut draft).await;
        draft.store(&"anna".into()).await.unwrap();
        for status in STATUSES {
            self.echo("GET", "", status);
            let connections = self.process();
            let result = check(&connections, "pasted").await;
            self.hunt.result("an echoed key", &result);
            connections
                .connection("pasted")
                .open()
                .await
                .unwrap()
                .report(result.as_ref().map(drop), &"sync".into())
                .await
                .unwrap();
        }
        self.server.clear_faults();
        check(&connections, "pasted").await.unwrap();
    }

    pub async fn rotation(&mut self) {
        self.rotated = true;
        let connections = self.process();
        let rotated = connections.rotate_keys(&"operator".into()).await.unwrap();
        assert_eq!((rotated.rewrapped, rotated.failed.len()), (2, 0), "{rotated:?}");
        self.hunt.debug("the rotation", &rotated);
        for id in ["sales", "pasted"] {
            check(&connections, id).await.unwrap();
        }
        self.shown(&connections).await;
    }

    pub async fn ends(&mut self) {
        let connections = self.process();
        let path = self.server.authorization().policy().revoke_path;
        for status in STATUSES {
            self.consent(&connections, "ending").await;
            self.echo("POST", &path, status);
            let ended =
                connections.connection("ending").disconnect(Erase::Everything, &"anna".into()).await.unwrap();
            if let Revoked::Failed(error) = &ended.revoked {
                self.hunt.error("an echoed revocation", error);
            }
            self.hunt.debug("an end", &ended);
            self.server.clear_faults();
        }
        for id in ["sales", "pasted"] {
            let ended = connections.connection(id).disconnect(Erase::Secret, &"anna".into()).await.unwrap();
            assert!(ended.erased, "{ended:?}");
            self.hunt.debug("an end", &ended);
            self.hunt.error("what has ended", &check(&connections, id).await.unwrap_err());
        }
        self.shown(&connections).await;
    }

    /// What pages and operators get to see.
    async fn shown(&mut self, connections: &Tenant) {
        let store = Arc::clone(&self.store);
        let hunt = &mut self.hunt;
        hunt.debug("the audit log", &store.audit(None, None, 10_000).await.unwrap());
        let all = store.connections(&ConnectionFilter::default(), 100).await.unwrap();
        hunt.debug("the list of secrets", &store.secrets(None, 100).await.unwrap());
        hunt.debug("the check of the keys", &store.key_check().await.unwrap());
        for connection in &all {
            if let Some(stored) = store.secret(&connection.id, Secret::NAME).await.unwrap() {
                hunt.debug("a stored secret", &stored);
                hunt.debug("a sealed secret", &stored.sealed);
            }
            // The last letters of a long key are shown to people.
            hunt.debug(
                "a masked secret",
                &connections.connection(connection.id.clone()).masked().await.unwrap(),
            );
        }
        hunt.debug("the list of connections", &all);
    }

    /// Everything that the provider gave out or was told.
    pub fn learn(&mut self) {
        for secret in self.server.authorization().secrets() {
            self.hunt.secret("a secret of the provider", secret);
        }
    }
}

async fn check(connections: &Tenant, id: &str) -> Result<String> {
    let crm = connections.connection(id).connect().await?;
    Ok(crm.check(CheckRequest::default()).await?.name)
}
