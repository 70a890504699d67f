//! Which protocol, which database, which user: found out once per connector.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::lock::Mutex;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value};
use tieline_core::http::{HttpClient, HttpResponse, RequestAuth};
use tieline_core::{Clock, Error, ErrorKind, RawJson, Result};
use tieline_kit::excerpt;
use url::Url;

use crate::call::{Call, Via, xmlrpc_request};
use crate::config::{OdooConfig, Protocol};
use crate::factory::{SECRET, is_no_path, not_odoo};
use crate::{faults, xmlrpc};

/// The first version with JSON-2.
const JSON2_SINCE: u32 = 19;
/// How long a refused secret is not tried again: Odoo Online counts failed logins.
const REFUSED_FOR: TimeDelta = TimeDelta::seconds(30);

/// What was found out.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) via: Via,
    /// The user's id, when the server told.
    pub(crate) uid: Option<i64>,
    /// The server's version.
    pub(crate) version: Option<Version>,
    /// Why it is not the protocol that one would expect.
    pub(crate) remark: Option<&'static str>,
}

/// A server's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// As the server writes it: `17.0`, `saas~18.2`.
    pub(crate) text: String,
    pub(crate) major: u32,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    pub(crate) http: HttpClient,
    pub(crate) base: Url,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) context: Map<String, Value>,
    login: String,
    database: Option<String>,
    /// The database that JSON-2 is told in a header. Odoo Online chooses it by the host's name, and answers 404 to the
    /// header.
    header: Option<String>,
    online: bool,
    /// Whether writes send e-mails and write Odoo's log of changes.
    pub(crate) notify: bool,
    protocol: Protocol,
    // One task finds out, the others wait for it.
    known: Mutex<Known>,
}

#[derive(Debug)]
enum Known {
    Nothing,
    Refused(DateTime<Utc>),
    Open(Arc<Session>),
}

impl Sessions {
    pub(crate) fn new(
        config: &OdooConfig,
        base: Url,
        http: HttpClient,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        Ok(Self {
            http,
            base,
            clock,
            context: config.context(),
            login: config.login()?.to_owned(),
            header: if config.names_database() || !config.is_online() { config.database()? } else { None },
            online: config.is_online(),
            notify: config.notifies(),
            database: config.database()?,
            protocol: config.protocol(),
            known: Mutex::new(Known::Nothing),
        })
    }

    /// The session, opened by the first who asks.
    pub(crate) async fn get(&self) -> Result<Arc<Session>> {
        let mut known = self.known.lock().await;
        match &*known {
            Known::Open(session) => return Ok(Arc::clone(session)),
            Known::Refused(at) if self.clock.now() - *at < REFUSED_FOR => return Err(faults::denied()),
            _ => {}
        }
        self.open(&mut known).await
    }

    /// Opens it anew: for the connection test.
    pub(crate) async fn fresh(&self) -> Result<Arc<Session>> {
        let mut known = self.known.lock().await;
        self.open(&mut known).await
    }

    async fn open(&self, known: &mut Known) -> Result<Arc<Session>> {
        *known = Known::Nothing;
        let opened = match self.protocol {
            Protocol::Xmlrpc => self.xmlrpc(self.version().await?).await,
            Protocol::Json2 => self.json2(self.web_version().await?).await,
            Protocol::Auto => self.choose().await,
        };
        match opened {
            Ok(session) => {
                let session = Arc::new(session);
                *known = Known::Open(Arc::clone(&session));
                Ok(session)
            }
            Err(error) => {
                if error.kind() == ErrorKind::Unauthenticated {
                    *known = Known::Refused(self.clock.now());
                }
                Err(error)
            }
        }
    }

