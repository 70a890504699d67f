//! What everything refers to: users, companies, countries, external ids, messages.

use super::{INTERNAL, SETTINGS, active, char, color, company, model, name, one, sequence};
use crate::odoo::Version;
use crate::odoo::schema::{Kind, ModelDef, Nature, field};

const STATES: &[(&str, &str)] = &[
    ("email", "Incoming Email"),
    ("comment", "Comment"),
    ("email_outgoing", "Outgoing Email"),
    ("notification", "System notification"),
    ("auto_comment", "Automated Targeted Notification"),
    ("user_notification", "User Specific Notification"),
];

const MODEL_STATES: &[(&str, &str)] = &[("manual", "Custom Object"), ("base", "Base Object")];

pub(super) fn models() -> Vec<ModelDef> {
    vec![
        model(
            "res.users",
            "User",
            "name, login",
            SETTINGS,
            vec![
                name().required(),
                char("login", "Login").required(),
                one("partner_id", "Related Partner", "res.partner").required(),
                active(),
                company().required(),
                field("company_ids", "Companies", Kind::Many2many("res.company")),
                char("lang", "Language").default("en_US"),
                char("tz", "Timezone"),
                char("email", "Email"),
                field("share", "Share User", Kind::Boolean),
            ],
        ),
        model(
            "res.company",
            "Companies",
            "sequence, name",
            SETTINGS,
            vec![
                name().required(),
                sequence(),
                active(),
                one("partner_id", "Partner", "res.partner"),
                one("currency_id", "Currency", "res.currency").required(),
                one("country_id", "Country", "res.country"),
            ],
        ),
        model(
            "res.currency",
            "Currency",
            "active desc, name",
            SETTINGS,
            vec![
                name().required(),
                char("symbol", "Symbol").required(),
                active(),
                field("decimal_places", "Decimal Places", Kind::Integer),
                field("rounding", "Rounding Factor", Kind::Float),
            ],
        ),
        model(
            "res.country",
            "Country",
            "name, id",
            SETTINGS,
            vec![
                name().required(),
                char("code", "Country Code").required(),
                field("phone_code", "Country Calling Code", Kind::Integer),
                one("currency_id", "Currency", "res.currency"),
                field("state_ids", "States", Kind::One2many("res.country.state", "country_id")),
            ],
        ),
        model(
            "res.country.state",
            "Country state",
            "code, id",
            SETTINGS,
            vec![
                name().required(),
                char("code", "State Code").required(),
                one("country_id", "Country", "res.country").required(),
            ],
        ),
        model(
            "ir.model.data",
            "Model Data",
            "module, model, name, id",
            SETTINGS,
            vec![
                name().required(),
                char("module", "Module").required(),
                char("model", "Model Name").required(),
                field("res_id", "Record ID", Kind::Reference),
                field("noupdate", "Non Updatable", Kind::Boolean),
                char("complete_name", "Complete ID").computed(),
            ],
        ),
        model(
            "mail.message",
            "Message",
            "id desc",
            INTERNAL,
            vec![
                char("subject", "Subject"),
                field("date", "Date", Kind::Datetime),
                field("body", "Contents", Kind::Html),
                char("model", "Related Document Model"),
                field("res_id", "Related Document ID", Kind::Reference),
                char("record_name", "Message Record Name"),
                field("message_type", "Type", Kind::Selection(STATES)).required().default("notification"),
                one("author_id", "Author", "res.partner"),
                char("email_from", "From"),
                field("is_internal", "Employee Only", Kind::Boolean),
                field("partner_ids", "Recipients", Kind::Many2many("res.partner")),
            ],
        )
        .filters_late(),
        model(
            "ir.model",
            "Models",
            "model",
            SETTINGS,
            vec![
                name().required(),
                char("model", "Model").required(),
                field("transient", "Transient Model", Kind::Boolean),
                field("abstract", "Abstract Model", Kind::Boolean).only(Version::V19),
                field("state", "Type", Kind::Selection(MODEL_STATES)),
                field("access_ids", "Access", Kind::One2many("ir.model.access", "model_id")),
            ],
        ),
        model(
            "ir.model.access",
            "Model Access",
            "model_id, name, id",
            SETTINGS,
            vec![
                name().required(),
                active(),
                one("model_id", "Model", "ir.model").required(),
                field("perm_read", "Read Access", Kind::Boolean),
                field("perm_write", "Write Access", Kind::Boolean),
                field("perm_create", "Create Access", Kind::Boolean),
                field("perm_unlink", "Delete Access", Kind::Boolean),
            ],
        ),
        model("mail.thread", "Email Thread", "id", INTERNAL, Vec::new()).nature(Nature::Abstract),
        model("mail.activity.mixin", "Activity Mixin", "id", INTERNAL, Vec::new()).nature(Nature::Abstract),
        model(
            "res.partner.category",
            "Partner Tags",
            "name, id",
            INTERNAL,
            vec![name().required(), color(), active(), one("parent_id", "Category", "res.partner.category")],
        ),
    ]
}
