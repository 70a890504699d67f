//! The methods of records, with the names that callers use.

use super::Version;
use super::binding::{Bound, Signature, by_name, by_position, find};
use super::database::Operation;
use super::env::{Env, truth};
use super::read::{Links, Page};
use super::schema::{Kind, ModelDef};
use super::trouble::Trouble;
use super::{actions, groups, import, values};
use crate::{Json, Object};

/// The arguments of a call, as its door hands them over.
pub(crate) enum Arguments {
    Positional(Vec<Json>, Object),
    Named(Object),
}

impl Env<'_> {
    /// Calls a method of a model.
    pub(crate) fn call(&mut self, model: &str, method: &str, arguments: Arguments) -> Result<Json, Trouble> {
        let model = self.model(model)?;
        let signature = find(&model, method, self.version)?;
        let bound = self.bind(&signature, method, arguments)?;
        self.run(&model, method, &bound)
    }

    fn bind(&mut self, signature: &Signature, method: &str, arguments: Arguments) -> Result<Bound, Trouble> {
        let (mut named, args) = match arguments {
            Arguments::Positional(args, named) => (named, Some(args)),
            Arguments::Named(named) => (named, None),
        };
        if let Some(Json::Object(context)) = named.remove("context") {
            self.enter(&context)?;
        }
        match args {
            Some(args) => by_position(signature, method, &args, named),
            None => {
                let ids = named.remove("ids");
                by_name(signature, method, ids.as_ref(), named)
            }
        }
    }

    fn run(&mut self, model: &ModelDef, method: &str, call: &Bound) -> Result<Json, Trouble> {
        let page =
            Page { offset: call.number("offset"), limit: call.number("limit"), order: call.text("order") };
        // Only `_classic_read`, which is the default, gives names; `_classic_write` and anything else give plain ids.
        let plain =
            call.iter().any(|(name, value)| name == "load" && value.as_str() != Some("_classic_read"));
        let links = if plain { Links::Plain } else { Links::Named };
        Ok(match method {
            "search" => ids_json(&self.search(model, call.get("domain"), &page)?),
            "search_count" => {
                let page = Page { limit: page.limit, ..Page::default() };
                self.search(model, call.get("domain"), &page)?.len().into()
            }
            "search_read" => self.search_read(model, call.get("domain"), &page, call.get("fields"), links)?,
            "read" => self.read(model, &call.ids, call.get("fields"), links)?,
            "fields_get" => self.fields_get(model, call.get("allfields"), call.get("attributes")).into(),
            "default_get" => self.default_get(model, call).into(),
            "create" => match call.get("vals_list") {
                Json::Object(vals) if self.version == Version::V19 || !vals.is_empty() => {
                    self.create(model, vals)?.into()
                }
                Json::Array(many) => {
                    let many = many
                        .iter()
                        .map(|vals| self.create(model, vals.as_object().unwrap_or(&Object::default())));
                    ids_json(&many.collect::<Result<Vec<_>, _>>()?)
                }
                _ => self.create(model, &Object::default())?.into(),
            },
            "write" => {
                let vals = call.get("vals").as_object().cloned().unwrap_or_default();
                self.write(model, &call.ids, &vals)?;
                true.into()
            }
            "unlink" => {
                self.unlink(model, &call.ids)?;
                true.into()
            }
            "load" => import::load(self, model, call.get("fields"), call.get("data"))?,
            "exists" => {
                let here: Vec<i64> =
                    call.ids.iter().copied().filter(|id| self.db.row(model.name, *id).is_some()).collect();
                ids_json(&here)
            }
            "name_get" => self.names(model, &call.ids)?,
            "name_create" => {
                let id = self.create(model, &Object::default().with("name", call.get("name").clone()))?;
                vec![id.into(), self.name_of(model.name, id).into()].into()
            }
            "name_search" => self.name_search(model, call)?,
            "check_access_rights" | "has_access" => self.has_access(model, method, call)?,
            "get_external_id" => self.external_ids(model, &call.ids).into(),
            "get_metadata" => self.metadata(model, &call.ids)?,
            "message_post" => self.message_post(model, call)?,
            "context_get" => self.context_of_user().into(),
            "copy" => self.copy(model, call)?,
            "read_group" => groups::read_group(self, model, call)?,
            // Both return nothing, which XML-RPC cannot say: the caller gets a fault although it is done.
            "action_archive" | "action_unarchive" => {
                let active = Object::default().with("active", method == "action_unarchive");
                if model.has("active") {
                    self.write(model, &call.ids, &active)?;
                }
                Json::Null
            }
            _ => actions::action(self, model, method, call)?,
        })
    }

    fn fields_get(&self, model: &ModelDef, names: &Json, attributes: &Json) -> Object {
        let names = names.as_array().filter(|names| !names.is_empty());
        let attributes = attributes.as_array().filter(|attributes| !attributes.is_empty());
        let mut out = Object::default();
        for field in &model.fields {
            let wanted =
                names.is_none_or(|names| names.iter().any(|name| name.as_str() == Some(&field.name)));
            if !wanted || (field.private && !self.sees_private_fields()) {
                continue;
            }
            let mut described = field.describe(self.version);
            if let Some(attributes) = attributes {
                let mut chosen = Object::default();
                for (name, value) in described.iter() {
                    if attributes.iter().any(|attribute| attribute.as_str() == Some(name)) {
                        chosen.set(name.to_owned(), value.clone());
                    }
                }
                described = chosen;
            }
            out.set(field.name.clone(), described);
        }
        out
    }

    /// What a user's calls carry when they say nothing themselves.
    pub(crate) fn context_of_user(&self) -> Object {
        let user = self.db.row("res.users", self.uid);
        let told = |name: &str| {
            let text = user.map_or("", |user| user.text(name));
            if text.is_empty() { Json::Bool(false) } else { text.to_owned().into() }
        };
        Object::default().with("lang", told("lang")).with("tz", told("tz")).with("uid", self.uid)
    }

    /// Copies what was written; what is unique to a record or computed stays behind.
    fn copy(&mut self, model: &ModelDef, call: &Bound) -> Result<Json, Trouble> {
        let mut made = Vec::new();
        for id in &call.ids {
            let record = self.existing(model, *id, Operation::Read)?;
            let mut vals = Object::default();
            for field in &model.fields {
                let value = record.get(&field.name);
                let plain = !field.is_readonly() && !matches!(field.kind, Kind::One2many(..));
                if !plain || value.is_null() || matches!(field.name.as_ref(), "barcode" | "login" | "state") {
                    continue;
                }
                let value = match (&field.kind, value) {
                    (Kind::Many2many(_), ids) => vec![vec![6.into(), 0.into(), ids.clone()].into()].into(),
                    (_, value) => value.clone(),
                };
                vals.set(field.name.clone(), value);
            }
            if model.name != "sale.order" && !record.text("name").is_empty() {
                vals.set("name", format!("{} (copy)", record.text("name")));
            } else {
                vals.remove("name");
            }
            for (name, value) in call.get("default").as_object().cloned().unwrap_or_default().iter() {
                vals.set(name.to_owned(), value.clone());
            }
            made.push(self.create(model, &vals)?);
        }
        match (self.version, made.as_slice()) {
            (Version::V19, made) => Ok(ids_json(made)),
            (Version::V17, [id]) => Ok((*id).into()),
            (Version::V17, _) => Err(Trouble::value(format!("Expected singleton: {}()", model.name))),
        }
    }

    fn default_get(&self, model: &ModelDef, call: &Bound) -> Object {
        let wanted = if self.version == Version::V17 { "fields_list" } else { "fields" };
        let mut out = Object::default();
        for name in call.get(wanted).as_array().unwrap_or_default().iter().filter_map(Json::as_str) {
            if let Some(default) = model.field(name).and_then(|field| self.default(model, field)) {
                out.set(name.to_owned(), default);
            }
        }
        out
    }

    fn names(&self, model: &ModelDef, ids: &[i64]) -> Result<Json, Trouble> {
        let mut pairs = Vec::new();
        for id in ids {
            let record = self.existing(model, *id, Operation::Read)?;
            pairs.push(Json::Array(vec![(*id).into(), self.display_name(model, &record).into()]));
        }
        Ok(pairs.into())
    }

    fn name_search(&self, model: &ModelDef, call: &Bound) -> Result<Json, Trouble> {
        let extra = if self.version == Version::V17 { "args" } else { "domain" };
        let mut domain = call.get(extra).as_array().unwrap_or_default().to_vec();
        if let Some(name) = call.text("name").filter(|name| !name.is_empty()) {
            let operator = call.text("operator").unwrap_or("ilike").to_owned();
            let field = if model.has("complete_name") { "complete_name" } else { "name" };
            domain.push(vec![field.into(), operator.into(), name.to_owned().into()].into());
        }
        let limit = call.get("limit").as_i64().unwrap_or(100);
        let ids = self.search(model, &domain.into(), &Page { limit, ..Page::default() })?;
        self.names(model, &ids)
    }

    fn has_access(&self, model: &ModelDef, method: &str, call: &Bound) -> Result<Json, Trouble> {
        let name = call.text("operation").unwrap_or_default();
        let operation =
            Operation::of(name).ok_or_else(|| Trouble::value(format!("Invalid operation '{name}'")))?;
        let raises = method == "check_access_rights" && call.get("raise_exception") != &Json::Bool(false);
        if raises {
            self.check_right(model, operation)?;
        }
        let seen = |id: &i64| self.db.row(model.name, *id).is_none_or(|record| self.sees(model, record));
        Ok((self.may(model.name, operation) && call.ids.iter().all(seen)).into())
    }

    fn external_ids(&self, model: &ModelDef, ids: &[i64]) -> Object {
        let mut out = Object::default();
        for id in ids {
            let name = self.external_id(model, *id).unwrap_or_default();
            out.set(id.to_string(), name);
        }
        out
    }

    pub(crate) fn external_id(&self, model: &ModelDef, id: i64) -> Option<String> {
        let mut known = self.db.rows("ir.model.data");
        let data = known.find(|row| row.text("model") == model.name && row.link("res_id") == Some(id))?;
        Some(format!("{}.{}", data.text("module"), data.text("name")))
    }

    fn metadata(&self, model: &ModelDef, ids: &[i64]) -> Result<Json, Trouble> {
        let mut rows = Vec::new();
        for id in ids {
            let record = self.existing(model, *id, Operation::Read)?;
            let mut row = Object::default().with("id", *id);
            for name in ["create_uid", "create_date", "write_uid", "write_date"] {
                if let Some(field) = model.field(name) {
                    row.set(name, self.shown(model, &record, field, Links::Named));
                }
            }
            row.set("xmlid", self.external_id(model, *id).map_or(Json::Bool(false), Into::into));
            rows.push(row.with("noupdate", false).into());
        }
        Ok(Json::Array(rows))
    }

    fn message_post(&mut self, model: &ModelDef, call: &Bound) -> Result<Json, Trouble> {
        let [id] = call.ids.as_slice() else {
            let ids: Vec<_> = call.ids.iter().map(i64::to_string).collect();
            return Err(Trouble::value(format!("Expected singleton: {}({})", model.name, ids.join(", "))));
        };
        let record = self.existing(model, *id, Operation::Read)?;
        let said = call.text("body").unwrap_or_default();
        let escaped = || said.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let body = if truth(call.get("body_is_html")) { said.to_owned() } else { escaped() };
        let author =
            self.db.row("res.users", self.uid).map_or(Json::Null, |user| user.get("partner_id").clone());
        let mut vals = Object::default()
            .with("model", model.name)
            .with("res_id", *id)
            .with("record_name", self.display_name(model, &record))
            .with("body", values::html(&body))
            .with("date", super::moments::shown(self.stamp))
            .with("author_id", author);
        let comment = call.text("subtype_xmlid") == Some("mail.mt_comment");
        vals.set("is_internal", !comment);
        for name in ["subject", "message_type"] {
            if truth(call.get(name)) {
                vals.set(name, call.get(name).clone());
            }
        }
        let messages = self.model("mail.message")?;
        let id = self.create(&messages, &vals)?;
        // A recordset comes out as the list of its ids; 17 has a rule that makes one id of it.
        Ok(if self.version == Version::V17 { id.into() } else { ids_json(&[id]) })
    }
}

/// The ids as an array.
pub(crate) fn ids_json(ids: &[i64]) -> Json {
    ids.iter().map(|id| (*id).into()).collect::<Vec<Json>>().into()
}
