//! A login whose answer has tokens for the requests after it.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, SET_COOKIE};
use http::{HeaderValue, Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tieline_core::http::{Body, HttpClient, HttpRequest, HttpResponse, RequestAuth};
use tieline_core::{
    ConnectorSpec, Error, ErrorKind, KeyPlacement, LoginPart, Resend, Result, SessionLogin, SessionToken,
    SessionValue,
};
use url::Url;
use zeroize::Zeroizing;

use crate::Fields;
use crate::json::without_bom;
use crate::oauth::{Effect, Failure};
use crate::placement::{basic_login, header_name, put_bearer, put_into_header, put_key};

const TIMEOUT: Duration = Duration::from_secs(30);
const LARGEST_ANSWER: usize = 1 << 20;

/// A value that the provider issued, and its place in requests.
#[derive(Clone)]
pub(crate) struct IssuedValue {
    /// `Authorization: Bearer` when there is none.
    pub(crate) placement: Option<KeyPlacement>,
    pub(crate) writes_only: bool,
    pub(crate) value: SecretString,
}

impl IssuedValue {
    /// A token of OAuth.
    pub(crate) fn bearer(value: SecretString) -> Self {
        Self { placement: None, writes_only: false, value }
    }

    /// Puts it into a request, unless it is for others.
    pub(crate) fn put(&self, request: &mut HttpRequest) -> Result<()> {
        if self.writes_only && !is_write(request) {
            return Ok(());
        }
        match &self.placement {
            Some(placement) => put_key(request, placement, &self.value),
            None => put_bearer(request, &self.value),
        }
    }
}

/// Whether a request may change something (RFC 9110, section 9.2.1).
pub(crate) fn is_write(request: &HttpRequest) -> bool {
    !request.method().is_safe()
}

/// A user's login at a connection's own address.
#[derive(Clone)]
pub struct Login {
    title: String,
    scheme: SessionLogin,
    base_url: Url,
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
        let title = spec.title.to_string();
        let scheme = fields.scheme(&spec.auth).and_then(|scheme| scheme.session()).cloned();
        let Some(scheme) = scheme else {
            return Err(Error::new(ErrorKind::Config, format!("{title} takes no such login"))
                .with_advice("give the fields that the connector's spec names"));
        };
        let login = Self {
            url: base_url.clone(),
            title,
            base_url: base_url.clone(),
            fields,
            settings: settings.clone(),
            http,
            scheme,
        };
        let url = login.at(&login.scheme.path)?;
        Ok(Self { url, ..login })
    }

    /// An address of the connection.
    fn at(&self, path: &str) -> Result<Url> {
        let url = self.base_url.join(path).ok().filter(|url| url.origin() == self.base_url.origin());
        url.ok_or_else(|| {
            let message =
                format!("the path {path:?} in the spec of {} leaves the connection's address", self.title);
            Error::new(ErrorKind::Internal, message)
        })
    }

    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let mut secrets: Vec<SecretString> = self.fields.iter().map(|(_, value)| value.clone()).collect();
        secrets.extend(self.basic_login());
        secrets
    }

    fn basic_login(&self) -> Option<SecretString> {
        let (user, password) = self.scheme.basic.as_ref()?;
        let text = |name: &str| self.fields.get(name).map_or("", |value| value.expose_secret());
        Some(basic_login(text(user), text(password)))
    }

    /// Whether writes need a token that is fetched first.
    pub(crate) fn guards_writes(&self) -> bool {
        self.scheme.csrf.is_some()
    }

    /// Logs in: the values for the requests after it, and how long they live.
    pub(crate) async fn log_in(
        &self,
        now: DateTime<Utc>,
    ) -> Result<(Vec<IssuedValue>, Option<Duration>), Failure> {
        let unsent = |error: Error| Failure::new(error, Effect::None);
        let request = self.request(now).map_err(unsent)?;
        let response = self.http.send(request).await.map_err(|error| {
            let effect = if error.resend() == Resend::Safe { Effect::None } else { Effect::Open };
            Failure::new(error, effect)
        })?;
        match read(&self.scheme.values, &response) {
            Some(values) if response.status.is_success() => Ok((values, self.scheme.life)),
            _ => Err(self.refused(&response)),
        }
    }

    fn refused(&self, response: &HttpResponse) -> Failure {
        let (title, status) = (&self.title, response.status);
        let is_page = without_bom(&response.body).trim_ascii_start().starts_with(b"<");
        let (error, effect) = match status {
            _ if is_page && !status.is_success() => {
                let message = format!("{title} answered a login with a web page");
                (Error::new(ErrorKind::Decode, message), Effect::Open)
            }
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                Error::new(ErrorKind::Config, format!("{title} takes no login at this address"))
                    .with_advice("check the address in the connection's settings"),
                Effect::None,
            ),
            _ => (
                Error::new(ErrorKind::Unauthenticated, format!("{title} does not accept the login"))
                    .with_advice("check user name and password, and connect again"),
                Effect::Dead,
            ),
        };
        Failure::new(error.with_status(status), effect)
    }

    fn request(&self, now: DateTime<Utc>) -> Result<HttpRequest> {
        let mut url = self.url.clone();
        for (name, parts) in &self.scheme.query {
            let value = Zeroizing::new(self.text(parts, now)?);
            url.query_pairs_mut().append_pair(name, &value);
        }
        let mut body = Zeroizing::new(Vec::new());
        for part in &self.scheme.body {
            body.extend_from_slice(&self.part(part, now)?);
        }
        let mut request = self.plain(self.scheme.method.clone(), url);
        if !self.scheme.body.is_empty() {
            let kind = HeaderValue::from_str(&self.scheme.content_type)
                .map_err(|_| Error::new(ErrorKind::Internal, "a login's content type is not a header"))?;
            request = request.with_header(CONTENT_TYPE, kind).with_body(body.to_vec());
        }
        for (name, parts) in &self.scheme.headers {
            let text = SecretString::from(self.text(parts, now)?);
            put_into_header(&mut request, &header_name(name)?, "", &text)?;
        }
        if let Some(login) = self.basic_login() {
            put_into_header(&mut request, &AUTHORIZATION, "Basic ", &login)?;
        }
        Ok(request)
    }

    fn plain(&self, method: Method, url: Url) -> HttpRequest {
        let template = url.path().to_owned();
        HttpRequest::new(method, url)
            .with_template(template)
            // A second login may end the first, and counts against the user.
            .with_idempotent(false)
            .with_auth(RequestAuth::None)
            .with_timeout(TIMEOUT)
            .with_body_limit(LARGEST_ANSWER)
            .with_header(ACCEPT, HeaderValue::from_static("application/json"))
    }

    /// The parts without escapes, which the place adds.
    fn text(&self, parts: &[LoginPart], now: DateTime<Utc>) -> Result<String> {
        let mut text = String::new();
        for part in parts {
            text.push_str(self.value(part, now)?.expose_secret());
        }
        Ok(text)
    }

    /// A part of the body, escaped for it.
    fn part(&self, part: &LoginPart, now: DateTime<Utc>) -> Result<Vec<u8>> {
        let value = self.value(part, now)?;
        let escape = match part {
            LoginPart::Field { escape, .. } | LoginPart::Setting { escape, .. } => *escape,
            _ => None,
        };
        match escape {
            Some(escape) => {
                let body = Body::template().secret("value", escape).build();
                Ok(body.filled(&mut |_| Some(value.clone()))?.bytes()?.to_vec())
            }
            None => Ok(value.expose_secret().as_bytes().to_vec()),
        }
    }

    fn value(&self, part: &LoginPart, now: DateTime<Utc>) -> Result<SecretString> {
        Ok(match part {
            LoginPart::Text(text) => text.as_ref().into(),
            LoginPart::Field { name, .. } => self.fields.get(name).cloned().unwrap_or_default(),
            LoginPart::Setting { name, .. } => match self.settings.get(name.as_ref()) {
                Some(Value::String(text)) => text.as_str().into(),
                Some(Value::Number(number)) => number.to_string().into(),
                _ => SecretString::default(),
            },
            LoginPart::Day { days, .. } => {
                let day = now.date_naive().checked_add_days(Days::new((*days).into()));
                day.unwrap_or(now.date_naive()).to_string().into()
            }
            _ => return Err(Error::unsupported("this part of a login")),
        })
    }

    /// Fetches what writes must carry, with the session's values.
    ///
    /// # Errors
    ///
    /// `Unauthenticated` when the session is refused; `Decode` for an answer without the token.
    pub(crate) async fn fetch_csrf(&self, session: &[IssuedValue]) -> Result<Vec<IssuedValue>> {
        let Some(csrf) = &self.scheme.csrf else { return Ok(Vec::new()) };
        let mut request = self.plain(csrf.method.clone(), self.at(&csrf.path)?);
        for value in session {
            value.put(&mut request)?;
        }
        for (name, value) in &csrf.headers {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Error::new(ErrorKind::Internal, "a header in the connector's spec is none"))?;
            request.headers_mut().insert(header_name(name)?, value);
        }
        let response = self.http.send(request).await?;
        let (title, status) = (&self.title, response.status);
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            let message = format!("{title} refuses the session that asks for a CSRF token");
            return Err(Error::new(ErrorKind::Unauthenticated, message).with_status(status));
        }
        read(&csrf.values, &response).ok_or_else(|| {
            let message = format!("{title} answered without the CSRF token that its writes need");
            Error::new(ErrorKind::Decode, message).with_advice("try again later").with_status(status)
        })
    }

    /// Ends a session at the provider. Nothing where it has no way to.
    pub(crate) async fn log_out(&self, session: &[IssuedValue]) -> Result<()> {
        let Some(logout) = &self.scheme.logout else { return Ok(()) };
        let mut request = self.plain(logout.method.clone(), self.at(&logout.path)?);
        for value in session {
            value.put(&mut request)?;
        }
        self.http.send(request).await.map(drop)
    }
}

/// What the spec wants of an answer; nothing when a required value is missing.
fn read(wanted: &[SessionValue], response: &HttpResponse) -> Option<Vec<IssuedValue>> {
    let mut values = Vec::new();
    for value in wanted {
        match token(&value.token, response) {
            Some(found) => values.push(IssuedValue {
                placement: Some(value.placement.clone()),
                writes_only: value.writes_only,
                value: found,
            }),
            None if value.required => return None,
            None => {}
        }
    }
    Some(values)
}

fn token(token: &SessionToken, response: &HttpResponse) -> Option<SecretString> {
    let token = match token {
        SessionToken::Body(pointer) => {
            let body: Value = serde_json::from_slice(without_bom(&response.body)).ok()?;
            match body.pointer(pointer)? {
                Value::String(text) => Some(SecretString::from(text.as_str())),
                Value::Number(number) => Some(number.to_string().into()),
                _ => None,
            }
        }
        SessionToken::Header(name) => response.header(name).map(SecretString::from),
        // The last one of a name is what a browser would keep (RFC 6265, section 5.3).
        SessionToken::Cookie(name) => response.headers.get_all(SET_COOKIE).iter().rev().find_map(|cookie| {
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

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("provider", &self.title).finish_non_exhaustive()
    }
}
