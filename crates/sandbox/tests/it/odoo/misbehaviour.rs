//! Faults on request, on the doors of Odoo.

use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, PASSWORD, UID, Version};
use tieline_sandbox::{Fault, FaultRule};

use super::{BOTH, ask, common, execute, execute_as, fault, ids, method_call, post, still, text};

fn on_object(fault: Fault) -> FaultRule {
    FaultRule::new(fault).on("POST", "/xmlrpc/2/object")
}

#[test]
fn a_rule_can_name_the_method() {
    let sandbox = still(Version::V17);
    sandbox.inject(on_object(Fault::Status { status: 502, body: None }).body("search_read"));
    assert!(
        execute(&sandbox, "res.partner", "search_count", json!([[]]), json!({})).contains("<int>130</int>")
    );
    let call = method_call(
        "execute_kw",
        &[
            json!(DATABASE),
            json!(UID),
            json!(API_KEY),
            json!("res.partner"),
            json!("search_read"),
            json!([[]]),
        ],
    );
    let reply = post(&sandbox, "/xmlrpc/2/object", "text/xml", call);
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["content-type"]),
        (502, &"text/html; charset=utf-8".parse().unwrap())
    );
    assert!(sandbox.waiting_faults().is_empty());
}

#[test]
fn credentials_that_die_in_the_middle() {
    for version in BOTH {
        let sandbox = still(version);
        sandbox.inject(FaultRule::new(Fault::Unauthorized).times(2));
        assert_eq!(
            fault(&execute(&sandbox, "res.partner", "search", json!([[]]), json!({}))),
            (3, "Access Denied".into())
        );
        let login =
            common(&sandbox, "authenticate", &[json!(DATABASE), json!(LOGIN), json!(API_KEY), json!({})]);
        assert!(login.contains("<boolean>0</boolean>"), "signing in is no fault: {login}");
    }
    let sandbox = still(Version::V19);
    sandbox.inject(FaultRule::new(Fault::Unauthorized));
    let reply = post(&sandbox, "/json/2/res.partner/search", "application/json", "{}");
    assert_eq!(
        (reply.status.as_u16(), &reply.headers["www-authenticate"]),
        (401, &"Bearer".parse().unwrap())
    );
}

#[test]
fn a_server_that_is_not_odoo() {
    let sandbox = still(Version::V17);
    sandbox.inject(FaultRule::new(Fault::HtmlPage { status: 200 }));
    let page = post(&sandbox, "/xmlrpc/2/common", "text/xml", method_call("version", &[]));
    assert_eq!(page.status, 200);
    assert!(text(&page).starts_with("<!DOCTYPE html>"));
}

#[test]
fn pages_that_cannot_be_read() {
    let sandbox = still(Version::V17);
    let whole = execute(&sandbox, "res.partner", "search_read", json!([[]]), json!({"fields": ["name"]}));
    let call = method_call(
        "execute_kw",
        &[
            json!(DATABASE),
            json!(UID),
            json!(API_KEY),
            json!("res.partner"),
            json!("search_read"),
            json!([[]]),
            json!({"fields": ["name"]}),
        ],
    );
    sandbox.inject(on_object(Fault::MalformedJson));
    let half = post(&sandbox, "/xmlrpc/2/object", "text/xml", call.clone());
    assert_eq!(half.body.len(), whole.len() / 2);
    sandbox.inject(on_object(Fault::GarbledBody));
    let garbled = post(&sandbox, "/xmlrpc/2/object", "text/xml", call).body;
    assert_eq!(garbled.len(), whole.len());
    let differs: Vec<_> =
        garbled.iter().zip(whole.as_bytes()).enumerate().filter(|(_, (one, other))| one != other).collect();
    assert!(!differs.is_empty() && differs.len() <= 8 && differs[0].0 >= whole.len() / 2);
    assert!(std::str::from_utf8(&garbled).is_err());
}

#[tokio::test]
async fn a_create_whose_answer_never_comes_has_happened() {
    let server = still(Version::V17).serve().await.unwrap();
    let create = |name: &str| {
        let vals = json!([{ "name": name }]);
        let call = method_call(
            "execute_kw",
            &[json!(DATABASE), json!(UID), json!(API_KEY), json!("res.partner"), json!("create"), vals],
        );
        let client =
            reqwest::Client::builder().timeout(std::time::Duration::from_millis(150)).build().unwrap();
        client
            .post(format!("{}/xmlrpc/2/object", server.base_url()))
            .header("content-type", "text/xml")
            .body(call)
            .send()
    };
    let there = |name: &str| {
        ids(&ask(&server, "res.partner", "search", json!([[["name", "=", name]]]), json!({})).unwrap()).len()
    };
    server.inject(on_object(Fault::Delay { ms: 60_000 }));
    assert!(create("Sen").await.unwrap_err().is_timeout());
    assert_eq!(there("Sen"), 1);
    server.inject(on_object(Fault::ResetBeforeAnswer).takes_effect(true));
    assert!(create("Borta").await.is_err());
    assert_eq!(there("Borta"), 1);
    server.inject(on_object(Fault::ResetBeforeAnswer));
    assert!(create("Aldrig").await.is_err());
    assert_eq!(there("Aldrig"), 0);
}

#[test]
fn errors_that_say_the_password_back() {
    let sandbox = still(Version::V17);
    for status in [200, 500] {
        for secret in [API_KEY, PASSWORD] {
            sandbox.inject(FaultRule::new(Fault::EchoSecrets { status }));
            let params = [
                json!(DATABASE),
                json!(UID),
                json!(secret),
                json!("res.partner"),
                json!("search"),
                json!([[]]),
            ];
            let reply = post(&sandbox, "/xmlrpc/2/object", "text/xml", method_call("execute_kw", &params));
            assert_eq!(reply.status.as_u16(), status);
            assert_eq!(reply.headers["x-debug-credential"].as_bytes(), secret.as_bytes());
            let body = text(&reply);
            if status == 200 {
                let (code, text) = fault(&body);
                assert_eq!(code, 1);
                assert!(text.contains(secret), "{text}");
            } else {
                let body: Value = serde_json::from_str(&body).unwrap();
                assert!(body["error"].as_str().unwrap().contains(secret), "{body}");
            }
        }
    }
    let newer = still(Version::V19);
    newer.inject(FaultRule::new(Fault::EchoSecrets { status: 400 }));
    let request = http::Request::post("/json/2/res.partner/search")
        .header("authorization", format!("bearer {API_KEY}"));
    let reply = newer.handle(request.body(bytes::Bytes::new()).unwrap());
    assert!(text(&reply).contains(API_KEY));
}

#[test]
fn pages_that_try_a_readers_patience() {
    let sandbox = still(Version::V17);
    let page = |offset: i64| {
        let kwargs = json!({"fields": ["name"], "limit": 10, "offset": offset, "order": "id"});
        let rows = ask(&sandbox, "res.partner", "search_read", json!([[]]), kwargs).unwrap();
        rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    let first = page(0);
    sandbox.inject(FaultRule::new(Fault::RepeatPageToken));
    assert_eq!(page(10), first);
    sandbox.inject(FaultRule::new(Fault::EmptyPage));
    assert!(page(10).is_empty());
    sandbox.inject(FaultRule::new(Fault::DuplicateRecords));
    let twice = page(0);
    assert_eq!((twice.len(), twice[9]), (11, twice[10]));
    assert_eq!(page(0), first);
    let _whoever = execute_as(&sandbox, (UID, PASSWORD), "res.partner", "search", json!([[]]), json!({}));
}
