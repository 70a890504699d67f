//! HubSpot: the CRM, as its objects, associations and search look from outside.

mod associations;
mod search;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::engine::{Act, Behavior, Faulty, Provider, Refusal, Row, World, plain};
use crate::sandbox::Sandbox;
use crate::{Clock, Json, Object};

use associations::{KINDS, link};

/// The definition.
const DEFINITION: &str = include_str!("../../definitions/hubspot.toml");

/// The portal that the sandbox's callers belong to.
pub const PORTAL: &str = "145678";

/// The type of the portal's own kind of object.
pub const CUSTOM_TYPE: &str = "2-4711";

/// The tables that are not of objects with properties.
const PLAIN: [&str; 3] = ["owners", "pipelines", "associations"];

/// What HubSpot's tables do not say.
#[derive(Clone, Copy, Debug, Default)]
pub struct HubSpot;

impl Sandbox<Provider> {
    /// A HubSpot portal with at least `size` contacts, companies and deals.
    ///
    /// # Errors
    /// When the definition contradicts itself, which a test of this crate excludes.
    pub fn hubspot(clock: Clock, size: u32) -> Result<Arc<Self>, Faulty> {
        Self::of(DEFINITION, HubSpot, clock, size)
    }
}

impl Behavior for HubSpot {
    fn show(&self, world: &World, table: &str, row: &Row, _view: &str, shown: &mut Object) {
        if !PLAIN.contains(&table) {
            *shown = object(world, table, row, shown);
        }
    }

    fn select(&self, world: &World, asked: &Act<'_>, rows: &mut Vec<&Row>) -> Result<(), Refusal> {
        if asked.name == "search" { search::select(world, asked, rows) } else { Ok(()) }
    }

    fn act(&self, world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
        match act.name {
            "details" => Ok(Object::default()
                .with("portalId", Json::decimal(PORTAL))
                .with("accountType", "STANDARD")
                .with("timeZone", "Europe/Oslo")
                .with("companyCurrency", "NOK")
                .with("uiDomain", "app-eu1.hubspot.com")
                .into()),
            "read" => read(world, act),
            "create" => {
                let row = self.created(world, act, act.input)?;
                Ok(shown(world, act.table, &row))
            }
            "update" => {
                let mut input = Object::default().with("id", act.part("id").to_owned());
                if let Some((_, name)) = act.query.iter().find(|(name, _)| name == "idProperty") {
                    input.set("idProperty", name.clone());
                }
                let key =
                    key_of(world, act.table, &input.into()).ok_or_else(|| Refusal::named("not_found"))?;
                let row = world.update_checked(self, (act.table, &key), &properties(act.input)?, act.now)?;
                Ok(shown(world, act.table, &row))
            }
            "batch_create" => self.batch(world, act, |own, world, input| own.created(world, act, input)),
            "batch_update" => self.batch(world, act, |own, world, input| {
                let key = key_of(world, act.table, input).ok_or_else(|| Refusal::named("not_found"))?;
                world.update_checked(own, (act.table, &key), &properties(input)?, act.now)
            }),
            "batch_upsert" => self.batch(world, act, |own, world, input| {
                let mut fields = properties(input)?;
                let id = input.get("id").cloned().ok_or_else(|| invalid("id is missing"))?;
                if let Some(name) = input.get("idProperty").and_then(Json::as_str) {
                    fields.set(name.to_owned(), id);
                }
                match key_of(world, act.table, input) {
                    Some(key) => world.update_checked(own, (act.table, &key), &fields, act.now),
                    None => world.create_checked(own, act.table, &fields, act.now),
                }
            }),
            "batch_read" => {
                let id_property = act.input.get("idProperty").cloned();
                self.batch(world, act, |_, world, input| {
                    let mut input = input.as_object().cloned().unwrap_or_default();
                    if let Some(name) = &id_property {
                        input.set("idProperty", name.clone());
                    }
                    let key = key_of(world, act.table, &input.into());
                    let row = key.and_then(|key| world.live(act.table, &key).cloned());
                    row.ok_or_else(|| Refusal::named("not_found"))
                })
            }
            "batch_archive" => {
                for input in inputs(act)? {
                    if let Some(key) = key_of(world, act.table, &input) {
                        world.delete_checked(self, (act.table, &key), act.now)?;
                    }
                }
                Ok(Json::Null)
            }
            "merge" => merge(world, act),
            "properties" => Ok(described(world, act.table)),
            "associations_read" | "associations" | "associate" | "dissociate" => {
                associations::act(world, act)
            }
            other => Err(Refusal::unmodelled(format!("the act `{other}`"))),
        }
    }
}

