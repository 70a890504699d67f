//! The second version of the API.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, StatusCode};

use super::answers::{self, Refusal};
use super::query::{Order, Params, Place};
use super::schema::Entity;
use super::show::View;
use super::state::State;
use super::table::Record;
use super::{fields, lines, search, write};
use crate::faults::PageTwist;
use crate::reply::Reply;
use crate::{Json, Moment, Object};

pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    path: &[&str],
    moment: Moment,
) -> Result<Reply, Refusal> {
    let params = Params::of(request.uri());
    let (method, now) = (request.method().as_str(), moment.now);
    match (method, path) {
        ("GET", ["itemSearch", "field"]) => return search::by_field(state, &params, now),
        ("GET", ["deals", "products"]) => return lines::of_deals(state, &params, now),
        (method, ["deals", id, "products", rest @ ..]) => {
            return lines::answer(state, (method, id, rest), &params, || body(request), now);
        }
        ("GET", [name, "search"]) => {
            let entity = Entity::of_path(name).ok_or_else(Refusal::no_route)?;
            return search::by_term(state, entity, &params, now);
        }
        _ => {}
    }
    if let Some((name, rest)) = path.split_first()
        && let Some(entity) = fields::entity_of(name)
    {
        return describe(entity, method, rest, &params);
    }
    let Some((name, rest)) = path.split_first() else { return Err(Refusal::no_route()) };
    let entity = Entity::of_path(name).ok_or_else(Refusal::no_route)?;
    match (method, rest) {
        ("GET", []) => list(state, entity, false, &params, moment),
        ("GET", ["archived"]) if matches!(entity, Entity::Deals | Entity::Projects) => {
            list(state, entity, true, &params, moment)
        }
        ("POST", [id, "archive"]) if entity == Entity::Projects => {
            let id = number(id, entity)?;
            write::archive(state, id, now)?;
            one(state, entity, id, &params, now, StatusCode::OK)
        }
        ("POST", []) if entity.writable() => {
            let id = write::create(state, entity, &body(request)?, now)?;
            let is_new = matches!(entity, Entity::Products | Entity::Projects | Entity::Tasks);
            let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
            one(state, entity, id, &params, now, status)
        }
        ("GET", [id]) => one(state, entity, number(id, entity)?, &params, now, StatusCode::OK),
        ("PATCH", [id]) if entity.writable() => {
            let id = number(id, entity)?;
            write::update(state, entity, id, &body(request)?, now)?;
            one(state, entity, id, &params, now, StatusCode::OK)
        }
        ("DELETE", [id]) if entity.writable() => {
            let id = number(id, entity)?;
            write::delete(state, entity, id, now)?;
            Ok(answers::one(Object::default().with("id", id)))
        }
        ("POST" | "PATCH" | "DELETE", [] | [_]) if !entity.writable() => Err(Refusal::not_modelled()),
        (_, [] | [_]) => Err(Refusal::not_allowed()),
        _ => Err(Refusal::not_modelled()),
    }
}

fn number(text: &str, entity: Entity) -> Result<i64, Refusal> {
    text.parse().map_err(|_| Refusal::bad(format!("the id of a {} must be an integer", entity.title())))
}

/// A body in JSON; the second version takes nothing else.
pub(crate) fn body(request: &Request<Bytes>) -> Result<Json, Refusal> {
    let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::bad("the body must be application/json"));
    }
    Json::parse(request.body()).map_err(|_| Refusal::bad("the body is not valid JSON"))
}

fn one(
    state: &State,
    entity: Entity,
    id: i64,
    params: &Params,
    now: DateTime<Utc>,
    status: StatusCode,
) -> Result<Reply, Refusal> {
    let record =
        state.table(entity).get(id, now).filter(|record| entity.shows_deleted() || !record.deleted());
    let record = record.ok_or_else(|| Refusal::missing(entity.title()))?;
    Ok(answers::with_status(status, View::of(state, entity, params, now)?.show(record)))
}

fn describe(entity: Entity, method: &str, rest: &[&str], params: &Params) -> Result<Reply, Refusal> {
    let all = fields::all(entity, params);
    let code = |field: &Json| field.get("field_code").and_then(Json::as_str).map(str::to_owned);
    match (method, rest) {
        ("GET", []) => {
            let limit = params.limit()?;
            let order = Order { field: "id", descending: false };
            let start = params.get("cursor").map(|cursor| order.place(cursor)).transpose()?;
            let start = start.map_or(0, |((_, _, place), _)| place);
            let skipped = usize::try_from(start).unwrap_or_default();
            let next = skipped.saturating_add(limit);
            let marker = i64::try_from(next).unwrap_or(i64::MAX);
            let more = (next < all.len()).then(|| order.cursor(&(None, String::new(), marker), 0));
            Ok(answers::page(all.into_iter().skip(skipped).take(limit).collect(), more))
        }
        ("GET", [wanted]) => {
            let field = all.into_iter().find(|field| code(field).as_deref() == Some(wanted));
            field.map(answers::one).ok_or_else(|| Refusal::missing("Field"))
        }
        _ => Err(Refusal::not_modelled()),
    }
}

