//! The models that the sandbox has, each with the fields that an integration reads and those that trip it up.

mod base;
mod crm;
mod hr;
mod partner;
mod sale;
mod stock;

use super::Version;
use super::schema::{Field, Kind, ModelDef, Nature, Schema, field};

pub(crate) fn schema(version: Version) -> Schema {
    let models = [
        base::models(),
        partner::models(),
        hr::models(),
        crm::models(version),
        sale::models(version),
        stock::models(),
    ];
    Schema::new(version, models.into_iter().flatten().collect())
}

fn model(
    name: &'static str,
    label: &'static str,
    order: &'static str,
    groups: &'static [&'static str],
    fields: Vec<Field>,
) -> ModelDef {
    ModelDef { name, label, order, groups, fields, nature: Nature::Table, public: None, filters_late: false }
}

const INTERNAL: &[&str] = &["User types/Internal User"];
const CONTACTS: &[&str] = &["Extra Rights/Contact Creation"];
const SETTINGS: &[&str] = &["Administration/Settings"];
const OFFICER: &[&str] = &["Employees/Officer: Manage all employees"];
const SALES: &[&str] = &["Sales/Administrator", "Sales/User: Own Documents Only"];

fn name() -> Field {
    field("name", "Name", Kind::Char)
}

fn char(name: &'static str, label: &'static str) -> Field {
    field(name, label, Kind::Char)
}

fn one(name: &'static str, label: &'static str, of: &'static str) -> Field {
    field(name, label, Kind::Many2one(of))
}

fn active() -> Field {
    field("active", "Active", Kind::Boolean).default(true)
}

fn sequence() -> Field {
    field("sequence", "Sequence", Kind::Integer).default(10)
}

fn color() -> Field {
    field("color", "Color", Kind::Integer)
}

fn company() -> Field {
    one("company_id", "Company", "res.company")
}

fn messages() -> Field {
    field("message_ids", "Messages", Kind::Many2many("mail.message")).computed()
}
