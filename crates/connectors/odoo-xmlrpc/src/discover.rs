//! What the database offers: its models, and their fields as `fields_get` describes them to this user.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tieline_core::{
    Capabilities, Catalog, Choice, Deletes, DiscoverRequest, Entity, EntityField, EntityName, ErrorKind,
    FieldPath, MarkerField, Result, Text,
};
use tieline_kit::excerpt;

use crate::call::Call;
use crate::client::Client;
use crate::connector::model_name;
use crate::model::{Field, Model, WRITE_DATE};
use crate::{faults, invoke, load, salvage, values};

/// What is asked of each field. Named, because one of the others may hold a `None`.
const ATTRIBUTES: [&str; 13] = [
    "type",
    "string",
    "help",
    "store",
    "sortable",
    "searchable",
    "readonly",
    "required",
    "relation",
    "selection",
    "currency_field",
    "depends",
    "company_dependent",
];
/// Models a page.
const PAGE: u32 = 500;
/// Descriptions asked for at once: small servers have few workers.
const AT_ONCE: usize = 2;

/// What is offered to a user who may not list models.
const COMMON: [(&str, &str); 14] = [
    ("account.move", "Journal Entry"),
    ("calendar.event", "Calendar Event"),
    ("crm.lead", "Lead/Opportunity"),
    ("hr.department", "Department"),
    ("hr.employee", "Employee"),
    ("hr.employee.public", "Public Employee"),
    ("product.product", "Product Variant"),
    ("product.template", "Product"),
    ("project.project", "Project"),
    ("project.task", "Task"),
    ("purchase.order", "Purchase Order"),
    ("res.partner", "Contact"),
    ("res.users", "User"),
    ("sale.order", "Sales Order"),
];

/// The entities that were asked for, or all.
pub(crate) async fn discover(client: &Client, request: &DiscoverRequest) -> Result<Catalog> {
    for name in &request.entities {
        model_name(name.as_str())?;
    }
    let listed = match models(client, &request.entities).await {
        Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => None,
        listed => Some(listed?),
    };
    let chosen: Vec<(String, String)> = match (listed, request.entities.is_empty()) {
        (Some(listed), true) => listed,
        (None, true) => COMMON.map(|(name, title)| (name.to_owned(), title.to_owned())).to_vec(),
        (listed, false) => request
            .entities
            .iter()
            .map(|name| {
                let name = name.as_str();
                match &listed {
                    None => {
                        let title = COMMON
                            .iter()
                            .find(|(common, _)| *common == name)
                            .map_or(name, |(_, title)| title);
                        Ok((name.to_owned(), title.to_owned()))
                    }
                    Some(listed) => listed
                        .iter()
                        .find(|(model, _)| model == name)
                        .cloned()
                        .ok_or_else(|| faults::no_model(name)),
                }
            })
            .collect::<Result<_>>()?,
    };
    if !request.schemas {
        return Ok(Catalog::new(chosen.iter().map(|(name, title)| named(name, title)).collect()));
    }
    let asked_by_name = !request.entities.is_empty();
    let described: Vec<Option<Entity>> = stream::iter(chosen)
        .map(|(name, title)| async move {
            if !asked_by_name && !has_records(client, &name).await? {
                return Ok(None);
            }
            match describe(client, &name, &title).await {
                // Of everything there is, what this user may not see is left out.
                Err(error)
                    if !asked_by_name
                        && matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) =>
                {
                    Ok(None)
                }
                entity => entity.map(Some),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(Catalog::new(described.into_iter().flatten().collect()))
}

/// Names and titles of the models that hold records, by name.
async fn models(client: &Client, only: &[EntityName]) -> Result<Vec<(String, String)>> {
    #[derive(Deserialize)]
    struct Listed {
        id: i64,
        model: String,
        name: Value,
        #[serde(default)]
        transient: bool,
        #[serde(default, rename = "abstract")]
        is_abstract: bool,
    }
    // Only Odoo 19 tells abstract models apart. What nobody has a right to is mostly one, and cannot be read anyway.
    let described = client.model("ir.model").await?;
    let fields: Vec<&str> = ["model", "name", "transient", "abstract"]
        .into_iter()
        .filter(|name| described.fields.contains_key(*name))
        .collect();
    let mut with_rights = described.fields.contains_key("access_ids");
    let (mut models, mut last) = (Vec::new(), 0);
    loop {
        let mut domain = vec![json!(["id", ">", last])];
        if with_rights {
            domain.push(json!(["access_ids", "!=", false]));
        }
        if !only.is_empty() {
            let names: Vec<&str> = only.iter().map(EntityName::as_str).collect();
            domain.push(json!(["model", "in", names]));
        }
        let call = Call::reading("ir.model", "search_read")
            .arg("domain", &domain)?
            .named("fields", &fields)?
            .named("limit", &PAGE)?
            .named("order", "id")?;
        let page: Vec<Listed> = match client.value(&call).await {
            // Who may list models may not always search by their rights.
            Err(error) if with_rights && salvage::may_be_data(&error) => {
                with_rights = false;
                continue;
            }
            page => page?.view()?,
        };
        let Some(next) = page.iter().map(|model| model.id).max().filter(|next| *next > last) else { break };
        last = next;
        models.extend(
            page.into_iter()
                .filter(|model| !model.transient && !model.is_abstract)
                .map(|model| (excerpt(model.name.as_str().unwrap_or(&model.model), 120), model.model))
                .map(|(title, name)| (name, title)),
        );
    }
    models.sort_unstable();
    models.dedup_by(|a, b| a.0 == b.0);
    Ok(models)
}

fn named(name: &str, title: &str) -> Entity {
    let mut entity = Entity::new(name, title);
    entity.deletes = Deletes::Sweep;
    entity.capabilities = Capabilities::READ.with_changes().with_lookup().with_writes();
    entity.capabilities.keys_only = true;
    entity.capabilities.projection = true;
    entity.cursor_field = Some(FieldPath::field(WRITE_DATE));
    entity.marker = Some(MarkerField::new(load::path()));
    entity
}

/// Whether a model has records of its own. A model without times of change is a view of the database, or only lends
/// its fields to other models: whether it can be searched tells them apart.
async fn has_records(client: &Client, name: &str) -> Result<bool> {
    let Ok(model) = client.model(name).await else { return Ok(true) };
    if model.has_write_date() {
        return Ok(true);
    }
    match salvage::ids(client, name, &[], 1).await {
        Err(error) if error.kind() == ErrorKind::Rejected => Ok(false),
        Err(error) if error.kind() == ErrorKind::Forbidden => Ok(true),
        found => found.map(|_| true),
    }
}

async fn describe(client: &Client, name: &str, title: &str) -> Result<Entity> {
    let call = Call::reading(name, "fields_get").named("attributes", &ATTRIBUTES)?;
    let model = Model::read(name, &client.value(&call).await?)?;
    let mut entity = named(name, title);
    if !model.has_write_date() {
        entity.capabilities.changes = false;
        entity.cursor_field = None;
    }
    entity.actions = invoke::actions(name, |field| model.fields.contains_key(field));
    let mut properties = Map::new();
    for (name, field) in &model.fields {
        properties.insert(name.clone(), schema(name, field));
        entity.fields.push(described(name, field));
    }
    entity.schema = Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": ["id"],
    }));
    Ok(entity)
}

