//! A mapping as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::{EntityName, FieldPath, RawJson, Result};

use crate::CompiledPlan;

/// Which fields the host's record has, and which records are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The fields, in the order in which they are written.
    pub fields: Vec<FieldPlan>,
    /// A record that matches any of these is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave_out: Vec<LeaveOut>,
}

/// One field of the host's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldPlan {
    /// Its name.
    pub to: String,
    /// Where it comes from: the first of these that gives a value other than null.
    pub from: Vec<Source>,
}

/// Where a field comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// A path of the provider's record. With `lookup`, it holds the key of the other record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<FieldPath>,
    /// A value that is the same for every record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub constant: Option<RawJson>,
    /// A field of another synced record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Lookup>,
    /// What the values become.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<Table>,
}

/// A field of another record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The other record's entity.
    pub entity: EntityName,
    /// The field of it.
    pub field: FieldPath,
}

/// What values become. Texts are compared without surrounding white space, other values as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Pairs of a value at the provider and the host's value.
    pub entries: Vec<(Value, Value)>,
    /// What any other value becomes.
    #[serde(default)]
    pub otherwise: Otherwise,
}

/// What becomes of a value that a table does not list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The field is null and the record gets an issue.
    #[default]
    Issue,
    /// The field is null.
    Null,
    /// The field keeps the value.
    Keep,
    /// The field gets this value.
    Value(Value),
}

/// Which records are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeaveOut {
    /// The field.
    pub path: FieldPath,
    /// The values of it.
    pub values: Vec<Value>,
}

/// Plans are written down by hand, so a path is taken as text and checked when the plan is compiled.
fn path(pointer: &str) -> FieldPath {
    FieldPath::parse(pointer).unwrap_or_else(|_| FieldPath::field(pointer))
}

impl Plan {
    /// A plan without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field that comes from one source.
    #[must_use]
    pub fn field(self, to: impl Into<String>, from: Source) -> Self {
        self.first_of(to, [from])
    }

    /// Adds a field that comes from the first source that gives a value other than null.
    #[must_use]
    pub fn first_of(mut self, to: impl Into<String>, from: impl IntoIterator<Item = Source>) -> Self {
        self.fields.push(FieldPlan { to: to.into(), from: from.into_iter().collect() });
        self
    }

    /// Leaves out records whose field has one of these values.
    #[must_use]
    pub fn leave_out<V: Into<Value>>(mut self, field: &str, values: impl IntoIterator<Item = V>) -> Self {
        self.leave_out
            .push(LeaveOut { path: path(field), values: values.into_iter().map(Into::into).collect() });
        self
    }

    /// Checks the plan and makes it ready to be applied. Fails with `Config` that names the field.
    pub fn compile(self) -> Result<CompiledPlan> {
        CompiledPlan::new(self)
    }
}

impl Source {
    /// A path of the provider's record, as a JSON Pointer; a name without a slash is a field at its top.
    pub fn path(pointer: &str) -> Self {
        Self { path: Some(path(pointer)), constant: None, lookup: None, table: None }
    }

    /// A value that is the same for every record.
    pub fn constant(value: impl Into<Value>) -> Self {
        Self { path: None, constant: RawJson::of(&value.into()).ok(), lookup: None, table: None }
    }

    /// A field of another synced record, whose key stands at `key` of this one.
    pub fn lookup(key: &str, entity: impl Into<EntityName>, field: &str) -> Self {
        Self { lookup: Some(Lookup { entity: entity.into(), field: path(field) }), ..Self::path(key) }
    }

    /// What the values become.
    #[must_use]
    pub fn table<F: Into<Value>, T: Into<Value>>(
        mut self,
        entries: impl IntoIterator<Item = (F, T)>,
        otherwise: Otherwise,
    ) -> Self {
        let entries = entries.into_iter().map(|(from, to)| (from.into(), to.into())).collect();
        self.table = Some(Table { entries, otherwise });
        self
    }
}
