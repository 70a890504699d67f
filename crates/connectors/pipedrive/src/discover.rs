//! What the account offers: its entities, and the fields that it gave them.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tieline_core::{
    Capabilities, Catalog, Choice, DiscoverRequest, Entity, EntityField, EntityName, Error, ErrorKind,
    FieldPath, ReadRequest, Result, Text,
};
use tieline_kit::{Call, TokenGuard, excerpt, nearest, parse_page};

use crate::action;
use crate::connector::Api;
use crate::endpoints::{ENTITIES, Endpoint, PAGE};
use crate::fields::{Shape, Standard, object};
use crate::marker::Markers;
use crate::read::next_cursor;
use crate::slot::nested;

/// A field as the account describes it.
/// Source: <https://pipedrive.readme.io/docs/core-api-concepts-custom-fields>.
#[derive(Clone, Debug, Deserialize)]
struct Described {
    field_code: String,
    #[serde(default)]
    field_name: Option<String>,
    #[serde(default)]
    field_type: Option<String>,
    #[serde(default)]
    options: Option<Vec<Labelled>>,
    #[serde(default)]
    is_custom_field: Option<bool>,
}

/// A value of a field with its label.
#[derive(Clone, Debug, Deserialize)]
struct Labelled {
    id: Value,
    #[serde(default)]
    label: Option<String>,
}

/// The entities that were asked for, with the account's own fields when schemas are wanted.
pub(crate) async fn discover(api: &Api, markers: &Markers, request: &DiscoverRequest) -> Result<Catalog> {
    let mut endpoints: Vec<&Endpoint> = Vec::new();
    for name in &request.entities {
        endpoints.push(Endpoint::named(name.as_str())?);
    }
    if endpoints.is_empty() {
        endpoints.extend(ENTITIES);
    }
    // Leads have the fields of deals: each list is asked for once.
    let mut described: Vec<(&str, Vec<Described>)> = Vec::new();
    let mut entities = Vec::new();
    for endpoint in endpoints {
        let mut entity = named(endpoint, markers);
        if request.schemas {
            let account: &[Described] = match endpoint.fields {
                None => &[],
                Some(path) => {
                    if !described.iter().any(|(known, _)| *known == path) {
                        let fields = list(api, path)
                            .await
                            .map_err(|error| error.with_context("entity", endpoint.name))?;
                        described.push((path, fields));
                    }
                    described.iter().find(|(known, _)| *known == path).map_or(&[], |(_, fields)| fields)
                }
            };
            describe(&mut entity, endpoint, account);
        }
        entities.push(entity);
    }
    Ok(Catalog::new(entities))
}

fn named(endpoint: &Endpoint, markers: &Markers) -> Entity {
    let mut entity = Entity::new(endpoint.entity(), endpoint.title);
    entity.deletes = endpoint.deletes;
    entity.capabilities = Capabilities::READ.with_lookup();
    if endpoint.changes {
        entity.capabilities = entity.capabilities.with_changes();
        entity.cursor_field = Some(FieldPath::field(endpoint.changed_at));
    }
    if endpoint.writes.is_some() {
        entity.capabilities = entity.capabilities.with_writes();
    }
    entity.actions = action::described(endpoint);
    entity.marker = markers.field(endpoint);
    entity
}

/// All fields of one kind of record.
async fn list(api: &Api, path: &'static str) -> Result<Vec<Described>> {
    let mut fields = Vec::new();
    let mut guard = TokenGuard::new();
    let mut cursor: Option<String> = None;
    loop {
        let call = Call::get(path).cost(10).query("limit", PAGE).query_some("cursor", cursor.as_deref());
        let answer = api.send(call).await?;
        let envelope = parse_page(answer.text()?, &["data"], |field: Described, _| {
            fields.push(field);
            Ok(())
        })?;
        envelope.count("data")?;
        cursor = next_cursor(&envelope)?;
        match &cursor {
            Some(cursor) => guard.next(cursor)?,
            None => return Ok(fields),
        }
    }
}