fn described(name: &str, field: &Field) -> EntityField {
    let mut described = EntityField::new(FieldPath::field(name), title(name, field), field.kind.as_str());
    described.custom = is_custom(name);
    described = described.with_writable(values::is_writable(name, field));
    described.required = field.required;
    described.on_request = !field.is_plain();
    described.references = field.relation.as_deref().map(EntityName::new).into_iter().collect();
    described.choices =
        choices(field).into_iter().map(|(value, label)| Choice { value: Text::new(value), label }).collect();
    described
}

/// Odoo's own fields never begin so.
/// Source: <https://www.odoo.com/documentation/17.0/applications/studio/fields.html>.
fn is_custom(name: &str) -> bool {
    name.starts_with("x_")
}

fn title(name: &str, field: &Field) -> String {
    field.string.clone().unwrap_or_else(|| name.to_owned())
}

/// The keys of a selection with their labels.
fn choices(field: &Field) -> Vec<(String, String)> {
    let pairs = field.selection.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs
        .iter()
        .filter_map(|pair| {
            let key = match pair.get(0)? {
                Value::String(key) => key.clone(),
                Value::Number(key) => key.to_string(),
                _ => return None,
            };
            let label = pair.get(1).and_then(Value::as_str).unwrap_or(&key).to_owned();
            Some((key, label))
        })
        .collect()
}

/// The schema of a value as it is read.
fn schema(name: &str, field: &Field) -> Value {
    let mut schema = match field.kind.as_str() {
        "boolean" => json!({ "type": "boolean" }),
        "integer" | "many2one_reference" => json!({ "type": ["integer", "null"] }),
        "float" | "monetary" => json!({ "type": ["number", "null"] }),
        "date" => json!({ "type": ["string", "null"], "format": "date" }),
        "datetime" => json!({
            "type": ["string", "null"],
            "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$",
            "$comment": "UTC",
        }),
        "many2one" => json!({
            "type": ["object", "null"],
            "properties": { "id": { "type": "integer" }, "name": { "type": ["string", "null"] } },
            "required": ["id"],
        }),
        "one2many" | "many2many" => json!({ "type": "array", "items": { "type": "integer" } }),
        "binary" | "image" => json!({ "type": ["string", "null"], "contentEncoding": "base64" }),
        "html" => json!({ "type": ["string", "null"], "contentMediaType": "text/html" }),
        "selection" => {
            let labelled =
                choices(field).into_iter().map(|(key, label)| json!({ "const": key, "title": label }));
            let all: Vec<Value> = labelled.chain([json!({ "const": null })]).collect();
            if all.len() > 1 { json!({ "oneOf": all }) } else { json!({ "type": ["string", "null"] }) }
        }
        "char" | "text" | "reference" => json!({ "type": ["string", "null"] }),
        _ => json!({}),
    };
    if let Some(object) = schema.as_object_mut() {
        let mut set = |name: &str, value: Value| object.insert(name.to_owned(), value);
        set("title", title(name, field).into());
        set("x-odoo-type", field.kind.as_str().into());
        if let Some(help) = &field.help {
            set("description", excerpt(help, 500).into());
        }
        if !values::is_writable(name, field) {
            set("readOnly", true.into());
        }
        if field.required {
            set("x-odoo-required", true.into());
        }
        if is_custom(name) {
            set("x-custom", true.into());
        }
        if let Some(currency) = &field.currency_field {
            set("x-odoo-currency-field", currency.as_str().into());
        }
        if !field.is_plain() {
            set("x-odoo-on-request", true.into());
        }
    }
    schema
}
