//! A login whose answer has a token for what follows.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use http::header::{ACCEPT, CONTENT_TYPE, SET_COOKIE};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tieline_core::http::{Body, HttpClient, HttpRequest, HttpResponse, RequestAuth};
use tieline_core::{
    AuthScheme, ConnectorSpec, Error, ErrorKind, KeyPlacement, LoginPart, Resend, Result, SessionLogin,
    SessionToken,
};
use url::Url;

use crate::Fields;
use crate::oauth::{Effect, Failure};

const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 1 << 20;

/// A user's login at a connection's own address.
#[derive(Clone)]
pub struct Login {
    title: Cow<'static, str>,
    scheme: SessionLogin,
    url: Url,
    fields: Fields,
    settings: Value,
    http: HttpClient,
}

impl Login {
    /// The login that the spec describes. It goes over `http`, which is a client for a
    /// [`token_endpoint`](crate::token_endpoint), without a credential.
    ///
    /// # Errors
    ///
    /// `Config` when the connector takes no such fields, or the path does not stay at the connection's address.
    pub fn new(
        spec: &ConnectorSpec,
        base_url: &Url,
        settings: &Value,
        fields: Fields,
        http: HttpClient,
    ) -> Result<Self> {
        let Some(AuthScheme::Session(scheme)) = fields.scheme(&spec.auth) else {
            return Err(Error::new(ErrorKind::Config, format!("{} takes no such login", spec.title))
                .with_advice("give the fields that the connector's spec names"));
        };
        let url = base_url.join(scheme.path).ok().filter(|url| url.origin() == base_url.origin());
        let url = url.ok_or_else(|| {
            Error::new(ErrorKind::Internal, format!("the login path in the spec of {} is none", spec.title))
        })?;
        let (title, scheme) = (spec.title.clone(), scheme.clone());
        Ok(Self { title, scheme, url, fields, settings: settings.clone(), http })
    }

    pub(crate) fn placement(&self) -> &KeyPlacement {
        &self.scheme.placement
    }

    pub(crate) fn secrets(&self) -> Vec<&SecretString> {
        self.fields.iter().map(|(_, value)| value).collect()
    }

    /// A token, and how long it lives.
    pub(crate) async fn log_in(&self) -> Result<(SecretString, Option<Duration>), Failure> {
        let unsent = |error: Error| Failure::new(error, Effect::None);
        let request = self.request().map_err(unsent)?;
        let answer = self.http.send(request).await.map_err(|error| {
            let effect = if error.resend() == Resend::Safe { Effect::None } else { Effect::Open };
            Failure::new(error, effect)
        })?;
        match self.token(&answer) {
            Some(token) if answer.status.is_success() => Ok((token, self.scheme.life)),
            _ if answer.body.trim_ascii_start().starts_with(b"<") && !answer.status.is_success() => {
                let message = format!("{} answered a login with a web page", self.title);
                let error = Error::new(ErrorKind::Decode, message).with_status(answer.status);
                Err(Failure::new(error, Effect::Open))
            }
            _ => {
                let message = format!("{} does not accept the login", self.title);
                let error = Error::new(ErrorKind::Unauthenticated, message)
                    .with_advice("check user name and password, and connect again")
                    .with_status(answer.status);
                Err(Failure::new(error, Effect::Dead))
            }
        }
    }

    fn request(&self) -> Result<HttpRequest> {
        let mut body = Body::template();
        for part in &self.scheme.body {
            body = match *part {
                LoginPart::Text(text) => body.text(text),
                LoginPart::Field(name, escape) | LoginPart::Setting(name, escape) => {
                    body.secret(name, escape)
                }
                _ => return Err(Error::unsupported("this part of a login")),
            };
        }
        let is_setting = |slot: &str| {
            self.scheme.body.iter().any(|part| matches!(part, LoginPart::Setting(name, _) if *name == slot))
        };
        let body = body.build().filled(&mut |slot| {
            if is_setting(slot) {
                let text = self.settings.get(slot).and_then(Value::as_str).unwrap_or_default();
                return Some(text.into());
            }
            Some(self.fields.get(slot).cloned().unwrap_or_default())
        })?;
        Ok(HttpRequest::post(self.url.clone(), body)
            .with_auth(RequestAuth::None)
            .with_timeout(TIMEOUT)
            .with_body_limit(LARGEST_ANSWER)
            .with_header(ACCEPT, HeaderValue::from_static("application/json"))
            .with_header(CONTENT_TYPE, HeaderValue::from_static(self.scheme.content_type)))
    }

    fn token(&self, answer: &HttpResponse) -> Option<SecretString> {
        let token = match self.scheme.token {
            SessionToken::Body(pointer) => {
                let body: Value = serde_json::from_slice(&answer.body).ok()?;
                body.pointer(pointer)?.as_str().map(SecretString::from)
            }
            SessionToken::Header(name) => answer.header(name).map(SecretString::from),
            SessionToken::Cookie(name) => answer.headers.get_all(SET_COOKIE).iter().find_map(|cookie| {
                let (found, value) = cookie.to_str().ok()?.split(';').next()?.split_once('=')?;
                (found.trim() == name).then(|| SecretString::from(value.trim()))
            }),
            _ => None,
        };
        token.filter(|token| {
            let token = token.expose_secret();
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
        })
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("provider", &self.title).finish_non_exhaustive()
    }
}
