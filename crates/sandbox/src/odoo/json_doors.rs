//! The doors that speak JSON: `/json/2` of version 19, and `/jsonrpc` with the services of XML-RPC.

use bytes::Bytes;
use http::{Method, Request, StatusCode};

use super::Version;
use super::database::Database;
use super::doors::{content_type, not_modelled, page};
use super::methods::Arguments;
use super::services::{self, transact};
use super::trouble::Trouble;
use crate::reply::Reply;
use crate::sandbox::Moment;
use crate::{Json, Object};

/// `GET /web/version`
pub(crate) fn version(version: Version) -> Reply {
    let about = services::about(version);
    let info = about.get("server_version_info").cloned().unwrap_or(Json::Null);
    let body = Object::default().with("version", version.series()).with("version_info", info);
    Reply::json(StatusCode::OK, &body.into())
}

/// `POST /web/webclient/version_info`
pub(crate) fn version_info(version: Version) -> Reply {
    let body = Object::default()
        .with("jsonrpc", "2.0")
        .with("id", Json::Null)
        .with("result", services::about(version));
    Reply::json(StatusCode::OK, &body.into())
}

/// `POST /jsonrpc`
pub(crate) fn json_rpc(
    db: &mut Database,
    version: Version,
    request: &Request<Bytes>,
    moment: Moment,
) -> Reply {
    if !content_type(request).starts_with("application/json") {
        let wrong = if version == Version::V17 {
            StatusCode::BAD_REQUEST
        } else {
            StatusCode::UNSUPPORTED_MEDIA_TYPE
        };
        return page(wrong);
    }
    let Ok(body) = Json::parse(request.body()) else { return page(StatusCode::BAD_REQUEST) };
    let id = body.get("id").cloned().unwrap_or(Json::Null);
    let params = body.get("params");
    let text =
        |name: &str| params.and_then(|params| params.get(name)).and_then(Json::as_str).unwrap_or_default();
    let args = params.and_then(|params| params.get("args")).and_then(Json::as_array).unwrap_or_default();
    match services::dispatch(db, text("service"), text("method"), args, moment) {
        Ok(result) => {
            let mut body = Object::default().with("jsonrpc", "2.0").with("id", id);
            if !result.is_null() {
                body.set("result", result);
            }
            Reply::json(StatusCode::OK, &body.into())
        }
        Err(Trouble::NotModelled(what)) => not_modelled(what),
        Err(trouble) => json_rpc_error(version, &id, &trouble),
    }
}

pub(crate) fn json_rpc_error(version: Version, id: &Json, trouble: &Trouble) -> Reply {
    let error = Object::default()
        .with("code", if version == Version::V17 { 200 } else { 0 })
        .with("message", "Odoo Server Error")
        .with("data", trouble.object(version));
    let body = Object::default().with("jsonrpc", "2.0").with("id", id.clone()).with("error", error);
    Reply::json(StatusCode::OK, &body.into())
}

/// `POST /json/2/<model>/<method>`
pub(crate) fn json_2(
    db: &mut Database,
    version: Version,
    request: &Request<Bytes>,
    (model, method): (&str, &str),
    moment: Moment,
) -> Reply {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if header("x-odoo-database").is_some_and(|name| name != db.name) || request.method() != Method::POST {
        return page(StatusCode::NOT_FOUND);
    }
    let given = request.headers().get("authorization").map(|value| String::from_utf8_lossy(value.as_bytes()));
    let bearer = given.as_deref().and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let Some(key) = bearer else { return unauthorized("User not authenticated, use an API key") };
    let Some(uid) = db.owner_of(key) else { return unauthorized("Invalid apikey") };
    if !content_type(request).starts_with("application/json") {
        return http_error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "the body must be JSON",
        );
    }
    let body = if request.body().is_empty() { Ok(Json::Null) } else { Json::parse(request.body()) };
    let Ok(body) = body else {
        return http_error(StatusCode::BAD_REQUEST, "BadRequest", "could not parse the body as JSON");
    };
    // A body that is no object counts as none.
    let mut named = body.as_object().cloned().unwrap_or_default();
    if method == "create"
        && let Some(vals) = named.get("vals_list").filter(|vals| vals.as_object().is_some()).cloned()
    {
        named.set("vals_list", Json::Array(vec![vals]));
    }
    match transact(db, uid, moment, |env| env.call(model, method, Arguments::Named(named))) {
        Ok(result) => Reply::json(StatusCode::OK, &result),
        Err(Trouble::NotModelled(what)) => not_modelled(what),
        Err(trouble) => {
            let status = StatusCode::from_u16(trouble.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut body = trouble.object(version);
            if matches!(trouble, Trouble::NoModel(_) | Trouble::NoMethod { .. }) {
                body.set("name", "werkzeug.exceptions.NotFound");
            }
            if matches!(trouble, Trouble::BadArguments(_)) {
                body.set("name", "werkzeug.exceptions.UnprocessableEntity");
            }
            Reply::json(status, &body.into())
        }
    }
}

pub(crate) fn unauthorized(message: &'static str) -> Reply {
    http_error(StatusCode::UNAUTHORIZED, "Unauthorized", message).with_header("www-authenticate", "Bearer")
}

fn http_error(status: StatusCode, class: &str, message: &'static str) -> Reply {
    let body = Object::default()
        .with("name", format!("werkzeug.exceptions.{class}"))
        .with("message", message)
        .with("arguments", Json::Array(vec![message.into(), i64::from(status.as_u16()).into()]))
        .with("context", Object::default())
        .with(
            "debug",
            format!("Traceback (most recent call last):\nwerkzeug.exceptions.{class}: {status}: {message}\n"),
        );
    Reply::json(status, &body.into())
}
