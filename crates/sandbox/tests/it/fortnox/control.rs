use serde_json::{Value, json};
use tieline_sandbox::fortnox::{Entity, Happening};
use tieline_sandbox::{Json, Object};

use super::{call, get, numbers, still, walk};

#[test]
fn a_list_shifts_under_a_walk() {
    let sandbox = still();
    let all = walk(&sandbox, Entity::Customers, "limit=5");
    // A customer with the first number comes behind the first page: its last row shows again on the second.
    let fields = Object::default().with("CustomerNumber", "7").with("Name", "Tidig AB");
    sandbox.happen_after(Entity::Customers, 1, Happening::Create(Entity::Customers, fields));
    let shifted = walk(&sandbox, Entity::Customers, "limit=5");
    assert_eq!((shifted.len(), &shifted[4]), (all.len() + 1, &shifted[5]));
    assert_eq!(walk(&sandbox, Entity::Customers, "limit=5")[0]["CustomerNumber"], "7");

    // One that goes takes a row of the second page to the first, where nobody looks any more.
    sandbox.happen_after(Entity::Customers, 1, Happening::Remove(Entity::Customers, "7".into()));
    let missed = walk(&sandbox, Entity::Customers, "limit=5");
    assert_eq!(missed.len(), all.len());
    assert!(!missed.contains(&all[4]), "row six became row five");

    // Newest first, an invoice that is made during the walk shifts every page.
    let made = Object::default().with("CustomerNumber", "1001");
    sandbox.happen_after(Entity::Invoices, 2, Happening::Create(Entity::Invoices, made));
    let invoices = walk(&sandbox, Entity::Invoices, "limit=20&sortorder=descending");
    assert_eq!(numbers(&invoices)[39], numbers(&invoices)[40]);

    sandbox.happen_after(Entity::Invoices, 1, Happening::Create(Entity::Invoices, Object::default()));
    let reply = call(&sandbox, "GET", "/3/invoices?limit=1", &Value::Null);
    assert!(reply.headers.contains_key("x-sandbox-refused"), "what cannot happen is said");
}

#[test]
fn people_change_things_in_their_own_windows() {
    let sandbox = still();
    let key = sandbox.create(Entity::Customers, json!({"Name": "Ny AB"})).unwrap();
    sandbox.update(Entity::Customers, &key, json!({"City": "Umeå"})).unwrap();
    assert_eq!(sandbox.record(Entity::Customers, &key).unwrap().get("City").unwrap().as_str(), Some("Umeå"));
    sandbox.delete(Entity::Customers, &key).unwrap();
    assert!(sandbox.update(Entity::Customers, &key, json!({"City": "Lund"})).is_err());
    assert!(sandbox.create(Entity::Customers, json!({"Nobody": 1})).unwrap_err().0.contains("Nobody"));
    sandbox.remove(Entity::Invoices, "10001").unwrap();
    assert!(sandbox.record(Entity::Invoices, "10001").is_none());
    let exact = Json::parse(br#"{"Total": 98765432109876543.21}"#).unwrap();
    sandbox.backdate(Entity::Invoices, "10002", exact, sandbox.now()).unwrap();
    let reply = call(&sandbox, "GET", "/3/invoices/10002", &Value::Null);
    assert!(String::from_utf8_lossy(&reply.body).contains("\"Total\":98765432109876543.21"));
    assert!(sandbox.record(Entity::Vouchers, "A/1").is_none(), "a voucher's key has three parts");
}

#[tokio::test]
async fn another_process_can_do_everything() {
    let server = still().serve().await.unwrap();
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
    assert_eq!((&about["provider"], &about["token"]), (&json!("fortnox"), &json!(server.token())));
    let (_, summary) = tell("GET", "/summary", Value::Null).await;
    assert_eq!(summary["invoices"], 60);

    let (status, made) = tell("POST", "/customers", json!({"Name": "Utifrån AB"})).await;
    assert_eq!(status, 200, "{made}");
    let key = made["key"].as_str().unwrap();
    assert_eq!(tell("PATCH", &format!("/customers/{key}"), json!({"City": "Umeå"})).await.0, 200);
    let late = json!({"modified": "2026-10-01T00:00:00Z", "fields": {"City": "Sent"}});
    assert_eq!(tell("PATCH", &format!("/customers/{key}/backdate"), late).await.0, 200);
    assert_eq!(get(&server, &format!("/3/customers/{key}"))["Customer"]["City"], "Sent");
    assert_eq!(tell("DELETE", &format!("/customers/{key}"), Value::Null).await.0, 200);
    assert_eq!(tell("PATCH", "/accounts/1930/5", json!({"Description": "Bank"})).await.0, 200);
    assert_eq!(get(&server, "/3/accounts/1930")["Account"]["Description"], "Bank");
    assert_eq!(tell("POST", "/invoices/10060/bookkeep", Value::Null).await.0, 200);
    assert_eq!(get(&server, "/3/invoices/10060")["Invoice"]["Booked"], true);

    let walk = json!({"pages": 1, "create": {"CustomerNumber": "1001"}});
    assert_eq!(tell("POST", "/walks/invoices", walk).await.0, 200);
    assert_eq!(tell("POST", "/walks/invoices", json!({"pages": 1})).await.0, 400);
    get(&server, "/3/invoices?limit=1");
    assert_eq!(get(&server, "/3/invoices?limit=1")["MetaInformation"]["@TotalResources"], 61);

    assert_eq!(tell("PUT", "/licences/orders", json!({"licensed": false})).await.0, 200);
    assert_eq!(call(&server, "GET", "/3/orders", &Value::Null).status, 403);
    assert_eq!(tell("PUT", "/warehouse", json!({"licensed": true})).await.0, 200);
    assert_eq!(tell("PUT", "/lastmodified/customers", json!({"manner": "ignored"})).await.0, 200);
    assert_eq!(tell("PUT", "/lastmodified/customers", json!({"manner": "perhaps"})).await.0, 400);
    assert_eq!(
        get(&server, "/3/customers?lastmodified=2099-01-01")["MetaInformation"]["@TotalResources"],
        12
    );
    assert_eq!(tell("PUT", "/lockedperiod", json!({"until": "2026-06-30"})).await.0, 200);

    assert_eq!(tell("PUT", "/limits", json!({"burst": 2})).await.0, 200);
    assert!((0..3).any(|_| call(&server, "GET", "/3/me", &Value::Null).status == 429));
    let (_, usage) = tell("GET", "/usage", Value::Null).await;
    assert_eq!((&usage["admitted"], &usage["refused"]), (&json!(2), &json!(1)));
    assert_eq!(tell("DELETE", "/usage", Value::Null).await.0, 200);
    assert_eq!(tell("PUT", "/token", json!({"token": "ny"})).await.0, 200);
    assert_eq!(server.token(), "ny");
    assert_eq!(tell("GET", "/oauth/counters", Value::Null).await.0, 200);
    assert_eq!(tell("GET", "/nothing", Value::Null).await.0, 400);
    assert_eq!(tell("PATCH", "/invoices/1", json!({})).await.0, 400);
}