    async fn choose(&self) -> Result<Session> {
        let version = match self.version().await {
            // Where XML-RPC was removed, only JSON-2 is left.
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => {
                return match self.web_version().await? {
                    Some(version) => self.json2(Some(version)).await,
                    None => Err(not_odoo().with_status(StatusCode::NOT_FOUND)),
                };
            }
            version => version?,
        };
        if version.as_ref().is_none_or(|version| version.major < JSON2_SINCE) {
            return self.xmlrpc(version).await;
        }
        match self.json2(version.clone()).await {
            // It takes no passwords.
            Err(refused) if refused.kind() == ErrorKind::Unauthenticated => {
                let mut session = self.xmlrpc(version).await.map_err(|error| match error.kind() {
                    ErrorKind::NotFound | ErrorKind::Config => refused,
                    _ => error,
                })?;
                session.remark = Some(
                    "XML-RPC is used because JSON-2 does not take this secret, and Odoo 22 ends XML-RPC: make an API \
                     key under Preferences > Account Security",
                );
                Ok(session)
            }
            session => session,
        }
    }

    async fn xmlrpc(&self, version: Option<Version>) -> Result<Session> {
        let database = match &self.database {
            Some(name) => name.clone(),
            None => self.only_database().await?,
        };
        let body = xmlrpc::Call::new("authenticate")
            .param(&database)
            .param(&self.login)
            .secret(SECRET)
            .param(&Map::new())
            .build()?;
        let request = xmlrpc_request(&self.base, "/xmlrpc/2/common", body)?.with_idempotent(true);
        let answer = value(&self.http.send(request).await?)?;
        // A refusal is the boolean false, not a fault.
        let uid = answer.view::<i64>().ok().filter(|uid| *uid > 0).ok_or_else(faults::denied)?;
        Ok(Session { via: Via::Xmlrpc { database, uid }, uid: Some(uid), version, remark: None })
    }

