//! Models and their fields, as `fields_get` describes them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Version;
use crate::{Json, Object};

type Name = Cow<'static, str>;

/// The type of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One line of text.
    Char,
    /// Text.
    Text,
    /// Formatted text.
    Html,
    /// A whole number of 32 bits.
    Integer,
    /// A number.
    Float,
    /// An amount in the currency of another field.
    Monetary(&'static str),
    /// A flag.
    Boolean,
    /// A day.
    Date,
    /// A moment, UTC, in seconds.
    Datetime,
    /// One of several keys, with their labels.
    Selection(&'static [(&'static str, &'static str)]),
    /// Bytes as base64.
    Binary,
    /// A record of another model.
    Many2one(&'static str),
    /// The records of a model whose field points here.
    One2many(&'static str, &'static str),
    /// Any records of a model.
    Many2many(&'static str),
    /// The id of a record of any model.
    Reference,
    /// A list of values that describe themselves.
    Properties,
    /// The descriptions of the properties that the records of another model have.
    PropertiesDefinition,
}

impl Kind {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Char => "char",
            Self::Text => "text",
            Self::Html => "html",
            Self::Integer => "integer",
            Self::Float => "float",
            Self::Monetary(_) => "monetary",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Datetime => "datetime",
            Self::Selection(_) => "selection",
            Self::Binary => "binary",
            Self::Many2one(_) => "many2one",
            Self::One2many(..) => "one2many",
            Self::Many2many(_) => "many2many",
            Self::Reference => "many2one_reference",
            Self::Properties => "properties",
            Self::PropertiesDefinition => "properties_definition",
        }
    }

    pub(crate) const fn relation(&self) -> Option<&'static str> {
        match self {
            Self::Many2one(model) | Self::Many2many(model) | Self::One2many(model, _) => Some(model),
            _ => None,
        }
    }

    pub(crate) const fn is_many(&self) -> bool {
        matches!(self, Self::One2many(..) | Self::Many2many(_))
    }

    pub(crate) const fn is_number(&self) -> bool {
        matches!(self, Self::Integer | Self::Float | Self::Monetary(_) | Self::Reference)
    }
}

/// Who computes a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// It holds what was written.
    Written,
    /// Computed and stored.
    Stored,
    /// Computed when somebody reads it.
    Computed,
}

#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: Name,
    pub(crate) label: Name,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) source: Source,
    /// Only for those who may see private data of employees.
    pub(crate) private: bool,
    /// Forms show it without letting people write it. Over an API it is written all the same.
    pub(crate) form_readonly: bool,
    /// Each company has a value of its own. Before version 18 such a field has no column.
    pub(crate) company_dependent: bool,
    /// Written through to another record, so that there is no column: in these versions.
    unstored: &'static [Version],
    pub(crate) default: Option<Json>,
    only: Option<Version>,
}

/// A field with a name, a label and a type.
pub(crate) fn field(name: impl Into<Name>, label: impl Into<Name>, kind: Kind) -> Field {
    Field {
        name: name.into(),
        label: label.into(),
        kind,
        required: false,
        source: Source::Written,
        private: false,
        form_readonly: false,
        company_dependent: false,
        unstored: &[],
        default: None,
        only: None,
    }
}

impl Field {
    pub(crate) fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub(crate) fn stored(mut self) -> Self {
        self.source = Source::Stored;
        self
    }

    pub(crate) fn computed(mut self) -> Self {
        self.source = Source::Computed;
        self
    }

    pub(crate) fn private(mut self) -> Self {
        self.private = true;
        self
    }

    pub(crate) fn form_readonly(mut self) -> Self {
        self.form_readonly = true;
        self
    }

    /// Each company has a value of its own. The sandbox keeps one for all of them.
    pub(crate) fn company_dependent(mut self) -> Self {
        self.company_dependent = true;
        self.unstored = &[Version::V17];
        self
    }

    /// Kept in another record, and so without a column in these versions.
    pub(crate) fn unstored(mut self, versions: &'static [Version]) -> Self {
        self.unstored = versions;
        self
    }

