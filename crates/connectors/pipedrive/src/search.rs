//! Looking records up by a field: a search finds ids, then the records themselves are asked for and compared.

use chrono::TimeDelta;
use serde::Deserialize;
use tieline_core::{
    Connector as _, EntityName, Error, ErrorKind, FieldPath, Key, Lookup, LookupRequest, Lookups, RawJson,
    Record, Result,
};
use tieline_kit::{Call, HeadFlag, HeadKey, HeadText, TokenGuard, Watermark, parse_page};
use tieline_rest::RestConnector;

use crate::connector::Api;
use crate::discover::{PAGE, known, next_cursor};
use crate::fields::EntityFields;
use crate::marker::{Markers, path};
use crate::raw;

/// The tag of the searches' own limit.
const SEARCH: &str = "search";
const COST: u32 = 20;
/// What a page of a search holds at most.
const FOUND: u32 = 100;

/// How far back the list of leads is asked for.
const RECENT: TimeDelta = TimeDelta::hours(1);

/// How a field is searched for.
enum Way {
    /// By the code of one of the account's own fields.
    Custom(String),
    /// By a term in this field, as the search calls it.
    Term(&'static str),
}

/// All records whose field has this text.
pub(crate) async fn by_field(
    api: &Api,
    rest: &RestConnector,
    markers: &Markers,
    name: &EntityName,
    field: &FieldPath,
    value: &RawJson,
) -> Result<Lookups> {
    let Some(entity) = EntityFields::named(name.as_str()) else {
        // What has no list of fields is looked up as the description says.
        return rest.lookup(LookupRequest::field(name.as_str(), field.clone(), value.clone())).await;
    };
    let about = |error: Error| error.with_context("entity", entity.name).with_context("field", field);
    let Some(way) = way(entity, field) else {
        known(entity, field)?;
        let error = Error::unsupported("looking Pipedrive records up by this field");
        return Err(about(error.with_advice(possible(entity))));
    };
    let wanted = raw::unquoted(value.get()).filter(|text| !text.trim().is_empty()).ok_or_else(|| {
        about(
            Error::new(ErrorKind::Config, "Pipedrive searches for texts only")
                .with_advice("give a text that is not empty"),
        )
    })?;
    let ids = ids(api, entity, &way, &wanted).await.map_err(about)?;
    let mut answers = rest.lookup(LookupRequest::keys(entity.name, ids)).await?.answers;
    // The search ignores case, and may know a value that the record no longer has.
    answers.retain(
        |answer| matches!(answer, Lookup::Record(record) if has(&record.payload, &way, field, &wanted)),
    );
    if answers.is_empty()
        && let Way::Custom(code) = &way
        && markers.code(entity) == Some(code)
    {
        answers = newest(api, entity, field, &wanted).await.map_err(about)?;
    }
    Ok(Lookups::new(answers))
}

fn way(entity: &EntityFields, field: &FieldPath) -> Option<Way> {
    entity.searched_as?;
    let code = field.as_str().rsplit('/').next().unwrap_or_default();
    if entity.custom && crate::discover::is_code(code) && path(entity, code) == *field {
        return Some(Way::Custom(code.to_owned()));
    }
    let name = field.as_str().strip_prefix('/')?;
    entity.terms.iter().find(|(known, _)| *known == name).map(|(_, term)| Way::Term(term))
}

/// What can be searched for.
fn possible(entity: &EntityFields) -> String {
    let terms = &entity.terms;
    if terms.is_empty() {
        return "look them up by key, or read the entity and compare".to_owned();
    }
    let names: Vec<String> = terms.iter().map(|(name, _)| format!("/{name}")).collect();
    format!("it works for {} and the account's own text fields", names.join(", "))
}

/// Sources: <https://developers.pipedrive.com/docs/api/v1/ItemSearch#searchItemByField> and
/// <https://developers.pipedrive.com/docs/api/v1/Persons#searchPersons>.
async fn ids(api: &Api, entity: &EntityFields, way: &Way, term: &str) -> Result<Vec<Key>> {
    #[derive(Deserialize)]
    struct Found {
        #[serde(default)]
        id: HeadKey,
        #[serde(default)]
        item: Option<Item>,
    }
    #[derive(Deserialize)]
    struct Item {
        #[serde(default)]
        id: HeadKey,
    }
    let mut ids = Vec::new();
    let mut guard = TokenGuard::new();
    let mut cursor: Option<String> = None;
    loop {
        let (call, list): (Call, &[&str]) = match way {
            Way::Custom(code) => (
                Call::get("/api/v2/itemSearch/field")
                    .query_some("entity_type", entity.searched_as)
                    .query("field", code)
                    .query("match", "exact"),
                &["data"],
            ),
            Way::Term(name) => (
                Call::get(search_path(entity)).query("fields", name).query("exact_match", true),
                &["data", "items"],
            ),
        };
        let call = call
            .query("term", term)
            .query("limit", FOUND)
            .query_some("cursor", cursor.as_deref())
            .cost(COST)
            .tag(SEARCH);
        let answer = api.send(call).await?;
        let envelope = parse_page(answer.text()?, list, |found: Found, _| {
            ids.extend(found.id.0.or_else(|| found.item.and_then(|item| item.id.0)));
            Ok(())
        })?;
        envelope.count("data")?;
        cursor = next_cursor(&envelope)?;
        match &cursor {
            Some(cursor) => guard.next(cursor)?,
            None => {
                let mut seen = std::collections::HashSet::new();
                ids.retain(|id: &Key| seen.insert(id.clone()));
                return Ok(ids);
            }
        }
    }
}

fn list_path(entity: &EntityFields) -> &'static str {
    match entity.name {
        "persons" => "/api/v2/persons",
        "organizations" => "/api/v2/organizations",
        "products" => "/api/v2/products",
        _ => "/api/v2/deals",
    }
}

