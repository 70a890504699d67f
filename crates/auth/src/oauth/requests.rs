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
use tieline_core::http::{HttpRequest, RequestAuth};
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
        let response = inner.http.send(request).await.map_err(unanswered)?;
        // For the library, which looks at the status and wants nothing but JSON.
        judged(&response, &inner.oauth, &inner.title).map(http::Response::new)
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
        for (name, value) in self.token_params(Grant::AuthorizationCode) {
            request = request.add_extra_param(name, value);
        }
        let sender = self.sender(self.own_login().map_err(unsent)?);
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// New tokens for a refresh token.
    pub(crate) async fn refresh(&self, token: &SecretString) -> Result<TokenAnswer, Failure> {
        let scrubber = self.scrubber([token]);
        let client = self.token_client()?;
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let mut request = client.exchange_refresh_token(&token);
        for (name, value) in self.token_params(Grant::AuthorizationCode) {
            request = request.add_extra_param(name, value);
        }
        let sender = self.sender(self.own_login().map_err(unsent)?);
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// A token for the application itself.
    pub(crate) async fn client_credentials(&self, settings: &Value) -> Result<TokenAnswer, Failure> {
        let scrubber = self.scrubber([]);
        let client = self.token_client()?;
        let mut headers = self.token_headers(Grant::ClientCredentials, settings).map_err(unsent)?;
        headers.extend(self.own_login().map_err(unsent)?);
        let scopes = self.app().map_err(unsent)?.scopes.clone().unwrap_or_default();
        let mut request = client.exchange_client_credentials();
        if !scopes.is_empty() {
            // One text, because the separator is the provider's.
            request = request.add_scope(Scope::new(scopes.join(&self.inner().oauth.scope_separator)));
        }
        for (name, value) in self.token_params(Grant::ClientCredentials) {
            request = request.add_extra_param(name, value);
        }
        let sender = self.sender(headers);
        self.read(request.request_async(&sender).await, &scrubber)
    }

    /// A token for a signed assertion. RFC 7523 is not in the library, so the form is ours.
    pub(crate) async fn exchange_assertion(&self, assertion: &SecretString) -> Result<TokenAnswer, Failure> {
        let scrubber = Scrubber::new([assertion]);
        let params = self.token_params(Grant::JwtBearer);
        let mut form = vec![("grant_type", JWT_BEARER), ("assertion", assertion.expose_secret())];
        form.extend(params.iter().map(|(name, value)| (name.as_str(), value.as_str())));
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
            let auth = inner.oauth.client_auth;
            if matches!(auth, ClientAuth::Body | ClientAuth::Public) {
                form.push(("client_id", app.client_id.as_str()));
            }
            if auth == ClientAuth::Body {
                form.push(("client_secret", secret));
            }
            let mut request = form_request(url, &form);
            if auth == ClientAuth::Basic {
                let login = format!("Basic {}", basic(&app.client_id, secret));
                let login = HeaderValue::from_str(&login).map_err(|_| unsent(unsendable()))?;
                request.headers_mut().insert(AUTHORIZATION, login);
            }
            self.sender(self.own_login().map_err(unsent)?).send(request).await.map(drop)
        };
        Some(sent.await.map_err(|failure| scrubbed(failure, &scrubber)))
    }

    fn token_client(&self) -> Result<TokenClient, Failure> {
        let inner = self.inner();
        let app = self.app().map_err(unsent)?;
        let client = Client::new(ClientId::new(app.client_id.clone()))
            .set_token_uri(TokenUrl::from_url(inner.token.clone()));
        let secret = || ClientSecret::new(app.client_secret.expose_secret().to_owned());
        Ok(match inner.oauth.client_auth {
            ClientAuth::Body => client.set_client_secret(secret()).set_auth_type(AuthType::RequestBody),
            // Ours is put over the library's, which encodes.
            ClientAuth::Basic | ClientAuth::BasicUnencoded => {
                client.set_client_secret(secret()).set_auth_type(AuthType::BasicAuth)
            }
            ClientAuth::Public => client.set_auth_type(AuthType::RequestBody),
            _ => return Err(unsent(Error::unsupported("this way to authenticate an app"))),
        })
    }

    /// The header of a client that authenticates otherwise than the library does.
    fn own_login(&self) -> tieline_core::Result<Vec<(HeaderName, HeaderValue)>> {
        if self.inner().oauth.client_auth != ClientAuth::BasicUnencoded {
            return Ok(Vec::new());
        }
        let app = self.app()?;
        let login = unencoded(&app.client_id, app.client_secret.expose_secret());
        let login = HeaderValue::from_str(&format!("Basic {login}")).map_err(|_| unsendable())?;
        Ok(vec![(AUTHORIZATION, login)])
    }

    /// The parameters of a token request of this grant beside those of the RFC.
    fn token_params(&self, grant: Grant) -> Vec<(String, String)> {
        let params = self.inner().oauth.token_params.iter();
        let params = params.filter(|param| param.grant.is_none_or(|only| only == grant));
        params.map(|param| (param.name.to_string(), param.value.to_string())).collect()
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
        let secret = app.client_secret.expose_secret();
        let logins = [basic(&app.client_id, secret), unencoded(&app.client_id, secret)];
        std::iter::once(app.client_secret.clone()).chain(logins.map(SecretString::from)).collect()
    }
}

/// RFC 6749, section 2.3.1: both parts are form-encoded first.
fn basic(id: &str, secret: &str) -> String {
    let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    STANDARD.encode(format!("{}:{}", encode(id), encode(secret)))
}

/// Both parts as they are.
fn unencoded(id: &str, secret: &str) -> String {
    STANDARD.encode(format!("{id}:{secret}"))
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
    for (name, value) in headers {
        carried.headers_mut().insert(name, value);
    }
    if let Some(login) = carried.headers_mut().get_mut(AUTHORIZATION) {
        login.set_sensitive(true);
    }
    Ok(carried)
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
