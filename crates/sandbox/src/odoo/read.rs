//! Searching and reading.

use super::Version;
use super::database::{Operation, Record};
use super::domain::mentions;
use super::env::{Env, truth};
use super::schema::{Field, Kind, ModelDef, Nature};
use super::trouble::Trouble;
use crate::{Json, Object, PageTwist};

/// Which part of a search is wanted, and in which order.
#[derive(Default)]
pub(crate) struct Page<'a> {
    pub(crate) offset: i64,
    /// 0 is no limit.
    pub(crate) limit: i64,
    pub(crate) order: Option<&'a str>,
}

impl Env<'_> {
    /// The ids that fulfil a domain, as far as the user sees them.
    pub(crate) fn search(
        &self,
        model: &ModelDef,
        domain: &Json,
        page: &Page<'_>,
    ) -> Result<Vec<i64>, Trouble> {
        self.check_table(model)?;
        self.check_right(model, Operation::Read)?;
        let expr = self.domain(model, domain)?;
        let columns = self.order(model, page.order)?;
        if page.limit < 0 || page.offset < 0 {
            let which = if page.limit < 0 { "LIMIT" } else { "OFFSET" };
            let class = "psycopg2.errors.InvalidRowCountInLimitClause";
            return Err(Trouble::python(class, format!("{which} must not be negative\n")));
        }
        let only_active = self.active_test && model.has("active") && !mentions(domain, "active");
        let found = self.db.rows(model.name).filter(|record| {
            (!only_active || record.flag("active"))
                && self.fulfils(model, record, &expr)
                && (model.filters_late || self.sees(model, record))
        });
        let mut ids: Vec<i64> = found.map(|record| record.id).collect();
        let offset = if self.twist == PageTwist::RepeatToken { 0 } else { page.offset };
        self.sort(model, &mut ids, &columns, offset);
        let skip = usize::try_from(offset).unwrap_or(usize::MAX);
        let take = match page.limit {
            0 => usize::MAX,
            limit => usize::try_from(limit).unwrap_or(usize::MAX),
        };
        let mut ids: Vec<i64> = ids.into_iter().skip(skip).take(take).collect();
        if model.filters_late {
            ids.retain(|id| self.db.row(model.name, *id).is_some_and(|record| self.sees(model, record)));
        }
        match self.twist {
            PageTwist::Empty => ids.clear(),
            PageTwist::Duplicate => ids.extend(ids.last().copied()),
            PageTwist::None | PageTwist::RepeatToken => {}
        }
        Ok(ids)
    }

    /// `search_read`. Without fields it means all of them.
    pub(crate) fn search_read(
        &self,
        model: &ModelDef,
        domain: &Json,
        page: &Page<'_>,
        fields: &Json,
        links: Links,
    ) -> Result<Json, Trouble> {
        let ids = self.search(model, domain, page)?;
        let all = !truth(fields);
        if all && self.version == Version::V19 && model.name == "hr.employee" && !self.sees_private_fields() {
            return Ok(Vec::new().into());
        }
        self.read(model, &ids, fields, links)
    }

    /// `read`: rows in the order of the ids, as often as they were asked for; what is not there is left out.
    pub(crate) fn read(
        &self,
        model: &ModelDef,
        ids: &[i64],
        fields: &Json,
        links: Links,
    ) -> Result<Json, Trouble> {
        self.check_table(model)?;
        self.check_right(model, Operation::Read)?;
        let fields = self.wanted(model, fields)?;
        let mut rows = Vec::new();
        for id in ids {
            let Some(record) = self.db.row(model.name, *id) else { continue };
            self.check_seen(model, record, Operation::Read)?;
            let mut row = Object::default().with("id", record.id);
            for field in &fields {
                row.set(field.name.clone(), self.shown(model, record, field, links));
            }
            rows.push(row.into());
        }
        Ok(Json::Array(rows))
    }

    fn wanted<'m>(&self, model: &'m ModelDef, fields: &Json) -> Result<Vec<&'m Field>, Trouble> {
        let private = |field: &Field| field.private && !self.sees_private_fields();
        if !truth(fields) {
            return if self.version == Version::V17 && model.fields.iter().any(private) {
                Err(self.forbidden_fields(model, model.fields.iter().filter(|field| private(field))))
            } else {
                Ok(model.fields.iter().filter(|field| !private(field)).collect())
            };
        }
        let mut wanted = Vec::new();
        for name in fields.as_array().unwrap_or_default() {
            let name = name.as_str().unwrap_or_default();
            let field = model.field(name).ok_or_else(|| self.no_field(model, name))?;
            if private(field) {
                return Err(self.forbidden_fields(model, std::iter::once(field)));
            }
            let public = |public: &[&str]| self.sees_private_fields() || public.contains(&name);
            if !model.public.is_none_or(public) {
                return Err(Trouble::Access(format!(
                    "The fields \u{201c}{name}\u{201d} you try to read is not available on the public employee profile."
                )));
            }
            wanted.push(field);
        }
        Ok(wanted)
    }

    /// Models that only lend their fields to others have no table.
    fn check_table(&self, model: &ModelDef) -> Result<(), Trouble> {
        if model.nature != Nature::Abstract {
            return Ok(());
        }
        let table = model.name.replace('.', "_");
        let message = format!("relation \"{table}\" does not exist\nLINE 1: SELECT \"{table}\".\"id\"\n");
        Err(Trouble::python("psycopg2.errors.UndefinedTable", message))
    }

    pub(crate) fn no_field(&self, model: &ModelDef, name: &str) -> Trouble {
        Trouble::value(match self.version {
            Version::V17 => format!("Invalid field '{name}' on model '{}'", model.name),
            Version::V19 => format!("Invalid field '{name}' on '{}'", model.name),
        })
    }

    pub(crate) fn forbidden_fields<'f>(
        &self,
        model: &ModelDef,
        fields: impl Iterator<Item = &'f Field>,
    ) -> Trouble {
        let names: String = fields
            .map(|field| format!("\n- {} (allowed for groups 'Employees / Officer')", field.name))
            .collect();
        Trouble::Access(format!(
            "You do not have enough rights to access the fields on {} ({}). Please contact your system administrator.\n\n\
             Operation: read\nUser: {}\nFields:{names}",
            model.label, model.name, self.uid
        ))
    }

    /// A value as callers get it: `false` for nothing, except for flags and numbers.
    pub(crate) fn shown(&self, model: &ModelDef, record: &Record, field: &Field, links: Links) -> Json {
        let value = self.value(model, record, field);
        match (&field.kind, value) {
            (Kind::Integer | Kind::Reference, Json::Null) => Json::Int(0),
            (Kind::Float | Kind::Monetary(_), Json::Null) => Json::Decimal("0.0".into()),
            (Kind::Float | Kind::Monetary(_), Json::Int(number)) => {
                Json::Decimal(format!("{number}.0").into())
            }
            (Kind::Properties, Json::Null) => self.with_unset(record, Vec::new()).into(),
            (Kind::One2many(..) | Kind::Many2many(_) | Kind::PropertiesDefinition, Json::Null) => {
                Vec::new().into()
            }
            (Kind::Properties, Json::Array(items)) => {
                let items = items.into_iter().map(|item| self.property(item)).collect();
                self.with_unset(record, items).into()
            }
            (_, Json::Null) => Json::Bool(false),
            (Kind::Many2one(of), Json::Int(id)) => match (links, self.name_of(of, id)) {
                (_, None) => Json::Bool(false),
                (Links::Plain, Some(_)) => id.into(),
                (Links::Named, Some(name)) => vec![id.into(), name.into()].into(),
            },
            (Kind::Binary, Json::Text(base64)) if self.bin_size => size(base64.len() / 4 * 3).into(),
            (_, value) => value,
        }
    }

    /// The properties of a lead with those that its team defines and it has no value of: 17 gives them a null, which
    /// XML-RPC cannot carry, 19 gives them no value.
    fn with_unset(&self, record: &Record, mut items: Vec<Json>) -> Vec<Json> {
        let team = self.linked("crm.team", record, "team_id");
        let defined = team.map(|team| team.get("lead_properties_definition").clone());
        let named = |item: &Json| item.get("name").cloned().unwrap_or(Json::Null);
        for definition in defined.as_ref().and_then(Json::as_array).unwrap_or_default() {
            if items.iter().any(|item| named(item) == named(definition)) {
                continue;
            }
            items.push(match (self.version, definition) {
                (Version::V17, Json::Object(definition)) => {
                    definition.clone().with("value", Json::Null).into()
                }
                _ => definition.clone(),
            });
        }
        items
    }

    /// 17 says `false` for a property without a value, 19 says nothing.
    fn property(&self, item: Json) -> Json {
        match item {
            Json::Object(item) if item.get("value").is_none() && self.version == Version::V17 => {
                item.with("value", false).into()
            }
            other => other,
        }
    }
}

/// How a many2one is shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// `[id, display name]`
    Named,
    /// The id alone.
    Plain,
}

fn size(bytes: usize) -> String {
    match u32::try_from(bytes) {
        Ok(bytes) if bytes >= 1024 => format!("{:.2} Kb", f64::from(bytes) / 1024.0),
        _ => format!("{bytes:.2} bytes"),
    }
}
