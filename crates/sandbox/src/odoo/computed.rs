//! Values that Odoo works out from others.

use std::collections::BTreeSet;

use super::database::Record;
use super::env::Env;
use super::moments;
use super::schema::{Field, Kind, ModelDef};
use super::xmlrpc::python_float;
use crate::Json;

/// Parents above parents are looked at this far, so that a circle ends.
const HIGHEST: usize = 32;

/// A number, as the floats of Odoo and of PostgreSQL's doubles. Nothing here is money to anybody: what a float does to
/// an amount is part of what the sandbox shows.
pub(crate) fn number(value: &Json) -> f64 {
    match value {
        Json::Int(_) | Json::Decimal(_) => value.to_string().parse().unwrap_or_default(),
        Json::Bool(flag) => f64::from(u8::from(*flag)),
        _ => 0.0,
    }
}

pub(crate) fn float(number: f64) -> Json {
    Json::Decimal(python_float(number).into())
}

fn cents(amount: f64) -> Json {
    float((amount * 100.0).round() / 100.0)
}

fn optional(text: Option<String>) -> Json {
    text.map_or(Json::Null, Into::into)
}

impl Env<'_> {
    /// The value of a field before it is dressed for a reader: null where there is none, a many2one as its id.
    pub(crate) fn value(&self, model: &ModelDef, record: &Record, field: &Field) -> Json {
        match field.name.as_ref() {
            "id" => return record.id.into(),
            "create_uid" => return record.create_uid.into(),
            "write_uid" => return record.write_uid.into(),
            "create_date" => return moments::shown(record.created).into(),
            "write_date" => return moments::shown(record.written).into(),
            "display_name" => return self.display_name(model, record).into(),
            _ => {}
        }
        if let Kind::One2many(of, inverse) = field.kind {
            let archived_too = !self.active_test || self.schema.model(of).is_none_or(|of| !of.has("active"));
            let rows = self.db.rows(of).filter(|row| row.link(inverse) == Some(record.id));
            return rows
                .filter(|row| archived_too || row.flag("active"))
                .map(|row| row.id.into())
                .collect::<Vec<_>>()
                .into();
        }
        if let Kind::Many2many(of) = field.kind
            && self.active_test
            && self.schema.model(of).is_some_and(|of| of.has("active"))
        {
            let active = |id: &&Json| {
                id.as_i64().and_then(|id| self.db.row(of, id)).is_none_or(|row| row.flag("active"))
            };
            let linked = record.get(&field.name).as_array().unwrap_or_default();
            return linked.iter().filter(active).cloned().collect::<Vec<_>>().into();
        }
        if field.is_readonly()
            && let Some(value) = self.computed(model.name, record, &field.name)
        {
            return value;
        }
        record.get(&field.name).clone()
    }

    fn computed(&self, model: &str, record: &Record, field: &str) -> Option<Json> {
        Some(match (model, field) {
            ("res.partner", "complete_name") => self.partner_name(record).into(),
            ("res.partner", "company_type") => {
                if record.flag("is_company") { "company" } else { "person" }.into()
            }
            ("res.partner", "commercial_partner_id") => self.commercial_partner(record).id.into(),
            ("res.partner", "commercial_company_name") => {
                let partner = self.commercial_partner(record);
                optional(partner.flag("is_company").then(|| partner.text("name").to_owned()))
            }
            ("res.partner", "parent_name") => optional(
                self.linked("res.partner", record, "parent_id").map(|parent| parent.text("name").to_owned()),
            ),
            ("res.partner", "country_code") => optional(
                self.linked("res.country", record, "country_id")
                    .map(|country| country.text("code").to_owned()),
            ),
            ("res.partner", "contact_address") => {
                let country = self
                    .linked("res.country", record, "country_id")
                    .map_or("", |country| country.text("name"));
                let town = format!("{} {}", record.text("zip"), record.text("city"));
                format!("{}\n{}\n{}\n{country}", record.text("street"), record.text("street2"), town.trim())
                    .into()
            }
            ("res.partner", "email_formatted") => optional(
                Some(record.text("email"))
                    .filter(|email| !email.is_empty())
                    .map(|email| format!("\"{}\" <{email}>", record.text("name").replace('"', "\\\""))),
            ),
            ("crm.lead", "prorated_revenue") => {
                cents(number(record.get("expected_revenue")) * number(record.get("probability")) / 100.0)
            }
            ("crm.lead", "company_currency") => self.currency_of(record),
            ("crm.lead", "won_status") => {
                let won =
                    self.linked("crm.stage", record, "stage_id").is_some_and(|stage| stage.flag("is_won"));
                let lost = !record.flag("active") && number(record.get("probability")) == 0.0;
                if won {
                    "won"
                } else if lost {
                    "lost"
                } else {
                    "pending"
                }
                .into()
            }
            ("hr.department", "complete_name") => self.department_path(record).into(),
            ("hr.department", "master_department_id") => {
                self.above("hr.department", record).last().map_or(Json::Null, |top| top.id.into())
            }
            ("hr.department", "total_employee") => {
                let here = self.db.rows("hr.employee").filter(|employee| employee.flag("active"));
                here.filter(|employee| employee.link("department_id") == Some(record.id)).count().into()
            }
            ("sale.order", "currency_id") => self.currency_of(record),
            ("sale.order", "amount_untaxed" | "amount_total") => cents(self.untaxed(record)),
            ("sale.order", "amount_tax") => float(0.0),
            ("sale.order.line", "currency_id") => self
                .linked("sale.order", record, "order_id")
                .map_or(Json::Null, |order| self.currency_of(order)),
            (_, "message_ids") => {
                let about =
                    |row: &&Record| row.text("model") == model && row.link("res_id") == Some(record.id);
                let ids = self.db.rows("mail.message").filter(about).map(|row| row.id);
                ids.collect::<Vec<_>>().into_iter().rev().map(Json::Int).collect::<Vec<_>>().into()
            }
            ("ir.attachment", "file_size") => (record.text("datas").len() / 4 * 3).into(),
            ("product.product", "qty_available") => {
                let moves = self.db.rows("stock.move");
                let of = moves.filter(|line| line.link("product_id") == Some(record.id));
                float(of.map(|line| number(line.get("quantity"))).sum())
            }
            ("sale.order.line", "price_subtotal") => cents(subtotal(record)),
            ("ir.model.data", "complete_name") => {
                format!("{}.{}", record.text("module"), record.text("name")).into()
            }
            _ => return None,
        })
    }

    pub(crate) fn linked(&self, model: &str, record: &Record, field: &str) -> Option<&Record> {
        self.db.row(model, record.link(field)?)
    }

    fn currency_of(&self, record: &Record) -> Json {
        let company = record.link("company_id").or_else(|| self.companies.first().copied()).unwrap_or(1);
        self.db.row("res.company", company).map_or(Json::Null, |company| company.get("currency_id").clone())
    }

    fn untaxed(&self, order: &Record) -> f64 {
        let lines = self.db.rows("sale.order.line").filter(|line| line.link("order_id") == Some(order.id));
        lines.map(subtotal).sum()
    }

    /// The record and those above it; each only once, so that a circle ends.
    pub(crate) fn above<'b>(&'b self, model: &str, record: &'b Record) -> Vec<&'b Record> {
        let (mut chain, mut seen) = (vec![record], BTreeSet::from([record.id]));
        while let Some(parent) = chain.last().and_then(|last| self.linked(model, last, "parent_id"))
            && chain.len() < HIGHEST
            && seen.insert(parent.id)
        {
            chain.push(parent);
        }
        chain
    }

    fn commercial_partner<'b>(&'b self, record: &'b Record) -> &'b Record {
        let chain = self.above("res.partner", record);
        chain.iter().find(|partner| partner.flag("is_company")).or(chain.last()).copied().unwrap_or(record)
    }

    fn partner_name(&self, record: &Record) -> String {
        let own = match (record.text("name"), record.text("type")) {
            ("", "invoice") => "Invoice Address",
            ("", "delivery") => "Delivery Address",
            ("", "other") => "Other Address",
            (name, _) => name,
        };
        match self.linked("res.partner", record, "parent_id").filter(|_| !record.flag("is_company")) {
            Some(parent) => format!("{}, {own}", parent.text("name")),
            None => own.to_owned(),
        }
    }

    fn department_path(&self, record: &Record) -> String {
        let chain = self.above("hr.department", record);
        chain.iter().rev().map(|department| department.text("name")).collect::<Vec<_>>().join(" / ")
    }

    pub(crate) fn display_name(&self, model: &ModelDef, record: &Record) -> String {
        match model.name {
            "res.partner" => self.partner_name(record),
            "hr.department" => self.department_path(record),
            "product.product" if !record.text("default_code").is_empty() => {
                format!("[{}] {}", record.text("default_code"), record.text("name"))
            }
            "mail.message" if record.text("subject").is_empty() => format!("{},{}", model.name, record.id),
            "mail.message" => record.text("subject").to_owned(),
            _ if model.has("name") => record.text("name").to_owned(),
            _ => format!("{},{}", model.name, record.id),
        }
    }

    /// The display name of a record by its id.
    pub(crate) fn name_of(&self, model: &str, id: i64) -> Option<String> {
        let model = self.schema.model(model)?;
        Some(self.display_name(model, self.db.row(model.name, id)?))
    }
}

fn subtotal(line: &Record) -> f64 {
    let full = number(line.get("product_uom_qty")) * number(line.get("price_unit"));
    full * (1.0 - number(line.get("discount")) / 100.0)
}
