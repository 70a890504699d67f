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
use super::{company, list, show};
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
    match parts.as_slice() {
        ["3", "companyinformation"] => {
            caller.needs("companyinformation")?;
            read_only(request, || Ok(shown(StatusCode::OK, &company::information())))
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

pub(crate) fn no_route() -> Refusal {
    Refusal::gateway(StatusCode::NOT_FOUND, "no Route matched with those values")
}

fn not_allowed() -> Refusal {
    Refusal::gateway(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
}

fn read_only(
    request: &Request<Bytes>,
    answer: impl FnOnce() -> Result<Reply, Refusal>,
) -> Result<Reply, Refusal> {
    if request.method() == http::Method::GET { answer() } else { Err(not_allowed()) }
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
    match (request.method().as_str(), rest) {
        ("GET", []) => many(state, entity, None, params, moment),
        ("GET", ["sublist"]) if entity == Entity::Vouchers => many(state, entity, None, params, moment),
        ("GET", ["sublist", series]) if entity == Entity::Vouchers => {
            many(state, entity, Some(series), params, moment)
        }
        ("GET", [..]) => {
            let key = key_of(state, entity, rest, params, moment)?;
            one(state, entity, &key, StatusCode::OK)
        }
        _ => Err(not_allowed()),
    }
}

fn many(
    state: &State,
    entity: Entity,
    series: Option<&str>,
    params: &Params,
    moment: Moment,
) -> Result<Reply, Refusal> {
    let query = Query::of(entity, params)?;
    Ok(shown(StatusCode::OK, &list::page(state, entity, series, &query, moment)?))
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