fn describe(entity: &mut Entity, endpoint: &Endpoint, account: &[Described]) {
    let mut properties = Map::new();
    for (name, shape) in endpoint.standard {
        let told = account.iter().find(|field| field.field_code == *name && !field.is_custom());
        let title = told.map_or_else(|| readable(name), Described::title);
        let mut schema = shape.schema();
        set(&mut schema, "title", title.clone().into());
        properties.insert((*name).to_owned(), schema);

        let kind = told.and_then(|field| field.field_type.as_deref()).unwrap_or(shape.word());
        let mut field = EntityField::new(FieldPath::field(name), title, kind);
        field.choices = told.map(Described::choices).unwrap_or_default();
        if let Shape::Ref(other) = shape {
            field.references.push(EntityName::from_static(other));
        }
        field = field.with_writable(endpoint.writes.is_some_and(|writes| writes.field(name).is_some()));
        entity.fields.push(field);
    }
    // v2 keeps the account's fields together, v1 spreads them over the record.
    let nested = nested(endpoint);
    let parent = FieldPath::field("custom_fields");
    let mut custom = Map::new();
    for told in account.iter().filter(|field| field.is_custom()) {
        let code = told.field_code.as_str();
        let mut field = EntityField::new(
            if nested { parent.child(code) } else { FieldPath::field(code) },
            told.title(),
            told.field_type.as_deref().unwrap_or("json"),
        );
        field.custom = true;
        field = field.with_writable(endpoint.writes.is_some_and(|writes| writes.custom));
        field.choices = told.choices();
        field.references = told.references().map(EntityName::from_static).into_iter().collect();
        entity.fields.push(field);
        if nested {
            custom.insert(code.to_owned(), told.schema());
        } else {
            properties.extend(told.spread());
        }
    }
    if nested && endpoint.fields.is_some() {
        let custom = json!({ "title": "Custom fields", "type": ["object", "null"], "properties": custom });
        properties.insert("custom_fields".to_owned(), custom);
    }
    entity.schema = Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": endpoint.title,
        "type": "object",
        "properties": properties,
        "required": ["id"],
    }));
}

impl Described {
    fn is_custom(&self) -> bool {
        self.is_custom_field == Some(true)
    }

    fn title(&self) -> String {
        self.field_name.clone().unwrap_or_else(|| readable(&self.field_code))
    }

    fn choices(&self) -> Vec<Choice> {
        let choice = |option: &Labelled| Choice { value: Text::new(option.value()), label: option.label() };
        self.options.iter().flatten().map(choice).collect()
    }

    fn references(&self) -> Option<&'static str> {
        Some(match self.field_type.as_deref()? {
            "user" => "users",
            "people" => "persons",
            "org" => "organizations",
            "deal" => "deals",
            "lead" => "leads",
            "stage" => "stages",
            "activity" => "activities",
            _ => return None,
        })
    }

    /// The schema of a v2 value, named and marked.
    fn schema(&self) -> Value {
        use Shape::{Any, Date, Decimal, Flag, Int, Text};
        let schema = match self.field_type.as_deref().unwrap_or_default() {
            "varchar" | "varchar_auto" | "text" | "phone" => Text.schema(),
            "double" => Decimal.schema(),
            "int" | "user" | "org" | "people" | "deal" | "stage" | "activity" => Int.schema(),
            "boolean" => Flag.schema(),
            "monetary" => object(&[("value", Decimal), ("currency", Text)]),
            "date" => Date.schema(),
            "daterange" => object(&[("value", Date), ("until", Date)]),
            "time" => object(&[("value", Text), ("timezone_name", Text)]),
            "timerange" => object(&[("value", Text), ("until", Text), ("timezone_name", Text)]),
            "address" => {
                let mut schema = Shape::Address.schema();
                if let Some(properties) = schema.get_mut("properties") {
                    set(properties, "formatted_address", Text.schema());
                }
                schema
            }
            "enum" => json!({ "oneOf": self.labelled(Some(Value::Null)) }),
            "set" => json!({ "type": ["array", "null"], "items": { "oneOf": self.labelled(None) } }),
            _ => Any.schema(),
        };
        self.marked(schema)
    }

    /// The schemas of a v1 value: the field and its companions, side by side.
    fn spread(&self) -> Vec<(String, Value)> {
        use Shape::{Date, Decimal, Int, Text};
        let (schema, companions): (Value, &[Standard]) = match self.field_type.as_deref().unwrap_or_default()
        {
            "double" => (Decimal.schema(), &[]),
            "int" | "user" | "org" | "people" => (Int.schema(), &[]),
            "monetary" => (Decimal.schema(), &[("currency", Text)]),
            "date" => (Date.schema(), &[]),
            "daterange" => (Date.schema(), &[("until", Date)]),
            "time" => (Text.schema(), &[("timezone_id", Int)]),
            "timerange" => (Text.schema(), &[("until", Text), ("timezone_id", Int)]),
            "address" => (Text.schema(), &[("formatted_address", Text)]),
            // Ids as text, joined by commas.
            "varchar" | "varchar_auto" | "text" | "phone" | "enum" | "set" => (Text.schema(), &[]),
            _ => (Shape::Any.schema(), &[]),
        };
        let companions = companions
            .iter()
            .map(|(suffix, shape)| (format!("{}_{suffix}", self.field_code), self.marked(shape.schema())));
        std::iter::once((self.field_code.clone(), self.marked(schema))).chain(companions).collect()
    }

    fn marked(&self, mut schema: Value) -> Value {
        set(&mut schema, "title", self.title().into());
        set(&mut schema, "x-custom", true.into());
        if let Some(kind) = &self.field_type {
            set(&mut schema, "x-pipedrive-type", kind.as_str().into());
        }
        schema
    }

    fn labelled(&self, also: Option<Value>) -> Vec<Value> {
        let options = self.options.iter().flatten();
        let labelled = options.map(|option| json!({ "const": option.id, "title": option.label() }));
        labelled.chain(also.map(|value| json!({ "const": value }))).collect()
    }
}

