//! The token requests. Each is sent once, unless it certainly did not leave.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use oauth2::basic::{BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, EndpointNotSet,
    EndpointSet, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, Scope,
    StandardRevocableToken, TokenUrl,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tieline_core::http::{HttpRequest, HttpResponse, RequestAuth};
use tieline_core::{ClientAuth, Error, ErrorKind, Grant};
use url::{Url, form_urlencoded};

use super::answer::TokenAnswer;
use super::client::OAuthClient;
use super::failure::{Effect, Failure, judged, unanswered};
use crate::scrub::Scrubber;

/// One attempt of a token request, from sending to the last byte of its answer.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// Far more than any token answer.
const LARGEST_ANSWER: usize = 256 << 10;
/// RFC 7523, section 2.1.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

type TokenClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;
type Asked = Result<TokenAnswer, RequestTokenError<Failure, BasicErrorResponse>>;

/// The library's way out: our own stack.
struct Sender {
    client: OAuthClient,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Sender {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Failure> {
        let inner = self.client.inner();
        let request = carried(request, self.headers.clone())?;
        let answer = inner.http.send(request).await.map_err(unanswered)?;
        judged(answer, &inner.title).map(|answer| plain(&answer))
    }
}

impl<'c> AsyncHttpClient<'c> for Sender {
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Vec<u8>>, Failure>> + Send + 'c>>;

    fn call(&'c self, request: http::Request<Vec<u8>>) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl OAuthClient {
    /// Tokens for the code that a callback brought.
    pub(crate) async fn exchange_code(
        &self,
        code: &SecretString,
        verifier: Option<&SecretString>,
        redirect: &Url,
    ) -> Result<TokenAnswer, Failure> {
        let scrubber = self.scrubber([Some(code), verifier].into_iter().flatten());
        let client = self.token_client()?;
        let mut request = client
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect.clone())));
        if let Some(verifier) = verifier {
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()));
        }
        let sender = self.sender(Vec::new());
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// New tokens for a refresh token.
    pub(crate) async fn refresh(&self, token: &SecretString) -> Result<TokenAnswer, Failure> {
        let scrubber = self.scrubber([token]);
        let client = self.token_client()?;
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let request = client.exchange_refresh_token(&token);
        let sender = self.sender(Vec::new());
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// A token for the application itself.
    pub(crate) async fn client_credentials(&self, settings: &Value) -> Result<TokenAnswer, Failure> {
        let scrubber = self.scrubber([]);
        let client = self.token_client()?;
        let headers = self.token_headers(Grant::ClientCredentials, settings).map_err(unsent)?;
        let scopes = self.app().map_err(unsent)?.scopes.clone().unwrap_or_default();
        let request = client.exchange_client_credentials().add_scopes(scopes.into_iter().map(Scope::new));
        let sender = self.sender(headers);
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// A token for a signed assertion. RFC 7523 is not in the library, so the form is ours.
    pub(crate) async fn exchange_assertion(&self, assertion: &SecretString) -> Result<TokenAnswer, Failure> {
        let scrubber = Scrubber::new([assertion]);
        let form = [("grant_type", JWT_BEARER), ("assertion", assertion.expose_secret())];
        let request = form_request(self.inner().token.clone(), &form);
        let answer = self.sender(Vec::new()).send(request).await;
        let asked = answer.and_then(|answer| {
            serde_json::from_slice(answer.body()).map_err(|error| self.unreadable(&error.to_string()))
        });
        asked.map_err(|failure| scrubbed(failure, &scrubber))
    }

    /// Takes a token back (RFC 7009). `None` when the provider has no way to.
    pub(crate) async fn revoke(&self, token: &SecretString) -> Option<Result<(), Failure>> {
        let inner = self.inner();
        let (url, revocation) = (inner.revoke.clone()?, inner.oauth.revocation.as_ref()?);
        let scrubber = self.scrubber([token]);
        let sent = async {
            let app = self.app().map_err(unsent)?;
            let secret = app.client_secret.expose_secret();
            let mut form = vec![("token", token.expose_secret())];
            form.extend(revocation.hint.as_deref().map(|hint| ("token_type_hint", hint)));
            if inner.oauth.client_auth == ClientAuth::Body {
                form.extend([("client_id", app.client_id.as_str()), ("client_secret", secret)]);
            }
            let mut request = form_request(url, &form);
            if inner.oauth.client_auth == ClientAuth::Basic {
                let login = format!("Basic {}", basic(&app.client_id, secret));
                let login = HeaderValue::from_str(&login).map_err(|_| unsent(unsendable()))?;
                request.headers_mut().insert(AUTHORIZATION, login);
            }
            self.sender(Vec::new()).send(request).await.map(drop)
        };
        Some(sent.await.map_err(|failure| scrubbed(failure, &scrubber)))
    }

    fn token_client(&self) -> Result<TokenClient, Failure> {
        let inner = self.inner();
        let app = self.app().map_err(unsent)?;
        let auth = match inner.oauth.client_auth {
            ClientAuth::Body => AuthType::RequestBody,
            _ => AuthType::BasicAuth,
        };
        let secret = app.client_secret.expose_secret().to_owned();
        Ok(Client::new(ClientId::new(app.client_id.clone()))
            .set_client_secret(ClientSecret::new(secret))
            .set_auth_type(auth)
            .set_token_uri(TokenUrl::from_url(inner.token.clone())))
    }

    fn sender(&self, headers: Vec<(HeaderName, HeaderValue)>) -> Sender {
        Sender { client: self.clone(), headers }
    }

    fn read(&self, asked: Asked, scrubber: &Scrubber) -> Result<TokenAnswer, Failure> {
        let failure = match asked {
            Ok(answer) => return Ok(answer),
            Err(RequestTokenError::Request(failure)) => failure,
            // Not the error's own text, which may quote the answer: what our reader says, or where the JSON ends.
            Err(RequestTokenError::Parse(error, _)) => self.unreadable(&error.inner().to_string()),
            Err(RequestTokenError::Other(_) | RequestTokenError::ServerResponse(_)) => {
                self.unreadable("it is empty")
            }
        };
        Err(scrubbed(failure, scrubber))
    }

    fn unreadable(&self, why: &str) -> Failure {
        let message = format!("{} answered a token request with what is no token: {why}", self.inner().title);
        let error = Error::new(ErrorKind::Decode, message).with_advice("try again; report it if it stays");
        Failure::new(error, Effect::Open)
    }

    /// Finds what the requests of this app carry.
    fn scrubber<'s>(&self, secrets: impl IntoIterator<Item = &'s SecretString>) -> Scrubber {
        let of_app = self.app_secrets();
        let mut all: Vec<&SecretString> = secrets.into_iter().collect();
        all.extend(&of_app);
        Scrubber::new(all)
    }

    /// The secrets of the app, for the scrubbers of credentials.
    pub(crate) fn app_secrets(&self) -> Vec<SecretString> {
        let Some(app) = &self.inner().app else { return Vec::new() };
        let login = basic(&app.client_id, app.client_secret.expose_secret());
        vec![app.client_secret.clone(), login.into()]
    }
}

