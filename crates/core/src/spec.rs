//! What a connector crate says about itself before there is an account: enough to draw the "Connect" form of a
//! settings page, to build the HTTP stack, and to know when an API version ends.

use std::borrow::Cow;

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{AuthScheme, Field, Limit, Origins};

/// The kind of system that a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Category {
    /// Customer relations.
    Crm,
    /// Accounting and invoicing.
    Accounting,
    /// Spreadsheets.
    Spreadsheet,
    /// Enterprise resource planning.
    Erp,
    /// Support desks and chat.
    Support,
    /// Mail, messages, documents.
    Communication,
    /// Anything else.
    Other,
}

/// A connector's description.
///
/// It is serialized as it stands, for pages that draw forms and lists of providers: enums are words in snake case, durations
/// whole milliseconds. It holds no secret.
///
/// ```
/// use tieline_core::{Category, ConnectorSpec, Limit, LimitScope};
///
/// let mut spec = ConnectorSpec::new("acme", "Acme", Category::Crm);
/// spec.limits = vec![Limit::per_day("day", LimitScope::Account, 1_000)];
/// let shown = serde_json::to_value(&spec)?;
/// assert_eq!(shown["category"], "crm");
/// assert_eq!(shown["limits"][0]["per"], 86_400_000);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ConnectorSpec {
    /// The id in a registry: `pipedrive`.
    pub id: Cow<'static, str>,
    /// The name that people know: `Pipedrive`.
    pub title: Cow<'static, str>,
    /// The kind of system.
    pub category: Category,
    /// The provider's API version that the connector speaks.
    pub api_version: Cow<'static, str>,
    /// When the provider ends that version, if announced.
    pub api_ends: Option<NaiveDate>,
    /// The public settings of a connection, in the order of the form.
    pub config: Vec<Field>,
    /// The ways to authenticate, the preferred one first.
    pub auth: Vec<AuthScheme>,
    /// The addresses that requests may go to with a credential.
    pub origins: Origins,
    /// The published limits.
    pub limits: Vec<Limit>,
    /// A guide for the person who connects the account.
    pub guide: Cow<'static, str>,
}

impl ConnectorSpec {
    /// A spec with nothing but its names; the fields are public and set from there.
    pub fn new(
        id: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        category: Category,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            category,
            api_version: Cow::Borrowed(""),
            api_ends: None,
            config: Vec::new(),
            auth: Vec::new(),
            origins: Origins::Patterns(Vec::new()),
            limits: Vec::new(),
            guide: Cow::Borrowed(""),
        }
    }

    /// The JSON Schema (2020-12) of the public settings.
    pub fn config_schema(&self) -> Value {
        let properties: Map<String, Value> =
            self.config.iter().map(|field| (field.name.clone().into_owned(), field.schema())).collect();
        let required: Vec<&str> =
            self.config.iter().filter(|field| field.required).map(|field| field.name.as_ref()).collect();
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": self.title,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": false,
        })
    }
}
