//! A description as a connector before there is an account.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tieline_core::http::{Classification, ResponseView};
use tieline_core::webhook::WebhookReceiver;
use tieline_core::{
    BuildContext, Category, Connector, ConnectorFactory, ConnectorSpec, Error, ErrorKind, Field, FieldKind,
    Limit, Origins, Result,
};
use tieline_document::Format;
use url::Url;

use super::classify::classify;
use super::client::Client;
use super::connector::RestConnector;
use super::receiver::Receiver;
use crate::LoadOptions;
use crate::description::{Base, Description, LimitLine, Setting, SettingKind};
use crate::hooks::{Hooks, NoHooks};

/// Makes connectors of a description.
#[derive(Clone, Debug)]
pub struct RestFactory {
    description: Arc<Description>,
    spec: ConnectorSpec,
    hooks: Arc<dyn Hooks>,
    receiver: Option<Receiver>,
    of_tenant: bool,
}

impl RestFactory {
    /// A connector of this description, under an id such as `acme`.
    ///
    /// # Errors
    /// `Config` when the description names no address.
    pub fn new(id: impl Into<String>, description: Description, category: Category) -> Result<Self> {
        let spec = spec(id.into(), &description, category)?;
        let description = Arc::new(description);
        let hooks: Arc<dyn Hooks> = Arc::new(NoHooks);
        let receiver = Receiver::new(&description, &hooks);
        Ok(Self { description, spec, hooks, receiver, of_tenant: false })
    }

    /// A connector of a file: YAML, TOML or JSON by the end of its name.
    ///
    /// # Errors
    /// `Config` that says what is wrong with the file, where, and how much more; [`Description::load`] says all of it.
    pub fn from_file(id: impl Into<String>, file: &str, text: &str, category: Category) -> Result<Self> {
        Self::load(id, file, text, category, &LoadOptions::new())
    }

    /// A connector of a file that its crate ships, loaded strictly.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), and for what a shipped file leaves to what is seen.
    pub fn shipped(id: impl Into<String>, file: &str, text: &str, category: Category) -> Result<Self> {
        Self::load(id, file, text, category, &LoadOptions::shipped())
    }

    /// A connector of a tenant's file. It has no hooks, asks at one https origin, shares no limit with others, and its
    /// runs are bounded. `like` names a file of the library only to add to it.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), and for what a tenant's file may not say.
    pub fn tenant(id: impl Into<String>, file: &str, text: &str, category: Category) -> Result<Self> {
        Self::load(id, file, text, category, &LoadOptions::tenant())
    }

    /// A connector of a file, under rules.
    ///
    /// # Errors
    /// As [`from_file`](Self::from_file), and for what the rules refuse.
    pub fn load(
        id: impl Into<String>,
        file: &str,
        text: &str,
        category: Category,
        options: &LoadOptions,
    ) -> Result<Self> {
        let format = Format::of_name(file).ok_or_else(|| {
            Error::new(ErrorKind::Config, format!("{file:?} does not end with .yaml, .yml, .toml or .json"))
        })?;
        let description =
            Description::load_with(file, text, format, options).map_err(crate::Findings::into_error)?;
        let mut factory = Self::new(id, description, category)?;
        factory.of_tenant = options.is_of_tenant();
        Ok(factory)
    }

    /// Sets the code for what the description cannot say. No effect on a tenant's description.
    #[must_use]
    pub fn with_hooks(mut self, hooks: impl Hooks) -> Self {
        if !self.of_tenant {
            self.hooks = Arc::new(hooks);
            self.receiver = Receiver::new(&self.description, &self.hooks);
        }
        self
    }

    /// The description.
    pub fn description(&self) -> &Description {
        &self.description
    }

    /// Sets the guide for the person who connects an account.
    #[must_use]
    pub fn with_guide(mut self, guide: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.spec.guide = guide.into();
        self
    }

