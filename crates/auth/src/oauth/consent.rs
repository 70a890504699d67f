//! Sending a person to the provider, and what comes back.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use oauth2::{CsrfToken, PkceCodeChallenge};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::{Consent, ConsentState};
use tieline_store::{ConnectionId, TenantId};
use tieline_vault::{Context, Vault};
use url::Url;

use super::callback::{self, Answered};
use super::capture::captured;
use super::client::OAuthClient;
use super::failure::{Effect, Failure};
use super::scopes::missing;
use super::tokens::Tokens;
use super::warning::GrantWarning;
use crate::CredentialStore;
use crate::scrub::Scrubber;

/// How long a person may take at the provider.
const PATIENCE: Duration = Duration::from_secs(10 * 60);
const VERIFIER: &str = "pkce_verifier";
const AGAIN: &str = "begin the connection again";

/// What a consent is asked for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConsentRequest {
    /// The connection that it is for. It need not exist yet.
    pub connection: ConnectionId,
    /// What names the browser session: the value of a cookie that only this browser has. The callback must come from
    /// the same one. It is stored as a hash.
    pub session: SecretString,
    /// What the callback should know again. No secret.
    pub detail: Value,
    /// Where the provider sends the browser back to, in place of the app's own callback.
    pub callback: Option<Url>,
}

impl ConsentRequest {
    /// A consent for a connection, in a browser session.
    pub fn new(connection: impl Into<ConnectionId>, session: impl Into<SecretString>) -> Self {
        Self { connection: connection.into(), session: session.into(), detail: Value::Null, callback: None }
    }

    /// Sets what the callback should know again. No secret.
    #[must_use]
    pub fn with_detail(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }

    /// Sets where the provider sends the browser back to: a port of this machine, for a program on the command line.
    #[must_use]
    pub fn with_callback(mut self, url: Url) -> Self {
        self.callback = Some(url);
        self
    }
}

/// Where to send the browser, and until when the callback is awaited. `Debug` does not show the address: who has it can
/// answer in the person's place.
#[derive(Clone)]
#[non_exhaustive]
pub struct AuthorizationUrl {
    /// Where to send the browser.
    pub url: Url,
    /// When the callback comes too late.
    pub expires_at: DateTime<Utc>,
}

impl fmt::Debug for AuthorizationUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizationUrl").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A request to the host's callback.
#[derive(Clone)]
#[non_exhaustive]
pub struct Callback {
    /// Its query, as it came.
    pub query: SecretString,
    /// What names the browser session that it came from.
    pub session: SecretString,
    /// The connection that the host expects it for, when it knows.
    pub connection: Option<ConnectionId>,
    /// The request's method. GET unless it is set.
    pub method: Method,
}

impl Callback {
    /// A callback from a browser session.
    pub fn new(query: impl Into<SecretString>, session: impl Into<SecretString>) -> Self {
        Self { query: query.into(), session: session.into(), connection: None, method: Method::GET }
    }

    /// Sets the request's method. Set it where a route answers HEAD too, as a route for GET does in many frameworks: a
    /// HEAD, of a link scanner, must not use the consent up.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The same for the same callback of the same browser session, and for no other.
    pub(crate) fn fingerprint(&self, tenant: &TenantId) -> [u8; 32] {
        let mut hash = Sha256::new();
        for part in
            [tenant.as_str(), self.method.as_str(), self.query.expose_secret(), self.session.expose_secret()]
        {
            hash = hash.chain_update(part.len().to_be_bytes()).chain_update(part);
        }
        hash.finalize().into()
    }

    /// Refuses it when it is for another connection.
    #[must_use]
    pub fn expecting(mut self, connection: impl Into<ConnectionId>) -> Self {
        self.connection = Some(connection.into());
        self
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback").field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// A callback that answers a consent of ours.
pub struct VerifiedCallback {
    tenant: TenantId,
    consent: Consent,
    answered: Answered,
}

impl fmt::Debug for VerifiedCallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedCallback")
            .field("connection", &self.consent.connection)
            .field("provider", &self.consent.provider)
            .finish_non_exhaustive()
    }
}

/// A person consented. Nothing is stored yet.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Authorized {
    /// The connection that it is for.
    pub connection: ConnectionId,
    /// The tokens.
    pub tokens: Tokens,
    /// What the grant lacks.
    pub warnings: Vec<GrantWarning>,
    /// What was handed to [`ConsentRequest`].
    pub detail: Value,
}

