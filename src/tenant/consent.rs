//! Connecting by a person's consent.

use secrecy::SecretString;
use serde_json::{Value, json};
use tieline_auth::{
    AuthorizationUrl, Authorized, Callback, ConsentRequest, FinishedConsent, Secret, VerifiedCallback,
};
use tieline_core::{Error, ErrorKind, Result};
use tieline_store::connections::NewConnection;
use url::Url;

use super::{Draft, Tenant};

impl Tenant {
    /// Begins a connection by consent: returns the address to send the browser to. The provider sends it back to the
    /// app's callback within ten minutes, and its query goes to [`finish_consent`](Self::finish_consent).
    ///
    /// `session` is what names the browser session: the value of a cookie that no other browser has. The callback must
    /// come with the same one, so that nobody can have a stranger's account connected to a customer.
    ///
    /// # Errors
    ///
    /// `Config` when the connector is unknown, takes no OAuth, or the application has no app there; whatever store and
    /// vault fail with.
    pub async fn begin_consent(
        &self,
        new: NewConnection,
        session: impl Into<SecretString>,
    ) -> Result<AuthorizationUrl> {
        self.begin_with(new, session.into(), None).await
    }

    /// [`begin_consent`](Self::begin_consent) with another callback than the app's: a port of this machine, for a program
    /// on the command line.
    ///
    /// # Errors
    ///
    /// As for `begin_consent`.
    pub async fn begin_consent_at(
        &self,
        callback: Url,
        new: NewConnection,
        session: impl Into<SecretString>,
    ) -> Result<AuthorizationUrl> {
        self.begin_with(new, session.into(), Some(callback)).await
    }

    pub(crate) async fn begin_with(
        &self,
        new: NewConnection,
        session: SecretString,
        callback: Option<Url>,
    ) -> Result<AuthorizationUrl> {
        let client = self.oauth(self.tieline.registry().factory(&new.provider)?, &new.config)?;
        let detail = json!({ "name": new.name, "config": new.config });
        let mut request = ConsentRequest::new(new.id, session).with_detail(detail);
        request.callback = callback;
        client.begin(&*self.sealed, self.credentials()?.vault(), request, self.now()).await
    }

    /// Takes the callback: checks that it answers a consent of this tenant and browser session, and exchanges its code, in
    /// a task of its own that a browser which goes away does not stop. Nothing is stored yet: [check](Draft::check) the
    /// draft, look at its [warnings](Draft::warnings), then [store](Draft::store) it.
    ///
    /// The same callback from the same session gives the same draft for ten minutes, so a page that is loaded twice finds
    /// the connection made. Give the request's method too ([`Callback::with_method`]) where a route answers HEAD.
    ///
    /// # Errors
    ///
    /// `Rejected` for a callback that answers no consent of this tenant, connection and browser session, that comes twice
    /// or too late, or without a code; `Forbidden` when the person denied; `Unauthenticated` when the provider does not
    /// accept its code; whatever the token request, the store and the vault fail with.
    pub async fn finish_consent(&self, callback: &Callback) -> Result<Draft> {
        let me = self.clone();
        let client = move |verified: &VerifiedCallback| {
            let settings = verified.detail().get("config").unwrap_or(&Value::Null);
            me.oauth(me.tieline.registry().factory(verified.provider())?, settings)
        };
        let finished = self.credentials()?.finish(&self.sealed, callback, client).await?;
        let FinishedConsent { provider, authorized, once, .. } = finished;
        let Authorized { connection, tokens, warnings, mut detail, .. } = authorized;
        let mut config = detail.get_mut("config").map(Value::take).unwrap_or_default();
        if config.is_null() {
            config = json!({});
        }
        if !config.is_object() {
            return Err(Error::new(ErrorKind::Config, "the connection's settings are not a JSON object"));
        }
        // For people; what counts is sealed with the tokens.
        tokens.captured().apply(&mut config);
        let name = detail.get("name").and_then(Value::as_str).unwrap_or_default();
        let new = NewConnection::new(connection, provider, name).with_config(config);
        let draft = self.draft_of(new, Secret::Tokens(tokens), warnings, Some(once));
        // Settings that the provider told are looked at before anybody stores them.
        draft.connector().map(|_| draft)
    }
}
