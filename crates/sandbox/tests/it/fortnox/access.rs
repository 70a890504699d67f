use bytes::Bytes;
use serde_json::{Value, json};
use tieline_sandbox::fortnox::{Entity, Fortnox};

use super::{call, get, json as read, refused, still};

fn bare(headers: &[(&str, &str)], path: &str) -> (u16, Value) {
    let sandbox = still();
    let token = format!("Bearer {}", sandbox.token());
    let mut request = http::Request::get(path);
    for (name, value) in headers {
        request = request.header(*name, value.replace("TOKEN", &token));
    }
    let reply = sandbox.handle(request.body(Bytes::new()).unwrap());
    (reply.status.as_u16(), read(&reply))
}

#[test]
fn only_the_bearer_token_opens() {
    let accept = ("accept", "application/json");
    for wrong in [
        vec![accept],
        vec![accept, ("authorization", "Bearer wrong")],
        vec![accept, ("authorization", "Basic TOKEN")],
        vec![accept, ("access-token", "TOKEN"), ("client-secret", "x")],
    ] {
        assert_eq!(bare(&wrong, "/3/invoices"), (401, json!({"message": "unauthorized"})));
    }
    assert_eq!(bare(&[accept, ("authorization", "TOKEN")], "/3/invoices?limit=1").0, 200);
}

#[test]
fn json_must_be_asked_for_and_sent() {
    let code = |headers: &[(&str, &str)]| {
        let (status, body) = bare(headers, "/3/invoices?limit=1");
        (status, body["ErrorInformation"]["code"].as_i64())
    };
    let token = ("authorization", "TOKEN");
    assert_eq!(code(&[token]), (400, Some(1_000_030)));
    assert_eq!(code(&[token, ("accept", "text/html")]), (400, Some(1_000_030)));
    assert_eq!(code(&[token, ("accept", "*/*")]), (200, None));
    let sandbox = still();
    let request = http::Request::post("/3/customers")
        .header("authorization", format!("Bearer {}", sandbox.token()))
        .header("accept", "application/json")
        .body(Bytes::from_static(br#"{"Customer": {"Name": "Ada"}}"#))
        .unwrap();
    assert_eq!(read(&sandbox.handle(request))["ErrorInformation"]["code"], 1_000_031);
}

#[test]
fn scopes_and_licences_are_told_apart() {
    let sandbox = Fortnox::builder().invoices(12).scopes(["invoice", "customer"]).build();
    assert_eq!(refused(&sandbox, "GET", "/3/orders", &Value::Null), (403, 2_000_663));
    assert_eq!(refused(&sandbox, "GET", "/3/companyinformation", &Value::Null), (403, 2_000_663));
    get(&sandbox, "/3/customers");
    sandbox.set_licence(Entity::Invoices, false);
    assert_eq!(refused(&sandbox, "GET", "/3/invoices", &Value::Null), (403, 2_001_101));
    get(&sandbox, "/3/customers");
    sandbox.set_licence(Entity::Invoices, true);
    get(&sandbox, "/3/invoices");
}

#[test]
fn fields_without_a_licence_say_so_where_their_value_would_be() {
    let sandbox = still();
    let article = || get(&sandbox, "/3/articles/HRD-700")["Article"]["DisposableQuantity"].clone();
    assert_eq!(article(), "API_NORIGHT");
    sandbox.set_warehouse(true);
    assert_eq!(article(), 0);
    sandbox.set_licence(Entity::Projects, false);
    assert_eq!(get(&sandbox, "/3/invoices/10001")["Invoice"]["Project"], "API_NORIGHT");
    assert_eq!(get(&sandbox, "/3/invoices?limit=1")["Invoices"][0]["Project"], "API_NORIGHT");
}

#[test]
fn every_answer_has_an_id_for_support_and_none_says_the_token() {
    let sandbox = still();
    let ids: std::collections::BTreeSet<String> = ["/3/invoices", "/3/invoices", "/3/nothing"]
        .map(|path| call(&sandbox, "GET", path, &Value::Null).headers["x-uid"].to_str().unwrap().to_owned())
        .into();
    assert_eq!(ids.len(), 3);
    let old = sandbox.token();
    sandbox.set_token("another");
    assert!(!format!("{:?} {sandbox:?}", sandbox.requests()).contains(&old));
    assert_eq!(call(&sandbox, "GET", "/3/me", &Value::Null).status, 200);
}