impl OAuthClient {
    /// Keeps a consent in the store, and answers where to send the browser.
    ///
    /// # Errors
    ///
    /// `Config` without an app; whatever store and vault answer.
    pub async fn begin(
        &self,
        store: &dyn CredentialStore,
        vault: &Vault,
        begin: ConsentRequest,
        now: DateTime<Utc>,
    ) -> Result<AuthorizationUrl> {
        let inner = self.inner();
        let app = self.app()?;
        let callback = begin.callback.as_ref().unwrap_or(&app.redirect);
        // 256 bits, and a tag that tells whose callback it is without saying it to anybody who does not know.
        let random = CsrfToken::new_random_len(32);
        let state = format!("{}.{}", random.secret(), tag(random.secret(), store.tenant()));
        let expires_at =
            now.checked_add_signed(TimeDelta::from_std(PATIENCE).unwrap_or_default()).unwrap_or(now);
        let mut consent = Consent::new(
            hash(&state),
            begin.connection.clone(),
            inner.provider.as_str(),
            session_hash(&begin.session),
            expires_at,
        );
        let asked = self.scopes_asked();
        consent.detail = json!({ "callback": callback.as_str(), "detail": begin.detail, "scopes": asked });

        let mut url = inner.authorize.clone();
        let scopes = asked.join(&inner.oauth.scope_separator);
        {
            let mut query = url.query_pairs_mut();
            query.append_pair("response_type", "code");
            query.append_pair("client_id", &app.client_id);
            query.append_pair("redirect_uri", callback.as_str());
            query.append_pair("state", &state);
            if !scopes.is_empty() {
                query.append_pair("scope", &scopes);
            }
            for (name, value) in &inner.oauth.authorize_params {
                if app.authorize_params.iter().all(|(other, _)| other != name) {
                    query.append_pair(name, value);
                }
            }
            query.extend_pairs(&app.authorize_params);
        }
        if inner.oauth.pkce {
            let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
            let context = Context::new(store.tenant().as_str(), begin.connection.as_str(), VERIFIER);
            let verifier = SecretString::from(verifier.secret().as_str());
            consent.verifier = Some(vault.seal_text(&context, &verifier).await?);
            url.query_pairs_mut()
                .append_pair("code_challenge", challenge.as_str())
                .append_pair("code_challenge_method", "S256");
        }
        store.begin_consent(consent, now).await?;
        Ok(AuthorizationUrl { url, expires_at })
    }

    fn scopes_asked(&self) -> Vec<String> {
        let chosen = self.inner().app.as_ref().and_then(|app| app.scopes.clone());
        chosen.unwrap_or_else(|| {
            let defaults = self.inner().oauth.scopes.iter().filter(|scope| scope.default);
            defaults.map(|scope| scope.name.to_string()).collect()
        })
    }

    /// Exchanges the code of a callback. Stores nothing.
    ///
    /// # Errors
    ///
    /// `Forbidden` when the person denied; `Rejected` for a callback without code, or to another provider;
    /// `Unauthenticated` when the provider does not accept the code; whatever the token request and the vault answer.
    pub async fn finish(
        &self,
        vault: &Vault,
        returned: VerifiedCallback,
        now: DateTime<Utc>,
    ) -> Result<Authorized> {
        let scrubber = Scrubber::new(returned.answered.secrets());
        self.exchange(vault, returned, now)
            .await
            .map_err(|error| error.scrubbed(&|text| scrubber.scrub(text)))
    }

    async fn exchange(
        &self,
        vault: &Vault,
        returned: VerifiedCallback,
        now: DateTime<Utc>,
    ) -> Result<Authorized> {
        let title = self.inner().title.as_str();
        let VerifiedCallback { tenant, consent, answered } = returned;
        if consent.provider != self.inner().provider {
            return Err(rejected("the callback's state was made for another provider"));
        }
        let asked: Vec<String> = consent
            .detail
            .get("scopes")
            .cloned()
            .and_then(|scopes| serde_json::from_value(scopes).ok())
            .unwrap_or_default();
        if let Some(error) = answered.denied(title, &asked) {
            return Err(error);
        }
        let Some(code) = &answered.code else {
            return Err(rejected(format!("the callback from {title} holds no code")));
        };
        let verifier = match &consent.verifier {
            Some(sealed) => {
                let context = Context::new(tenant.as_str(), consent.connection.as_str(), VERIFIER);
                Some(vault.open_text(&context, sealed).await?)
            }
            None => None,
        };
        let callback = consent.detail.get("callback").and_then(Value::as_str);
        let callback = callback.and_then(|url| Url::parse(url).ok());
        let callback = callback.ok_or_else(|| rejected("the consent does not say where it was begun"))?;
        let answer = self
            .exchange_code(code, verifier.as_ref(), &callback)
            .await
            .map_err(|failure| refused_code(title, failure))?;
        let mut tokens = Tokens::of(&answer, &self.inner().oauth, now);
        tokens.captured = captured(self, &answer)?;
        tokens.missing = missing(&asked, &tokens.scopes);
        let mut warnings = Vec::new();
        if !tokens.missing.is_empty() {
            warnings.push(GrantWarning::MissingScopes(tokens.missing.clone()));
        }
        if self.inner().oauth.refresh.offered && !tokens.is_renewable() {
            warnings.push(GrantWarning::NoRefreshToken);
        }
        Ok(Authorized {
            warnings,
            tokens,
            detail: consent.detail.get("detail").cloned().unwrap_or_default(),
            connection: consent.connection,
        })
    }
}