    async fn json2(&self, version: Option<Version>) -> Result<Session> {
        #[derive(Deserialize)]
        struct Me {
            uid: Option<i64>,
        }
        let mut via = Via::Json2 { database: self.header.clone() };
        let mut remark = None;
        let call = Call::reading("res.users", "context_get");
        let mut told = self.http.send(call.request(&self.base, &via, &Map::new())?).await;
        if let Err(error) = &told
            && is_no_path(error)
            && self.header.is_some()
            && self.online
        {
            // Elsewhere, the answer without the name could be another database's.
            let bare = Via::Json2 { database: None };
            if let Ok(answer) = self.http.send(call.request(&self.base, &bare, &Map::new())?).await {
                (via, told) = (bare, Ok(answer));
                remark = Some(
                    "the server answers without the database's name only: the host's name chooses the database",
                );
            }
        }
        let uid = match told {
            Ok(answer) => serde_json::from_str::<Me>(answer.text()?).ok().and_then(|me| me.uid),
            // The key was accepted before the method was looked for.
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) if is_no_path(&error) => return Err(self.without_path(error, version.as_ref())),
            Err(error) => return Err(error),
        };
        let uid = match uid {
            Some(uid) => Some(uid),
            None => {
                let call =
                    Call::reading("res.users", "search").arg("domain", &[("login", "=", &self.login)])?;
                let answer = self.http.send(call.request(&self.base, &via, &Map::new())?).await?;
                serde_json::from_str::<Vec<i64>>(answer.text()?).ok().and_then(|ids| ids.first().copied())
            }
        };
        Ok(Session { via, uid: uid.filter(|uid| *uid > 0), version, remark })
    }

    /// JSON-2 answers with a page that there is nothing when it does not know the database.
    fn without_path(&self, error: Error, version: Option<&Version>) -> Error {
        match (&self.database, version) {
            (Some(name), Some(_)) => faults::no_database(name).with_status(StatusCode::NOT_FOUND),
            (None, Some(_)) => unnamed_database(&[]).with_status(StatusCode::NOT_FOUND),
            (_, None) => error.with_advice(
                "check the address; an Odoo older than 19 has no JSON-2, and is reached with the protocol xmlrpc or auto",
            ),
        }
    }

    /// The version over XML-RPC. Needs no login.
    async fn version(&self) -> Result<Option<Version>> {
        let body = xmlrpc::Call::new("version").build()?;
        let request = xmlrpc_request(&self.base, "/xmlrpc/2/common", body)?
            .with_idempotent(true)
            .with_auth(RequestAuth::None);
        let answer = self.http.send(request).await?;
        let told = value(&answer).map_err(|error| match error.kind() {
            ErrorKind::Decode if !answer.body.trim_ascii_start().starts_with(b"<") => not_odoo(),
            _ => error,
        })?;
        let told: Value = told.view()?;
        Version::read(&told).map(Some).ok_or_else(not_odoo)
    }

    /// The version where there is JSON-2; older servers do not know the path.
    async fn web_version(&self) -> Result<Option<Version>> {
        let request = tieline_kit::Call::get("/web/version").build(&self.base)?.with_auth(RequestAuth::None);
        match self.http.send(request).await {
            Ok(answer) => Ok(serde_json::from_str(answer.text()?).ok().as_ref().and_then(Version::read)),
            Err(error) if error.status() == Some(StatusCode::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The database of a server that has only one and tells it.
    async fn only_database(&self) -> Result<String> {
        let body = xmlrpc::Call::new("list").build()?;
        let request = xmlrpc_request(&self.base, "/xmlrpc/2/db", body)?
            .with_idempotent(true)
            .with_auth(RequestAuth::None);
        // Servers on the internet mostly refuse to tell.
        let told = match self.http.send(request).await {
            Ok(answer) => value(&answer)?.view::<Vec<String>>().unwrap_or_default(),
            Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Transport) => {
                return Err(error);
            }
            Err(_) => Vec::new(),
        };
        match <[String; 1]>::try_from(told) {
            Ok([only]) => Ok(only),
            Err(several) => Err(unnamed_database(&several)),
        }
    }
}

fn unnamed_database(there: &[String]) -> Error {
    let error =
        Error::new(ErrorKind::Config, "the settings name no database, and the server does not say which one");
    if there.is_empty() {
        return error.with_advice("ask who runs the server for the database's name, and enter it");
    }
    let names: Vec<String> = there.iter().take(8).map(|name| excerpt(name, 64)).collect();
    error.with_advice(format!("enter one of: {}", names.join(", ")))
}

/// The value that an answer of XML-RPC holds.
pub(crate) fn value(answer: &HttpResponse) -> Result<RawJson> {
    match xmlrpc::read_value(&answer.body)? {
        xmlrpc::Answer::Returned(value) => Ok(value),
        xmlrpc::Answer::Fault(fault) => Err(faults::fault(&fault.code, &fault.text)),
    }
}

impl Version {
    /// `server_version_info` begins with a number, or with a text such as `saas~18` in Odoo Online.
    fn read(told: &Value) -> Option<Self> {
        let text =
            ["server_serie", "server_version", "version"].iter().find_map(|name| told.get(name)?.as_str())?;
        let info = ["server_version_info", "version_info"].iter().find_map(|name| told.get(name)?.get(0));
        let first = info.unwrap_or(&Value::Null);
        let number = |text: &str| {
            let digits = text.trim_start_matches(|c: char| !c.is_ascii_digit());
            digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok())
        };
        let major = first
            .as_u64()
            .and_then(|major| u32::try_from(major).ok())
            .or_else(|| number(first.as_str()?))
            .or_else(|| number(text))?;
        Some(Self { text: excerpt(text, 40), major })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn versions_are_read_in_every_form() {
        for (told, text, major) in [
            (
                json!({ "server_serie": "17.0", "server_version_info": [17, 0, 0, "final", 0, ""] }),
                "17.0",
                17,
            ),
            (
                json!({ "server_version": "saas~18.2", "server_version_info": ["saas~18", 2] }),
                "saas~18.2",
                18,
            ),
            (json!({ "version": "19.0", "version_info": [19, 0, 0, "final", 0, ""] }), "19.0", 19),
            (json!({ "server_serie": "saas~19.1" }), "saas~19.1", 19),
        ] {
            assert_eq!(Version::read(&told), Some(Version { text: text.to_owned(), major }));
        }
        for told in [json!({}), json!([]), json!({ "version": "beta" })] {
            assert_eq!(Version::read(&told), None);
        }
    }
}
