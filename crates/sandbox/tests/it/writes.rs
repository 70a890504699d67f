use std::time::Duration;

use serde_json::{Value, json};
use tieline_sandbox::pipedrive::{Entity, keys};

use crate::{call, exact, get, still, walk};

#[test]
fn a_deal_lives() {
    let sandbox = still();
    let body = format!(
        r#"{{"title":"Ny order","value":98765432109876543.21,"currency":"NOK","stage_id":2,
            "custom_fields":{{"{}":"ÖKN-1","{}":[41,43]}}}}"#,
        keys::DEAL_REFERENCE,
        keys::DEAL_INTERESTS
    );
    let created = call(&sandbox, "POST", "/api/v2/deals", Some(&body));
    assert_eq!(created.status, 200);
    let deal = exact(&created);
    let data = deal.get("data").unwrap();
    assert_eq!(data.get("value").unwrap().to_string(), "98765432109876543.21");
    assert_eq!(data.get("pipeline_id").unwrap().as_i64(), Some(1));
    let id = data.get("id").unwrap().as_i64().unwrap();
    let path = format!("/api/v2/deals/{id}");

    sandbox.advance(Duration::from_millis(61_700));
    let won = call(&sandbox, "PATCH", &path, Some(r#"{"status":"won"}"#));
    assert_eq!(won.status, 200);
    let deal = get(&sandbox, &path);
    assert_eq!(deal["data"]["update_time"], "2026-11-02T08:01:01Z", "whole seconds");
    assert_eq!(deal["data"]["won_time"], "2026-11-02T08:01:01Z");
    assert_eq!(deal["data"]["local_close_date"], "2026-11-02");
    assert_eq!(deal["data"]["custom_fields"][keys::DEAL_REFERENCE], "ÖKN-1");

    sandbox.advance(Duration::from_secs(60));
    call(&sandbox, "PATCH", &path, Some(r#"{"status":"won"}"#));
    assert_eq!(get(&sandbox, &path)["data"]["update_time"], "2026-11-02T08:01:01Z", "nothing changed");

    let gone = call(&sandbox, "DELETE", &path, None);
    assert_eq!(gone.body, format!(r#"{{"success":true,"data":{{"id":{id}}}}}"#));
    let deal = get(&sandbox, &path);
    assert_eq!(
        (deal["data"]["is_deleted"].as_bool(), deal["data"]["status"].as_str()),
        (Some(true), Some("deleted"))
    );
    assert_eq!(deal["data"]["update_time"], "2026-11-02T08:02:01Z", "the time of the deletion");
    assert!(!walk(&sandbox, "/api/v2/deals?limit=500").contains(&id));
    assert!(walk(&sandbox, "/api/v2/deals?limit=500&status=deleted").contains(&id));
    assert_eq!(call(&sandbox, "DELETE", &path, None).status, 404);
    assert_eq!(call(&sandbox, "PATCH", &path, Some(r#"{"title":"x"}"#)).status, 404);

    sandbox.advance(Duration::from_secs(30 * 86_400));
    assert_eq!(call(&sandbox, "GET", &path, None).status, 404, "purged after a month");
    assert!(walk(&sandbox, "/api/v2/deals?limit=500&status=deleted").is_empty());
}

#[test]
fn bad_deals_are_refused() {
    let sandbox = still();
    for (why, body) in [
        ("no title", json!({"value": 1})),
        ("empty title", json!({"title": " "})),
        ("unknown field", json!({"title": "x", "colour": "red"})),
        ("read-only field", json!({"title": "x", "update_time": "2026-01-01T00:00:00Z"})),
        ("text for a number", json!({"title": "x", "value": "12"})),
        ("unknown stage", json!({"title": "x", "stage_id": 99})),
        ("unknown person", json!({"title": "x", "person_id": 999_999})),
        ("unknown owner", json!({"title": "x", "owner_id": 1})),
        ("unknown currency", json!({"title": "x", "currency": "kr"})),
        ("unknown status", json!({"title": "x", "status": "deleted"})),
        ("a reason without a loss", json!({"title": "x", "lost_reason": "För dyrt"})),
        ("a won time without a win", json!({"title": "x", "won_time": "2026-01-01T00:00:00Z"})),
        ("born deleted", json!({"title": "x", "is_deleted": true})),
        ("wrong visibility", json!({"title": "x", "visible_to": 2})),
        ("not a date", json!({"title": "x", "expected_close_date": "2026-02-30"})),
        ("unknown custom field", json!({"title": "x", "custom_fields": {"abc": 1}})),
        ("a hash at the root", json!({"title": "x", keys::DEAL_REFERENCE: "y"})),
        ("an empty set", json!({"title": "x", "custom_fields": {keys::DEAL_INTERESTS: []}})),
        ("an unknown option", json!({"title": "x", "custom_fields": {keys::DEAL_SOURCE: 99}})),
        ("half a sum", json!({"title": "x", "custom_fields": {keys::DEAL_LICENCE_FEE: {"value": 1}}})),
    ] {
        let reply = call(&sandbox, "POST", "/api/v2/deals", Some(&body.to_string()));
        assert_eq!(reply.status, 400, "{why}");
        let answer: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((answer["success"].as_bool(), answer["data"].is_null()), (Some(false), true));
    }
    let reply = call(&sandbox, "POST", "/api/v2/deals", Some(r#"{"title":"#));
    assert_eq!(reply.status, 400);
    let body = json!({"title": "x", "custom_fields": {keys::DEAL_SOURCE: "31"}}).to_string();
    let reply = call(&sandbox, "POST", "/api/v2/deals", Some(&body));
    assert!(String::from_utf8_lossy(&reply.body).contains(keys::DEAL_SOURCE), "names the field");
    assert_eq!(walk(&sandbox, "/api/v2/deals?limit=500").len(), 193);
}

#[test]
fn custom_fields_merge_and_clear() {
    let sandbox = still();
    let fields = json!({"title": "x", "custom_fields": {keys::DEAL_SOURCE: 31, keys::DEAL_REFERENCE: "A"}});
    let id = sandbox.create(Entity::Deals, fields).unwrap();
    sandbox.update(Entity::Deals, id, json!({"custom_fields": {keys::DEAL_SOURCE: null}})).unwrap();
    let deal = get(&sandbox, &format!("/api/v2/deals/{id}"));
    assert!(deal["data"]["custom_fields"][keys::DEAL_SOURCE].is_null());
    assert_eq!(deal["data"]["custom_fields"][keys::DEAL_REFERENCE], "A");
}

#[test]
fn archived_deals_have_their_own_list() {
    let sandbox = still();
    let id = walk(&sandbox, "/api/v2/deals?limit=500")[10];
    sandbox.archive_deal(id).unwrap();
    assert!(!walk(&sandbox, "/api/v2/deals?limit=500").contains(&id));
    assert!(walk(&sandbox, "/api/v2/deals/archived?limit=500").contains(&id));
    assert!(get(&sandbox, &format!("/api/v2/deals/{id}"))["data"]["archive_time"].is_string());
}

#[test]
fn the_other_entities_are_written_too() {
    let sandbox = still();
    for (path, body, key, shown) in [
        (
            "persons",
            json!({"name": "Ada Demo", "emails": [{"value": "ada@example.test"}]}),
            "last_name",
            json!("Demo"),
        ),
        (
            "organizations",
            json!({"name": "Åkeriet", "address": {"value": "Storgatan 1"}}),
            "industry",
            Value::Null,
        ),
        (
            "activities",
            json!({"subject": "Ring", "type": "call", "due_time": "09:30"}),
            "due_time",
            json!("09:30:00"),
        ),
        ("products", json!({"name": "Bult", "prices": [{"price": 1.5, "currency": "SEK"}]}), "tax", json!(0)),
    ] {
        let created = call(&sandbox, "POST", &format!("/api/v2/{path}"), Some(&body.to_string()));
        assert_eq!(created.status, if path == "products" { 201 } else { 200 }, "{path}");
        let answer: Value = serde_json::from_slice(&created.body).unwrap();
        assert_eq!(answer["data"][key], shown, "{path}");
        let one = format!("/api/v2/{path}/{}", answer["data"]["id"]);
        assert_eq!(call(&sandbox, "PATCH", &one, Some(r#"{"nonsense":1}"#)).status, 400);
        assert_eq!(call(&sandbox, "PATCH", &one, Some(r#"{"owner_id":21002}"#)).status, 200);
        assert_eq!(call(&sandbox, "DELETE", &one, None).status, 200);
        assert_eq!(get(&sandbox, &one)["data"]["is_deleted"], true, "{path}");
        assert!(
            !walk(&sandbox, &format!("/api/v2/{path}?limit=500"))
                .contains(&answer["data"]["id"].as_i64().unwrap())
        );
    }
    let synced = call(&sandbox, "PATCH", "/api/v2/persons/9", Some(r#"{"job_title":"Chef"}"#));
    assert_eq!(synced.status, 403, "contact sync is off");
    assert_eq!(call(&sandbox, "POST", "/api/v2/stages", Some("{}")).status, 501);
    assert_eq!(call(&sandbox, "PUT", "/api/v2/deals/1", Some("{}")).status, 405);
}

#[test]
fn what_was_created_can_be_found() {
    let sandbox = still();
    let fields = json!({"title": "Sök mig", "custom_fields": {keys::DEAL_REFERENCE: "M-77"}});
    let id = sandbox.create(Entity::Deals, fields).unwrap();
    let by_field = get(
        &sandbox,
        &format!(
            "/api/v2/itemSearch/field?entity_type=deal&match=exact&term=M-77&field={}",
            keys::DEAL_REFERENCE
        ),
    );
    assert_eq!(by_field["data"][0]["id"], id);
    let by_term = get(&sandbox, "/api/v2/deals/search?term=s%C3%B6k+mig&exact_match=true&fields=title");
    assert_eq!(by_term["data"]["items"][0]["item"]["id"], id);
    let mail = get(&sandbox, "/api/v2/persons/1")["data"]["emails"][0]["value"].as_str().unwrap().to_owned();
    let person = get(&sandbox, &format!("/api/v2/persons/search?term={mail}&fields=email&exact_match=true"));
    assert_eq!(person["data"]["items"][0]["item"]["id"], 1);
    assert_eq!(call(&sandbox, "GET", "/api/v2/deals/search?term=a", None).status, 400);
}
