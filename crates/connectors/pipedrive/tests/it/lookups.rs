use serde_json::json;
use tieline_core::{Connector, ErrorKind, Key, Lookup, LookupRequest, ReadRequest};
use tieline_sandbox::pipedrive::Entity;

use crate::common::{Store, account, answering, asked};

fn said(answers: &[Lookup]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Lookup::Record(record) => format!("{} here", record.key),
            Lookup::Missing(key) => format!("{key} missing"),
            Lookup::Deleted(deletion) => format!("{} deleted", deletion.key),
            Lookup::Forbidden(key) => format!("{key} forbidden"),
            other => panic!("{other:?}"),
        })
        .collect()
}

async fn looked_up(crm: &dyn Connector, entity: &str, keys: &[&str]) -> Vec<String> {
    let request = LookupRequest::keys(entity, keys.iter().map(|key| Key::from(*key)));
    said(&crm.lookup(request).await.unwrap().answers)
}

#[tokio::test(start_paused = true)]
async fn mixed_keys_are_answered_in_the_order_asked() {
    let (sandbox, crm) = account();
    let mut store = Store::default();
    store.pull(&crm, ReadRequest::full("deals")).await;
    let keys: Vec<&str> = store.rows.keys().map(String::as_str).take(3).collect();
    sandbox.delete(Entity::Deals, keys[0].parse().unwrap()).unwrap();
    sandbox.archive_deal(keys[1].parse().unwrap()).unwrap();
    let asked = [keys[1], "999999", keys[0], keys[2], "x", keys[1], "007", "-1", "0", "99999999999999999999"];
    let answers = looked_up(&*crm, "deals", &asked).await;
    assert_eq!(
        answers,
        [
            format!("{} here", keys[1]),
            "999999 missing".to_owned(),
            format!("{} deleted", keys[0]),
            format!("{} here", keys[2]),
            "x missing".to_owned(),
            format!("{} here", keys[1]),
            "007 missing".to_owned(),
            "-1 missing".to_owned(),
            "0 missing".to_owned(),
            "99999999999999999999 missing".to_owned(),
        ]
    );
    let all: Vec<Key> = store.rows.keys().map(|key| Key::from(key.as_str())).collect();
    sandbox.forget_requests();
    let answers = crm.lookup(LookupRequest::keys("deals", all.clone())).await.unwrap().answers;
    assert_eq!(answers.len(), all.len());
    // Two chunks, then singly what the list hides: seven archived, one more, one deleted.
    assert_eq!(sandbox.requests().len(), 2 + 9);
    assert!(looked_up(&*crm, "deals", &[]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn every_entity_is_looked_up() {
    let (_, crm) = account();
    for entity in [
        "deals",
        "persons",
        "organizations",
        "activities",
        "products",
        "pipelines",
        "stages",
        "leads",
        "notes",
        "users",
    ] {
        let mut store = Store::default();
        store.pull(&crm, ReadRequest::full(entity)).await;
        for count in [1, 3] {
            let keys: Vec<&str> = store.rows.keys().map(String::as_str).take(count).collect();
            let expected: Vec<String> = keys.iter().map(|key| format!("{key} here")).collect();
            assert_eq!(looked_up(&*crm, entity, &keys).await, expected, "{entity}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_user_may_not_see_is_told_apart() {
    let (transport, crm) = answering(|path| {
        match path {
        "/api/v2/persons/1" => (403, json!({ "success": false, "error": "No permission" }).to_string()),
        "/api/v2/persons/2" => (404, json!({ "success": false, "error": "Person not found" }).to_string()),
        "/api/v2/persons/3" => (200, json!({ "success": true, "data": { "id": 3, "is_deleted": true, "update_time": "2026-11-01T00:00:00Z" } }).to_string()),
        _ => (200, json!({ "success": true, "data": [] }).to_string()),
    }
    });
    assert_eq!(
        looked_up(&*crm, "persons", &["1", "2", "3"]).await,
        ["1 forbidden", "2 missing", "3 deleted"]
    );
    insta::assert_snapshot!(asked(&transport)[0], @"/api/v2/persons?ids=1%2C2%2C3&limit=100");
    assert_eq!(crm.person(1).await.unwrap_err().kind(), ErrorKind::Forbidden);
    assert_eq!(crm.person(2).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_missing_scope_is_an_error_and_no_answer() {
    let (_, crm) =
        answering(|_| (403, json!({ "success": false, "error": "Scope and URL mismatch" }).to_string()));
    let request = LookupRequest::keys("leads", [Key::from("adf21080-0e10-11eb-879b-05d71fb426ec")]);
    let error = crm.lookup(request).await.unwrap_err();
    insta::assert_snapshot!(error, @"the connection lacks a scope for this: grant it to the app in Pipedrive's developer hub, then connect again (forbidden, HTTP 403, about=connection, method=GET, host=acme.pipedrive.com, path=/api/v1/leads/<key>, entity=leads)");
}