impl VerifiedCallback {
    /// Checks a callback against what was kept when its consent [began](OAuthClient::begin), then uses the consent up. A
    /// callback of another browser session, for another connection or by another method than GET and POST leaves the
    /// consent as it is: the right one may still come.
    ///
    /// # Errors
    ///
    /// `Rejected` for a callback that is not the answer to a consent of this tenant, connection and browser session, or
    /// comes twice or too late; `Forbidden` for one without state that says that the person denied; whatever the store
    /// answers.
    pub async fn take(store: &dyn CredentialStore, callback: &Callback, now: DateTime<Utc>) -> Result<Self> {
        if !matches!(callback.method, Method::GET | Method::POST) {
            return Err(Error::new(
                ErrorKind::Rejected,
                format!("a request by {} does not answer a consent", callback.method),
            )
            .with_advice("answer it without calling this; the browser comes by GET"));
        }
        let answered = callback::parse(callback.query.expose_secret())?;
        let Some(state) = &answered.state else {
            let denied = answered.denied("the provider", &[]);
            return Err(denied.unwrap_or_else(|| rejected("the callback holds no state")));
        };
        let state = state.expose_secret();
        let is_ours =
            state.split_once('.').is_some_and(|(random, tagged)| tagged == tag(random, store.tenant()));
        if !is_ours {
            return Err(rejected("the callback's state was not made for this customer")
                .with_advice("open the page as the customer that began it, and begin again"));
        }
        let used = || {
            rejected("the callback's state was used already, or ended long ago")
                .with_advice("when the connection works, nothing is left to do; else begin it again")
        };
        let state = hash(state);
        let consent = store.consent(&state).await?.ok_or_else(used)?;
        if consent.session != session_hash(&callback.session) {
            return Err(rejected("the callback comes from another browser session than the one that began")
                .with_advice("begin the connection again, and stay in the same browser"));
        }
        if callback.connection.as_ref().is_some_and(|expected| *expected != consent.connection) {
            return Err(rejected("the callback's state was made for another connection"));
        }
        if consent.expires_at <= now {
            return Err(rejected("the callback comes too late: a consent is awaited for 10 minutes"));
        }
        // Whoever is first has it, of callbacks that came twice.
        let consent = store.take_consent(&state).await?.ok_or_else(used)?;
        Ok(Self { tenant: store.tenant().clone(), consent, answered })
    }

    /// The connector's id.
    pub fn provider(&self) -> &str {
        &self.consent.provider
    }

    /// The connection that it is for.
    pub fn connection(&self) -> &ConnectionId {
        &self.consent.connection
    }

    /// What was handed to [`ConsentRequest`].
    pub fn detail(&self) -> &Value {
        self.consent.detail.get("detail").unwrap_or(&Value::Null)
    }
}

/// The grant here is the code, not a customer's old consent.
fn refused_code(title: &str, failure: Failure) -> Error {
    if failure.effect != Effect::Dead {
        return failure.error;
    }
    let mut error = Error::new(
        ErrorKind::Unauthenticated,
        format!("{title} does not accept the code that it sent, or the verifier that goes with it"),
    )
    .with_advice("begin the connection again; a code works once, and for a few minutes");
    if let Some(code) = failure.error.code() {
        error = error.with_code(code);
    }
    match failure.error.context().find(|(name, _)| *name == "provider") {
        Some((name, words)) => error.with_context(name, words),
        None => error,
    }
}

fn rejected(message: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Rejected, message).with_advice(AGAIN)
}

fn hash(state: &str) -> ConsentState {
    ConsentState::new(Sha256::digest(state.as_bytes()).into())
}

fn session_hash(session: &SecretString) -> [u8; 32] {
    Sha256::digest(session.expose_secret().as_bytes()).into()
}

/// Half a hash over the random part and the tenant: without the one nothing is learnt about the other.
fn tag(random: &str, tenant: &TenantId) -> String {
    let digest =
        Sha256::new().chain_update(random).chain_update([0]).chain_update(tenant.as_str()).finalize();
    URL_SAFE_NO_PAD.encode(digest.get(..16).unwrap_or_default())
}
