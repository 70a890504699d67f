//! What a company offers. Fortnox has no fields of a company's own, so nothing is asked.

use serde_json::{Map, Value, json};
use tieline_core::{
    Capabilities, Catalog, Choice, Deletes, DiscoverRequest, Entity, EntityField, EntityName, FieldPath,
    MarkerField, Result, Text,
};

use crate::action;
use crate::draft::SEARCH_DELAY;
use crate::endpoints::{ENTITIES, Endpoint, Modified};
use crate::fields::{Field, Shape};

/// The entities that were asked for.
pub(crate) fn discover(request: &DiscoverRequest) -> Result<Catalog> {
    let mut endpoints: Vec<&Endpoint> = Vec::new();
    for name in &request.entities {
        endpoints.push(Endpoint::named(name.as_str())?);
    }
    if endpoints.is_empty() {
        endpoints.extend(ENTITIES);
    }
    let entities = endpoints.into_iter().map(|endpoint| {
        let mut entity = named(endpoint);
        if request.schemas {
            describe(&mut entity, endpoint);
        }
        entity
    });
    Ok(Catalog::new(entities.collect()))
}

fn named(endpoint: &Endpoint) -> Entity {
    let mut entity = Entity::new(endpoint.entity(), endpoint.title);
    entity.deletes = if endpoint.is_single() { Deletes::Never } else { Deletes::Sweep };
    let mut can = Capabilities::READ.with_lookup();
    can.changes = endpoint.modified == Modified::Documented;
    // A list costs one request for 500 records, their details one each.
    can.keys_only = endpoint.has_details();
    can.projection = endpoint.has_details();
    can.create = endpoint.create;
    can.update = endpoint.update;
    can.delete = endpoint.delete;
    entity.capabilities = can;
    entity.actions = action::described(endpoint);
    entity.marker = endpoint
        .marker
        .map(|name| MarkerField::new(FieldPath::field(name)).with_search_delay(SEARCH_DELAY).always());
    entity
}

fn describe(entity: &mut Entity, endpoint: &Endpoint) {
    let mut properties = Map::new();
    for described in endpoint.fields {
        let title = readable(described.name);
        let mut schema = described.shape.schema();
        if let Some(object) = schema.as_object_mut() {
            object.insert("title".to_owned(), title.clone().into());
        }
        properties.insert(described.name.to_owned(), schema);
        entity.fields.push(field(described, title));
    }
    entity.schema = Some(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": endpoint.title,
        "type": "object",
        "properties": Value::from(properties),
        "required": [endpoint.key_field],
    }));
}

fn field(described: &Field, title: String) -> EntityField {
    let mut field = EntityField::new(FieldPath::field(described.name), title, described.shape.word());
    field = field.with_writable(described.writable);
    field.choices = described
        .shape
        .choices()
        .iter()
        .map(|word| Choice { value: Text::from_static(word), label: readable(word) })
        .collect();
    if let Shape::Ref(other) = described.shape {
        field.references.push(EntityName::from_static(other));
    }
    field
}

/// `InvoiceDate` as `Invoice date`, `VATType` as `VAT type`, `ACCRUAL` as it is.
fn readable(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut words = String::new();
    for (at, letter) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at));
        let after = letters.get(at + 1);
        let begins = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins {
            words.push(' ');
        }
        // An abbreviation stays as it is.
        let alone = after.is_none_or(|after| !after.is_uppercase());
        let abbreviated = before.is_some_and(|before| before.is_uppercase()) && !begins;
        if begins && alone && !abbreviated {
            words.extend(letter.to_lowercase());
        } else {
            words.push(*letter);
        }
    }
    words
}
