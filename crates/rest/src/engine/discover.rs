//! The catalog of an account: the entities of the description, and the account's own fields.

use serde_json::{Value, json};
use tieline_core::{
    Action, Capabilities, Catalog, Deletes, DiscoverRequest, Entity as CatalogEntity, EntityField,
    EntityName, FieldPath, MarkerField, ReadRequest, Result,
};
use tieline_kit::{JsonPath, PageLayout};

use super::client::Client;
use super::plan::{EntityPlan, entity};
use super::survey::records_path;
use super::words::RequestWords;
use crate::description::{Entity, FieldsRequest, Request};
use crate::template::WordName;

/// The most fields of an entity.
const MAX_FIELDS: usize = 10_000;

pub(crate) async fn discover(client: &Client, request: DiscoverRequest) -> Result<Catalog> {
    for name in &request.entities {
        entity(&client.description, name.as_str())?;
    }
    let mut entities = Vec::new();
    for (name, entity) in &client.description.entities {
        if !request.entities.is_empty() && !request.entities.iter().any(|wanted| wanted == name.as_str()) {
            continue;
        }
        let mut described = describe(name, entity)?;
        let all = ReadRequest::full(name.as_str());
        let selects = client.hooks.select(&client.hook_context(&EntityName::new(name)), &all)?.is_some();
        described.capabilities.projection = entity.detail.is_some() && selects;
        if request.schemas {
            let at = client.hook_context(&EntityName::new(name));
            described.fields = match (client.hooks.fields(&at), &entity.fields) {
                (Some(fields), _) => fields.await?,
                (None, Some(fields)) => own_fields(client, name, fields).await?,
                (None, None) => entity.field_names.iter().map(|field| named(field)).collect(),
            };
            described.schema = Some(schema(&described.fields));
        }
        entities.push(described);
    }
    Ok(Catalog::new(entities))
}

fn describe(name: &str, entity: &Entity) -> Result<CatalogEntity> {
    let plan = EntityPlan::new(entity)?;
    let mut described = CatalogEntity::new(name, entity.title.clone().unwrap_or_else(|| title(name)));
    let shows_deletes = !entity.deleted.is_empty() || !entity.walk.deleted_if.is_empty();
    let is_single = plan.full.iter().all(|walk| walk.walk.single == Some(true));
    let seen = if is_single && !plan.full.is_empty() {
        Deletes::Never
    } else if shows_deletes && plan.has_changes() {
        Deletes::Feed
    } else {
        Deletes::Sweep
    };
    described.deletes = entity.deletes.unwrap_or(seen);
    let mut can = Capabilities::default();
    can.changes = plan.has_changes() && plan.probe().is_none();
    can.keys_only = !entity.list.is_empty() && entity.detail.is_some();
    can.lookup = entity.lookup.is_some() || entity.lookups.is_some();
    can.create = entity.create.is_some();
    can.update = entity.update.is_some();
    can.delete = entity.delete.is_some();
    can.upsert = entity.upsert.is_some();
    described.capabilities = can;
    described.parent = entity.parent.as_ref().map(|parent| EntityName::new(&parent.entity));
    described.cursor_field = entity
        .walk
        .changed
        .as_ref()
        .filter(|_| can.changes)
        .and_then(|path| FieldPath::parse(&path.to_string()).ok());
    described.actions = entity.actions.iter().map(|(name, request)| action(name, request)).collect();
    described.marker = entity
        .marker
        .as_ref()
        .filter(|marker| entity.create.is_some() && entity.finds(marker))
        .map(|marker| FieldPath::parse(marker).unwrap_or_else(|_| FieldPath::field(marker)))
        .map(|marker| MarkerField::new(marker).always())
        .map(|marker| match entity.search_delay {
            Some(delay) => marker.with_search_delay(delay),
            None => marker,
        });
    Ok(described)
}

/// `line_items` as people read it.
fn title(name: &str) -> String {
    let text = name.replace('_', " ");
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => text,
    }
}