impl Labelled {
    fn value(&self) -> String {
        self.id.as_str().map_or_else(|| self.id.to_string(), str::to_owned)
    }

    fn label(&self) -> String {
        self.label.clone().unwrap_or_else(|| self.value())
    }
}

fn set(schema: &mut Value, name: &str, value: Value) {
    if let Some(object) = schema.as_object_mut() {
        object.insert(name.to_owned(), value);
    }
}

/// `stage_change_time` as `Stage change time`.
fn readable(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => words,
    }
}

/// Refuses what would otherwise be passed over: an unknown field, a filter, a partition.
pub(crate) fn refuse_unreadable(endpoint: &Endpoint, request: &ReadRequest) -> Result<()> {
    for field in request.fields.iter().chain(request.filters.iter().map(|filter| &filter.field)) {
        known(endpoint, field)?;
    }
    if let Some(filter) = request.filters.first() {
        return Err(Error::unsupported("reading only some Pipedrive records")
            .with_advice("read the entity and choose from what comes")
            .with_context("entity", endpoint.name)
            .with_context("field", &filter.field));
    }
    if let Some(partition) = &request.partition {
        return Err(Error::unsupported("reading a part of a Pipedrive entity")
            .with_context("entity", endpoint.name)
            .with_context("partition", excerpt(partition.as_str(), 64)));
    }
    Ok(())
}

pub(crate) fn known(endpoint: &Endpoint, field: &FieldPath) -> Result<()> {
    let mut segments = field.as_str().split('/').skip(1);
    let name = segments.next().unwrap_or_default();
    let nested = nested(endpoint);
    let standard = endpoint.standard.iter().map(|(name, _)| *name);
    let of_the_account = endpoint.fields.is_some()
        && if nested {
            name == "custom_fields" && segments.next().is_none_or(is_code)
        } else {
            is_code(name.split('_').next().unwrap_or_default())
        };
    if of_the_account || standard.clone().any(|known| known == name) {
        return Ok(());
    }
    let shown = excerpt(field.as_str(), 80);
    let advice = match nearest(name, standard) {
        Some(meant) => format!("did you mean \"/{meant}\"? Discover lists the fields"),
        None if nested && endpoint.fields.is_some() => {
            "discover lists the fields; the account's own are /custom_fields/ and 40 hexadecimal digits"
                .to_owned()
        }
        None => "discover lists the fields".to_owned(),
    };
    Err(Error::new(ErrorKind::Config, format!("Pipedrive's {} have no field {shown:?}", endpoint.name))
        .with_advice(advice))
}

pub(crate) fn is_code(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
