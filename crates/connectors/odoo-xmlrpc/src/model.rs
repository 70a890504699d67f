//! What a model's fields are, as `fields_get` tells it, and how their values are written as JSON.
//!
//! Source: <https://www.odoo.com/documentation/17.0/developer/reference/backend/orm.html#fields>.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tieline_core::{Error, ErrorKind, FieldPath, RawJson, Result};
use tieline_kit::{excerpt, nearest};

use crate::xmlrpc::{FieldRule, FieldRules};

/// The attributes that reading and writing need. All of them would be a hundred times as much, and one may hold a
/// `None`, which XML-RPC cannot carry.
pub(crate) const ATTRIBUTES: [&str; 9] = [
    "type",
    "store",
    "sortable",
    "searchable",
    "readonly",
    "required",
    "relation",
    "depends",
    "company_dependent",
];

pub(crate) const WRITE_DATE: &str = "write_date";

/// A model with its fields.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) rules: FieldRules,
}

/// A field as Odoo describes it.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct Field {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) store: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) sortable: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) searchable: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) readonly: bool,
    #[serde(default, deserialize_with = "flag")]
    pub(crate) required: bool,
    /// Whether each company has a value of its own. Before Odoo 18 such a field has no column.
    #[serde(default, deserialize_with = "flag")]
    pub(crate) company_dependent: bool,
    /// Whether Odoo works it out from other fields.
    #[serde(default, rename = "depends", deserialize_with = "listed")]
    pub(crate) computed: bool,
    #[serde(default, deserialize_with = "text")]
    pub(crate) relation: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) string: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) help: Option<String>,
    #[serde(default, deserialize_with = "text")]
    pub(crate) currency_field: Option<String>,
    #[serde(default)]
    pub(crate) selection: Value,
}

/// Flags come as booleans, as 0 and 1, or not at all.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(flag) => flag,
        Value::Number(number) => number.as_i64() == Some(1),
        _ => false,
    })
}

/// Whether it is a list with something in it.
fn listed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(matches!(Value::deserialize(deserializer)?, Value::Array(items) if !items.is_empty()))
}

/// `false` is no text.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        _ => None,
    })
}

impl Field {
    /// Whether a read takes it without being asked to: what the record itself holds. Files are large, the records on
    /// the other side of a one2many are an entity of their own, and what is computed on the fly costs time for each
    /// record. What is sortable without being stored is stored with a parent record.
    pub(crate) fn is_plain(&self) -> bool {
        // What depends on the company has a column from Odoo 18 on, and is read in all versions.
        (self.store || self.sortable || self.company_dependent) && !self.is_file() && self.kind != "one2many"
    }

    /// Whether Odoo takes a value for it. A field that is read-only in forms alone is written all the same; one that is
    /// computed without a way back is not, and Odoo says nothing about it.
    pub(crate) fn takes_values(&self) -> bool {
        !self.readonly || (self.store && !self.computed)
    }

    pub(crate) fn is_file(&self) -> bool {
        matches!(self.kind.as_str(), "binary" | "image")
    }

    pub(crate) fn is_many(&self) -> bool {
        matches!(self.kind.as_str(), "one2many" | "many2many")
    }

    pub(crate) fn rule(&self) -> FieldRule {
        match self.kind.as_str() {
            "boolean" => FieldRule::Keep,
            "integer" | "many2one_reference" => FieldRule::Integer,
            "many2one" => FieldRule::Many2one,
            _ => FieldRule::FalseIsNull,
        }
    }
}

impl Model {
    /// Reads the answer of `fields_get`.
    pub(crate) fn read(name: &str, answer: &RawJson) -> Result<Self> {
        let fields: BTreeMap<String, Field> = serde_json::from_str(answer.get()).map_err(|_| {
            Error::new(
                ErrorKind::Decode,
                "Odoo's description of a model's fields has another shape than documented",
            )
            .with_context("entity", excerpt(name, 80))
        })?;
        if !fields.contains_key("id") {
            return Err(Error::new(ErrorKind::Forbidden, "Odoo shows this user no fields of the model")
                .with_advice("give the user the right to read it")
                .with_context("entity", excerpt(name, 80)));
        }
        let mut rules = FieldRules::new("id", WRITE_DATE).otherwise(FieldRule::FalseIsNull);
        for (field, told) in &fields {
            rules = rules.with(field, told.rule());
        }
        Ok(Self { name: name.to_owned(), fields, rules })
    }

    /// Whether changes can be asked for.
    pub(crate) fn has_write_date(&self) -> bool {
        self.fields.get(WRITE_DATE).is_some_and(|field| field.store)
    }

    /// The fields to read: those that were asked for, or those that a record itself holds. Always with the key and
    /// the time of change.
    pub(crate) fn wanted(&self, asked: &[FieldPath]) -> Result<Vec<String>> {
        let mut names: Vec<String> = if asked.is_empty() {
            self.fields.iter().filter(|(_, field)| field.is_plain()).map(|(name, _)| name.clone()).collect()
        } else {
            asked.iter().map(|path| Ok(self.named(path)?.0.to_owned())).collect::<Result<_>>()?
        };
        names.push("id".to_owned());
        if self.has_write_date() {
            names.push(WRITE_DATE.to_owned());
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// The key and the time of change: what every read takes.
    pub(crate) fn own_fields(&self) -> Vec<String> {
        let own = ["id", WRITE_DATE].into_iter().filter(|name| *name == "id" || self.has_write_date());
        own.map(str::to_owned).collect()
    }

    /// The field at the beginning of a path.
    pub(crate) fn named(&self, path: &FieldPath) -> Result<(&str, &Field)> {
        let name = path.as_str().split('/').nth(1).unwrap_or_default();
        self.field(name)
    }

    pub(crate) fn field(&self, name: &str) -> Result<(&str, &Field)> {
        if let Some((known, field)) = self.fields.get_key_value(name) {
            return Ok((known, field));
        }
        let advice = match nearest(name, self.fields.keys().map(String::as_str)) {
            Some(meant) => format!("did you mean {meant:?}? Discover lists the fields"),
            None => "discover lists the fields; which ones there are depends on Odoo's version, on its apps and on \
                     the user's rights"
                .to_owned(),
        };
        let shown = excerpt(name, 80);
        Err(Error::new(ErrorKind::Config, format!("Odoo's {} has no field {shown:?}", self.name))
            .with_advice(advice))
    }
}
