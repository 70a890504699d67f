//! What can be seen on a first page: where the records are, and whether there are signs of more pages.

use serde_json::Value;
use tieline_core::{Error, ErrorKind, Result};
use tieline_kit::{JsonPath, is_html, web_page};

/// Names under which lists of records are commonly found.
const COMMON: [&str; 10] =
    ["data", "items", "results", "records", "value", "values", "payload", "rows", "content", "entries"];
/// Members whose value says that there are more pages.
const SIGNS: [&str; 14] = [
    "next",
    "next_page",
    "nextPage",
    "next_cursor",
    "nextCursor",
    "next_page_token",
    "nextPageToken",
    "@odata.nextLink",
    "odata.nextLink",
    "__next",
    "cursor",
    "has_more",
    "hasMore",
    "hasNextPage",
];
const TOTALS: [&str; 8] = [
    "total",
    "total_count",
    "totalCount",
    "count",
    "total_results",
    "totalResults",
    "@odata.count",
    "fullResultSize",
];

/// Where the records of a page are: the answer itself if it is a list, else the only list of objects, or the one named
/// like the entity or in a common way.
pub(crate) fn records_path(text: &str, entity: &str) -> Result<JsonPath> {
    if is_html(text.as_bytes()) {
        return Err(web_page());
    }
    let value: Value = serde_json::from_str(text).map_err(|_| {
        Error::new(ErrorKind::Decode, "the answer is not valid JSON")
            .with_advice("go on later from the last stored state, and report it if it stays")
    })?;
    let members = match &value {
        Value::Array(_) => return Ok(JsonPath::root()),
        Value::Object(members) => members,
        _ => return Err(Error::new(ErrorKind::Decode, "the answer is neither a list nor an object")),
    };
    let lists: Vec<&str> = members
        .iter()
        .filter(|(_, value)| value.as_array().is_some_and(|items| items.iter().all(Value::is_object)))
        .map(|(name, _)| name.as_str())
        .collect();
    let named = |name: &str| lists.iter().find(|list| **list == name).copied();
    let common: Vec<&str> = COMMON.iter().filter_map(|name| named(name)).collect();
    let found = match (lists.as_slice(), named(entity), common.as_slice()) {
        ([one], ..) => Some(*one),
        (_, Some(same), _) => Some(same),
        (_, None, [one]) => Some(*one),
        _ => None,
    };
    if let Some(name) = found {
        return member(name);
    }
    let seen: Vec<String> =
        members.iter().map(|(name, value)| format!("`{name}` ({})", kind(value))).collect();
    let message = format!("where the records are cannot be seen: the answer has {}", seen.join(", "));
    let advice = match lists.first() {
        Some(first) => format!("say which of them, for instance `records: {first}`"),
        None => "say where they are, for instance `records: /data/items`".to_owned(),
    };
    Err(Error::new(ErrorKind::Config, message).with_advice(advice))
}

fn member(name: &str) -> Result<JsonPath> {
    format!("/{}", name.replace('~', "~0").replace('/', "~1")).parse()
}

fn kind(value: &Value) -> String {
    match value {
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a text".to_owned(),
    }
}

/// A sign that a list has more pages than its request asks for: what it is, and the line to write.
pub(crate) fn sign_of_more(text: &str, link: Option<&str>, came: usize) -> Option<String> {
    if link.is_some_and(|link| link.contains("rel=\"next\"") || link.contains("rel=next")) {
        return Some("the header `Link` names a next page: say `next: header Link`".to_owned());
    }
    let Ok(Value::Object(members)) = serde_json::from_str(text) else { return None };
    look(&members, "", came, 0)
}

fn look(members: &serde_json::Map<String, Value>, at: &str, came: usize, depth: usize) -> Option<String> {
    for (name, value) in members {
        let path = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        if SIGNS.contains(&name.as_str()) {
            match value {
                Value::Bool(true) => {
                    return Some(format!("`{path}` is true: ask for pages, for instance `?page=<page>`"));
                }
                Value::String(text) if text.starts_with("http") || text.starts_with('/') => {
                    return Some(format!("`{path}` is an address: say `next: {path}`"));
                }
                Value::String(text) if !text.is_empty() => {
                    return Some(format!(
                        "`{path}` is a token: say `next: {path}` and send it back as `<next>`"
                    ));
                }
                _ => {}
            }
        }
        if TOTALS.contains(&name.as_str())
            && let Some(total) = value.as_u64()
            && usize::try_from(total).is_ok_and(|total| total > came)
        {
            return Some(format!(
                "`{path}` is {total}, {came} came: ask for pages, for instance `?page=<page>`"
            ));
        }
        if let Value::Object(inner) = value
            && depth < 2
            && let Some(sign) = look(inner, &path, came, depth + 1)
        {
            return Some(sign);
        }
    }
    None
}
