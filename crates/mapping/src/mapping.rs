//! A mapping as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::{EntityName, FieldPath, RawJson, Result, Text};

use crate::step::{Lookup, Otherwise, Step, Table};
use crate::{CompiledMapping, paths};

/// The version of the format that this crate reads.
pub const VERSION: u32 = 1;

/// Which fields the host's record has, where each comes from and goes back to, and which records are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The version of the format: 1.
    pub version: u32,
    /// What people call the mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The provider's entity that it is made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub entity: Option<EntityName>,
    /// The direction of fields that do not say theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<FieldDirection>,
    /// The owner of fields that do not say theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Texts that the provider writes in the place of a value that this user may not see, such as Fortnox's
    /// `API_NORIGHT`, whatever the field's type. Such a field has no value and no issue: a row that is there keeps what
    /// it has, and nothing is written back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// The fields, in the order in which they are written.
    pub fields: Vec<FieldSpec>,
    /// A record that matches any of these is left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<Exclude>,
}

impl Default for Mapping {
    fn default() -> Self {
        Self {
            version: VERSION,
            name: None,
            entity: None,
            direction: None,
            owner: None,
            unseen: Vec::new(),
            fields: Vec::new(),
            exclude: Vec::new(),
        }
    }
}

/// One field. Its source is exactly one of `provider`, `several`, `constant`, `given` and `template`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FieldSpec {
    /// Where it stands in the host's record: a name, or a JSON Pointer to nest it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "paths::optional")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub host: Option<FieldPath>,
    /// Where it stands in the provider's record: a name, or a JSON Pointer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "paths::optional")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub provider: Option<FieldPath>,
    /// Several fields of the provider's record as one list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub several: Option<Several>,
    /// A value that is the same for every record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<Value>"))]
    pub constant: Option<RawJson>,
    /// The name of a value that the host hands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub given: Option<Text>,
    /// A text made of fields, as a minijinja template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What is done to the value on its way to the host; the way back undoes it from the last to the first. In a field
    /// that only goes backward, what is done on its way to the provider.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Where the value comes from when it is null so far: the first of these that gives one. No constant takes the
    /// place of a value that is there and cannot be read, and nothing that of one that may not be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub or: Vec<Source>,
    /// Which way it goes. Unless it says so: both ways when every step has an inverse and there is one source, else
    /// forward.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<FieldDirection>,
    /// Whose value stands when both sides changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// The operations, on the side that is written, that need it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<RequiredOn>,
    /// Leaves the field out of the host's record when it is null.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub omit_null: bool,
}

/// Where a field comes from, beyond its first source. Exactly one of `provider`, `several`, `constant`, `given` and
/// `template`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Where it stands in the provider's record: a name, or a JSON Pointer.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "paths::optional")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub provider: Option<FieldPath>,
    /// Several fields of the provider's record as one list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub several: Option<Several>,
    /// A value that is the same for every record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<Value>"))]
    pub constant: Option<RawJson>,
    /// The name of a value that the host hands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub given: Option<Text>,
    /// A text made of fields, as a minijinja template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// What is done to the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// Several fields of the provider's record as one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Several {
    /// The fields, in the order of the list.
    #[serde(deserialize_with = "paths::list")]
    #[cfg_attr(test, schemars(with = "Vec<String>"))]
    pub fields: Vec<FieldPath>,
    /// Takes the items of a field that is a list, instead of the list. One-way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flat: bool,
    /// Leaves fields out that are null. One-way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub skip_null: bool,
}

/// Which way a field goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldDirection {
    /// Provider to host, and back.
    Both,
    /// Provider to host.
    Forward,
    /// Host to provider.
    Backward,
}

impl FieldDirection {
    /// Whether the field is read from the provider.
    pub fn is_forward(self) -> bool {
        self != Self::Backward
    }

    /// Whether the field is written to the provider.
    pub fn is_backward(self) -> bool {
        self != Self::Forward
    }

    /// As it is written in a mapping.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Forward => "forward",
            Self::Backward => "backward",
        }
    }
}

/// Whose value of a field stands when both sides changed it. It is for whoever merges; the mapping only carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// The provider's.
    Provider,
    /// The host's.
    Host,
}

/// An operation that needs a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequiredOn {
    /// Making a record. Forward: a record without the field makes no new row; a row that is there is changed.
    Create,
    /// Changing a record. Forward: without the field a row that is there stays as it was. On the way back, the field is
    /// sent along with whatever changes.
    Update,
}

/// Which records are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exclude {
    /// The field of the provider's record: a name, or a JSON Pointer.
    #[serde(deserialize_with = "paths::one")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub provider: FieldPath,
    /// The values of it; null also means that it is not there. Texts are compared as in a table.
    #[cfg_attr(test, schemars(with = "Vec<Value>"))]
    pub values: Vec<RawJson>,
}

impl Mapping {
    /// A plan without fields.
    pub fn new() -> Self {
        Self::default()
    }

    /// Names it for people.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Names the provider's entity that it is made for.
    #[must_use]
    pub fn for_entity(mut self, entity: impl Into<EntityName>) -> Self {
        self.entity = Some(entity.into());
        self
    }

