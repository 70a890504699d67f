//! From a path to what answers it.

use bytes::Bytes;
use http::{Request, StatusCode};
use percent_encoding::percent_decode_str;

use super::access::Caller;
use super::query::{Params, Query};
use super::refusal::{Refusal, shown};
use super::schema::Entity;
use super::state::State;
use super::table::Key;
use super::{actions, commands, company, list, mailing, show, sie, write};
use crate::reply::Reply;
use crate::{Json, Moment, Object};

/// Endpoints that Fortnox has below `/3` and the sandbox has not.
const NOT_MODELLED: &[&str] = &[
    "absencetransactions",
    "accountcharts",
    "archive",
    "articlefileconnections",
    "articleurlconnections",
    "assets",
    "attendancetransactions",
    "contractaccruals",
    "contracts",
    "contracttemplates",
    "currencies",
    "customerreferences",
    "employees",
    "expenses",
    "inbox",
    "invoiceaccruals",
    "labels",
    "modesofpayments",
    "predefinedaccounts",
    "predefinedvoucherseries",
    "pricelists",
    "prices",
    "printtemplates",
    "salarytransactions",
    "scheduletimes",
    "supplierinvoiceaccruals",
    "supplierinvoicefileconnections",
    "supplierinvoicepayments",
    "taxreductions",
    "termsofdeliveries",
    "termsofpayments",
    "trustedemailsenders",
    "units",
    "voucherfileconnections",
    "voucherseries",
    "wayofdeliveries",
];

pub(crate) fn answer(
    state: &mut State,
    request: &Request<Bytes>,
    caller: &Caller,
    moment: Moment,
) -> Result<Reply, Refusal> {
    check_accept(request)?;
    let parts: Vec<String> = request
        .uri()
        .path()
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let params = Params::of(request.uri());
    let reading = request.method() == http::Method::GET;
    let page = |scope: &str, body: &dyn Fn() -> Json| {
        caller.needs(scope)?;
        if reading { Ok(shown(StatusCode::OK, &body())) } else { Err(not_allowed()) }
    };
    match parts.as_slice() {
        ["3", "companyinformation"] => page("companyinformation", &company::information),
        ["3", "settings", "company"] => page("settings", &company::settings),
        ["3", "settings", "lockedperiod"] => page("settings", &|| locked_period(state)),
        ["3", "me"] => page("profile", &company::me),
        ["3", "sie", kind] => {
            caller.needs("bookkeeping")?;
            let year = state.year_or_current(params.year()?, moment.now)?;
            if reading { sie::export(state, kind, year, moment.now) } else { Err(not_allowed()) }
        }
        ["3", name, rest @ ..] => match Entity::of_path(name) {
            Some(entity) => {
                caller.needs(entity.scope())?;
                licensed(state, entity)?;
                resource(state, request, entity, rest, &params, moment)
            }
            None if NOT_MODELLED.contains(name) => Err(Refusal::not_modelled()),
            None => Err(no_route()),
        },
        ["api", ..] => Err(Refusal::not_modelled()),
        _ => Err(no_route()),
    }
}

fn locked_period(state: &State) -> Json {
    let until = state.locked_until.map(|day| day.to_string());
    Object::default().with("LockedPeriod", Object::default().with("EndDate", until)).into()
}

pub(crate) fn no_route() -> Refusal {
    Refusal::gateway(StatusCode::NOT_FOUND, "no Route matched with those values")
}

