//! The doors of the web client, where other people's libraries sign in.

use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Odoo, PASSWORD, TWO_FACTOR_LOGIN, UID};
use tieline_sandbox::{Reply, Sandbox};

use super::{BOTH, execute, post, still, text};

fn web(sandbox: &Sandbox<Odoo>, path: &str, params: Value, session: Option<&str>) -> (Reply, Value) {
    let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": 3}).to_string();
    let mut request = http::Request::post(path).header("content-type", "application/json");
    if let Some(session) = session {
        request = request.header("cookie", format!("theme=dark; session_id={session}"));
    }
    let reply = sandbox.handle(request.body(Bytes::from(body)).unwrap());
    let answer = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
    (reply, answer)
}

fn sign_in(login: &str, password: &str) -> Value {
    json!({"db": DATABASE, "login": login, "password": password})
}

#[test]
fn a_session_opens_calls_and_closes() {
    for version in BOTH {
        let sandbox = still(version);
        let (_, list) = web(&sandbox, "/web/database/list", json!({}), None);
        assert_eq!(list["result"], json!([DATABASE]));

        let (reply, info) = web(&sandbox, "/web/session/authenticate", sign_in(LOGIN, PASSWORD), None);
        assert_eq!(info["result"]["uid"], UID);
        assert_eq!(info["result"]["user_context"], json!({"lang": "en_US", "tz": "UTC", "uid": UID}));
        assert_eq!(info["result"]["server_version_info"][0], i64::from(version.number()));
        let cookie = reply.headers["set-cookie"].to_str().unwrap();
        let session = cookie.strip_prefix("session_id=").unwrap().split(';').next().unwrap().to_owned();

        let params = json!({"model": "res.partner", "method": "search_count", "args": [[]], "kwargs": {}});
        let path = "/web/dataset/call_kw/res.partner/search_count";
        let (_, counted) = web(&sandbox, path, params.clone(), Some(&session));
        assert!(counted["result"].as_i64().unwrap() > 100);
        let (_, refused) = web(&sandbox, path, params.clone(), None);
        assert_eq!(
            (&refused["error"]["code"], &refused["error"]["data"]["message"]),
            (&json!(100), &json!("Session expired"))
        );
        let (_, again) = web(&sandbox, "/web/session/get_session_info", json!({}), Some(&session));
        assert_eq!(again["result"]["username"], LOGIN);
        web(&sandbox, "/web/session/destroy", json!({}), Some(&session));
        assert_eq!(web(&sandbox, path, params, Some(&session)).1["error"]["code"], 100);
    }
}

#[test]
fn only_a_password_opens_a_session() {
    let sandbox = still(BOTH[0]);
    for (login, secret) in
        [(LOGIN, "wrong"), (LOGIN, API_KEY), (TWO_FACTOR_LOGIN, PASSWORD), ("nobody@norrsken.test", PASSWORD)]
    {
        let (reply, answer) = web(&sandbox, "/web/session/authenticate", sign_in(login, secret), None);
        assert_eq!(answer["error"]["data"]["name"], "odoo.exceptions.AccessDenied", "{login}");
        assert!(reply.headers.get("set-cookie").is_none());
    }
    let other = json!({"db": "other", "login": LOGIN, "password": PASSWORD});
    let (_, answer) = web(&sandbox, "/web/session/authenticate", other, None);
    assert_eq!(answer["error"]["data"]["name"], "psycopg2.OperationalError");
}

#[test]
fn what_is_not_modelled_is_said_by_the_sandbox_itself() {
    for version in BOTH {
        let sandbox = still(version);
        let reply = post(&sandbox, "/web/content/ir.attachment/1/datas", "application/json", "{}");
        assert_eq!(
            (reply.status.as_u16(), text(&reply).as_str()),
            (501, "the sandbox does not model /web/content")
        );
        let params = [
            json!(DATABASE),
            json!(UID),
            json!(API_KEY),
            json!("res.partner"),
            json!("web_save"),
            json!([[20], {}]),
        ];
        let call = super::method_call("execute_kw", &params);
        let reply = post(&sandbox, "/xmlrpc/2/object", "text/xml", call);
        assert_eq!(
            (reply.status.as_u16(), text(&reply).as_str()),
            (501, "the sandbox does not model res.partner.web_save")
        );
        // What no Odoo has is refused as Odoo does it.
        assert!(
            execute(&sandbox, "res.partner", "no_such_method", json!([[20]]), json!({})).contains("<fault>")
        );
    }
}
