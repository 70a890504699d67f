//! A call in progress: the database, who calls, and in which context.

use std::sync::Arc;

use super::Version;
use super::database::{Database, Operation, Record};
use super::schema::{ModelDef, Schema};
use super::trouble::Trouble;
use crate::{Json, Object, PageTwist};

pub(crate) struct Env<'a> {
    pub(crate) db: &'a mut Database,
    pub(crate) schema: Arc<Schema>,
    pub(crate) version: Version,
    pub(crate) uid: i64,
    /// Whoever works in the provider's own windows with all rights; the control interface.
    pub(crate) sudo: bool,
    pub(crate) active_test: bool,
    pub(crate) companies: Vec<i64>,
    pub(crate) bin_size: bool,
    pub(crate) zone: String,
    /// The whole context of the call: some methods look into it themselves.
    pub(crate) context: Object,
    /// When the transaction began, in microseconds since 1970.
    pub(crate) stamp: i64,
    pub(crate) twist: PageTwist,
}

/// The languages that are installed.
const LANGUAGES: &[&str] = &["en_US", "sv_SE", "de_CH"];

impl<'a> Env<'a> {
    pub(crate) fn new(db: &'a mut Database, uid: i64, stamp: i64) -> Self {
        let schema = Arc::clone(&db.schema);
        let (companies, zone) = db.row("res.users", uid).map_or_else(Default::default, |user| {
            let companies = user.get("company_ids").as_array().unwrap_or_default();
            (companies.iter().filter_map(Json::as_i64).collect(), user.text("tz").to_owned())
        });
        let version = schema.version;
        let (sudo, active_test, bin_size, twist) = (false, true, false, PageTwist::None);
        let context = Object::default();
        Self { db, schema, version, uid, sudo, active_test, companies, bin_size, zone, context, stamp, twist }
    }

    /// All rights, and archived records too.
    pub(crate) fn for_people(db: &'a mut Database, uid: i64, stamp: i64) -> Self {
        Self { sudo: true, active_test: false, ..Self::new(db, uid, stamp) }
    }

    pub(crate) fn enter(&mut self, context: &Object) -> Result<(), Trouble> {
        if let Some(flag) = context.get("active_test") {
            self.active_test = truth(flag);
        }
        self.bin_size = context.get("bin_size").is_some_and(truth);
        self.context = context.clone();
        if let Some(zone) = context.get("tz").and_then(Json::as_str) {
            zone.clone_into(&mut self.zone);
        }
        if let Some(language) = context.get("lang").and_then(Json::as_str)
            && self.version == Version::V19
            && !LANGUAGES.contains(&language)
        {
            return Err(Trouble::User(format!("Invalid language code: {language}")));
        }
        if let Some(wanted) =
            context.get("allowed_company_ids").and_then(Json::as_array).filter(|ids| !ids.is_empty())
        {
            let wanted: Vec<i64> = wanted.iter().filter_map(Json::as_i64).collect();
            if !wanted.iter().all(|id| self.companies.contains(id)) {
                return Err(Trouble::Access("Access to unauthorized or invalid companies.".into()));
            }
            self.companies = wanted;
        }
        Ok(())
    }

    pub(crate) fn model(&self, name: &str) -> Result<Arc<ModelDef>, Trouble> {
        self.schema.model(name).cloned().ok_or_else(|| Trouble::NoModel(name.to_owned()))
    }

    /// Whether the user may do this with any record of the model.
    pub(crate) fn may(&self, model: &str, operation: Operation) -> bool {
        self.sudo || !self.db.denied.contains(&(self.uid, model.to_owned(), operation))
    }

    pub(crate) fn check_right(&self, model: &ModelDef, operation: Operation) -> Result<(), Trouble> {
        if self.may(model.name, operation) {
            return Ok(());
        }
        let doing = match operation {
            Operation::Read => "access",
            Operation::Create => "create",
            Operation::Write => "modify",
            Operation::Unlink => "delete",
        };
        let groups: String = model.groups.iter().map(|group| format!("\n\t- {group}")).collect();
        Err(Trouble::Access(format!(
            "You are not allowed to {doing} '{}' ({}) records.\n\nThis operation is allowed for the following groups:\
             {groups}\n\nContact your administrator to request access if necessary.",
            model.label, model.name
        )))
    }

    /// Whether the rules let the user see a record.
    pub(crate) fn sees(&self, model: &ModelDef, record: &Record) -> bool {
        if self.sudo {
            return true;
        }
        if !self.db.blind.is_empty() && self.db.blind.contains(&(self.uid, model.name.to_owned())) {
            return false;
        }
        let hidden = &self.db.hidden;
        if !hidden.is_empty() && hidden.contains(&(self.uid, model.name.to_owned(), record.id)) {
            return false;
        }
        // Users belong to companies too, and yet everybody sees them.
        let elsewhere = record.link("company_id").is_some_and(|company| !self.companies.contains(&company));
        if elsewhere && model.name != "res.users" {
            return false;
        }
        let own_only =
            model.name == "crm.lead" && self.db.account(self.uid).is_some_and(|user| user.own_leads_only);
        !own_only || record.link("user_id").is_none_or(|user| user == self.uid)
    }

    pub(crate) fn check_seen(
        &self,
        model: &ModelDef,
        record: &Record,
        operation: Operation,
    ) -> Result<(), Trouble> {
        if self.sees(model, record) {
            return Ok(());
        }
        let name = self.db.row("res.users", self.uid).map_or("", |user| user.text("name")).to_owned();
        Err(Trouble::Access(format!(
            "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, {name} (id={}) doesn't have \
             '{}' access to:\n- {} ({})",
            self.uid,
            operation.name(),
            model.label,
            model.name
        )))
    }

    pub(crate) fn sees_private_fields(&self) -> bool {
        self.sudo || self.db.account(self.uid).is_some_and(|account| account.is_hr_officer)
    }
}

/// What Python takes for true.
pub(crate) fn truth(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(flag) => *flag,
        Json::Int(number) => *number != 0,
        Json::Decimal(text) => text.parse() != Ok(0.0),
        Json::Text(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(object) => !object.is_empty(),
    }
}

/// A value as Python prints it.
pub(crate) fn python(value: &Json) -> String {
    match value {
        Json::Null => "None".into(),
        Json::Bool(true) => "True".into(),
        Json::Bool(false) => "False".into(),
        Json::Text(text) if text.contains('\'') && !text.contains('"') => format!("\"{text}\""),
        Json::Text(text) => {
            format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n"))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(python).collect::<Vec<_>>().join(", ")),
        Json::Object(object) => {
            let members: Vec<_> =
                object.iter().map(|(key, value)| format!("'{key}': {}", python(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        number => number.to_string(),
    }
}
