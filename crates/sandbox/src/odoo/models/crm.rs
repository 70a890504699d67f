//! Leads and opportunities.

use super::{SALES, active, char, color, company, messages, model, name, one, sequence};
use crate::odoo::Version;
use crate::odoo::schema::{Kind, ModelDef, field};

const TYPES: &[(&str, &str)] = &[("lead", "Lead"), ("opportunity", "Opportunity")];

const PRIORITIES: &[(&str, &str)] = &[("0", "Low"), ("1", "Medium"), ("2", "High"), ("3", "Very High")];

const OUTCOMES: &[(&str, &str)] = &[("won", "Won"), ("lost", "Lost"), ("pending", "Pending")];

pub(super) fn models(version: Version) -> Vec<ModelDef> {
    let lead = if version == Version::V17 { "Lead/Opportunity" } else { "Lead" };
    vec![
        model(
            "crm.stage",
            "CRM Stages",
            "sequence, name, id",
            SALES,
            vec![
                name().required(),
                sequence(),
                field("is_won", "Is Won Stage?", Kind::Boolean),
                field("fold", "Folded in Pipeline", Kind::Boolean),
                field("requirements", "Requirements", Kind::Text),
            ],
        ),
        model(
            "crm.team",
            "Sales Team",
            "sequence, create_date desc, id desc",
            SALES,
            vec![
                name().required(),
                sequence(),
                active(),
                one("user_id", "Team Leader", "res.users"),
                company(),
                field("lead_properties_definition", "Lead Properties", Kind::PropertiesDefinition),
            ],
        ),
        model("crm.tag", "CRM Tag", "id", SALES, vec![name().required(), color()]),
        model("crm.lost.reason", "Opp. Lost Reason", "id", SALES, vec![name().required(), active()]),
        model(
            "crm.lead",
            lead,
            "priority desc, id desc",
            SALES,
            vec![
                name().required(),
                field("type", "Type", Kind::Selection(TYPES)).required().default("lead"),
                active(),
                one("partner_id", "Customer", "res.partner"),
                char("partner_name", "Company Name"),
                char("contact_name", "Contact Name"),
                char("function", "Job Position"),
                char("email_from", "Email"),
                char("phone", "Phone"),
                char("mobile", "Mobile").only(Version::V17),
                char("website", "Website"),
                char("street", "Street"),
                char("zip", "Zip"),
                char("city", "City"),
                one("country_id", "Country", "res.country"),
                one("stage_id", "Stage", "crm.stage"),
                one("user_id", "Salesperson", "res.users"),
                one("team_id", "Sales Team", "crm.team"),
                company(),
                field("priority", "Priority", Kind::Selection(PRIORITIES)).default("0"),
                field("tag_ids", "Tags", Kind::Many2many("crm.tag")),
                field("expected_revenue", "Expected Revenue", Kind::Monetary("company_currency")),
                field("prorated_revenue", "Prorated Revenue", Kind::Monetary("company_currency")).stored(),
                one("company_currency", "Currency", "res.currency").computed(),
                field("probability", "Probability", Kind::Float),
                field("won_status", "Is Won", Kind::Selection(OUTCOMES)).stored().only(Version::V19),
                one("lost_reason_id", "Lost Reason", "crm.lost.reason"),
                field("date_open", "Assignment Date", Kind::Datetime),
                field("date_closed", "Closed Date", Kind::Datetime),
                field("date_last_stage_update", "Last Stage Update", Kind::Datetime),
                field("date_deadline", "Expected Closing", Kind::Date),
                field("description", "Notes", Kind::Html),
                field("lead_properties", "Properties", Kind::Properties),
                color(),
                messages(),
            ],
        ),
    ]
}