fn search_path(entity: &EntityFields) -> &'static str {
    match entity.name {
        "deals" => "/api/v2/deals/search",
        "persons" => "/api/v2/persons/search",
        "organizations" => "/api/v2/organizations/search",
        "products" => "/api/v2/products/search",
        _ => "/api/v2/leads/search",
    }
}

/// The newest records, which are listed before they can be searched for: a create whose answer was lost is among them.
async fn newest(api: &Api, entity: &EntityFields, field: &FieldPath, wanted: &str) -> Result<Vec<Lookup>> {
    #[derive(Deserialize)]
    struct Newest<'a> {
        #[serde(default)]
        id: HeadKey,
        #[serde(default, borrow)]
        update_time: HeadText<'a>,
        #[serde(default)]
        is_deleted: HeadFlag,
    }
    let call = if entity.is_nested() {
        let call = Call::get(list_path(entity)).entity(entity.name).cost(10).query("limit", PAGE);
        call.query("sort_by", "add_time").query("sort_direction", "desc")
    } else {
        // This list sorts one way only.
        let since = api.clock.now().checked_sub_signed(RECENT).unwrap_or_default();
        let call = Call::get("/api/v1/leads").entity(entity.name).cost(20).query("limit", PAGE);
        call.query("sort", "id").query("updated_since", Watermark::at(since).text()).query("start", 0)
    };
    let answer = api.send(call).await?;
    let mut found = Vec::new();
    let envelope = parse_page(answer.text()?, &["data"], |record: Newest<'_>, text| {
        // A record that is broken has no value to be found by.
        let value = tieline_core::json::at(text, field.as_str()).ok().flatten();
        if value.and_then(|value| raw::unquoted(value.get())).as_deref() == Some(wanted)
            && let Some(id) = record.id.0
            && record.is_deleted.0 != Some(true)
        {
            let full = Record::new(id, RawJson::from_checked(text));
            found.push(Lookup::Record(match record.update_time.get() {
                Some(time) => full.with_changed_at(time).with_version(time),
                None => full,
            }));
        }
        Ok(())
    })?;
    envelope.count("data")?;
    Ok(found)
}

/// Whether the record has the text: exactly in a field of the account, without regard to case elsewhere.
fn has(record: &RawJson, way: &Way, field: &FieldPath, wanted: &str) -> bool {
    let Ok(Some(value)) = record.at(field.as_str()) else { return false };
    match way {
        Way::Custom(_) => raw::unquoted(value.get()).as_deref() == Some(wanted),
        Way::Term(_) => {
            let quoted = raw::quoted(wanted);
            match raw::elements(Some(value.get())).filter(|_| value.get().starts_with('[')) {
                Some(elements) => elements.iter().any(|element| raw::same(element, &quoted, "value")),
                None => raw::unquoted(value.get())
                    .is_some_and(|text| text.to_lowercase() == wanted.to_lowercase()),
            }
        }
    }
}
