//! The descriptions of fields, as `dealFields` and its siblings answer them.

use super::checks::{BILLING, CURRENCIES};
use super::custom::{CustomField, CustomKind, fields_of};
use super::query::Params;
use super::schema::{Entity, Kind};
use crate::{Json, Object};

/// The entity that a path such as `dealFields` describes.
pub(crate) fn entity_of(path: &str) -> Option<Entity> {
    Some(match path {
        "dealFields" => Entity::Deals,
        "personFields" => Entity::Persons,
        "organizationFields" => Entity::Organizations,
        "productFields" => Entity::Products,
        "activityFields" => Entity::Activities,
        "projectFields" => Entity::Projects,
        _ => return None,
    })
}

/// All fields of an entity: the provider's own, those only on request, and the account's.
pub(crate) fn all(entity: Entity, params: &Params) -> Vec<Json> {
    let on_request = |name: &str| optional(entity).contains(&name);
    let mut fields: Vec<Object> = entity
        .columns()
        .iter()
        .filter(|column| column.kind != Kind::Custom)
        .map(|column| {
            own(entity, column.name, type_of(entity, column.name, column.kind), on_request(column.name))
        })
        .collect();
    let more = optional(entity).iter().filter(|name| entity.column(name).is_none());
    fields.extend(more.map(|name| own(entity, name, type_of_optional(name), true)));
    fields.extend(fields_of(entity).map(custom));
    for field in &mut fields {
        add_namespaces(field, params);
    }
    fields.into_iter().map(Json::from).collect()
}

/// Fields that a record shows only when `include_fields` names them.
pub(crate) const fn optional(entity: Entity) -> &'static [&'static str] {
    match entity {
        Entity::Deals => &[
            "next_activity_id",
            "last_activity_id",
            "first_won_time",
            "products_count",
            "files_count",
            "notes_count",
            "followers_count",
            "email_messages_count",
            "activities_count",
            "done_activities_count",
            "undone_activities_count",
            "participants_count",
            "last_incoming_mail_time",
            "last_outgoing_mail_time",
            "smart_bcc_email",
            "source_lead_id",
        ],
        Entity::Persons | Entity::Organizations => &[
            "next_activity_id",
            "last_activity_id",
            "open_deals_count",
            "closed_deals_count",
            "won_deals_count",
            "lost_deals_count",
            "activities_count",
            "done_activities_count",
            "undone_activities_count",
            "files_count",
            "notes_count",
            "followers_count",
            "email_messages_count",
            "smart_bcc_email",
        ],
        Entity::Activities => &["attendees"],
        _ => &[],
    }
}

fn type_of_optional(name: &str) -> &'static str {
    if name.ends_with("_count") {
        "int"
    } else if name.ends_with("_time") {
        "date"
    } else if name.ends_with("activity_id") {
        "activity"
    } else {
        "varchar"
    }
}

fn type_of(entity: Entity, name: &str, kind: Kind) -> &'static str {
    match kind {
        Kind::Int if name == "industry" || name == "priority" || name == "category" => "enum",
        Kind::Int => "int",
        Kind::Number if entity == Entity::Deals && name == "value" => "monetary",
        Kind::Number => "double",
        Kind::Bool => "boolean",
        Kind::Date | Kind::Time => "date",
        Kind::Clock => "time",
        Kind::User => "user",
        Kind::Id(Entity::Persons) => "people",
        Kind::Id(Entity::Organizations) => "org",
        Kind::Id(Entity::Deals) => "deal",
        Kind::Id(Entity::Stages) => "stage",
        Kind::Id(_) => "int",
        Kind::Labels => "set",
        Kind::Visibility => "visible_to",
        Kind::Status => "status",
        Kind::Currency => "varchar_options",
        Kind::Contacts if name == "phones" => "phone",
        Kind::Address => "address",
        Kind::Prices => "price_list",
        Kind::Billing => "billing_frequency",
        Kind::Participants | Kind::Attendees => "json",
        Kind::Text if name == "note" || name == "description" => "text",
        _ => "varchar",
    }
}

fn own(entity: Entity, name: &'static str, kind: &'static str, on_request: bool) -> Object {
    let subfields = (kind == "monetary").then(|| money_parts(name));
    described(&title_of(name), name, kind, options_of(entity, name), subfields, false, on_request)
}

