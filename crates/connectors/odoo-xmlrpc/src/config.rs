//! The public settings of a connection.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use tieline_core::http::HttpClient;
use tieline_core::{Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_kit::excerpt;
use url::Url;

use crate::{Odoo, OdooFactory};

/// Where Odoo's own pages and APIs begin: what people paste behind the address.
const OWN_PATHS: [&str; 6] = ["web", "odoo", "xmlrpc", "jsonrpc", "json", "my"];
/// Odoo Online: a database answers at its own name.
const ONLINE: &str = ".odoo.com";

/// The public settings of an Odoo connection: which server, which user.
///
/// ```
/// use tieline_odoo_xmlrpc::OdooConfig;
///
/// let config = OdooConfig::new(" erp.example.com/web/login?db=acme#cids=1 ", "ada@example.com");
/// assert_eq!(config.base_url()?.as_str(), "https://erp.example.com/");
/// assert_eq!(config.database()?.as_deref(), Some("acme"));
///
/// let online = OdooConfig::new("https://acme.odoo.com/odoo", "ada@example.com").with_lang("nb_NO");
/// assert_eq!(online.database()?.as_deref(), Some("acme"));
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OdooConfig {
    url: String,
    login: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    database: Option<String>,
    #[serde(default)]
    protocol: Protocol,
    #[serde(default, skip_serializing_if = "Companies::is_empty")]
    companies: Companies,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lang: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tz: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    notify: bool,
}

/// Which of Odoo's external APIs is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Protocol {
    /// JSON-2 where the server has it and the secret is an API key, else XML-RPC.
    #[default]
    Auto,
    /// XML-RPC: Odoo 8 to 21.
    Xmlrpc,
    /// JSON-2: Odoo 19 and later, with an API key.
    Json2,
}

impl OdooConfig {
    /// The server's address, as it is pasted, and the user's login.
    pub fn new(url: impl Into<String>, login: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            login: login.into(),
            database: None,
            protocol: Protocol::Auto,
            companies: Companies::default(),
            lang: None,
            tz: None,
            notify: false,
        }
    }

    /// Names the database. Without it, it is taken from an address of Odoo Online or from `?db=` in the address, or
    /// the server is asked, which works when it has only one.
    #[must_use]
    pub fn with_database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Chooses the API.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Only these companies, by id, the first one as the current one. Without it, those that Odoo takes for the user.
    #[must_use]
    pub fn with_companies(mut self, ids: impl IntoIterator<Item = u32>) -> Self {
        self.companies = Companies(ids.into_iter().collect());
        self
    }

    /// The language of translated fields, read and written, such as `nb_NO`. It must be installed in Odoo.
    #[must_use]
    pub fn with_lang(mut self, code: impl Into<String>) -> Self {
        self.lang = Some(code.into());
        self
    }

    /// The time zone of what Odoo computes by day, such as `Europe/Oslo`. Stored times are always UTC.
    #[must_use]
    pub fn with_tz(mut self, name: impl Into<String>) -> Self {
        self.tz = Some(name.into());
        self
    }

    /// Lets creates and updates send Odoo's e-mails and write its log of changes, as writing in a form does. Off by
    /// default: a sync that writes a thousand records must not write to their followers.
    #[must_use]
    pub fn with_notifications(mut self, on: bool) -> Self {
        self.notify = on;
        self
    }

    /// Where requests go: the address without what people paste behind it, `https` unless it says `http`. Fails with
    /// `Config` when it cannot be one.
    pub fn base_url(&self) -> Result<Url> {
        let mut url = self.pasted()?;
        let online = is_online(&url);
        let segments: Vec<&str> =
            url.path_segments().into_iter().flatten().filter(|segment| !segment.is_empty()).collect();
        let own = segments.iter().position(|segment| OWN_PATHS.contains(segment));
        let mut kept: Vec<String> = segments
            .iter()
            .take(if online { 0 } else { own.unwrap_or(segments.len()) })
            .map(|segment| (*segment).to_owned())
            .collect();
        // A translated page has its language before Odoo's own path.
        if kept.last().is_some_and(|last| is_language(last, own.is_some())) {
            kept.pop();
        }
        url.set_query(None);
        url.set_fragment(None);
        let path: String = kept.iter().map(|segment| format!("/{segment}")).collect();
        url.set_path(&format!("{path}/"));
        Ok(url)
    }

    /// The database, when settings or address name it.
    pub fn database(&self) -> Result<Option<String>> {
        if let Some(name) = self.database.as_deref().map(str::trim).filter(|name| !name.is_empty()) {
            return Ok(Some(name.to_owned()));
        }
        let url = self.pasted()?;
        if let Some((_, name)) = url.query_pairs().find(|(key, value)| key == "db" && !value.is_empty()) {
            return Ok(Some(name.into_owned()));
        }
        let label = url.host_str().and_then(|host| host.strip_suffix(ONLINE));
        Ok(label.filter(|label| !label.contains('.')).map(str::to_owned))
    }

    pub(crate) fn login(&self) -> Result<&str> {
        let login = self.login.trim();
        if login.is_empty() {
            return Err(Error::new(ErrorKind::Config, "the Odoo settings name no user")
                .with_advice("give the login, mostly an e-mail address, of the user whose API key it is"));
        }
        Ok(login)
    }

    /// Whether the database has a name of its own in the settings, and not only in the address.
    pub(crate) fn names_database(&self) -> bool {
        self.database.as_deref().is_some_and(|name| !name.trim().is_empty())
    }

    pub(crate) fn is_online(&self) -> bool {
        self.pasted().is_ok_and(|url| is_online(&url))
    }

    pub(crate) fn companies(&self) -> &[u32] {
        &self.companies.0
    }

    pub(crate) fn notifies(&self) -> bool {
        self.notify
    }

    pub(crate) fn protocol(&self) -> Protocol {
        self.protocol
    }

    pub(crate) fn lang(&self) -> Option<&str> {
        self.lang.as_deref().map(str::trim).filter(|lang| !lang.is_empty())
    }

    /// What every call carries.
    pub(crate) fn context(&self) -> Map<String, Value> {
        let mut context = Map::new();
        if let Some(lang) = self.lang() {
            context.insert("lang".to_owned(), lang.into());
        }
        if let Some(tz) = self.tz.as_deref().map(str::trim).filter(|tz| !tz.is_empty()) {
            context.insert("tz".to_owned(), tz.into());
        }
        if !self.companies.is_empty() {
            context.insert("allowed_company_ids".to_owned(), self.companies.0.clone().into());
        }
        context
    }

    /// Reads the settings of a stored connection.
    pub(crate) fn from_value(config: &Value) -> Result<Self> {
        serde_json::from_value(config.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the Odoo settings cannot be read: {error}")).with_advice(
                r#"they are an object such as {"url":"https://erp.example.com","login":"ada@example.com"}"#,
            )
        })
    }

    fn pasted(&self) -> Result<Url> {
        let text = self.url.trim();
        let invalid = |why: &str| {
            Error::new(ErrorKind::Config, format!("{:?} {why}", excerpt(text, 80)))
                .with_advice("copy it from the browser's address bar, such as https://erp.example.com")
        };
        let text = if text.contains("://") {
            text.to_owned()
        } else {
            format!("https://{}", text.trim_start_matches('/'))
        };
        let url = Url::parse(&text).map_err(|_| invalid("is not the address of an Odoo server"))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(invalid("is not the address of an Odoo server"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            // The text itself is not shown: it holds a secret.
            return Err(Error::new(ErrorKind::Config, "the address holds a user name or a password")
                .with_advice("leave it out of the address: the secret has its own field"));
        }
        if matches!(url.host_str(), Some("odoo.com" | "www.odoo.com")) {
            return Err(Error::new(
                ErrorKind::Config,
                "this is the address of Odoo's own site, not of a database",
            )
            .with_advice("open your database and copy its address, such as https://acme.odoo.com"));
        }
        Ok(url)
    }
}

