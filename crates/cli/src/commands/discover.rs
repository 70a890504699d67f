//! `tieline discover`: what the account offers.

use std::io;

use serde_json::{Value, json};
use tieline::{Action, Capabilities, Catalog, Deletes, DiscoverRequest, Entity, EntityField, KeyKind};

use crate::arguments::ConnectionArgs;
use crate::failure::Outcome;
use crate::lines::stdout;
use crate::session::connect;
use crate::table::Table;
use crate::text::{Paint, clean, counted, yes_or_blank};

pub(crate) async fn discover(
    connection: &ConnectionArgs,
    entities: Vec<String>,
    schemas: bool,
    json: bool,
) -> Outcome {
    let connected = connect(connection).await?;
    let described = schemas || !entities.is_empty();
    let request = if described { DiscoverRequest::schemas() } else { DiscoverRequest::names() };
    let request = entities.into_iter().fold(request, DiscoverRequest::only);
    let catalog = connected.connector.discover(request).await?;
    let mut out = stdout();
    if json {
        let entities: Vec<Value> = catalog.entities.iter().map(entity_json).collect();
        out.value(&json!({ "entities": entities }))?;
    } else {
        let paint = Paint::on(&io::stdout());
        out.text(&overview(&catalog, paint))?;
        if described {
            for entity in &catalog.entities {
                out.text(&details(entity, paint))?;
            }
        }
    }
    out.flush()
}

fn overview(catalog: &Catalog, paint: Paint) -> String {
    let mut table = Table::new(&["ENTITY", "NAME", "READS", "DELETIONS", "LOOKUP", "WRITES"]);
    for entity in &catalog.entities {
        let can = entity.capabilities;
        let reads = if can.changes { "changes" } else { "full" };
        let writes = writes(can);
        let cells =
            [entity.name.as_str(), &entity.title, reads, deletes(entity), yes_or_blank(can.lookup), &writes];
        table.row(cells);
    }
    table.show("", paint)
}

fn writes(can: Capabilities) -> String {
    let all = [("create", can.create), ("update", can.update), ("delete", can.delete)];
    let able: Vec<&str> = all.into_iter().filter_map(|(name, able)| able.then_some(name)).collect();
    able.join(", ")
}

fn deletes(entity: &Entity) -> &'static str {
    match entity.deletes {
        Deletes::Feed => "feed",
        Deletes::Sweep => "sweep",
        _ => "never",
    }
}

fn details(entity: &Entity, paint: Paint) -> String {
    let head = format!("{}: {}", entity.name, counted(entity.fields.len() as u64, "field"));
    let mut text = format!("\n{}\n", paint.bold(&clean(&head)));
    if let Some(cursor) = &entity.cursor_field {
        text.push_str(&format!("  changes are told by {cursor}\n"));
    }
    if let Some(marker) = &entity.marker {
        text.push_str(&format!(
            "  a create is found again by {}, after {} s\n",
            marker.field,
            marker.search_delay.as_secs()
        ));
    }
    let mut table = Table::new(&["FIELD", "NAME", "TYPE", "CUSTOM", "WRITABLE", "VALUES"]);
    for field in &entity.fields {
        table.row([
            field.path.as_str(),
            &field.title,
            field.provider_type.as_str(),
            yes_or_blank(field.custom),
            yes_or_blank(field.is_writable()),
            &values(field),
        ]);
    }
    text.push_str(&table.show("  ", paint));
    if !entity.actions.is_empty() {
        let mut table = Table::new(&["ACTION", "NAME", "TWICE"]);
        for action in &entity.actions {
            let twice = if action.idempotent { "does no harm" } else { "is done twice" };
            table.row([action.name.as_str(), &action.title, twice]);
        }
        text.push('\n');
        text.push_str(&table.show("  ", paint));
    }
    text
}

/// The entity that a field points to, or the first of its values.
fn values(field: &EntityField) -> String {
    const SHOWN: usize = 4;
    if !field.references.is_empty() {
        let entities: Vec<&str> = field.references.iter().map(|entity| entity.as_str()).collect();
        return format!("a key of {}", entities.join(" or "));
    }
    let mut labels: Vec<&str> =
        field.choices.iter().take(SHOWN).map(|choice| choice.label.as_str()).collect();
    if field.choices.len() > SHOWN {
        labels.push("…");
    }
    labels.join(", ")
}

fn entity_json(entity: &Entity) -> Value {
    let can = entity.capabilities;
    let keys = match entity.keys {
        KeyKind::Stable => "stable",
        KeyKind::Positional => "positional",
        _ => "none",
    };
    let marker = entity.marker.as_ref().map(
        |marker| json!({ "field": marker.field, "search_delay_seconds": marker.search_delay.as_secs_f64() }),
    );
    let fields: Vec<Value> = entity.fields.iter().map(field_json).collect();
    let actions: Vec<Value> = entity.actions.iter().map(action_json).collect();
    json!({
        "name": entity.name,
        "title": entity.title,
        "keys": keys,
        "deletes": deletes(entity),
        "capabilities": {
            "changes": can.changes,
            "keys_only": can.keys_only,
            "projection": can.projection,
            "lookup": can.lookup,
            "create": can.create,
            "update": can.update,
            "delete": can.delete,
            "upsert": can.upsert,
        },
        "cursor_field": entity.cursor_field,
        "parent": entity.parent,
        "group": entity.group,
        "marker": marker,
        "fields": fields,
        "schema": entity.schema,
        "actions": actions,
    })
}

fn field_json(field: &EntityField) -> Value {
    let choices: Vec<Value> =
        field.choices.iter().map(|choice| json!({ "value": choice.value, "label": choice.label })).collect();
    json!({
        "path": field.path,
        "title": field.title,
        "provider_type": field.provider_type,
        "custom": field.custom,
        "writable": field.is_writable(),
        "required": field.required,
        "creatable": field.creatable,
        "updatable": field.updatable,
        "unique": field.unique,
        "max_length": field.max_length,
        "choices": choices,
        "references": field.references,
    })
}

fn action_json(action: &Action) -> Value {
    json!({
        "name": action.name,
        "title": action.title,
        "input": action.input,
        "idempotent": action.idempotent,
    })
}