fn custom(field: &CustomField) -> Object {
    let options = (!field.options.is_empty()).then(|| {
        let option = |(id, label): &(i64, &'static str)| option(Json::Int(*id), label);
        field.options.iter().map(option).collect::<Vec<_>>()
    });
    let subfields = (field.kind == CustomKind::Monetary).then(|| money_parts(field.name));
    described(field.name, field.code, field.kind.name(), options, subfields, true, false)
}

fn described(
    title: &str,
    code: &'static str,
    kind: &'static str,
    options: Option<Vec<Json>>,
    subfields: Option<Vec<Json>>,
    is_custom: bool,
    on_request: bool,
) -> Object {
    Object::default()
        .with("field_name", title.to_owned())
        .with("field_code", code)
        .with("description", "")
        .with("field_type", kind)
        .with("options", options)
        .with("subfields", subfields)
        .with("is_custom_field", is_custom)
        .with("is_optional_response_field", on_request)
}

fn option(id: Json, label: &str) -> Json {
    Object::default().with("id", id).with("label", label.to_owned()).into()
}

fn options_of(entity: Entity, name: &str) -> Option<Vec<Json>> {
    let ids = |pairs: &[(i64, &str)]| pairs.iter().map(|(id, label)| option(Json::Int(*id), label)).collect();
    let words =
        |all: &[&'static str]| all.iter().map(|word| option((*word).into(), &title_of(word))).collect();
    Some(match name {
        "status" => words(&["open", "won", "lost", "deleted"]),
        "currency" => CURRENCIES.iter().map(|code| option((*code).into(), code)).collect(),
        "billing_frequency" => words(&BILLING),
        "label_ids" => ids(labels(entity)),
        "visible_to" => {
            ids(&[(1, "Owner only"), (3, "Owner's group"), (5, "Group and below"), (7, "Whole company")])
        }
        "industry" => ids(&[(1, "Bygg"), (2, "Tillverkning"), (3, "Handel"), (4, "Tjänster")]),
        "priority" => ids(&[(261, "Low"), (262, "Medium"), (263, "High")]),
        "category" => ids(&[(21, "Programvara"), (22, "Tjänst"), (23, "Maskinvara")]),
        _ => return None,
    })
}

/// The labels that records of an entity can carry.
pub(crate) const fn labels(entity: Entity) -> &'static [(i64, &'static str)] {
    match entity {
        Entity::Deals => &[(11, "Het"), (12, "Upphandling"), (13, "Befintlig kund")],
        Entity::Persons => &[(14, "Nyckelkontakt"), (15, "Tidigare kund")],
        Entity::Organizations => &[(16, "Ramavtal"), (17, "Återförsäljare")],
        _ => &[],
    }
}

fn money_parts(name: &str) -> Vec<Json> {
    let part = |code: &'static str, title: String, kind: &'static str| {
        Object::default().with("field_code", code).with("field_name", title).with("field_type", kind).into()
    };
    let title = title_of(name);
    vec![
        part("value", format!("Amount of {title}"), "double"),
        part("currency", format!("Currency of {title}"), "varchar"),
    ]
}

/// `stage_change_time` becomes `Stage change time`.
fn title_of(name: &str) -> String {
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}", letters.as_str().replace('_', " "))
}

/// What `include_fields` adds to a description.
fn add_namespaces(field: &mut Object, params: &Params) {
    for name in params.list("include_fields") {
        match name {
            "ui_visibility" => {
                let everywhere =
                    Object::default().with("show_in_all", true).with("pipeline_ids", Vec::<Json>::new());
                let shown = Object::default()
                    .with("add_visible_flag", true)
                    .with("details_visible_flag", true)
                    .with("projects_detail_visible_flag", false)
                    .with("show_in_pipelines", everywhere);
                field.set("ui_visibility", shown);
            }
            "important_fields" | "required_fields" => {
                let mut rule = Object::default().with("enabled", false).with("stage_ids", Vec::<Json>::new());
                if name == "required_fields" {
                    rule.set("statuses", Object::default());
                }
                field.set(name.to_owned(), rule);
            }
            _ => {}
        }
    }
}
