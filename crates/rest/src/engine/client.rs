use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use tieline_core::http::{HttpClient, HttpRequest, HttpResponse, StreamedResponse};
use tieline_core::{Clock, EntityName, Error, ErrorKind, Result};
use url::Url;

use super::words::RequestWords;
use crate::description::{Base, Description, Request};
use crate::hooks::{HookContext, Hooks};
use crate::template::{form_value, header_value, path_segment, query_text, query_value};

/// The longest URL that is sent, in bytes.
const MAX_URL: usize = 16 << 10;

/// The way to the account: builds requests from the description and sends them.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) description: Arc<Description>,
    http: HttpClient,
    base: Url,
    pub(crate) settings: Arc<BTreeMap<String, String>>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) zone: Option<Tz>,
    pub(crate) hooks: Arc<dyn Hooks>,
    /// How far the provider's clock is ahead of ours, in milliseconds, by the `Date` of its last answer.
    ahead: Arc<AtomicI64>,
    /// The requests that are left of the present run, where they are bounded.
    left: Option<Arc<AtomicU32>>,
}

/// The most requests of one run of a tenant's description.
const MAX_REQUESTS: u32 = 10_000;

impl Client {
    pub(crate) fn new(
        description: Arc<Description>,
        http: HttpClient,
        base: Url,
        settings: BTreeMap<String, String>,
        clock: Arc<dyn Clock>,
        hooks: Arc<dyn Hooks>,
    ) -> Result<Self> {
        let zone = match description.zone.as_deref().map(str::parse::<Tz>).transpose() {
            Ok(zone) => zone,
            Err(_) => return Err(Error::new(ErrorKind::Config, "the description names no known time zone")),
        };
        let settings = Arc::new(settings);
        Ok(Self { description, http, base, settings, clock, zone, hooks, ahead: Arc::default(), left: None })
    }

    /// Bounds the requests of each run.
    pub(crate) fn bounded(mut self) -> Self {
        self.left = Some(Arc::default());
        self
    }

    /// The same way, at the beginning of a run.
    pub(crate) fn for_run(&self) -> Self {
        let left = self.left.as_ref().map(|_| Arc::new(AtomicU32::new(MAX_REQUESTS)));
        Self { left, ..self.clone() }
    }