impl HubSpot {
    fn created(self, world: &mut World, act: &Act<'_>, input: &Json) -> Result<Row, Refusal> {
        let row = world.create_checked(&self, act.table, &properties(input)?, act.now)?;
        for association in input.get("associations").and_then(Json::as_array).unwrap_or_default() {
            let to = association.get("to").and_then(|to| to.get("id")).map(plain).unwrap_or_default();
            let kinds = association.get("types").and_then(Json::as_array).unwrap_or_default();
            let kind = kinds.first().and_then(|kind| kind.get("associationTypeId")).map(plain);
            let known = KINDS
                .iter()
                .find(|(from, _, id)| *from == act.table && kind.as_deref() == Some(id.to_string().as_str()));
            let (_, target, _) = known.ok_or_else(|| invalid("no such association type"))?;
            link(world, act.table, &row.key, (target, &to), act.now);
        }
        Ok(row)
    }

    /// Does something for each input. What fails is named beside the results, and the status is 207; a single failure of
    /// a write that is not about a missing record refuses the request as a whole.
    fn batch(
        self,
        world: &mut World,
        act: &Act<'_>,
        mut each: impl FnMut(&Self, &mut World, &Json) -> Result<Row, Refusal>,
    ) -> Result<Json, Refusal> {
        let inputs = inputs(act)?;
        if inputs.len() > 100 {
            return Err(invalid("The maximum number of inputs supported in a batch request is 100"));
        }
        let wanted: Option<Vec<String>> = act
            .input
            .get("properties")
            .and_then(Json::as_array)
            .map(|names| names.iter().map(plain).collect());
        let (mut results, mut errors) = (Vec::new(), Vec::new());
        for input in &inputs {
            match each(&self, world, input) {
                Ok(row) => {
                    let Json::Object(mut object) = shown(world, act.table, &row) else { continue };
                    if act.name == "batch_read" {
                        let named = |(name, _): &(&str, &Json)| {
                            ALWAYS.contains(name) || wanted.iter().flatten().any(|own| own == name)
                        };
                        let all =
                            object.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
                        let kept = all.iter().filter(named);
                        let kept = kept.fold(Object::default(), |kept, (name, value)| {
                            kept.with(name.to_owned(), value.clone())
                        });
                        object.set("properties", kept);
                    }
                    if let Some(trace) = input.get("objectWriteTraceId") {
                        object.set("objectWriteTraceId", trace.clone());
                    }
                    results.push(object.into());
                }
                Err(refusal) if refusal.is("not_found") => {
                    let id = input.get("id").map(plain).unwrap_or_default();
                    let context = Object::default().with("ids", vec![Json::from(id)]);
                    let error = Object::default()
                        .with("status", "error")
                        .with("category", "OBJECT_NOT_FOUND")
                        .with(
                            "message",
                            "Could not get some of the objects, they may be deleted or not exist.",
                        )
                        .with("context", context);
                    errors.push(Json::from(error));
                }
                Err(refusal) => return Err(refusal),
            }
        }
        if errors.is_empty() {
            return Ok(Json::Array(results));
        }
        let count = i64::try_from(errors.len()).unwrap_or(i64::MAX);
        Err(Refusal::named("some_failed")
            .with_value("results", results)
            .with_value("errors", errors)
            .with_value("count", count))
    }
}

/// The properties that are shown without being asked for.
const ALWAYS: [&str; 4] = ["createdate", "hs_object_id", "lastmodifieddate", "hs_lastmodifieddate"];

fn invalid(message: &str) -> Refusal {
    Refusal::named("invalid").with("field", "body").with("message", message)
}

fn inputs(act: &Act<'_>) -> Result<Vec<Json>, Refusal> {
    let inputs = act.input.get("inputs").and_then(Json::as_array);
    inputs.map(<[Json]>::to_vec).ok_or_else(|| invalid("inputs are missing"))
}

/// The properties of an input. An empty text clears one.
fn properties(input: &Json) -> Result<Object, Refusal> {
    let given = input.get("properties").and_then(Json::as_object);
    let given = given.ok_or_else(|| invalid("properties are missing"))?;
    Ok(given.iter().fold(Object::default(), |all, (name, value)| {
        let value = if value.as_str() == Some("") { Json::Null } else { value.clone() };
        all.with(name.to_owned(), value)
    }))
}