/// RFC 6749, section 2.3.1: both parts are form-encoded first.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    STANDARD.encode(format!("{}:{}", encode(id), encode(secret)))
}

fn form_request(url: Url, form: &[(&str, &str)]) -> http::Request<Vec<u8>> {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let mut request = http::Request::new(body.into_bytes());
    *request.method_mut() = http::Method::POST;
    if let Ok(uri) = url.as_str().parse() {
        *request.uri_mut() = uri;
    }
    let headers = request.headers_mut();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    request
}

/// The library's request as ours: bounded, untouched by credentials, and not safe to send twice.
fn carried(
    request: http::Request<Vec<u8>>,
    headers: Vec<(HeaderName, HeaderValue)>,
) -> Result<HttpRequest, Failure> {
    let (head, body) = request.into_parts();
    let url = Url::parse(&head.uri.to_string()).map_err(|_| unsent(unsendable()))?;
    let mut carried = HttpRequest::post(url, body)
        .with_auth(RequestAuth::None)
        .with_timeout(REQUEST_TIMEOUT)
        .with_body_limit(LARGEST_ANSWER);
    carried.headers_mut().extend(head.headers);
    carried.headers_mut().extend(headers);
    if let Some(login) = carried.headers_mut().get_mut(AUTHORIZATION) {
        login.set_sensitive(true);
    }
    Ok(carried)
}

/// The answer for the library, which looks at the status and wants nothing but JSON.
fn plain(answer: &HttpResponse) -> http::Response<Vec<u8>> {
    http::Response::new(answer.body.to_vec())
}

fn scrubbed(failure: Failure, scrubber: &Scrubber) -> Failure {
    failure.map(|error| error.scrubbed(&|text| scrubber.scrub(text)))
}

fn unsent(error: Error) -> Failure {
    Failure::new(error, Effect::None)
}

fn unsendable() -> Error {
    Error::new(ErrorKind::Config, "the app's client id or secret, or the token address, cannot be sent")
        .with_advice("copy them again from the provider's developer portal")
}
