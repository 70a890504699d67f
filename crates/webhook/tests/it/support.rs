//! A provider that signs its deliveries, and the endpoints of a host.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::{
    DeliveryId, Disconnected, Handshake, Hint, Hints, ReceiveRequest, Records, Verification, WebhookEvent,
    WebhookReceiver, WebhookRoute,
};
use tieline_core::{
    BuildContext, Category, Change, Clock, Connector, ConnectorFactory, ConnectorSpec, EntityChanges, Error,
    ErrorKind, RawJson, Record, Result, SystemClock,
};
use tieline_store::InboxStore;
use tieline_webhook::inbox::{Endpoint, FindEndpoints};
use tieline_webhook::signed_headers;
use url::Url;

pub(crate) const SECRET: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";

/// A provider whose deliveries are `{"hint":"7"}`, `{"record":"7"}`, `{"challenge":"x"}`, `{"gone":"account"}`.
#[derive(Debug)]
pub(crate) struct Demo {
    spec: ConnectorSpec,
    verification: Verification,
    by_account: bool,
}

impl Demo {
    pub(crate) fn new(verification: Verification) -> Self {
        Self { spec: ConnectorSpec::new("demo", "Demo", Category::Crm), verification, by_account: false }
    }

    /// The last segment of its addresses is the account, not a token.
    pub(crate) fn by_account(mut self) -> Self {
        self.by_account = true;
        self
    }

    pub(crate) fn signed() -> Self {
        Self::new(Verification::Named("standard-webhooks".into()))
    }
}

impl ConnectorFactory for Demo {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, _: &ResponseView<'_>) -> Classification {
        None::<Error>.into()
    }

    fn base_url(&self, _: &Value) -> Result<Url> {
        Err(Error::unsupported("requests"))
    }

    fn build(&self, _: BuildContext) -> Result<Arc<dyn Connector>> {
        Err(Error::unsupported("requests"))
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        Some(self)
    }
}

#[derive(Deserialize)]
struct Body {
    hint: Option<String>,
    record: Option<String>,
    challenge: Option<String>,
    gone: Option<String>,
}

impl WebhookReceiver for Demo {
    fn route(&self, request: &http::Request<Bytes>) -> Result<Vec<WebhookRoute>> {
        let token = request.uri().path().rsplit('/').next().unwrap_or_default();
        let route = if self.by_account { WebhookRoute::Account } else { WebhookRoute::PathToken };
        Ok(vec![route(token.into())])
    }

    fn verification(&self, _: &Value) -> Verification {
        self.verification.clone()
    }

    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Result<WebhookEvent> {
        let body: Body = serde_json::from_slice(delivery.request.body())
            .map_err(|_| Error::new(ErrorKind::Decode, "another form"))?;
        if let Some(challenge) = body.challenge {
            return Ok(WebhookEvent::Handshake(Handshake::echo(challenge)?));
        }
        if let Some(account) = body.gone {
            return Ok(WebhookEvent::Disconnected(Disconnected::new(Some(account.into()))));
        }
        if let Some(key) = body.record {
            let record = Record::new(key, RawJson::parse(r#"{"total":"1250.10"}"#)?);
            return Ok(
                Records::new(vec![EntityChanges::new("messages", vec![Change::Upsert(record)])]).into()
            );
        }
        let id = delivery.request.headers().get("webhook-id").and_then(|id| id.to_str().ok());
        Ok(match body.hint {
            Some(key) => Hints::new(vec![Hint::new("deals", Some(key.into()))])
                .with_id(id.map(DeliveryId::signed))
                .into(),
            None => WebhookEvent::Nothing,
        })
    }
}

/// One endpoint at the token `t0k`.
#[derive(Debug)]
pub(crate) struct OneEndpoint(pub(crate) Endpoint);

impl OneEndpoint {
    pub(crate) fn of(store: impl InboxStore + 'static) -> Endpoint {
        Endpoint::new("endpoint", "acme".into(), Arc::new(store))
            .with_secrets(vec![SecretString::from(SECRET)])
    }
}

#[async_trait]
impl FindEndpoints for OneEndpoint {
    async fn find(&self, provider: &str, route: &WebhookRoute) -> Result<Vec<Endpoint>> {
        assert_eq!(provider, "demo");
        Ok(match route {
            WebhookRoute::PathToken(token) if token == "t0k" => vec![self.0.clone()],
            WebhookRoute::PathToken(token) if token == "d0wn" => {
                return Err(Error::new(ErrorKind::Unavailable, "the store is away"));
            }
            _ => Vec::new(),
        })
    }
}

/// A delivery that the provider signed now.
pub(crate) fn delivery(id: &str, body: &str) -> http::Request<Bytes> {
    let mut request =
        http::Request::post("/hooks/t0k").body(Bytes::copy_from_slice(body.as_bytes())).unwrap();
    let secrets = [SecretString::from(SECRET)];
    request.headers_mut().extend(signed_headers(id, SystemClock.now(), body.as_bytes(), &secrets).unwrap());
    request
}