/// The key of the record that an input names, also by a property or by the id of a record that was merged into it.
fn key_of(world: &World, table: &str, input: &Json) -> Option<String> {
    let id = plain(input.get("id")?);
    if let Some(name) = input.get("idProperty").and_then(Json::as_str) {
        let mut rows = world.rows(table).filter(|row| row.deleted.is_none());
        return rows.find(|row| row.text(name) == id).map(|row| row.key.clone());
    }
    if world.live(table, &id).is_some() {
        return Some(id);
    }
    let merged = |row: &&Row| row.text("hs_merged_object_ids").split(';').any(|own| own == id);
    world.rows(table).filter(|row| row.deleted.is_none()).find(merged).map(|row| row.key.clone())
}

fn shown(world: &World, table: &str, row: &Row) -> Json {
    object(world, table, row, &world.shown(table, row)).into()
}

/// A record as objects are shown: every property is a text.
fn object(world: &World, table: &str, row: &Row, fields: &Object) -> Object {
    let empty = || if world.assumes("empty_is_text") { Json::from("") } else { Json::Null };
    let mut properties = Object::default();
    for (name, value) in fields.iter().filter(|(name, _)| *name != "id") {
        let text = if value.is_null() || value.as_str() == Some("") { empty() } else { plain(value).into() };
        properties.set(name.to_owned(), text);
    }
    properties.set("hs_object_id", row.key.clone());
    let stamp = |at: DateTime<Utc>| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let shown = Object::default()
        .with("id", row.key.clone())
        .with("properties", properties)
        .with("createdAt", stamp(row.created))
        .with("updatedAt", stamp(row.changed))
        .with("archived", row.deleted.is_some());
    let _ = table;
    match row.deleted {
        Some(at) => shown.with("archivedAt", stamp(at)),
        None => shown,
    }
}

fn read(world: &World, act: &Act<'_>) -> Result<Json, Refusal> {
    let asked = |name: &str| act.query.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let mut input = Object::default().with("id", act.part("id").to_owned());
    if let Some(name) = asked("idProperty") {
        input.set("idProperty", name.to_owned());
    }
    if asked("archived") == Some("true") {
        let row = world.get(act.table, act.part("id")).filter(|row| row.deleted.is_some());
        return row.map(|row| shown(world, act.table, row)).ok_or_else(|| Refusal::named("not_found"));
    }
    let row = key_of(world, act.table, &input.into()).and_then(|key| world.live(act.table, &key));
    row.map(|row| shown(world, act.table, row)).ok_or_else(|| Refusal::named("not_found"))
}

fn merge(world: &mut World, act: &Act<'_>) -> Result<Json, Refusal> {
    let gone = || Refusal::named("not_found");
    let primary = act.reference("primaryObjectId").ok_or_else(|| invalid("primaryObjectId is missing"))?;
    let loser = act.reference("objectIdToMerge").ok_or_else(|| invalid("objectIdToMerge is missing"))?;
    let kept = world.live(act.table, &primary).cloned().ok_or_else(gone)?;
    let lost = world.live(act.table, &loser).cloned().ok_or_else(gone)?;
    if primary == loser {
        return Err(invalid("a record cannot be merged with itself"));
    }
    world.remove(act.table, &loser);
    let before = [kept.text("hs_merged_object_ids"), lost.text("hs_merged_object_ids"), &loser];
    let merged: Vec<&str> = before.into_iter().filter(|text| !text.is_empty()).collect();
    let merged = merged.join(";");
    world.change(act.table, &primary, act.now, |row| {
        for (name, value) in lost.fields.iter() {
            if row.fields.get(name).is_none_or(Json::is_null) {
                row.fields.set(name.to_owned(), value.clone());
            }
        }
        row.fields.set("hs_merged_object_ids", merged);
    });
    let row = world.live(act.table, &primary).ok_or_else(gone)?;
    Ok(shown(world, act.table, row))
}

/// The properties of a kind of object.
fn described(world: &World, table: &str) -> Json {
    let names = world.field_names(table);
    let own = names.iter().map(String::as_str).chain(["hs_object_id"]);
    let all = own.map(|name| {
        let kind = if name.ends_with("date") { "datetime" } else { "string" };
        Object::default()
            .with("name", name.to_owned())
            .with("label", name.replace('_', " "))
            .with("type", kind)
            .with("fieldType", "text")
            .with("groupName", "information")
            .with("hidden", false)
            .with("archived", false)
            .into()
    });
    Json::Array(all.collect())
}
