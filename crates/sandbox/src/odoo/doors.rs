//! The paths of the server, and XML-RPC on two of them.

use bytes::Bytes;
use http::{Method, Request, StatusCode};

use super::database::Database;
use super::trouble::Trouble;
use super::{Version, json_doors, services, web, xmlrpc};
use crate::reply::Reply;
use crate::sandbox::Moment;
use crate::{Json, Object};

/// Where a request goes.
enum Door<'a> {
    XmlRpc { service: &'a str, legacy: bool },
    JsonRpc,
    Json2 { model: &'a str, method: &'a str },
    Version,
    VersionInfo,
    Health,
    Web(web::Route<'a>),
    Nowhere,
}

fn door(version: Version, path: &str) -> Door<'_> {
    // Slashes in the middle count once, the one at the end counts.
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (parts.as_slice(), version) {
        (["xmlrpc", "2", service], _) if !service.is_empty() => Door::XmlRpc { service, legacy: false },
        // The name of a service with a slash is the name of none.
        (["xmlrpc", "2", _, ..], _) if !path.ends_with("/2/") => Door::XmlRpc {
            service: path.rsplit_once("/2/").map_or("", |(_, service)| service),
            legacy: false,
        },
        (["xmlrpc", "2", ""], _) => Door::XmlRpc { service: "2/", legacy: true },
        (["xmlrpc", service], _) if !service.is_empty() => Door::XmlRpc { service, legacy: true },
        (["jsonrpc"], _) => Door::JsonRpc,
        (["json", "2", model, method], Version::V19) => Door::Json2 { model, method },
        (["web" | "json", "version"], Version::V19) => Door::Version,
        (["web", "webclient", "version_info"], _) => Door::VersionInfo,
        (["web", "health"], _) => Door::Health,
        (["web", rest @ ..], _) => web::route(rest).map_or(Door::Nowhere, Door::Web),
        _ => Door::Nowhere,
    }
}

pub(crate) fn answer(db: &mut Database, version: Version, request: &Request<Bytes>, moment: Moment) -> Reply {
    let post = request.method() == Method::POST;
    let reading = matches!(*request.method(), Method::GET | Method::HEAD);
    let reply = match door(version, request.uri().path()) {
        Door::XmlRpc { .. } | Door::JsonRpc | Door::VersionInfo | Door::Web(_) if !post => {
            page(StatusCode::METHOD_NOT_ALLOWED)
        }
        Door::XmlRpc { service, legacy } => {
            let outcome = read(version, request)
                .and_then(|call| services::dispatch(db, service, &call.method, &call.params, moment))
                // The transaction is over by now: what cannot be written down has happened all the same.
                .and_then(|value| xmlrpc::response(&value, version));
            match outcome {
                Ok(body) => xml(body),
                Err(Trouble::NotModelled(what)) => not_modelled(what),
                Err(trouble) => xml(fault(&trouble, legacy, version)),
            }
        }
        Door::Web(route) => web::answer(db, version, &route, request, moment),
        Door::JsonRpc => json_doors::json_rpc(db, version, request, moment),
        Door::Json2 { model, method } => json_doors::json_2(db, version, request, (model, method), moment),
        Door::VersionInfo => json_doors::version_info(version),
        Door::Version if reading => json_doors::version(version),
        Door::Health if reading => {
            Reply::json(StatusCode::OK, &Object::default().with("status", "pass").into())
        }
        Door::Version | Door::Health | Door::Nowhere => page(StatusCode::NOT_FOUND),
    };
    // Odoo ends every connection.
    reply.with_header("connection", "close")
}

fn read(version: Version, request: &Request<Bytes>) -> Result<xmlrpc::MethodCall, Trouble> {
    // A form is read as a form, and nothing of the body is left.
    let form = content_type(request).starts_with("application/x-www-form-urlencoded");
    xmlrpc::read(if form { b"" } else { request.body() }, version)
}

pub(crate) fn content_type(request: &Request<Bytes>) -> &str {
    let given = request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    given.unwrap_or_default()
}

