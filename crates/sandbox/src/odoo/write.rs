//! Creating, changing and deleting.

use std::collections::BTreeMap;

use super::checks;
use super::database::{Operation, Record};
use super::env::{Env, truth};
use super::schema::{Field, Kind, ModelDef};
use super::trouble::Trouble;
use super::values;
use crate::{Json, Object};

/// Fields of every model that nobody can write.
const FIXED: &[&str] = &["id", "create_date", "write_date", "create_uid", "write_uid", "display_name"];

impl Env<'_> {
    pub(crate) fn create(&mut self, model: &ModelDef, given: &Object) -> Result<i64, Trouble> {
        self.check_right(model, Operation::Create)?;
        self.check_names(model, given)?;
        let mut vals = given.clone();
        for field in &model.fields {
            if vals.get(&field.name).is_none()
                && let Some(default) = self.default(model, field)
            {
                vals.set(field.name.clone(), default);
            }
        }
        let id = self.db.next_id(model.name);
        let record = Record {
            id,
            create_uid: self.uid,
            write_uid: self.uid,
            created: self.stamp,
            written: self.stamp,
            values: BTreeMap::new(),
        };
        self.change(model, record, &vals)?;
        let record = self.db.row(model.name, id).cloned();
        if let Some(record) = record {
            self.check_seen(model, &record, Operation::Create)?;
        }
        Ok(id)
    }

    /// What a field gets when nobody says anything.
    pub(crate) fn default(&self, model: &ModelDef, field: &Field) -> Option<Json> {
        Some(match (model.name, field.name.as_ref()) {
            ("crm.lead" | "sale.order", "user_id") => self.uid.into(),
            ("hr.employee" | "sale.order", "company_id") => {
                self.companies.first().copied().unwrap_or(1).into()
            }
            ("crm.lead", "stage_id") => {
                let sequence = |stage: &&Record| (stage.get("sequence").as_i64(), stage.id);
                self.db.rows("crm.stage").min_by_key(sequence)?.id.into()
            }
            ("sale.order", "date_order") => super::moments::shown(self.stamp).into(),
            _ => return field.default.clone(),
        })
    }

    fn check_names(&self, model: &ModelDef, vals: &Object) -> Result<(), Trouble> {
        for (name, _) in vals.iter() {
            let field = model.field(name).ok_or_else(|| self.no_field(model, name))?;
            if field.private && !self.sees_private_fields() {
                return Err(self.forbidden_fields(model, std::iter::once(field)));
            }
        }
        Ok(())
    }

    pub(crate) fn write(&mut self, model: &ModelDef, ids: &[i64], vals: &Object) -> Result<(), Trouble> {
        self.check_right(model, Operation::Write)?;
        self.check_names(model, vals)?;
        for id in ids {
            if self.db.lenient && self.db.row(model.name, *id).is_none() {
                continue;
            }
            let record = self.existing(model, *id, Operation::Write)?;
            let record = Record { written: self.stamp, write_uid: self.uid, ..record };
            self.change(model, record, vals)?;
        }
        Ok(())
    }

    /// A record that is there and that the user may see.
    pub(crate) fn existing(
        &self,
        model: &ModelDef,
        id: i64,
        operation: Operation,
    ) -> Result<Record, Trouble> {
        let record = self.db.row(model.name, id).ok_or_else(|| Trouble::missing(model.name, id, self.uid))?;
        self.check_seen(model, record, operation)?;
        Ok(record.clone())
    }

    fn change(&mut self, model: &ModelDef, mut record: Record, vals: &Object) -> Result<(), Trouble> {
        let mut commands = Vec::new();
        for (name, value) in vals.iter() {
            let Some(field) = model.field(name).filter(|field| !FIXED.contains(&field.name.as_ref())) else {
                continue;
            };
            match (model.name, name) {
                ("res.partner", "company_type") => {
                    values::stored(model, field, value)?;
                    record.set("is_company", Json::Bool(value.as_str() == Some("company")));
                }
                _ if field.is_readonly() => {}
                _ if field.kind.is_many() => commands.push((field, value)),
                _ => record
                    .set(field.name.clone(), self.checked_link(field, values::stored(model, field, value)?)?),
            }
        }
        self.follow_up(model, &mut record, vals);
        let id = record.id;
        self.db.put(model.name, record);
        for (field, value) in commands {
            self.link(model, id, field, value)?;
        }
        checks::record(self, model, id)
    }

    /// A foreign key must lead somewhere.
    fn checked_link(&self, field: &Field, value: Json) -> Result<Json, Trouble> {
        match (&field.kind, &value) {
            (Kind::Many2one(of), Json::Int(id)) if self.db.row(of, *id).is_none() => {
                Err(Trouble::Validation(format!(
                    "The operation cannot be completed: {of}({id},) does not exist.\n\nField: {} ({})",
                    field.label, field.name
                )))
            }
            _ => Ok(value),
        }
    }

    /// What changes along with a field.
    fn follow_up(&mut self, model: &ModelDef, record: &mut Record, vals: &Object) {
        match model.name {
            "crm.lead" if vals.get("stage_id").is_some() => {
                record.set("date_last_stage_update", super::moments::shown(self.stamp).into());
                if self.linked("crm.stage", record, "stage_id").is_some_and(|stage| stage.flag("is_won")) {
                    record.set("probability", Json::Decimal("100.0".into()));
                    record.set("date_closed", super::moments::shown(self.stamp).into());
                }
            }
            "sale.order.line" => {
                let Some(product) = record.link("product_id") else { return };
                if record.text("name").is_empty() {
                    record.set("name", self.name_of("product.product", product).into());
                }
                if record.get("price_unit").is_null() {
                    let price = self.linked("product.product", record, "product_id");
                    record.set(
                        "price_unit",
                        price.map_or(Json::Null, |product| product.get("lst_price").clone()),
                    );
                }
            }
            "sale.order" if record.text("name").is_empty() || record.text("name") == "New" => {
                record.set("name", format!("S{:05}", record.id).into());
            }
            _ => {}
        }
    }

    /// The commands of a one2many or many2many.
    fn link(&mut self, model: &ModelDef, id: i64, field: &Field, value: &Json) -> Result<(), Trouble> {
        let wrong = || {
            let value = super::env::python(value);
            Trouble::value(format!("Wrong value for {}.{}: {value}", model.name, field.name))
        };
        let Some(relation) = field.kind.relation() else { return Err(wrong()) };
        let of = self.model(relation)?;
        let commands = match value {
            Json::Array(commands) => commands.as_slice(),
            value if !truth(value) => &[Json::Array(Vec::new())],
            _ => return Err(wrong()),
        };
        for command in commands {
            let parts = command.as_array().ok_or_else(wrong)?;
            let number = |at: usize| parts.get(at).and_then(Json::as_i64);
            let vals = || parts.get(2).and_then(Json::as_object).cloned().unwrap_or_default();
            let target = number(1).unwrap_or_default();
            match number(0) {
                Some(0) => {
                    let mut vals = vals();
                    if let Kind::One2many(_, inverse) = field.kind {
                        vals.set(inverse, id);
                    }
                    let made = self.create(&of, &vals)?;
                    self.attach(model, id, field, made)?;
                }
                Some(1) => self.write(&of, &[target], &vals())?,
                Some(2) => self.unlink(&of, &[target])?,
                Some(3) => self.detach(model, id, field, target)?,
                Some(4) => self.attach(model, id, field, target)?,
                Some(5) => self.replace(model, id, field, &[])?,
                Some(6) => {
                    let ids = parts.get(2).and_then(Json::as_array).unwrap_or_default();
                    let ids: Vec<i64> = ids.iter().filter_map(Json::as_i64).collect();
                    self.replace(model, id, field, &ids)?;
                }
                None if parts.is_empty() => self.replace(model, id, field, &[])?,
                _ => return Err(wrong()),
            }
        }
        Ok(())
    }

    fn attach(&mut self, model: &ModelDef, id: i64, field: &Field, target: i64) -> Result<(), Trouble> {
        match field.kind {
            Kind::One2many(of, inverse) => {
                let of = self.model(of)?;
                self.existing(&of, target, Operation::Write)?;
                self.write(&of, &[target], &Object::default().with(inverse, id))
            }
            Kind::Many2many(of) => {
                let of = self.model(of)?;
                self.existing(&of, target, Operation::Read)?;
                self.update_links(model, id, field, |ids| {
                    if !ids.contains(&target) {
                        ids.push(target);
                    }
                });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn detach(&mut self, model: &ModelDef, id: i64, field: &Field, target: i64) -> Result<(), Trouble> {
        if let Kind::One2many(of, inverse) = field.kind {
            let of = self.model(of)?;
            // A line cannot be without its document.
            return if of.field(inverse).is_some_and(|inverse| inverse.required) {
                self.unlink(&of, &[target])
            } else {
                self.write(&of, &[target], &Object::default().with(inverse, false))
            };
        }
        self.update_links(model, id, field, |ids| ids.retain(|known| *known != target));
        Ok(())
    }

    fn replace(&mut self, model: &ModelDef, id: i64, field: &Field, wanted: &[i64]) -> Result<(), Trouble> {
        let Some(record) = self.db.row(model.name, id).cloned() else { return Ok(()) };
        let known = self.value(model, &record, field);
        for known in known.as_array().unwrap_or_default().iter().filter_map(Json::as_i64) {
            if !wanted.contains(&known) {
                self.detach(model, id, field, known)?;
            }
        }
        wanted.iter().try_for_each(|target| self.attach(model, id, field, *target))
    }

    fn update_links(&mut self, model: &ModelDef, id: i64, field: &Field, change: impl FnOnce(&mut Vec<i64>)) {
        let Some(mut record) = self.db.row(model.name, id).cloned() else { return };
        let mut ids: Vec<i64> =
            record.get(&field.name).as_array().unwrap_or_default().iter().filter_map(Json::as_i64).collect();
        change(&mut ids);
        record.set(field.name.clone(), ids.into_iter().map(Json::Int).collect::<Vec<_>>().into());
        self.db.put(model.name, record);
    }

    pub(crate) fn unlink(&mut self, model: &ModelDef, ids: &[i64]) -> Result<(), Trouble> {
        self.check_right(model, Operation::Unlink)?;
        for id in ids {
            if self.db.lenient && self.db.row(model.name, *id).is_none() {
                continue;
            }
            let record = self.existing(model, *id, Operation::Unlink)?;
            checks::deletion(self, model, &record)?;
            self.let_go(model, *id);
            self.db.remove(model.name, *id);
        }
        Ok(())
    }

    /// Clears what points to a record that goes. As in PostgreSQL nobody's write date changes by that.
    fn let_go(&mut self, model: &ModelDef, id: i64) {
        let schema = std::sync::Arc::clone(&self.schema);
        for other in schema.models() {
            for field in &other.fields {
                let stored = !field.is_readonly() && !matches!(field.kind, Kind::One2many(..));
                if !stored || field.kind.relation() != Some(model.name) {
                    continue;
                }
                let points = |record: &&Record| match record.get(&field.name) {
                    Json::Array(ids) => ids.contains(&Json::Int(id)),
                    value => *value == Json::Int(id),
                };
                let pointing: Vec<Record> = self.db.rows(other.name).filter(points).cloned().collect();
                for mut record in pointing {
                    match record.get(&field.name) {
                        Json::Array(ids) => {
                            let left: Vec<Json> =
                                ids.iter().filter(|known| **known != Json::Int(id)).cloned().collect();
                            record.set(field.name.clone(), left.into());
                            self.db.put(other.name, record);
                        }
                        _ if field.required => self.db.remove(other.name, record.id),
                        _ => {
                            record.set(field.name.clone(), Json::Null);
                            self.db.put(other.name, record);
                        }
                    }
                }
            }
        }
        for of in ["mail.message", "ir.model.data"] {
            let about = |row: &&Record| row.text("model") == model.name && row.link("res_id") == Some(id);
            let rows: Vec<i64> = self.db.rows(of).filter(about).map(|row| row.id).collect();
            for row in rows {
                self.db.remove(of, row);
            }
        }
    }
}