fn action(name: &str, request: &Request) -> Action {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    let members = std::cell::RefCell::new(Vec::new());
    let mut whole = false;
    let collect = |word: &WordName| {
        if let WordName::InputField(member) = word {
            let first = member.split('.').next().unwrap_or_default().to_owned();
            if !members.borrow().contains(&first) {
                members.borrow_mut().push(first);
            }
        }
        false
    };
    request.uses(&collect);
    whole |= request.uses(&|word| *word == WordName::Input);
    for member in members.into_inner() {
        properties.insert(member.clone(), json!({}));
        required.push(Value::from(member));
    }
    let input = match request.input.as_slice() {
        [] => json!({
            "type": "object", "properties": properties, "required": required, "additionalProperties": whole
        }),
        input => super::input::input_schema(input),
    };
    let mut action = Action::new(name, request.title.clone().unwrap_or_else(|| title(name)), input);
    action.idempotent = request.is_idempotent(false);
    action
}

fn named(field: &str) -> EntityField {
    EntityField::new(FieldPath::field(field), title(field), "")
}

/// What `<fields>` stands for in a request: the fields of the description, else the account's own.
pub(crate) async fn field_names(
    client: &Client,
    name: &str,
    entity: &Entity,
    request: &Request,
) -> Result<Vec<String>> {
    let uses_fields = request.uses(&|word| *word == WordName::Fields);
    let Some(fields) = entity.fields.as_ref().filter(|_| uses_fields && entity.field_names.is_empty()) else {
        return Ok(entity.field_names.clone());
    };
    let found = own_fields(client, name, fields).await?;
    let names = found.iter().filter_map(|field| field.path.as_str().rsplit('/').next());
    Ok(names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect())
}

/// The account's own fields.
async fn own_fields(client: &Client, entity: &str, fields: &FieldsRequest) -> Result<Vec<EntityField>> {
    let words = RequestWords { ..client.words() };
    let response = client.send(&fields.request, &words, true).await?;
    let text = response.text()?;
    let records = match &fields.request.walk.records {
        Some(records) => records.clone(),
        None => records_path(text, entity)?,
    };
    let optional = |path: &Option<JsonPath>| path.clone().unwrap_or_else(|| fields.name.clone());
    let (title_path, kind_path) = (optional(&fields.title), optional(&fields.kind));
    let layout =
        PageLayout::new(&records).with_head(&fields.name)?.with_head(&title_path)?.with_head(&kind_path)?;
    let mut found = Vec::new();
    layout.walk(text, |record| {
        let head = |path: &JsonPath| {
            let number = layout.head_at(path)?;
            record.head(number)?.scalar().map(|text| text.into_owned())
        };
        if let Some(name) = head(&fields.name)
            && found.len() < MAX_FIELDS
        {
            let path = if fields.under.is_root() {
                FieldPath::field(&name)
            } else {
                FieldPath::parse(&fields.under.to_string())?.child(&name)
            };
            let title = fields.title.as_ref().and_then(head).unwrap_or_else(|| name.clone());
            let kind = fields.kind.as_ref().and_then(head).unwrap_or_default();
            found.push(EntityField::new(path, title, kind));
        }
        Ok(())
    })?;
    Ok(found)
}

fn schema(fields: &[EntityField]) -> Value {
    let mut root = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {},
        "additionalProperties": true,
    });
    for field in fields {
        let names = field.path.as_str().split('/').skip(1);
        let names: Vec<String> = names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect();
        let Some((last, above)) = names.split_last() else { continue };
        let mut at = root.as_object_mut();
        for name in above {
            at = at.and_then(|object| member(object, "properties")).and_then(|object| member(object, name));
        }
        if let Some(properties) = at.and_then(|object| member(object, "properties")) {
            let titled = properties.entry(last.clone()).or_insert_with(|| json!({}));
            if let Some(object) = titled.as_object_mut() {
                object.insert("title".to_owned(), field.title.clone().into());
            }
        }
    }
    root
}

/// A member of a schema that is an object, made where there is none.
fn member<'s>(
    object: &'s mut serde_json::Map<String, Value>,
    name: &str,
) -> Option<&'s mut serde_json::Map<String, Value>> {
    object.entry(name.to_owned()).or_insert_with(|| json!({})).as_object_mut()
}