    /// Sets the version of the provider's API, where it has one.
    #[must_use]
    pub fn with_api_version(mut self, version: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        self.spec.api_version = version.into();
        self
    }

    /// The connector of an account, as its own type. Sends nothing.
    ///
    /// # Errors
    /// `Config` for settings that are missing, unknown or of the wrong kind.
    pub fn connect(&self, context: BuildContext) -> Result<Arc<RestConnector>> {
        let settings = self.settings(&context.config)?;
        let BuildContext { base_url, http, clock, .. } = context;
        let hooks = Arc::clone(&self.hooks);
        let client = Client::new(self.description_for(&settings), http, base_url, settings, clock, hooks)?;
        let client = if self.of_tenant { client.bounded() } else { client };
        Ok(Arc::new(RestConnector::new(client)))
    }

    /// The description with the members that a connection's settings name.
    fn description_for(&self, settings: &BTreeMap<String, String>) -> Arc<Description> {
        if self.description.entities.iter().all(|(_, entity)| entity.marker_setting.is_none()) {
            return Arc::clone(&self.description);
        }
        let mut description = Description::clone(&self.description);
        for (_, entity) in &mut description.entities {
            let named = entity.marker_setting.as_ref().and_then(|name| settings.get(name));
            let marker = named.filter(|marker| !marker.is_empty());
            let marker = marker.map(|marker| format!("{}{marker}", entity.marker_prefix));
            entity.marker = marker.or_else(|| entity.marker.take());
        }
        Arc::new(description)
    }

    /// The settings as texts, their tables looked up.
    fn settings(&self, config: &Value) -> Result<BTreeMap<String, String>> {
        let none = serde_json::Map::new();
        let given = match config {
            Value::Object(members) => members,
            Value::Null => &none,
            _ => return Err(Error::new(ErrorKind::Config, "the settings are no object")),
        };
        let known: Vec<&str> = self.description.settings.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(name) = given.keys().find(|name| !known.contains(&name.as_str())) {
            let shown = tieline_kit::excerpt(name, 80);
            return Err(Error::new(ErrorKind::Config, format!("there is no setting {shown:?}"))
                .with_advice(tieline_document::did_you_mean(name, &known)));
        }
        let mut settings = BTreeMap::new();
        for (name, setting) in &self.description.settings {
            let text = match given.get(name) {
                Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
                Some(Value::Number(number)) => number.to_string(),
                Some(Value::Bool(value)) => value.to_string(),
                None | Some(Value::Null | Value::String(_)) if setting.default.is_some() => {
                    setting.default.clone().unwrap_or_default()
                }
                // The values of such a setting are asked for with the connection that will have it.
                None | Some(Value::Null | Value::String(_))
                    if setting.optional || setting.choices.is_some() =>
                {
                    continue;
                }
                None | Some(Value::Null | Value::String(_)) => {
                    return Err(Error::new(ErrorKind::Config, format!("the setting {name:?} is missing")));
                }
                Some(_) => {
                    return Err(Error::new(
                        ErrorKind::Config,
                        format!("the setting {name:?} is no text or number"),
                    ));
                }
            };
            if setting.kind == SettingKind::Url && Url::parse(&text).is_err() {
                return Err(Error::new(ErrorKind::Config, format!("the setting {name:?} is no address"))
                    .with_advice("use an address such as https://api.example.com"));
            }
            let digits = text.strip_prefix('-').unwrap_or(&text);
            if setting.kind == SettingKind::Integer
                && (digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()))
            {
                return Err(Error::new(
                    ErrorKind::Config,
                    format!("the setting {name:?} is no whole number"),
                )
                .with_advice("it has digits only"));
            }
            let value = match setting.values.is_empty() {
                true => text,
                false => table(name, setting, &text)?,
            };
            settings.insert(name.clone(), value);
        }
        Ok(settings)
    }
}

