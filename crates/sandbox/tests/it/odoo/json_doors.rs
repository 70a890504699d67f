//! `/json/2` of version 19, and `/jsonrpc` of both.

use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::odoo::{
    API_KEY, DATABASE, LOGIN, Odoo, Operation, PASSWORD, TWO_FACTOR_API_KEY, Version,
};
use tieline_sandbox::{Reply, Sandbox};

use super::{BOTH, ids, post, still};

fn send(sandbox: &Sandbox<Odoo>, path: &str, key: Option<&str>, database: &str, body: &str) -> Reply {
    let mut request = http::Request::post(format!("/json/2/{path}"))
        .header("content-type", "application/json; charset=utf-8")
        .header("x-odoo-database", database);
    if let Some(key) = key {
        request = request.header("authorization", format!("bearer {key}").as_bytes());
    }
    sandbox.handle(request.body(Bytes::from(body.to_owned())).unwrap())
}

fn call(sandbox: &Sandbox<Odoo>, path: &str, body: Value) -> (u16, Value) {
    let reply = send(sandbox, path, Some(API_KEY), DATABASE, &body.to_string());
    (reply.status.as_u16(), serde_json::from_slice(&reply.body).unwrap())
}

#[test]
fn named_arguments_and_bare_results() {
    let sandbox = still(Version::V19);
    let search = json!({"domain": [["is_company", "=", true]], "fields": ["name", "email", "write_date"], "limit": 2, "order": "id"});
    let (status, rows) = call(&sandbox, "res.partner/search_read", search);
    assert_eq!((status, rows.as_array().unwrap().len()), (200, 2));
    assert_eq!(rows[0]["email"], false);
    let (_, made) = call(&sandbox, "res.partner/create", json!({"vals_list": {"name": "Ensam"}}));
    assert_eq!(ids(&made).len(), 1, "a list also for one");
    assert_eq!(
        call(&sandbox, "res.partner/write", json!({"ids": made, "vals": {"ref": "R1"}})),
        (200, json!(true))
    );
    let read = json!({"ids": made, "fields": ["ref"], "context": {"lang": "sv_SE"}});
    assert_eq!(call(&sandbox, "res.partner/read", read).1[0]["ref"], "R1");
    assert_eq!(call(&sandbox, "res.partner/unlink", json!({"ids": made})), (200, json!(true)));
    assert_eq!(
        call(&sandbox, "sale.order/action_lock", json!({"ids": [1]})),
        (200, Value::Null),
        "nothing can be said here"
    );
    assert_eq!(call(&sandbox, "sale.order/action_confirm", json!({"ids": [1]})), (200, json!(true)));
    let (_, everything) = call(&sandbox, "res.partner/search_read", json!([1, 2]));
    assert_eq!(everything.as_array().unwrap().len(), 130, "a body that is no object counts as none");
    assert_eq!(
        call(&sandbox, "crm.lead/has_access", json!({"ids": [], "operation": "read"})),
        (200, json!(true))
    );
}

#[test]
fn statuses() {
    let sandbox = still(Version::V19);
    for (key, message) in [
        (Some("fel"), "Invalid apikey"),
        (Some(PASSWORD), "Invalid apikey"),
        (None, "User not authenticated, use an API key"),
    ] {
        let reply = send(&sandbox, "res.partner/search", key, DATABASE, "{}");
        assert_eq!(
            (reply.status.as_u16(), &reply.headers["www-authenticate"]),
            (401, &"Bearer".parse().unwrap())
        );
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(
            (&body["name"], &body["message"]),
            (&json!("werkzeug.exceptions.Unauthorized"), &json!(message))
        );
    }
    assert_eq!(
        send(&sandbox, "res.partner/search_count", Some(TWO_FACTOR_API_KEY), DATABASE, r#"{"domain": []}"#)
            .status,
        200
    );
    let elsewhere = send(&sandbox, "res.partner/search", Some(API_KEY), "other", "{}");
    assert_eq!(
        (elsewhere.status.as_u16(), &elsewhere.headers["content-type"]),
        (404, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert_eq!(send(&sandbox, "res.partner/search", Some(API_KEY), DATABASE, "{").status, 400);
    sandbox.deny(LOGIN, "crm.stage", Operation::Read).unwrap();
    let mut lines = String::new();
    for (path, body) in [
        ("crm.stage/search", json!({"domain": []})),
        ("no.such/search", json!({"domain": []})),
        ("res.partner/no_such_method", json!({})),
        ("res.partner/_private", json!({})),
        ("crm.lead/write", json!({"ids": [45_000], "vals": {}})),
        ("hr.department/create", json!({"vals_list": [{}]})),
        ("sale.order/action_confirm", json!({"ids": [3]})),
        ("res.partner/search", json!({})),
        ("res.partner/search", json!({"domain": [], "ids": [1]})),
        ("res.partner/search", json!({"domain": [], "count": true})),
        ("res.partner/search", json!({"domain": [["nosuch", "=", 1]]})),
    ] {
        let (status, answer) = call(&sandbox, path, body.clone());
        for key in ["message", "arguments", "context", "debug"] {
            assert!(answer.get(key).is_some(), "{answer}");
        }
        let text = answer["message"].as_str().unwrap().replace('\n', "\n    ");
        lines
            .push_str(&format!("{path} {body}\n  {status} {}\n  {text}\n", answer["name"].as_str().unwrap()));
    }
    insta::assert_snapshot!("json_2_errors", lines);
    let plain = post(&sandbox, "/json/2/res.partner/search", "text/plain", "{}");
    assert_eq!(plain.status, 401, "first of all the key");
    let get = http::Request::get("/json/2/res.partner/search").body(Bytes::new()).unwrap();
    assert_eq!(sandbox.handle(get).status, 404);
    assert_eq!(send(&still(Version::V17), "res.partner/search", Some(API_KEY), DATABASE, "{}").status, 404);
}

#[test]
fn json_rpc_names_the_class() {
    for version in BOTH {
        let sandbox = still(version);
        let rpc = |args: Value| {
            let params = json!({"service": "object", "method": "execute_kw", "args": args});
            let body = json!({"jsonrpc": "2.0", "method": "call", "params": params, "id": "x"});
            serde_json::from_slice::<Value>(
                &post(&sandbox, "/jsonrpc", "application/json", body.to_string()).body,
            )
            .unwrap()
        };
        let denied = rpc(json!([DATABASE, 7, "fel", "res.partner", "search", [[]]]));
        assert_eq!(denied["error"]["code"], if version == Version::V17 { 200 } else { 0 });
        assert_eq!(denied["error"]["message"], "Odoo Server Error");
        assert_eq!(denied["error"]["data"]["name"], "odoo.exceptions.AccessDenied");
        let missing = rpc(json!([DATABASE, 7, API_KEY, "crm.lead", "write", [[45_000], {}]]));
        assert_eq!(missing["error"]["data"]["name"], "odoo.exceptions.MissingError");
        let nothing = rpc(json!([DATABASE, 7, API_KEY, "sale.order", "action_lock", [[1]]]));
        assert!(nothing.get("result").is_none() && nothing.get("error").is_none(), "{nothing}");
        assert_eq!(post(&sandbox, "/jsonrpc", "application/json", "{").status, 400);
        let other = post(&sandbox, "/jsonrpc", "text/plain", "{}").status;
        assert_eq!(other, if version == Version::V17 { 400 } else { 415 });
        let info = post(&sandbox, "/web/webclient/version_info", "application/json", "{}");
        let info: Value = serde_json::from_slice(&info.body).unwrap();
        assert_eq!(info["result"]["server_version_info"][0], version.number());
    }
}
