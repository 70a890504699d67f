//! What people do in their windows, and what administrators set, from another process.

use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, PASSWORD, TWO_FACTOR_LOGIN, UID, Version};

use super::{ask, common, execute, fault, method_call, still};

#[tokio::test]
async fn another_process_can_do_everything() {
    let server = still(Version::V19).serve().await.unwrap();
    let client = reqwest::Client::new();
    let tell = |method: &str, path: &str, body: Value| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = client.request(method, format!("{}/_sandbox{path}", server.base_url()));
        let request = if body.is_null() { request } else { request.json(&body) };
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let (_, about) = tell("GET", "", Value::Null).await;
    assert_eq!(
        about,
        json!({"provider": "odoo", "version": 19, "database": DATABASE, "login": LOGIN, "uid": UID, "password": PASSWORD, "api_key": API_KEY})
    );
    let (status, made) = tell("POST", "/res.partner", json!({"name": "Utifrån", "is_company": true})).await;
    assert_eq!(status, 200, "{made}");
    let id = made["id"].as_i64().unwrap();
    tell("POST", "/clock/advance", json!({"seconds": 90})).await;
    assert_eq!(tell("PATCH", &format!("/res.partner/{id}"), json!({"ref": "U1"})).await.0, 200);
    let row = || server.record("res.partner", id).unwrap();
    assert_eq!(row().get("write_date").unwrap().as_str(), Some("2026-11-02 08:01:30"));
    assert_eq!(tell("POST", &format!("/res.partner/{id}/archive"), Value::Null).await.0, 200);
    assert_eq!(row().get("active").unwrap().as_bool(), Some(false));
    let late = json!({"write_date": "2026-10-01T00:00:00.5Z", "ref": "sen"});
    assert_eq!(tell("PATCH", &format!("/res.partner/{id}/backdate"), late).await.0, 200);
    assert_eq!(row().get("write_date").unwrap().as_str(), Some("2026-10-01 00:00:00"));
    assert_eq!(tell("DELETE", &format!("/res.partner/{id}"), Value::Null).await.0, 200);
    assert_eq!(tell("DELETE", &format!("/res.partner/{id}"), Value::Null).await.0, 400);
    let (_, refused) = tell("POST", "/hr.department", json!({})).await;
    assert!(refused["error"].as_str().unwrap().contains("a mandatory field is not set"), "{refused}");

    let (_, many) = tell("POST", "/res.partner/many", json!({"count": 2500})).await;
    assert_eq!(many["last"].as_i64().unwrap() - many["first"].as_i64().unwrap(), 2499);
    assert_eq!(tell("GET", "/summary", Value::Null).await.1["partners"], 2630);
    assert_eq!(tell("POST", "/res.partner/many", json!({"count": 0})).await.0, 400);
    assert_eq!(tell("POST", "/cycle", Value::Null).await.0, 200);

    let denial = json!({"login": LOGIN, "model": "crm.lead", "operation": "read"});
    assert_eq!(tell("POST", "/denials", denial).await.0, 200);
    assert_eq!(
        tell("POST", "/denials", json!({"login": LOGIN, "model": "crm.lead", "operation": "fly"})).await.0,
        400
    );
    assert_eq!(tell("POST", "/res.partner/20/hide", json!({"login": LOGIN})).await.0, 200);
    assert_eq!(fault(&execute(&server, "crm.lead", "search", json!([[]]), json!({}))).0, 4);
    assert_eq!(
        fault(&execute(&server, "res.partner", "read", json!([[20]]), json!({"fields": ["name"]}))).0,
        4
    );
    assert_eq!(tell("DELETE", "/denials", Value::Null).await.0, 200);
    assert!(ask(&server, "crm.lead", "search", json!([[]]), json!({})).is_ok());

    assert_eq!(
        tell("PUT", &format!("/users/{LOGIN}"), json!({"password": "nytt", "api_key": ""})).await.0,
        200
    );
    let uid = |secret: &str| {
        common(&server, "authenticate", &[json!(DATABASE), json!(LOGIN), json!(secret), json!({})])
    };
    assert!(uid("nytt").contains("<int>7</int>"));
    assert!(uid(PASSWORD).contains("<boolean>0</boolean>") && uid(API_KEY).contains("<boolean>0</boolean>"));
    assert_eq!(tell("PUT", "/users/nobody", json!({})).await.0, 400);
    assert_eq!(tell("PUT", &format!("/users/{TWO_FACTOR_LOGIN}"), json!({"two_factor": false})).await.0, 200);
    assert_eq!(tell("GET", "/nothing", Value::Null).await.0, 400);
}

#[tokio::test]
async fn the_log_names_methods_and_no_secrets() {
    let server = still(Version::V17).serve().await.unwrap();
    let call = method_call(
        "execute_kw",
        &[json!(DATABASE), json!(UID), json!(API_KEY), json!("res.partner"), json!("search"), json!([[]])],
    );
    let url = format!("{}/xmlrpc/2/object?api={API_KEY}", server.base_url());
    let answer =
        reqwest::Client::new().post(url).header("content-type", "text/xml").body(call).send().await.unwrap();
    assert_eq!(answer.headers()["connection"], "close");
    let seen = server.requests();
    assert_eq!((seen[0].call.as_deref(), seen[0].status), (Some("res.partner.search"), 200));
    assert!(!format!("{seen:?}").contains(API_KEY));
    assert!(!format!("{:?}", server.model()).contains(API_KEY));
    common(&server, "version", &[]);
    assert_eq!(server.requests()[1].call.as_deref(), Some("common.version"));
}

#[test]
fn users_as_administrators_make_them() {
    let sandbox = still(Version::V17);
    let uid = |login: &str, secret: &str| {
        let answer =
            common(&sandbox, "authenticate", &[json!(DATABASE), json!(login), json!(secret), json!({})]);
        answer.contains("<int>")
    };
    sandbox.set_two_factor(LOGIN, true).unwrap();
    assert!(!uid(LOGIN, PASSWORD) && uid(LOGIN, API_KEY), "with a second factor only the key");
    sandbox.set_api_key(LOGIN, "ny-nyckel").unwrap();
    assert!(!uid(LOGIN, API_KEY) && uid(LOGIN, "ny-nyckel"));
    sandbox.set_two_factor(LOGIN, false).unwrap();
    sandbox.set_password(LOGIN, "nytt").unwrap();
    assert!(uid(LOGIN, "nytt"));
    sandbox.update("res.users", UID, json!({"active": false})).unwrap();
    assert!(!uid(LOGIN, "nytt"), "who has left stays out");
    sandbox.set_hr_officer(TWO_FACTOR_LOGIN, false).unwrap();
    assert!(sandbox.set_password("nobody", "x").is_err());
}