    pub(crate) fn default(mut self, value: impl Into<Json>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Only in this version.
    pub(crate) fn only(mut self, version: Version) -> Self {
        self.only = Some(version);
        self
    }

    pub(crate) fn is_custom(&self) -> bool {
        self.name.starts_with("x_")
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.source != Source::Computed && !matches!(self.kind, Kind::One2many(..))
    }

    pub(crate) fn is_readonly(&self) -> bool {
        self.source != Source::Written
    }

    /// Odoo can look for one2many fields too, although they have no column.
    pub(crate) fn is_searchable(&self) -> bool {
        self.source != Source::Computed
    }

    /// The description of `fields_get`.
    pub(crate) fn describe(&self, version: Version) -> Object {
        let stored = self.is_stored() && !self.unstored.contains(&version);
        let sortable = stored && !self.kind.is_many();
        // Which fields a computed one follows is not modelled; that there are some is.
        let depends = if self.is_readonly() && self.name != "id" && !LOGGED.contains(&self.name.as_ref()) {
            vec![Json::from("write_date")]
        } else {
            Vec::new()
        };
        let mut out = Object::default()
            .with("type", self.kind.name())
            .with("string", self.label.to_string())
            .with("name", self.name.to_string())
            .with("required", self.required)
            .with("readonly", self.is_readonly() || self.form_readonly)
            .with("depends", depends)
            .with("store", stored)
            .with("searchable", self.is_searchable())
            .with("sortable", sortable)
            .with("manual", self.is_custom())
            .with("company_dependent", self.company_dependent);
        if version == Version::V19 {
            out.set("groupable", sortable);
        }
        if let Some(model) = self.kind.relation() {
            out.set("relation", model);
        }
        match &self.kind {
            Kind::One2many(_, inverse) => out.set("relation_field", *inverse),
            Kind::Monetary(currency) => out.set("currency_field", *currency),
            Kind::Selection(options) => {
                let pair = |(key, label): &(&'static str, &'static str)| {
                    Json::Array(vec![(*key).into(), (*label).into()])
                };
                out.set("selection", options.iter().map(pair).collect::<Vec<_>>());
            }
            _ => {}
        }
        out
    }
}

/// The fields that every table has, and that say who wrote a record when.
const LOGGED: &[&str] = &["create_date", "write_date", "create_uid", "write_uid"];

/// What a model keeps its records in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Nature {
    /// A table.
    #[default]
    Table,
    /// A table that is emptied every day: the forms of a wizard.
    Transient,
    /// Nothing: other models take its fields.
    Abstract,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelDef {
    pub(crate) name: &'static str,
    pub(crate) label: &'static str,
    pub(crate) order: &'static str,
    /// Whose members may use it, as a refusal says it.
    pub(crate) groups: &'static [&'static str],
    pub(crate) fields: Vec<Field>,
    pub(crate) nature: Nature,
    /// What users without the groups may read of a record that they otherwise see; all when there is no list.
    pub(crate) public: Option<&'static [&'static str]>,
    /// Record rules take records out of a page after its size was counted.
    pub(crate) filters_late: bool,
}

impl ModelDef {
    pub(crate) fn nature(mut self, nature: Nature) -> Self {
        self.nature = nature;
        self
    }

    pub(crate) fn public(mut self, fields: &'static [&'static str]) -> Self {
        self.public = Some(fields);
        self
    }

    pub(crate) fn filters_late(mut self) -> Self {
        self.filters_late = true;
        self
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
}

/// All models of a database.
#[derive(Clone, Debug)]
pub(crate) struct Schema {
    pub(crate) version: Version,
    models: BTreeMap<&'static str, Arc<ModelDef>>,
}

impl Schema {
    pub(crate) fn new(version: Version, models: Vec<ModelDef>) -> Self {
        let with_common_fields = |mut model: ModelDef| {
            model.fields.retain(|field| field.only.is_none_or(|only| only == version));
            model.fields.insert(0, field("id", "ID", Kind::Integer).stored());
            model.fields.push(field("display_name", "Display Name", Kind::Char).computed());
            if model.nature == Nature::Abstract {
                return (model.name, Arc::new(model));
            }
            for (name, label) in [("create_date", "Created on"), ("write_date", "Last Updated on")] {
                model.fields.push(field(name, label, Kind::Datetime).stored());
            }
            for (name, label) in [("create_uid", "Created by"), ("write_uid", "Last Updated by")] {
                model.fields.push(field(name, label, Kind::Many2one("res.users")).stored());
            }
            (model.name, Arc::new(model))
        };
        Self { version, models: models.into_iter().map(with_common_fields).collect() }
    }

    pub(crate) fn model(&self, name: &str) -> Option<&Arc<ModelDef>> {
        self.models.get(name)
    }

    pub(crate) fn models(&self) -> impl Iterator<Item = &Arc<ModelDef>> {
        self.models.values()
    }

    /// Adds a field of the customer's own, or says that there is no such model.
    pub(crate) fn add_field(&mut self, model: &str, field: Field) -> bool {
        let Some(model) = self.models.get_mut(model).map(Arc::make_mut) else { return false };
        model.fields.retain(|known| known.name != field.name);
        model.fields.push(field);
        true
    }
    /// Takes a field away, or says that there was none.
    pub(crate) fn remove_field(&mut self, model: &str, name: &str) -> bool {
        let Some(model) = self.models.get_mut(model).map(Arc::make_mut) else { return false };
        let before = model.fields.len();
        model.fields.retain(|field| field.name != name);
        model.fields.len() < before
    }
}
