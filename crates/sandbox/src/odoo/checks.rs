//! The rules that a record must keep, and that a deletion must.

use super::database::Record;
use super::env::Env;
use super::schema::{Kind, ModelDef};
use super::trouble::Trouble;
use crate::Json;

/// Columns that hold each value once, with what is said otherwise.
const UNIQUE: &[(&str, &str, &str)] = &[
    ("res.country", "code", "The code of the country must be unique!"),
    ("res.users", "login", "You can not have two users with the same login!"),
    (
        "hr.employee",
        "barcode",
        "The Badge ID must be unique, this one is already assigned to another employee.",
    ),
];

/// Models whose records stand above each other.
const TREES: &[&str] = &["res.partner", "hr.department", "hr.employee"];

fn impossible(what: &str) -> Trouble {
    Trouble::Validation(format!("The operation cannot be completed: {what}"))
}

pub(crate) fn record(env: &Env<'_>, model: &ModelDef, id: i64) -> Result<(), Trouble> {
    let Some(record) = env.db.row(model.name, id) else { return Ok(()) };
    let kind = record.text("type");
    if model.name == "res.partner" && record.text("name").is_empty() && (kind.is_empty() || kind == "contact")
    {
        return Err(impossible("Contacts require a name"));
    }
    for field in model.fields.iter().filter(|field| field.required && !field.is_readonly()) {
        if record.get(&field.name).is_null() {
            return Err(impossible(&format!(
                "a mandatory field is not set.\n\nModel: {} ({})\nField: {} ({})",
                model.label, model.name, field.label, field.name
            )));
        }
    }
    for (_, field, says) in UNIQUE.iter().filter(|(of, ..)| *of == model.name) {
        let value = record.get(field);
        let same = |other: &&Record| other.id != id && other.get(field) == value;
        if !value.is_null() && env.db.rows(model.name).find(same).is_some() {
            return Err(impossible(says));
        }
    }
    if TREES.contains(&model.name) && stands_above_itself(env, model, record) {
        return Err(Trouble::Validation("Recursion Detected.".into()));
    }
    Ok(())
}

fn stands_above_itself(env: &Env<'_>, model: &ModelDef, record: &Record) -> bool {
    let chain = env.above(model.name, record);
    chain.last().is_some_and(|top| top.link("parent_id").is_some_and(|parent| parent == record.id))
}

/// Whether a record may go.
pub(crate) fn deletion(env: &Env<'_>, model: &ModelDef, record: &Record) -> Result<(), Trouble> {
    if model.name == "res.partner" {
        let user = env.db.rows("res.users").find(|user| user.link("partner_id") == Some(record.id));
        if let Some(user) = user.filter(|user| user.flag("active")) {
            return Err(Trouble::Redirect(format!(
                "('You cannot delete contacts linked to an active user.\\nAsk an administrator to archive their associated \
                 user first.\\n\\nLinked active users:\\n{}', {{'type': 'ir.actions.act_window', 'res_model': 'res.users'}}, \
                 'Go to users', None)",
                user.text("name").replace('\'', "\\'")
            )));
        }
    }
    if model.name == "sale.order" && !matches!(record.text("state"), "draft" | "cancel") {
        return Err(Trouble::User(
            "You can not delete a sent quotation or a confirmed sales order. You must first cancel it."
                .into(),
        ));
    }
    let points_here = Some(&Json::Int(record.id));
    for other in env.schema.models() {
        // Lines go with their document.
        if other.name == "sale.order.line" && model.name == "sale.order" {
            continue;
        }
        for field in other.fields.iter().filter(|field| field.kind == Kind::Many2one(model.name)) {
            let keeps = field.required || (other.name == "crm.lead" && field.name == "stage_id");
            if keeps && env.db.rows(other.name).any(|row| Some(row.get(&field.name)) == points_here) {
                return Err(impossible(&format!(
                    "another model requires the record being deleted. If possible, archive it instead.\n\nModel: {} ({})\n\
                     Constraint: {}_{}_fkey",
                    other.label,
                    other.name,
                    other.name.replace('.', "_"),
                    field.name
                )));
            }
        }
    }
    Ok(())
}