/// Whether a part of a path is a language: `sv_SE`, `sr@latin`; `sv` alone only where one of Odoo's own paths follows.
fn is_language(segment: &str, before_own_path: bool) -> bool {
    let (language, rest) = segment.split_at_checked(2).unwrap_or((segment, ""));
    let lower = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_lowercase());
    let country = |text: &str| {
        matches!(text.len(), 2 | 3)
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    lower(language)
        && match rest.split_at_checked(1) {
            None => before_own_path,
            Some(("_", rest)) => country(rest.split('@').next().unwrap_or_default()),
            Some(("@", script)) => {
                script.bytes().all(|byte| byte.is_ascii_alphabetic()) && !script.is_empty()
            }
            Some(_) => false,
        }
}

fn is_online(url: &Url) -> bool {
    url.host_str().is_some_and(|host| host.ends_with(ONLINE))
}

/// Ids of companies; `1, 3` in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Companies(Vec<u32>);

impl Companies {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Companies {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let ids: Vec<String> = self.0.iter().map(u32::to_string).collect();
        serializer.serialize_str(&ids.join(", "))
    }
}

impl<'de> Deserialize<'de> for Companies {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged, expecting = "the ids of companies, such as \"1, 3\"")]
        enum Given {
            Ids(Vec<u32>),
            Text(String),
        }
        let ids = match Given::deserialize(deserializer)? {
            Given::Ids(ids) => ids,
            Given::Text(text) => text
                .split([',', ' '])
                .filter(|id| !id.is_empty())
                .map(str::parse)
                .collect::<Result<_, _>>()
                .map_err(|_| serde::de::Error::custom("companies are ids, such as \"1, 3\""))?,
        };
        Ok(Self(ids))
    }
}

impl ConnectorConfig for OdooConfig {
    type Connector = Odoo;
    type Factory = OdooFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<Odoo>> {
        Ok(Arc::new(Odoo::new(&self, base_url, http, clock)?))
    }
}