fn not_allowed() -> Refusal {
    Refusal::gateway(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}

/// Without a word about JSON the provider might answer in XML, which nobody here wants to find out late.
fn check_accept(request: &Request<Bytes>) -> Result<(), Refusal> {
    let accept = request.headers().get(http::header::ACCEPT).and_then(|value| value.to_str().ok());
    let takes =
        |accept: &str| ["application/json", "application/*", "*/*"].iter().any(|kind| accept.contains(kind));
    if accept.is_some_and(takes) { Ok(()) } else { Err(Refusal::bad(1_000_030, "Invalid response type")) }
}

fn licensed(state: &State, entity: Entity) -> Result<(), Refusal> {
    if state.unlicensed.contains(&entity) {
        let message = "Det finns ingen aktiv licens för önskat scope.";
        return Err(Refusal::new(StatusCode::FORBIDDEN, 2_001_101, message));
    }
    Ok(())
}

fn resource(
    state: &mut State,
    request: &Request<Bytes>,
    entity: Entity,
    rest: &[&str],
    params: &Params,
    moment: Moment,
) -> Result<Reply, Refusal> {
    let now = moment.now;
    let body = || body_of(request, entity);
    match (request.method().as_str(), rest) {
        ("GET", []) => many(state, entity, None, params, moment),
        ("GET", ["sublist"]) if entity == Entity::Vouchers => many(state, entity, None, params, moment),
        ("GET", ["sublist", series]) if entity == Entity::Vouchers => {
            many(state, entity, Some(series), params, moment)
        }
        ("GET", [number, how]) if entity.is_sales_document() => {
            mailing::send(state, entity, &Key::new(*number), how, now)
        }
        ("GET", _) => {
            let key = key_of(state, entity, rest, params, moment)?;
            one(state, entity, &key, StatusCode::OK)
        }
        ("POST", []) => {
            let key = write::create(state, entity, &body()?, params.year()?, now)?;
            one(state, entity, &key, StatusCode::CREATED)
        }
        ("PUT", [number, action]) if entity != Entity::Vouchers => {
            let (entity, key) = actions::perform(state, entity, &Key::new(*number), action, now)?;
            one(state, entity, &key, StatusCode::OK)
        }
        ("PUT", [_]) if changes(entity) => {
            let key = key_of(state, entity, rest, params, moment)?;
            write::update(state, entity, &key, &body()?, now)?;
            one(state, entity, &key, StatusCode::OK)
        }
        ("DELETE", [_]) if deletes(entity) => {
            let key = key_of(state, entity, rest, params, moment)?;
            write::delete(state, entity, &key)?;
            Ok(Reply::text(StatusCode::NO_CONTENT, "application/json", Bytes::new()))
        }
        _ => Err(not_allowed()),
    }
}

/// Vouchers and years stay as they were made.
const fn changes(entity: Entity) -> bool {
    !matches!(entity, Entity::Vouchers | Entity::FinancialYears)
}

const fn deletes(entity: Entity) -> bool {
    matches!(
        entity,
        Entity::Accounts
            | Entity::Articles
            | Entity::CostCenters
            | Entity::Customers
            | Entity::InvoicePayments
            | Entity::Projects
    )
}

/// The fields inside the wrapper of a body in JSON.
fn body_of(request: &Request<Bytes>, entity: Entity) -> Result<Object, Refusal> {
    let kind = request.headers().get(http::header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Err(Refusal::bad(1_000_031, "Invalid content type"));
    }
    if request.body().is_empty() {
        return Err(Refusal::body());
    }
    let syntax = |_| Refusal::bad(2_002_115, "Error deserializing JSON: JSON_ERROR_SYNTAX");
    let body = Json::parse(request.body()).map_err(syntax)?;
    body.get(entity.singular()).and_then(Json::as_object).cloned().ok_or_else(Refusal::body)
}

fn many(
    state: &mut State,
    entity: Entity,
    series: Option<&str>,
    params: &Params,
    moment: Moment,
) -> Result<Reply, Refusal> {
    let query = Query::of(entity, params)?;
    let reply = shown(StatusCode::OK, &list::page(state, entity, series, &query, moment)?);
    Ok(match commands::page_went_out(state, entity, moment.now) {
        None => reply,
        Some(refused) => reply.with_header("x-sandbox-refused", &refused.0),
    })
}

/// The record that a path names, in the year that the query names or in the current one.
fn key_of(
    state: &State,
    entity: Entity,
    rest: &[&str],
    params: &Params,
    moment: Moment,
) -> Result<Key, Refusal> {
    let year = || state.year_or_current(params.year()?, moment.now);
    match (entity, rest) {
        (Entity::Vouchers, [series, number]) => Ok(Key::in_year(year()?, series, *number)),
        (Entity::Accounts, [number]) => Ok(Key::in_year(year()?, "", *number)),
        (entity, [key]) if entity != Entity::Vouchers => Ok(Key::new(*key)),
        _ => Err(no_route()),
    }
}

/// A record in its wrapper.
pub(crate) fn one(state: &State, entity: Entity, key: &Key, status: StatusCode) -> Result<Reply, Refusal> {
    let record = state.find(entity, key)?;
    let body = Object::default().with(entity.singular(), show::detail(state, entity, key, record));
    Ok(shown(status, &Json::from(body)))
}
