use serde_json::{Value, json};
use tieline_sandbox::pipedrive::{Entity, keys};

use crate::{call, get, still, walk};

#[test]
fn leads_page_by_start() {
    let sandbox = still();
    let first = get(&sandbox, "/api/v1/leads?limit=10");
    assert_eq!(first["data"].as_array().unwrap().len(), 10);
    assert_eq!(first["additional_data"]["pagination"]["next_start"], 10);
    let rest = get(&sandbox, "/api/v1/leads?limit=10&start=10");
    assert_eq!(rest["data"].as_array().unwrap().len(), 4);
    assert_eq!(rest["additional_data"]["pagination"]["more_items_in_collection"], false);
    assert_eq!(get(&sandbox, "/api/v1/leads/archived")["data"].as_array().unwrap().len(), 3);
}

#[test]
fn leads_have_custom_fields_at_the_root_and_exact_times() {
    let sandbox = still();
    let page = get(&sandbox, "/api/v1/leads?sort=update_time%20DESC");
    let leads = page["data"].as_array().unwrap();
    assert!(leads.windows(2).all(|pair| pair[0]["update_time"].as_str() >= pair[1]["update_time"].as_str()));
    let with = leads.iter().find(|lead| lead.get(keys::DEAL_SOURCE).is_some()).unwrap();
    assert_eq!(with[keys::DEAL_SOURCE], "33");
    assert_eq!(with[keys::DEAL_INTERESTS], "41,43");
    assert_eq!(with[format!("{}_currency", keys::DEAL_LICENCE_FEE)], "SEK");
    assert!(with.get("custom_fields").is_none());
    assert!(with["add_time"].as_str().unwrap().contains('.'));
    let bound = leads[4]["update_time"].as_str().unwrap();
    let since = get(&sandbox, &format!("/api/v1/leads?updated_since={}Z", &bound[..19]));
    assert_eq!(since["data"].as_array().unwrap().len(), 5);
    let id = with["id"].as_str().unwrap();
    assert_eq!(get(&sandbox, &format!("/api/v1/leads/{id}"))["data"]["id"], id);
    assert_eq!(call(&sandbox, "GET", "/api/v1/leads/none", None).status, 404);
}

#[test]
fn an_empty_list_is_null() {
    let sandbox = still();
    let page = get(&sandbox, "/api/v1/notes?updated_since=2030-01-01T00:00:00Z");
    assert!(page["data"].is_null());
    assert_eq!(page["additional_data"]["pagination"]["more_items_in_collection"], false);
}

#[test]
fn notes_are_read_and_written() {
    let sandbox = still();
    let page = get(&sandbox, "/api/v1/notes?limit=500");
    assert_eq!(page["data"].as_array().unwrap().len(), 48);
    let time = page["data"][0]["update_time"].as_str().unwrap();
    assert_eq!((time.len(), &time[10..11]), (19, " "));
    let deal = walk(&sandbox, "/api/v2/deals?limit=1&status=open")[0];
    let body = json!({"content": "<p>Hej</p>", "deal_id": deal, "pinned_to_deal_flag": 1}).to_string();
    let created = call(&sandbox, "POST", "/api/v1/notes", Some(&body));
    let created: Value = serde_json::from_slice(&created.body).unwrap();
    assert_eq!(created["data"]["pinned_to_deal_flag"], true);
    assert!(created["data"]["deal"]["title"].is_string());
    let one = format!("/api/v1/notes/{}", created["data"]["id"]);
    assert_eq!(call(&sandbox, "PUT", &one, Some(r#"{"content":"<p>Nu</p>"}"#)).status, 200);
    assert_eq!(get(&sandbox, &one)["data"]["content"], "<p>Nu</p>");
    assert_eq!(call(&sandbox, "DELETE", &one, None).status, 200);
    assert_eq!(call(&sandbox, "GET", &one, None).status, 404);
    assert_eq!(call(&sandbox, "POST", "/api/v1/notes", Some(r#"{"content":"x"}"#)).status, 400);
}

#[test]
fn users_and_the_company() {
    let sandbox = still();
    let users = get(&sandbox, "/api/v1/users");
    assert_eq!(users["data"].as_array().unwrap().len(), 5);
    let me = get(&sandbox, "/api/v1/users/me");
    assert_eq!(me["data"]["company_domain"], "acme-demo");
    assert_eq!(me["data"]["is_you"], true);
    assert_eq!(call(&sandbox, "GET", "/api/v1/users/7", None).status, 404);
    assert_eq!(call(&sandbox, "GET", "/api/v1/deals", None).status, 410, "moved to the second version");
}

#[test]
fn merging_moves_everything() {
    let sandbox = still();
    let deal = get(&sandbox, "/api/v2/deals?limit=500")["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|deal| deal["person_id"].is_i64())
        .unwrap()
        .clone();
    let from = deal["person_id"].as_i64().unwrap();
    let into = if from == 50 { 51 } else { 50 };
    let path = format!("/api/v1/persons/{from}/merge");
    let merged = call(&sandbox, "PUT", &path, Some(&json!({"merge_with_id": into}).to_string()));
    assert_eq!(merged.status, 200);
    let merged: Value = serde_json::from_slice(&merged.body).unwrap();
    assert_eq!(
        (merged["data"]["id"].as_i64(), merged["data"]["merge_what_id"].as_i64()),
        (Some(into), Some(from))
    );
    let gone = get(&sandbox, &format!("/api/v2/persons/{from}"));
    assert_eq!(gone["data"]["is_deleted"], true);
    let stays = get(&sandbox, &format!("/api/v2/persons/{into}"));
    let mails = stays["data"]["emails"].as_array().unwrap();
    assert!(mails.iter().any(|mail| mail["value"] == gone["data"]["emails"][0]["value"]));
    assert_eq!(mails.iter().filter(|mail| mail["primary"] == true).count(), 1);
    let after = get(&sandbox, &format!("/api/v2/deals/{}", deal["id"]));
    assert_eq!(after["data"]["person_id"], into);
    assert!(sandbox.merge_persons(from, into).is_err());
    assert!(sandbox.record(Entity::Persons, from).is_some());
}
