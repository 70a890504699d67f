//! The first version of the API: what has no successor in the second.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use super::answers::{self, Refusal};
use super::custom::fields_of;
use super::query::Params;
use super::schema::Entity;
use super::state::{Lead, State};
use super::{choices, merge, notes, routes_v2, table};
use crate::reply::Reply;
use crate::{Json, Object};

pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    path: &[&str],
    now: DateTime<Utc>,
) -> Result<Reply, Refusal> {
    let params = Params::of(request.uri());
    let body = || routes_v2::body(request);
    match (request.method().as_str(), path) {
        ("GET", ["users"]) => Ok(answers::v1_list(state.users.iter().cloned().map(Json::from).collect())),
        ("GET", ["users", "me"]) => me(state),
        ("GET", ["users", id]) => {
            let user = id.parse().ok().and_then(|id| state.user(id));
            user.cloned().map(answers::one).ok_or_else(|| Refusal::missing("User"))
        }
        ("GET", ["leads"]) => leads(state, &params, false),
        ("GET", ["leads", "archived"]) => leads(state, &params, true),
        ("GET", ["leads", id]) => {
            let lead =
                state.leads.iter().find(|lead| lead.object.get("id").and_then(Json::as_str) == Some(id));
            lead.map(|lead| answers::one(show(lead))).ok_or_else(|| Refusal::missing("Lead"))
        }
        (method, [name @ ("leadLabels" | "activityTypes"), rest @ ..]) => {
            let list = choices::List::of(name);
            match (method, rest) {
                ("GET", []) => Ok(list.all(state)),
                ("POST", []) => list.create(state, &body()?, now),
                ("PUT", [id]) if list == choices::List::ActivityTypes => {
                    list.update(state, id, &body()?, now)
                }
                ("PATCH", [id]) if list == choices::List::LeadLabels => list.update(state, id, &body()?, now),
                ("DELETE", [id]) => list.delete(state, id, now),
                _ => Err(Refusal::not_allowed()),
            }
        }
        ("GET", ["notes"]) => notes::list(state, &params, now),
        ("POST", ["notes"]) => notes::create(state, &body()?, now),
        ("GET", ["notes", id]) => notes::one(state, id, now),
        ("PUT", ["notes", id]) => notes::update(state, id, &body()?, now),
        ("DELETE", ["notes", id]) => notes::delete(state, id, now),
        ("PUT", ["persons", id, "merge"]) => {
            let from = id.parse().map_err(|_| Refusal::missing("Person"))?;
            let into = body()?.get("merge_with_id").and_then(Json::as_i64);
            let into = into.ok_or_else(|| Refusal::bad("`merge_with_id` is required"))?;
            merge::persons(state, from, into, now)?;
            Ok(answers::one(merge::shown(state, from, into, now)))
        }
        // These left v1 when v2 took them over.
        (_, [name, ..]) if Entity::of_path(name).is_some() => {
            Err(Refusal::new(StatusCode::GONE, "use API v2"))
        }
        (_, [name, ..]) if ["users", "leads", "notes"].contains(name) => Err(Refusal::not_modelled()),
        _ => Err(Refusal::no_route()),
    }
}

fn me(state: &State) -> Result<Reply, Refusal> {
    let account = &state.account;
    let mut user = state.user(state.me).cloned().ok_or_else(|| Refusal::missing("User"))?;
    user.set("company_id", account.company_id);
    user.set("company_name", account.company_name);
    user.set("company_domain", account.domain);
    user.set("company_country", "SE");
    user.set("company_industry", "Programvara");
    user.set("language", Object::default().with("language_code", "sv").with("country_code", "SE"));
    Ok(answers::one(user))
}

/// Where a v1 page begins and how long it is.
pub(crate) fn span(params: &Params) -> Result<(usize, usize), Refusal> {
    let start = params.int("start")?.unwrap_or(0);
    let start = usize::try_from(start).map_err(|_| Refusal::bad("`start` must not be negative"))?;
    Ok((start, params.limit()?))
}

/// Cuts a page out of everything that was found.
pub(crate) fn cut(found: Vec<Json>, (start, limit): (usize, usize)) -> Reply {
    let more = found.len() > start.saturating_add(limit);
    answers::v1_page(found.into_iter().skip(start).take(limit).collect(), start, limit, more)
}

/// Sorts by `field ASC, other DESC`. Fields that are not in the list are refused.
pub(crate) fn sort(found: &mut [Json], params: &Params, known: &[&str]) -> Result<(), Refusal> {
    let mut keys = Vec::new();
    for part in params.list("sort") {
        let (field, direction) = part.split_once(' ').unwrap_or((part, "ASC"));
        let descending = match direction.trim().to_ascii_uppercase().as_str() {
            "ASC" => false,
            "DESC" => true,
            _ => return Err(Refusal::bad("`sort` must be a list of `field ASC` or `field DESC`")),
        };
        if !known.contains(&field) {
            return Err(Refusal::bad(format!("`sort` does not know `{field}`")));
        }
        keys.push((field, descending));
    }
    let key = |json: &Json, field: &str| {
        let value = json.get(field).unwrap_or(&Json::Null);
        (value.as_i64(), value.as_bool(), value.as_str().map(str::to_owned))
    };
    found.sort_by(|left, right| {
        keys.iter().fold(std::cmp::Ordering::Equal, |order, (field, descending)| {
            order.then_with(|| {
                let one = key(left, field).cmp(&key(right, field));
                if *descending { one.reverse() } else { one }
            })
        })
    });
    Ok(())
}

const LEAD_SORT: [&str; 9] = [
    "id",
    "title",
    "owner_id",
    "creator_id",
    "was_seen",
    "expected_close_date",
    "next_activity_id",
    "add_time",
    "update_time",
];

fn leads(state: &State, params: &Params, archived: bool) -> Result<Reply, Refusal> {
    let since = match params.get("updated_since") {
        Some(text) if !archived => {
            let time = table::moment(text);
            Some(time.ok_or_else(|| Refusal::bad("`updated_since` must be a time in ISO 8601"))?.timestamp())
        }
        _ => None,
    };
    let mut equal = Vec::new();
    for name in ["owner_id", "person_id", "organization_id"] {
        equal.extend(params.int(name)?.map(|id| (name, id)));
    }
    let keeps = |lead: &&Lead| {
        lead.archived == archived
            && since.is_none_or(|since| lead.updated >= since)
            && equal.iter().all(|(name, id)| lead.object.get(name).and_then(Json::as_i64) == Some(*id))
    };
    let mut found: Vec<Json> = state.leads.iter().filter(keeps).map(|lead| show(lead).into()).collect();
    sort(&mut found, params, &LEAD_SORT)?;
    Ok(cut(found, span(params)?))
}

/// A lead with its custom fields at the root, where v1 has them. Leads share the fields of deals.
fn show(lead: &Lead) -> Object {
    let mut object = lead.object.clone();
    if let Some(Json::Object(values)) = object.remove("custom_fields") {
        for field in fields_of(Entity::Deals) {
            if let Some(value) = values.get(field.code) {
                field.put_v1(value, &mut object);
            }
        }
    }
    object
}
