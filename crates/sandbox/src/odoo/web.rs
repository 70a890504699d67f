//! The doors of the web client that other people's libraries sign in at: JSON-RPC with a session in a cookie.

use bytes::Bytes;
use http::{Request, StatusCode};

use super::Version;
use super::database::Database;
use super::doors::{content_type, not_modelled, page};
use super::env::Env;
use super::json_doors::json_rpc_error;
use super::methods::Arguments;
use super::services::{about, known_database, transact};
use super::trouble::Trouble;
use crate::reply::Reply;
use crate::sandbox::Moment;
use crate::{Json, Object};

/// A path below `/web`.
pub(crate) enum Route<'a> {
    DatabaseList,
    Authenticate,
    SessionInfo,
    Destroy,
    CallKw,
    /// A path of a real server that the sandbox does not have.
    Unmodelled(&'a str),
}

pub(crate) fn route<'a>(parts: &[&'a str]) -> Option<Route<'a>> {
    Some(match parts {
        ["database", "list"] => Route::DatabaseList,
        ["session", "authenticate"] => Route::Authenticate,
        ["session", "get_session_info"] => Route::SessionInfo,
        ["session", "destroy"] => Route::Destroy,
        // The client writes model and method behind it for people who read logs.
        ["dataset", "call_kw", ..] => Route::CallKw,
        [name @ ("action" | "binary" | "content" | "dataset" | "export" | "image" | "session"), ..] => {
            Route::Unmodelled(name)
        }
        _ => return None,
    })
}

pub(crate) fn answer(
    db: &mut Database,
    version: Version,
    route: &Route<'_>,
    request: &Request<Bytes>,
    moment: Moment,
) -> Reply {
    if let Route::Unmodelled(name) = route {
        return not_modelled(format!("the sandbox does not model /web/{name}"));
    }
    if !content_type(request).starts_with("application/json") {
        return page(StatusCode::BAD_REQUEST);
    }
    let Ok(body) = Json::parse(request.body()) else { return page(StatusCode::BAD_REQUEST) };
    let id = body.get("id").cloned().unwrap_or(Json::Null);
    let params = body.get("params").and_then(Json::as_object).cloned().unwrap_or_default();
    let session = session_of(request);
    let signed_in = session.as_deref().and_then(|session| db.session(session));
    let mut cookie = None;
    let outcome = match (route, signed_in) {
        (Route::DatabaseList, _) => Ok(vec![Json::from(db.name.clone())].into()),
        (Route::Authenticate, _) => authenticate(db, &params, moment, &mut cookie),
        (_, None) => return expired(version, &id),
        (Route::SessionInfo, Some(uid)) => info(db, uid, moment),
        (Route::Destroy, Some(_)) => {
            db.close_session(session.as_deref().unwrap_or_default());
            Ok(Json::Null)
        }
        (_, Some(uid)) => call_kw(db, uid, &params, moment),
    };
    match outcome {
        Ok(result) => {
            let body = Object::default().with("jsonrpc", "2.0").with("id", id).with("result", result);
            let reply = Reply::json(StatusCode::OK, &body.into());
            match cookie {
                Some(session) => reply.with_header(
                    "set-cookie",
                    &format!("session_id={session}; HttpOnly; Path=/; SameSite=Lax"),
                ),
                None => reply,
            }
        }
        Err(Trouble::NotModelled(what)) => not_modelled(what),
        Err(trouble) => json_rpc_error(version, &id, &trouble),
    }
}

fn authenticate(
    db: &mut Database,
    params: &Object,
    moment: Moment,
    cookie: &mut Option<String>,
) -> Result<Json, Trouble> {
    let text = |name: &str| params.get(name).and_then(Json::as_str).unwrap_or_default();
    known_database(db, text("db"))?;
    // A key opens no web session, and neither does a password alone where there is a second factor.
    let uid = db.uid_of(text("login")).filter(|uid| {
        let own =
            |account: &super::database::Account| account.password == text("password") && !account.two_factor;
        db.account(*uid).is_some_and(own) && db.accepts(*uid, text("password"))
    });
    let uid = uid.ok_or(Trouble::Denied)?;
    *cookie = Some(db.open_session(uid));
    info(db, uid, moment)
}

/// What the web client learns about its user.
fn info(db: &mut Database, uid: i64, moment: Moment) -> Result<Json, Trouble> {
    let version = db.schema.version;
    let server = about(version);
    let told = |name: &str| server.get(name).cloned().unwrap_or(Json::Null);
    let name = db.name.clone();
    transact(db, uid, moment, |env: &mut Env<'_>| {
        let user = env.db.row("res.users", uid);
        let text = |field: &str| user.map_or("", |user| user.text(field)).to_owned();
        let partner = user.and_then(|user| user.link("partner_id"));
        let company = |id: &i64| {
            let label = env.name_of("res.company", *id).unwrap_or_default();
            (id.to_string(), Object::default().with("id", *id).with("name", label))
        };
        let mut companies = Object::default();
        for (id, label) in env.companies.iter().map(company) {
            companies.set(id, label);
        }
        let companies = Object::default()
            .with("current_company", user.and_then(|user| user.link("company_id")))
            .with("allowed_companies", companies);
        Ok(Object::default()
            .with("uid", uid)
            .with("is_admin", uid == 2)
            .with("is_system", uid == 2)
            .with("is_internal_user", true)
            .with("user_context", env.context_of_user())
            .with("db", name)
            .with("server_version", told("server_version"))
            .with("server_version_info", told("server_version_info"))
            .with("name", text("name"))
            .with("username", text("login"))
            .with("partner_id", partner)
            .with("partner_display_name", text("name"))
            .with("user_companies", companies)
            .into())
    })
}

fn call_kw(db: &mut Database, uid: i64, params: &Object, moment: Moment) -> Result<Json, Trouble> {
    let text = |name: &str| params.get(name).and_then(Json::as_str).unwrap_or_default();
    let args = params.get("args").and_then(Json::as_array).unwrap_or_default().to_vec();
    let named = params.get("kwargs").and_then(Json::as_object).cloned().unwrap_or_default();
    transact(db, uid, moment, |env| {
        env.call(text("model"), text("method"), Arguments::Positional(args, named))
    })
}

fn session_of(request: &Request<Bytes>) -> Option<String> {
    let cookies =
        request.headers().get_all(http::header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| cookie.trim().strip_prefix("session_id=").map(str::to_owned))
}

fn expired(version: Version, id: &Json) -> Reply {
    let data = Object::default()
        .with("name", "odoo.http.SessionExpiredException")
        .with("message", "Session expired")
        .with("arguments", Json::Array(vec!["Session expired".into()]))
        .with("context", Object::default())
        .with(
            "debug",
            Trouble::python("odoo.http.SessionExpiredException", "Session expired").traceback(version),
        );
    let error =
        Object::default().with("code", 100).with("message", "Odoo Session Expired").with("data", data);
    let body = Object::default().with("jsonrpc", "2.0").with("id", id.clone()).with("error", error);
    Reply::json(StatusCode::OK, &body.into())
}
