//! The catalog: each tab is an entity, and so is each table of the settings.

use serde_json::{Map, Value, json};
use tieline_core::{
    Capabilities, Catalog, Deletes, DiscoverRequest, Entity, EntityField, EntityName, KeyKind, MarkerField,
    Result,
};
use tieline_kit::on_entity;

use crate::client::{Client, answer};
use crate::factory::NO_RANGE;
use crate::grid::{Kind, OPENING};
use crate::header::{Column, FORMATTED};
use crate::table::{Place, Table, no_tab};

/// Ranges of one request.
const RANGES: usize = 25;

pub(crate) async fn discover(client: &Client, request: &DiscoverRequest) -> Result<Catalog> {
    let tables = tables(client, &request.entities).await?;
    Ok(Catalog::new(tables.iter().map(|table| entity(table, request.schemas)).collect()))
}

/// The tables of these names; all of them when there are none.
pub(crate) async fn tables(client: &Client, names: &[EntityName]) -> Result<Vec<Table>> {
    let mut entities = names.to_vec();
    if entities.is_empty() {
        let response = client.properties().await?;
        let file = answer(&response)?;
        let is_grid = |kind: Option<&str>| kind.is_none_or(|kind| kind == "GRID");
        let tabs = file.sheets.iter().filter(|tab| is_grid(tab.properties.sheet_type.as_deref()));
        entities.extend(tabs.map(|tab| EntityName::new(&tab.properties.title)));
        for name in client.config.tables().keys() {
            if !entities.iter().any(|known| known.as_str() == name) {
                entities.push(EntityName::new(name));
            }
        }
    }
    let mut tables = Vec::new();
    for chunk in entities.chunks(RANGES) {
        let mut places = Vec::new();
        for name in chunk {
            places.push(Place::find(client, name).await?);
        }
        tables.extend(open(client, &places).await?);
    }
    Ok(tables)
}

/// The tables at some places, of several tabs in one request.
async fn open(client: &Client, places: &[Place]) -> Result<Vec<Table>> {
    let Some(first) = places.first() else { return Ok(Vec::new()) };
    let ranges: Vec<String> = places.iter().map(Place::sample).collect();
    let response = match client.cells(OPENING, &ranges, &first.entity).await {
        Ok(response) => response,
        Err(error) if error.code() == Some(NO_RANGE) => {
            let response = client.properties().await?;
            let file = answer(&response)?;
            let known = |place: &&Place| file.sheets.iter().any(|tab| tab.properties.title == place.title);
            let missing = places.iter().find(|place| !known(place)).unwrap_or(first);
            return Err(on_entity(no_tab(&file, &missing.title, None), missing.entity.as_str()));
        }
        Err(error) if places.len() == 1 => return Err(on_entity(error, first.entity.as_str())),
        Err(error) => return Err(error),
    };
    let file = answer(&response)?;
    let mut tables = Vec::new();
    for place in places {
        let tab = file.sheets.iter().find(|tab| tab.properties.title == place.title);
        let Some(tab) = tab else {
            return Err(on_entity(no_tab(&file, &place.title, None), place.entity.as_str()));
        };
        let of_tab = places.iter().filter(|other| other.title == place.title);
        // The grids of a tab come in the order in which its ranges were asked for.
        let at = of_tab.take_while(|other| other.entity != place.entity).count();
        tables.push(place.table(&file.properties, tab, at)?);
    }
    Ok(tables)
}

fn entity(table: &Table, schemas: bool) -> Entity {
    let mut entity = Entity::new(table.entity.clone(), table.entity.as_str());
    entity.deletes = Deletes::Sweep;
    entity.capabilities = Capabilities::READ.with_changes();
    match table.key {
        None => entity.keys = KeyKind::Positional,
        Some(_) => {
            entity.capabilities = entity.capabilities.with_lookup();
            entity.capabilities.keys_only = true;
            entity.capabilities.update = true;
            // Rows are added to and taken from whole tabs, where nothing lies beside them.
            let whole = table.is_whole();
            (entity.capabilities.create, entity.capabilities.delete) = (whole, whole);
            entity.capabilities.upsert = whole;
            let marker = table.marker.filter(|_| whole).and_then(|marker| table.columns.get(marker));
            entity.marker = marker.map(|column| MarkerField::new(column.path()));
        }
    }
    entity.fields = table.columns.iter().enumerate().map(|(at, column)| field(table, at, column)).collect();
    if schemas {
        entity.schema = Some(schema(table));
    }
    entity
}

fn field(table: &Table, at: usize, column: &Column) -> EntityField {
    let is_key = table.key == Some(at);
    let mut field = EntityField::new(column.path(), &column.name, column.kind.unwrap_or(Kind::Text).as_str());
    field.custom = true;
    field.unique = is_key;
    field.required = is_key;
    field.creatable = table.key.is_some() && table.is_whole();
    field.updatable = table.key.is_some() && !is_key;
    field.max_length = Some(50_000);
    field
}

/// Any cell may hold any type, whatever the others of its column hold.
fn schema(table: &Table) -> Value {
    let mut properties: Map<String, Value> = Map::new();
    for column in &table.columns {
        let kind = column.kind.map_or("none yet", Kind::as_str);
        let mixed = if column.is_mixed { ", among others" } else { "" };
        let mut property = json!({
            "type": ["string", "number", "boolean", "null"],
            "description": format!("Cells of this column: {kind}{mixed}."),
        });
        if let Some(property) = property.as_object_mut()
            && !column.samples.is_empty()
        {
            let samples =
                column.samples.iter().filter_map(|sample| serde_json::from_str::<Value>(sample).ok());
            property.insert("examples".to_owned(), samples.collect());
        }
        properties.insert(column.name.clone(), property);
    }
    properties.insert(
        FORMATTED.to_owned(),
        json!({
            "type": "object",
            "description": "The displayed texts of cells whose type is not that of their column.",
            "additionalProperties": { "type": "string" },
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": table.entity.as_str(),
        "type": "object",
        "properties": properties,
    })
}