    /// Whether the run has no request left.
    pub(crate) fn is_spent(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.load(Ordering::Relaxed) == 0)
    }

    fn spend(&self) -> Result<()> {
        let Some(left) = &self.left else { return Ok(()) };
        let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        taken.map(drop).map_err(|_| {
            let message =
                format!("one run of this description may send {MAX_REQUESTS} requests, and they are sent");
            Error::new(ErrorKind::Unsupported, message).with_advice("ask for less at once")
        })
    }

    /// The connection, as a hook sees it.
    pub(crate) fn hook_context(&self, entity: &EntityName) -> HookContext {
        HookContext {
            http: self.http.clone(),
            base_url: self.base.clone(),
            settings: Arc::clone(&self.settings),
            clock: Arc::clone(&self.clock),
            entity: entity.clone(),
            key: None,
        }
    }

    /// The time by the provider's clock, once an answer had it.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now() + TimeDelta::milliseconds(self.ahead.load(Ordering::Relaxed))
    }

    /// Takes the provider's time from an answer.
    fn heard(&self, response: HttpResponse) -> HttpResponse {
        if let Some(date) = response.date.filter(|_| self.description.clock.is_none()) {
            self.set_clock(date);
        }
        response
    }

    fn set_clock(&self, date: DateTime<Utc>) {
        let ahead = date - self.clock.now();
        // A `Date` has whole seconds, and its answer was under way.
        let told = if ahead.abs() > TimeDelta::seconds(2) { ahead.num_milliseconds() } else { 0 };
        self.ahead.store(told, Ordering::Relaxed);
    }

    /// Asks for the provider's time, where the description says how, once a run.
    pub(crate) async fn ask_clock(&self) -> Result<()> {
        let Some(clock) = &self.description.clock else { return Ok(()) };
        let response = self.send(&clock.request, &self.words(), true).await?;
        let text = response.text()?;
        let raw = tieline_core::json::at(text, &clock.at.to_string())?;
        let json = raw.map(serde_json::value::RawValue::get).unwrap_or_default();
        let time = serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned());
        let stamp = crate::stamp::Stamp::parse(&time, !json.starts_with('"'), self.zone);
        let now = stamp.and_then(|stamp| stamp.instant()).ok_or_else(|| {
            Error::new(ErrorKind::Decode, "the provider's clock tells no time")
                .with_context("path", clock.request.shown.as_str())
        })?;
        self.set_clock(now);
        Ok(())
    }

    /// Words with what is known everywhere.
    pub(crate) fn words(&self) -> RequestWords<'_> {
        RequestWords {
            settings: Some(&self.settings),
            now: self.now(),
            zone: self.zone,
            ..RequestWords::default()
        }
    }

    /// Builds a request and sends it. `reads` says that it asks for something and changes nothing.
    pub(crate) async fn send(
        &self,
        request: &Request,
        words: &RequestWords<'_>,
        reads: bool,
    ) -> Result<HttpResponse> {
        let built = self.build(request, words, reads)?;
        self.spend()?;
        Ok(self.heard(self.http.send(built).await?))
    }

    /// Sends the request to an address that an answer named: of the same origin, or it is not followed. `resend` adds the
    /// parameters of the request that the address lacks.
    pub(crate) async fn follow(
        &self,
        request: &Request,
        words: &RequestWords<'_>,
        address: &str,
        resend: bool,
    ) -> Result<HttpResponse> {
        let own = self.base_of(request)?;
        let mut url = own.join(address).map_err(|_| {
            Error::new(ErrorKind::Decode, "the answer names a next address that is none")
                .with_context("path", request.shown.as_str())
        })?;
        if url.origin() != self.base.origin() && url.origin() != own.origin() {
            return Err(Error::new(
                ErrorKind::Decode,
                "the answer names a next address at another host, and the credential is not sent there",
            )
            .with_advice("name the host in `origins` if it is the provider's")
            .with_context("path", request.shown.as_str()));
        }
        if resend {
            let first = self.address(request, words)?;
            let named: Vec<String> = url.query_pairs().map(|(name, _)| name.into_owned()).collect();
            let missing = first.query_pairs().filter(|(name, _)| !named.iter().any(|known| name == known));
            for (name, value) in missing {
                url.query_pairs_mut().append_pair(&name, &value);
            }
        }
        let mut built = self.finish(request, words, url, true)?;
        built = built.with_template(request.shown.clone());
        self.spend()?;
        Ok(self.heard(self.http.send(built).await?))
    }

    /// Opens a streamed answer.
    pub(crate) async fn open(&self, request: HttpRequest) -> Result<StreamedResponse> {
        self.spend()?;
        self.http.open(request).await
    }

    fn base_of(&self, request: &Request) -> Result<Url> {
        Ok(match &request.base {
            Base::Api => self.base.clone(),
            Base::Setting(name) if self.is_api_setting(name) => self.base.clone(),
            Base::Setting(name) => {
                let text = self.settings.get(name).map(String::as_str).unwrap_or_default();
                Url::parse(text).map_err(|_| {
                    Error::new(ErrorKind::Config, format!("the setting {name:?} is no address"))
                        .with_advice("use an address such as https://api.example.com")
                })?
            }
            Base::Address(url) => url.clone(),
        })
    }

    fn is_api_setting(&self, name: &str) -> bool {
        matches!(&self.description.url, Some(url) if url.base == Base::Setting(name.to_owned()))
    }

    /// Builds a request. A value never adds a segment, a parameter, a header line or a member.
    pub(crate) fn build(
        &self,
        request: &Request,
        words: &RequestWords<'_>,
        reads: bool,
    ) -> Result<HttpRequest> {
        let url = self.address(request, words)?;
        self.finish(request, words, url, reads)
    }

    /// The address of a request.
    fn address(&self, request: &Request, words: &RequestWords<'_>) -> Result<Url> {
        let base = self.base_of(request)?;
        let mut address =
            base.as_str().split(['?', '#']).next().unwrap_or_default().trim_end_matches('/').to_owned();
        let api = self.description.url.as_ref().filter(|_| request.base == Base::Api);
        let prefix = api.map(|url| url.path.as_slice()).unwrap_or_default();
        for segment in prefix.iter().chain(&request.path) {
            let filled = segment.fill(words, path_segment, |text, out| out.push_str(text))?;
            let filled = filled.filter(|text| !text.is_empty()).ok_or_else(|| no_segment(request))?;
            if matches!(filled.as_str(), "." | "..") {
                return Err(no_segment(request));
            }
            address.push('/');
            address.push_str(&filled);
        }
        let mut separator = '?';
        for parameter in &request.query {
            let plain = |text: &str, out: &mut String| query_text(text, out);
            let Some(name) = parameter.name.fill(words, query_value, plain)? else { continue };
            let values = match &parameter.value {
                Some(value) => value.fill_each(words, query_value, plain)?.into_iter().map(Some).collect(),
                None => vec![None],
            };
            for value in values {
                address.push(separator);
                separator = '&';
                address.push_str(&name);
                if let Some(value) = value {
                    address.push('=');
                    address.push_str(&value);
                }
            }
        }
        for (name, value) in &words.query {
            address.push(separator);
            separator = '&';
            query_value(name, &mut address)?;
            address.push('=');
            query_value(value, &mut address)?;
        }
        if address.len() > MAX_URL {
            return Err(Error::new(ErrorKind::Config, format!("an address is longer than {MAX_URL} bytes"))
                .with_context("path", request.shown.as_str()));
        }
        Url::parse(&address).map_err(|_| {
            Error::new(ErrorKind::Config, "the base address cannot be followed by a path")
                .with_advice("use an address such as https://api.example.com")
        })
    }

    fn finish(
        &self,
        request: &Request,
        words: &RequestWords<'_>,
        url: Url,
        reads: bool,
    ) -> Result<HttpRequest> {
        let mut built = HttpRequest::new(request.method.clone(), url)
            .with_template(request.shown.clone())
            .with_cost(request.cost)
            .with_idempotent(request.is_idempotent(reads));
        if let Some(tag) = &request.tag {
            built = built.with_tag(tag.clone());
        }
        // A file's body has its own media type.
        let of_file = |name: &str| request.upload.is_some() && name.eq_ignore_ascii_case("content-type");
        let common = self.description.headers.iter().filter(|(name, _)| !of_file(name));
        for (name, template) in common.chain(&request.headers) {
            let Some(text) = template.fill_plain(words)? else { continue };
            let Ok(name) = HeaderName::try_from(name.as_str()) else { continue };
            let mut value = header_value(name.as_str(), &text)?;
            // A tenant's header may hold a secret.
            value.set_sensitive(self.left.is_some());
            built = built.with_header(name, value);
        }
        if let (Some(header), Some(operation)) = (&request.idempotency_header, words.operation)
            && let Ok(name) = HeaderName::try_from(header.as_str())
        {
            built = built.with_header(name, header_value(header, operation)?);
        }
        if let Some(upload) = &request.upload {
            return Ok(built.with_body(super::uploads::body(request, upload, words)?));
        }
        if !words.files.is_empty() {
            let error = Error::new(ErrorKind::Rejected, "no file can be sent here");
            return Err(error.with_advice("leave the files out of the operation"));
        }
        if let Some(body) = &request.body {
            built = built
                .with_body(body.fill(words)?)
                .with_header(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        } else if !request.form.is_empty() {
            let mut form = String::new();
            for (name, template) in &request.form {
                let escape = |text: &str, out: &mut String| {
                    form_value(text, out);
                    Ok(())
                };
                for value in template.fill_each(words, escape, form_value)? {
                    if !form.is_empty() {
                        form.push('&');
                    }
                    form_value(name, &mut form);
                    form.push('=');
                    form.push_str(&value);
                }
            }
            built = built
                .with_body(form)
                .with_header(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        Ok(built)
    }
}

fn no_segment(request: &Request) -> Error {
    Error::new(ErrorKind::Config, "a segment of a path has no value")
        .with_context("path", request.shown.as_str())
}
