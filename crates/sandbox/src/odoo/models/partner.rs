//! Contacts.

use super::{CONTACTS, active, char, color, company, messages, model, name, one};
use crate::odoo::Version;
use crate::odoo::schema::{Kind, ModelDef, field};

const TYPES: &[(&str, &str)] = &[
    ("contact", "Contact"),
    ("invoice", "Invoice Address"),
    ("delivery", "Delivery Address"),
    ("other", "Other Address"),
];

const COMPANY_TYPES: &[(&str, &str)] = &[("person", "Person"), ("company", "Company")];

pub(crate) const LANGUAGES: &[(&str, &str)] =
    &[("en_US", "English (US)"), ("sv_SE", "Swedish / Svenska"), ("de_CH", "German (CH) / Deutsch (CH)")];

pub(crate) const GRADES: &[(&str, &str)] = &[("a", "A-kund"), ("b", "B-kund"), ("c", "C-kund")];

pub(super) fn models() -> Vec<ModelDef> {
    vec![model(
        "res.partner",
        "Contact",
        "complete_name ASC, id DESC",
        CONTACTS,
        vec![
            name(),
            char("complete_name", "Complete Name").stored(),
            field("company_type", "Company Type", Kind::Selection(COMPANY_TYPES)).computed(),
            field("is_company", "Is a Company", Kind::Boolean),
            field("type", "Address Type", Kind::Selection(TYPES)).default("contact"),
            one("parent_id", "Related Company", "res.partner"),
            char("parent_name", "Parent name").computed(),
            field("child_ids", "Contact", Kind::One2many("res.partner", "parent_id")),
            one("commercial_partner_id", "Commercial Entity", "res.partner").stored(),
            char("commercial_company_name", "Company Name Entity").stored(),
            active(),
            char("ref", "Reference"),
            char("vat", "Tax ID"),
            char("company_registry", "Company ID"),
            char("email", "Email"),
            char("email_formatted", "Formatted Email").computed(),
            char("phone", "Phone"),
            char("mobile", "Mobile").only(Version::V17),
            char("website", "Website Link"),
            char("function", "Job Position"),
            char("street", "Street"),
            char("street2", "Street2"),
            char("zip", "Zip"),
            char("city", "City"),
            one("state_id", "State", "res.country.state"),
            one("country_id", "Country", "res.country"),
            char("country_code", "Country Code").computed(),
            char("contact_address", "Complete Address").computed(),
            field("partner_latitude", "Geo Latitude", Kind::Float),
            field("partner_longitude", "Geo Longitude", Kind::Float),
            field("category_id", "Tags", Kind::Many2many("res.partner.category")),
            field("comment", "Notes", Kind::Html),
            field("lang", "Language", Kind::Selection(LANGUAGES)).default("en_US"),
            char("tz", "Timezone"),
            char("barcode", "Barcode").company_dependent(),
            one("user_id", "Salesperson", "res.users"),
            field("user_ids", "Users", Kind::One2many("res.users", "partner_id")),
            company(),
            color(),
            field("employee", "Employee", Kind::Boolean),
            field("customer_rank", "Customer Rank", Kind::Integer),
            field("supplier_rank", "Supplier Rank", Kind::Integer),
            field("credit_limit", "Credit Limit", Kind::Float),
            field("date", "Date", Kind::Date).only(Version::V17),
            field("image_1920", "Image", Kind::Binary),
            messages(),
            field("opportunity_ids", "Opportunities", Kind::One2many("crm.lead", "partner_id")),
            field("sale_order_ids", "Sales Order", Kind::One2many("sale.order", "partner_id")),
            char("x_erp_code", "ERP-kod"),
            field("x_grade", "Kundklass", Kind::Selection(GRADES)),
            field("x_annual_volume", "Årsvolym", Kind::Float),
            field("x_audited_at", "Granskad", Kind::Datetime),
            field("x_blocked", "Spärrad", Kind::Boolean),
        ],
    )]
}