    /// Names a text that the provider writes in the place of a value that may not be seen.
    #[must_use]
    pub fn unseen(mut self, text: impl Into<String>) -> Self {
        self.unseen.push(text.into());
        self
    }

    /// Adds a field that comes from one source.
    #[must_use]
    pub fn field(self, host: impl AsRef<str>, from: Source) -> Self {
        self.with_field(FieldSpec::new(host, from))
    }

    /// Adds a field that comes from the first source that gives a value other than null.
    #[must_use]
    pub fn first_of(self, host: impl AsRef<str>, from: impl IntoIterator<Item = Source>) -> Self {
        let mut from = from.into_iter();
        let field = FieldSpec::new(host, from.next().unwrap_or_default());
        self.with_field(FieldSpec { or: from.collect(), ..field })
    }

    /// Adds a field.
    #[must_use]
    pub fn with_field(mut self, field: FieldSpec) -> Self {
        self.fields.push(field);
        self
    }

    /// Leaves out records whose field has one of these values.
    #[must_use]
    pub fn exclude<V: Into<Value>>(mut self, field: &str, values: impl IntoIterator<Item = V>) -> Self {
        let values = values.into_iter().map(literal).collect();
        self.exclude.push(Exclude { provider: paths::path(field), values });
        self
    }

    /// Checks the plan and makes it ready to be applied. Fails with `Config` that names the field.
    pub fn compile(self) -> Result<CompiledMapping> {
        crate::compile::compile(self).map_err(|problems| crate::problem::refusal(&problems))
    }
}

impl FieldSpec {
    /// A field of the host's record.
    pub fn new(host: impl AsRef<str>, from: Source) -> Self {
        let Source { provider, several, constant, given, template, steps } = from;
        let host = Some(paths::path(host.as_ref()));
        Self { host, provider, several, constant, given, template, steps, ..Self::default() }
    }

    /// What is written to a field of the provider's record and never read: a constant, a value handed in, or a
    /// template over the host's fields.
    pub fn write_only(provider: &str, from: Source) -> Self {
        let provider = Some(paths::path(provider));
        let Source { constant, given, template, steps, .. } = from;
        let direction = Some(FieldDirection::Backward);
        Self { provider, constant, given, template, steps, direction, ..Self::default() }
    }

    /// Its first source.
    pub fn source(&self) -> Source {
        let Self { provider, several, constant, given, template, steps, .. } = self.clone();
        Source { provider, several, constant, given, template, steps }
    }

    /// Sets which way it goes.
    #[must_use]
    pub fn direction(mut self, direction: FieldDirection) -> Self {
        self.direction = Some(direction);
        self
    }

    /// Sets whose value stands when both sides changed it.
    #[must_use]
    pub fn owner(mut self, owner: Owner) -> Self {
        self.owner = Some(owner);
        self
    }

    /// Sets the operations that need it.
    #[must_use]
    pub fn required(mut self, on: impl IntoIterator<Item = RequiredOn>) -> Self {
        self.required.extend(on);
        self
    }

    /// Leaves it out of the host's record when it is null.
    #[must_use]
    pub fn omit_null(mut self) -> Self {
        self.omit_null = true;
        self
    }
}

impl Source {
    /// A path of the provider's record, as a JSON Pointer; a name without a slash is a field at its top.
    pub fn path(pointer: &str) -> Self {
        Self { provider: Some(paths::path(pointer)), ..Self::default() }
    }

    /// Several fields of the provider's record as one list.
    pub fn several<'p>(pointers: impl IntoIterator<Item = &'p str>) -> Self {
        let fields = pointers.into_iter().map(paths::path).collect();
        Self { several: Some(Several { fields, flat: false, skip_null: false }), ..Self::default() }
    }

    /// A value that is the same for every record.
    pub fn constant(value: impl Into<Value>) -> Self {
        Self { constant: Some(literal(value)), ..Self::default() }
    }

    /// A value that the host hands in with [`MappingContext::values`](tieline_core::MappingContext::values).
    pub fn given(name: impl Into<Text>) -> Self {
        Self { given: Some(name.into()), ..Self::default() }
    }

    /// A text made of fields, as a minijinja template.
    pub fn template(template: impl Into<String>) -> Self {
        Self { template: Some(template.into()), ..Self::default() }
    }

    /// A field of another synced record, whose key stands at `key` of this one.
    pub fn lookup(key: &str, entity: impl Into<EntityName>, field: &str) -> Self {
        Self::path(key).step(Step::Lookup(Lookup::of_key(entity, field)))
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, step: impl Into<Step>) -> Self {
        self.steps.push(step.into());
        self
    }

    /// Adds a step: what the values become.
    #[must_use]
    pub fn table<F: Into<Value>, T: Into<Value>>(
        self,
        entries: impl IntoIterator<Item = (F, T)>,
        otherwise: Otherwise,
    ) -> Self {
        let entries = entries.into_iter().map(|(from, to)| (literal(from), literal(to))).collect();
        self.step(Step::Table(Table { entries, otherwise }))
    }
}

/// A value as JSON text.
pub(crate) fn literal(value: impl Into<Value>) -> RawJson {
    RawJson::from_checked(&value.into().to_string())
}