fn fault(trouble: &Trouble, legacy: bool, version: Version) -> String {
    if !legacy {
        return xmlrpc::fault(trouble.code().into(), &trouble.fault_text(version), version);
    }
    let text = if trouble.code() == 1 { trouble.traceback(version) } else { String::new() };
    xmlrpc::fault(trouble.legacy_code(version).into(), &text, version)
}

/// The sandbox's own word about what it does not do: no word of Odoo's.
pub(crate) fn not_modelled(what: String) -> Reply {
    Reply::text(StatusCode::NOT_IMPLEMENTED, "text/plain; charset=utf-8", what)
}

fn xml(body: String) -> Reply {
    Reply::text(StatusCode::OK, "text/xml; charset=utf-8", body)
}

/// A page for people, as the framework below Odoo has one for each status.
pub(crate) fn page(status: StatusCode) -> Reply {
    let reason = status.canonical_reason().unwrap_or("Unknown");
    let text = format!(
        "<!doctype html>\n<html lang=en>\n<title>{0} {reason}</title>\n<h1>{reason}</h1>\n<p>The server answered {0}.</p>\n</html>\n",
        status.as_u16()
    );
    Reply::text(status, "text/html; charset=utf-8", text)
}

/// What comes back for a status: credentials that are no longer accepted in the words of the door; the rest in those of
/// a server in front of Odoo.
pub(crate) fn refusal(version: Version, status: StatusCode, request: &Request<Bytes>) -> Reply {
    let no = || xmlrpc::response(&Json::Bool(false), version).unwrap_or_default();
    let reply = match (door(version, request.uri().path()), status) {
        // Signing in with the wrong password is no fault.
        (Door::XmlRpc { service: "common", .. }, StatusCode::UNAUTHORIZED) => xml(no()),
        (Door::XmlRpc { legacy, .. }, StatusCode::UNAUTHORIZED) => {
            xml(fault(&Trouble::Denied, legacy, version))
        }
        (Door::JsonRpc | Door::Web(_), StatusCode::UNAUTHORIZED) => {
            json_doors::json_rpc_error(version, &Json::Null, &Trouble::Denied)
        }
        (Door::Json2 { .. }, StatusCode::UNAUTHORIZED) => json_doors::unauthorized("Invalid apikey"),
        (_, status) => page(status),
    };
    reply.with_header("connection", "close")
}

/// An error as programmers make it: the traceback quotes what was asked.
pub(crate) fn quotation(version: Version, request: &Request<Bytes>, quoted: &str) -> Option<Reply> {
    let trouble = Trouble::value(format!("cannot work with {quoted}"));
    match door(version, request.uri().path()) {
        Door::XmlRpc { legacy, .. } => {
            Some(xml(fault(&trouble, legacy, version)).with_header("connection", "close"))
        }
        Door::JsonRpc => Some(json_doors::json_rpc_error(version, &Json::Null, &trouble)),
        _ => None,
    }
}

/// `res.partner.search_read`, `common.version`: what a request asks for.
pub(crate) fn describe(version: Version, request: &Request<Bytes>) -> Option<String> {
    let named = |service: &str, method: &str, params: &[Json]| match (params.get(3), params.get(4)) {
        (Some(Json::Text(model)), Some(Json::Text(name))) if service == "object" => format!("{model}.{name}"),
        _ => format!("{service}.{method}"),
    };
    match door(version, request.uri().path()) {
        Door::XmlRpc { service, .. } => {
            let call = read(version, request).ok()?;
            Some(named(service, &call.method, &call.params))
        }
        Door::JsonRpc => {
            let body = Json::parse(request.body()).ok()?;
            let params = body.get("params")?;
            let text = |name: &str| params.get(name).and_then(Json::as_str).unwrap_or_default();
            let args = params.get("args").and_then(Json::as_array).unwrap_or_default();
            Some(named(text("service"), text("method"), args))
        }
        Door::Json2 { model, method } => Some(format!("{model}.{method}")),
        _ => None,
    }
}
