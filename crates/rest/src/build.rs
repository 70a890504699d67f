//! Descriptions that are built in Rust: the same settings as in a file, with the same checks.

use serde_json::Value;
use tieline_document::{Format, Mark, Member, Node};

use crate::description::Description;
use crate::file::Findings;

/// The name of a built description in messages.
const NAME: &str = "description.yaml";

/// A description under construction.
///
/// ```
/// use serde_json::json;
/// use tieline_rest::{Description, EntityBuilder};
///
/// let description = Description::builder("HubSpot", "https://api.hubapi.com")
///     .with("auth", json!({ "bearer": "Private app token" }))
///     .with_limit("100 per 10s")
///     .with_entity(
///         "owners",
///         EntityBuilder::list("/crm/v3/owners?limit=500&after=<next>")
///             .with("records", "results")
///             .with("next", "/paging/next/after"),
///     )
///     .build()?;
/// assert!(description.to_yaml().contains("list: /crm/v3/owners?limit=500&after=<next>"));
/// # Ok::<(), tieline_rest::Findings>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DescriptionBuilder {
    settings: Settings,
    limits: Vec<Value>,
    entities: Vec<(String, EntityBuilder)>,
}

/// An entity under construction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityBuilder {
    settings: Settings,
}

/// Settings by name, in order.
type Settings = Vec<(String, Value)>;

fn set(settings: &mut Settings, name: &str, value: Value) {
    match settings.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => settings.push((name.to_owned(), value)),
    }
}

impl Description {
    /// Begins a description of an API, by the name that people know and its address.
    pub fn builder(name: impl Into<String>, url: impl Into<String>) -> DescriptionBuilder {
        let settings = vec![("name".to_owned(), name.into().into()), ("url".to_owned(), url.into().into())];
        DescriptionBuilder { settings, limits: Vec::new(), entities: Vec::new() }
    }
}

impl DescriptionBuilder {
    /// Sets a setting of the file, by its name.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Into<Value>) -> Self {
        set(&mut self.settings, setting, value.into());
        self
    }

    /// Adds a published limit, such as `100 per 10s`.
    #[must_use]
    pub fn with_limit(mut self, limit: impl Into<String>) -> Self {
        self.limits.push(limit.into().into());
        self
    }

    /// Adds an entity.
    #[must_use]
    pub fn with_entity(mut self, name: impl Into<String>, entity: EntityBuilder) -> Self {
        self.entities.push((name.into(), entity));
        self
    }

    /// Returns the description.
    ///
    /// # Errors
    /// Everything that is wrong with it, in the lines of [`Description::to_yaml`].
    pub fn build(self) -> Result<Description, Findings> {
        let mut settings = self.settings;
        if !self.limits.is_empty() {
            set(&mut settings, "limits", Value::Array(self.limits));
        }
        let mut members: Vec<Member> =
            settings.iter().map(|(name, value)| member(name, node(value))).collect();
        if !self.entities.is_empty() {
            let entities = self.entities.iter().map(|(name, entity)| member(name, entity.node())).collect();
            members.push(member(
                "entities",
                Node { mark: START, value: tieline_document::Value::Object(entities) },
            ));
        }
        let whole = Node { mark: START, value: tieline_document::Value::Object(members) };
        Description::load(NAME, &whole.to_yaml(), Format::Yaml)
    }
}

impl EntityBuilder {
    /// An entity without settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// An entity that is listed by this request: `/contacts?page=<page>`.
    pub fn list(call: impl Into<String>) -> Self {
        Self::new().with("list", call.into())
    }

    /// Sets a setting of the entity, by its name.
    #[must_use]
    pub fn with(mut self, setting: &str, value: impl Into<Value>) -> Self {
        set(&mut self.settings, setting, value.into());
        self
    }

    fn node(&self) -> Node {
        let members = self.settings.iter().map(|(name, value)| member(name, node(value))).collect();
        Node { mark: START, value: tieline_document::Value::Object(members) }
    }
}

const START: Mark = Mark { line: 1, column: 1 };

fn member(name: &str, node: Node) -> Member {
    Member { name: name.to_owned(), mark: START, node }
}

/// A JSON value as a node.
fn node(value: &Value) -> Node {
    use tieline_document::Value as Of;
    let value = match value {
        Value::Null => Of::Null,
        Value::Bool(value) => Of::Bool(*value),
        Value::Number(number) => Of::Number(number.to_string()),
        Value::String(text) => Of::Text(text.clone()),
        Value::Array(items) => Of::List(items.iter().map(node).collect()),
        Value::Object(members) => {
            Of::Object(members.iter().map(|(name, value)| member(name, node(value))).collect())
        }
    };
    Node { mark: START, value }
}
