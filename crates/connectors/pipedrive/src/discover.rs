//! What the account offers: its entities, and the fields that it gave them.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use tieline_core::{
    Catalog, Choice, Entity, EntityField, EntityName, Error, ErrorKind, FieldPath, ReadRequest, Result, Text,
};
use tieline_kit::{Call, Envelope, TokenGuard, excerpt, nearest, parse_page};

use crate::connector::Api;
use crate::fields::{EntityFields, Field, Shape, object};

/// The most records of a page, in both versions.
pub(crate) const PAGE: u32 = 500;

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

/// The catalog with the fields of its entities, the account's own among them.
pub(crate) async fn described(api: &Api, mut catalog: Catalog) -> Result<Catalog> {
    // Leads have the fields of deals: each list is asked for once.
    let mut described: Vec<(&str, Vec<Described>)> = Vec::new();
    for entity in &mut catalog.entities {
        let Some(fields) = EntityFields::named(entity.name.as_str()) else { continue };
        let account: &[Described] = match fields.account {
            None => &[],
            Some(path) => {
                if !described.iter().any(|(known, _)| *known == path) {
                    let found = match list(api, path).await {
                        Err(error) if fields.addon && is_absent(&error) => Vec::new(),
                        found => found.map_err(|error| error.with_context("entity", fields.name))?,
                    };
                    described.push((path, found));
                }
                described.iter().find(|(known, _)| *known == path).map_or(&[], |(_, fields)| fields)
            }
        };
        describe(entity, fields, account);
    }
    Ok(catalog)
}

/// Whether an answer says that the company or the app has not that part of Pipedrive.
fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Rejected)
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

fn describe(entity: &mut Entity, fields: &'static EntityFields, account: &[Described]) {
    let mut properties = Map::new();
    for Field { name, shape, write, .. } in fields.shown() {
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
        field = field.with_writable(write.is_some());
        entity.fields.push(field);
    }
    // v2 keeps the account's fields together, v1 spreads them over the record.
    let nested = fields.is_nested();
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
        field = field.with_writable(fields.custom);
        field.choices = told.choices();
        field.references = told.references().map(EntityName::from_static).into_iter().collect();
        entity.fields.push(field);
        if nested {
            custom.insert(code.to_owned(), told.schema());
        } else {
            properties.extend(told.spread());
        }
    }
    if nested && fields.account.is_some() {
        let custom = json!({ "title": "Custom fields", "type": ["object", "null"], "properties": custom });
        properties.insert("custom_fields".to_owned(), custom);
    }
    entity.schema = Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": entity.title,
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
        let (schema, companions): (Value, &[(&str, Shape)]) =
            match self.field_type.as_deref().unwrap_or_default() {
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

/// Refuses fields that there are not, which would otherwise be passed over.
pub(crate) fn refuse_unknown(request: &ReadRequest) -> Result<()> {
    let Some(entity) = EntityFields::named(request.entity.as_str()) else { return Ok(()) };
    request
        .fields
        .iter()
        .chain(request.filters.iter().map(|filter| &filter.field))
        .try_for_each(|field| known(entity, field))
}

/// Where a v2 list goes on. An empty cursor leads nowhere.
pub(crate) fn next_cursor(envelope: &Envelope<'_>) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Additional {
        next_cursor: Option<String>,
    }
    let additional: Option<Additional> = envelope.member("additional_data")?;
    Ok(additional.and_then(|additional| additional.next_cursor).filter(|cursor| !cursor.is_empty()))
}

pub(crate) fn known(entity: &EntityFields, field: &FieldPath) -> Result<()> {
    let mut segments = field.as_str().split('/').skip(1);
    let name = segments.next().unwrap_or_default();
    let nested = entity.is_nested();
    let standard = entity.shown().map(|field| field.name);
    let of_the_account = entity.account.is_some()
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
        None if nested && entity.account.is_some() => {
            "discover lists the fields; the account's own are /custom_fields/ and 40 hexadecimal digits"
                .to_owned()
        }
        None => "discover lists the fields".to_owned(),
    };
    Err(Error::new(ErrorKind::Config, format!("Pipedrive's {} have no field {shown:?}", entity.name))
        .with_advice(advice))
}

pub(crate) fn is_code(name: &str) -> bool {
    name.len() == 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}