/// The filters of a list.
struct Filter {
    entity: Entity,
    archived: bool,
    one_feed: bool,
    ids: Option<Vec<i64>>,
    statuses: Vec<String>,
    equal: Vec<(&'static str, i64)>,
    done: Option<bool>,
    lead: Option<String>,
    since: Option<i64>,
    until: Option<i64>,
}

impl Filter {
    fn of(
        state: &State,
        entity: Entity,
        archived: bool,
        params: &Params,
        now: DateTime<Utc>,
    ) -> Result<Self, Refusal> {
        if params.int("filter_id")?.is_some() {
            return Err(Refusal::missing("Filter"));
        }
        let mut equal = Vec::new();
        for name in entity.id_filters() {
            equal.extend(params.int(name)?.map(|id| (*name, id)));
        }
        if let (Entity::Persons, Some(deal)) = (entity, params.int("deal_id")?) {
            let deal = state.deals.get(deal, now).and_then(|deal| deal.get("person_id").as_i64());
            equal.push(("id", deal.unwrap_or_default()));
        }
        let statuses = if entity == Entity::Deals { params.list("status") } else { Vec::new() };
        if let Some(status) = statuses.iter().find(|s| !["open", "won", "lost", "deleted"].contains(s)) {
            return Err(Refusal::bad(format!("`status` does not know `{status}`")));
        }
        let timed = !matches!(entity, Entity::Pipelines | Entity::Stages | Entity::Projects | Entity::Tasks);
        let until_too = timed && entity != Entity::Products;
        let is_activity = entity == Entity::Activities;
        Ok(Self {
            entity,
            archived,
            one_feed: state.one_feed,
            ids: if timed { params.ids()? } else { None },
            statuses: statuses.into_iter().map(str::to_owned).collect(),
            equal,
            done: if is_activity { params.flag("done")? } else { None },
            lead: params.get("lead_id").filter(|_| is_activity).map(str::to_owned),
            since: if timed { params.time("updated_since")? } else { None },
            until: if until_too { params.time("updated_until")? } else { None },
        })
    }

    fn keeps(&self, record: &Record) -> bool {
        let status_fits = if self.statuses.is_empty() {
            !record.deleted()
        } else {
            let status = record.get("status").as_str().unwrap_or_default();
            self.statuses.iter().any(|wanted| wanted == status)
        };
        let side_fits = !matches!(self.entity, Entity::Deals | Entity::Projects)
            || record.archived() == self.archived
            || (self.one_feed && record.deleted() && !self.archived);
        status_fits
            && side_fits
            && self.ids.as_ref().is_none_or(|ids| ids.contains(&record.id()))
            && self.since.is_none_or(|since| record.updated().is_some_and(|at| at >= since))
            && self.until.is_none_or(|until| record.updated().is_some_and(|at| at < until))
            && self.equal.iter().all(|(name, id)| record.get(name).as_i64() == Some(*id))
            && self.done.is_none_or(|done| record.get("done").as_bool() == Some(done))
            && self.lead.as_deref().is_none_or(|lead| record.get("lead_id").as_str() == Some(lead))
    }
}

fn place(record: &Record, order: Order) -> Place {
    match order.field {
        "id" => (Some(record.id()), String::new(), record.id()),
        "add_time" => (Some(record.added()), String::new(), record.id()),
        "update_time" => (record.updated(), String::new(), record.id()),
        "order_nr" => (record.get("order_nr").as_i64(), String::new(), record.id()),
        field => (None, record.get(field).as_str().unwrap_or_default().to_owned(), record.id()),
    }
}

fn list(
    state: &State,
    entity: Entity,
    archived: bool,
    params: &Params,
    moment: Moment,
) -> Result<Reply, Refusal> {
    let now = moment.now;
    let filter = Filter::of(state, entity, archived, params, now)?;
    let view = View::of(state, entity, params, now)?;
    let (order, limit) = (params.order(entity.sortable())?, params.limit()?);
    let cursor = params.get("cursor");
    let (start, turn) = cursor.map(|text| order.place(text)).transpose()?.unzip();
    let mut found =
        from_place(state, entity, order, start.as_ref(), now, limit, |record| filter.keeps(record));
    let next = (found.len() > limit).then(|| found.pop()).flatten();
    let mut next = next.map(|(place, _)| order.cursor(&place, 0));
    let mut data: Vec<Json> = found.iter().map(|(_, record)| view.show(record)).collect();
    let here = found.first().map(|(place, _)| place);
    match (moment.twist, here) {
        (PageTwist::Empty, Some(here)) => {
            next = Some(order.cursor(here, turn.unwrap_or_default() + 1));
            data.clear();
        }
        (PageTwist::RepeatToken, Some(here)) => {
            next = cursor.map(str::to_owned).or_else(|| Some(order.cursor(here, 0)));
        }
        (PageTwist::Duplicate, _) => data.extend(data.last().cloned()),
        _ => {}
    }
    Ok(answers::page(data, next))
}

/// The records from a place on, in order: one more than the limit, which shows whether there is a next page.
fn from_place<'a>(
    state: &'a State,
    entity: Entity,
    order: Order,
    start: Option<&Place>,
    now: DateTime<Utc>,
    limit: usize,
    keeps: impl Fn(&Record) -> bool,
) -> Vec<(Place, &'a Record)> {
    let table = state.table(entity);
    if order.field == "id" && !order.descending {
        // The common walk starts where the last page ended instead of sorting everything again.
        let first = start.map_or(i64::MIN, |(_, _, id)| *id);
        let records = table.from(first, now).filter(|record| keeps(record)).take(limit + 1);
        return records.map(|record| (place(record, order), record)).collect();
    }
    let mut found: Vec<(Place, &Record)> = table
        .from(i64::MIN, now)
        .filter(|record| keeps(record))
        .map(|record| (place(record, order), record))
        .filter(|(place, _)| start.is_none_or(|start| order.compare(place, start).is_ge()))
        .collect();
    if found.len() > limit + 1 {
        found.select_nth_unstable_by(limit, |(left, _), (right, _)| order.compare(left, right));
        found.truncate(limit + 1);
    }
    found.sort_by(|(left, _), (right, _)| order.compare(left, right));
    found
}