fn table(name: &str, setting: &Setting, text: &str) -> Result<String> {
    let found =
        setting.values.iter().find(|(value, _)| value == text).map(|(_, stands_for)| stands_for.clone());
    found.ok_or_else(|| {
        let known: Vec<&str> = setting.values.iter().map(|(value, _)| value.as_str()).collect();
        Error::new(ErrorKind::Config, format!("the setting {name:?} has none of its values"))
            .with_advice(format!("choose one of {}", known.join(", ")))
    })
}

impl ConnectorFactory for RestFactory {
    fn spec(&self) -> &ConnectorSpec {
        &self.spec
    }

    fn classify(&self, answer: &ResponseView<'_>) -> Classification {
        let verdict = classify(&self.description.errors, &self.description.name, answer);
        self.hooks.classify(answer, verdict)
    }

    fn base_url(&self, config: &Value) -> Result<Url> {
        let missing = || Error::new(ErrorKind::Config, "the description names no address");
        match &self.description.url.as_ref().ok_or_else(missing)?.base {
            Base::Address(url) => Ok(url.clone()),
            Base::Setting(name) => {
                let settings = self.settings(config)?;
                let text = settings.get(name).ok_or_else(missing)?;
                Url::parse(text).map_err(|_| {
                    Error::new(ErrorKind::Config, format!("the setting {name:?} is no address"))
                        .with_advice("use an address such as https://api.example.com")
                })
            }
            Base::Api => Err(missing()),
        }
    }

    fn build(&self, context: BuildContext) -> Result<Arc<dyn Connector>> {
        Ok(self.connect(context)?)
    }

    fn webhooks(&self) -> Option<&dyn WebhookReceiver> {
        self.receiver.as_ref().map(|receiver| receiver as &dyn WebhookReceiver)
    }
}

fn spec(id: String, description: &Description, category: Category) -> Result<ConnectorSpec> {
    let mut spec = ConnectorSpec::new(id, description.name.clone(), category);
    spec.config = description.settings.iter().map(|(name, setting)| field(name, setting)).collect();
    spec.auth = description.auth.clone();
    let url = description
        .url
        .as_ref()
        .ok_or_else(|| Error::new(ErrorKind::Config, "the description names no address"))?;
    spec.origins = match &url.base {
        Base::Setting(name) => Origins::ConfigField(name.clone().into()),
        _ => {
            let own = match &url.base {
                Base::Address(url) => url.host_str().map(str::to_owned),
                _ => None,
            };
            Origins::Patterns(own.into_iter().chain(description.origins.clone()).map(Into::into).collect())
        }
    };
    spec.limits = description.limits.iter().enumerate().map(|(number, line)| limit(number, line)).collect();
    Ok(spec)
}

fn field(name: &str, setting: &Setting) -> Field {
    let label = if setting.title.is_empty() { name.to_owned() } else { setting.title.clone() };
    let field = Field::text(name.to_owned(), label)
        .with_help(setting.help.clone())
        .with_example(setting.example.clone())
        .with_kind(match setting.kind {
            SettingKind::Text => FieldKind::Text,
            SettingKind::Url => FieldKind::Url,
            SettingKind::Integer => FieldKind::Integer,
            SettingKind::Boolean => FieldKind::Boolean,
        });
    if setting.optional || setting.default.is_some() { field.optional() } else { field }
}

fn limit(number: usize, line: &LimitLine) -> Limit {
    let name = line.tag.clone().unwrap_or_else(|| format!("limit-{}", number + 1));
    let mut limit = match line.per.filter(|per| *per > Duration::ZERO) {
        Some(per) => Limit::new(name, line.scope, line.quota, per),
        None => Limit::in_flight(name, line.scope, line.quota),
    };
    if line.units && line.per.is_some() {
        limit = limit.counting_cost();
    }
    if let Some(tag) = &line.tag {
        limit = limit.with_tag(tag.clone());
    }
    match &line.headers {
        Some(prefix) => limit.with_headers(prefix.clone()),
        None => limit,
    }
}
