use std::time::Duration;

use tieline_sandbox::Json;

use super::{account, ask, at, keys, send, tell};

const BASE: &str = "/api/v1/accounts/1";

#[test]
fn a_missing_right_is_a_401_with_its_own_text() {
    let sandbox = account();
    let path = format!("DELETE {BASE}/contacts/1");
    let reply = send(&sandbox, &path, "agent", "");
    assert_eq!(reply.status, 401);
    assert_eq!(reply.body, r#"{"error":"You are not authorized to do this action"}"#);
    assert_eq!(send(&sandbox, &path, "nobody", "").status, 401);
    let suspended = send(&sandbox, &format!("GET {BASE}/contacts"), "suspended", "");
    assert_eq!(suspended.body, r#"{"error":"Account is suspended"}"#);
}

#[test]
fn contacts_come_fifteen_a_page_and_only_those_who_can_be_reached() {
    let sandbox = account();
    let unreachable = tell(&sandbox, &format!("POST {BASE}/contacts"), r#"{"name":"Ingen"}"#);
    assert_eq!(unreachable.0, 200);
    let mut seen = Vec::new();
    for page in 1..=4 {
        let (status, answer) = ask(&sandbox, &format!("GET {BASE}/contacts?sort=created_at&page={page}"));
        assert_eq!((status, at(&answer, "/meta/count").as_i64()), (200, Some(40)));
        let rows = keys(at(&answer, "/payload"));
        assert_eq!(rows.len(), [15, 15, 10, 0][page - 1]);
        seen.extend(rows);
    }
    assert_eq!(seen, (1..=40).map(|key| key.to_string()).collect::<Vec<_>>());
    let key = at(&unreachable.1, "/payload/contact/id").to_string();
    assert_eq!(ask(&sandbox, &format!("GET {BASE}/contacts/{key}")).0, 200);
}

#[test]
fn the_number_of_the_page_is_a_number_or_a_text() {
    let sandbox = account();
    let page =
        |sandbox| at(&ask(sandbox, &format!("GET {BASE}/contacts?page=1")).1, "/meta/current_page").clone();
    assert_eq!(page(&sandbox), Json::Int(1));
    assert!(sandbox.assume("page_number_is_text", true));
    assert_eq!(page(&sandbox), Json::from("1"));
}

#[test]
fn values_are_checked_and_changed_as_the_provider_does() {
    let sandbox = account();
    let create = |body: &str| tell(&sandbox, &format!("POST {BASE}/contacts"), body);
    let (status, made) = create(r#"{"name":"Kari","email":" Kari@Fjord.Example ","unknown":1}"#);
    assert_eq!((status, at(&made, "/payload/contact/email").as_str()), (200, Some("kari@fjord.example")));
    assert_eq!(at(&made, "/payload/contact/unknown"), &Json::Null);
    let (status, taken) = create(r#"{"name":"Kari again","email":"KARI@fjord.example"}"#);
    assert_eq!((status, at(&taken, "/message").as_str()), (422, Some("Email has already been taken")));
    let (status, wrong) = create(r#"{"phone_number":"0701234567"}"#);
    assert_eq!(status, 422);
    assert_eq!(at(&wrong, "/attributes/0").as_str(), Some("phone_number"));
}

#[test]
fn attributes_of_a_contact_are_merged_and_those_of_a_conversation_replaced() {
    let sandbox = account();
    let (_, contact) = tell(
        &sandbox,
        &format!("PUT {BASE}/contacts/1"),
        r#"{"custom_attributes":{"renewal":"2027-05-01"}}"#,
    );
    assert_eq!(
        at(&contact, "/payload/custom_attributes").to_string(),
        r#"{"plan":"gold","renewal":"2027-05-01"}"#
    );
    let path = format!("POST {BASE}/conversations/1/custom_attributes");
    tell(&sandbox, &path, r#"{"custom_attributes":{"a":1}}"#);
    tell(&sandbox, &path, r#"{"custom_attributes":{"b":2}}"#);
    let (_, conversation) = ask(&sandbox, &format!("GET {BASE}/conversations/1"));
    assert_eq!(at(&conversation, "/custom_attributes").to_string(), r#"{"b":2}"#);
    let (_, contact) = tell(
        &sandbox,
        &format!("POST {BASE}/contacts/1/destroy_custom_attributes"),
        r#"{"custom_attributes":["plan"]}"#,
    );
    assert_eq!(at(&contact, "/payload/custom_attributes").to_string(), r#"{"renewal":"2027-05-01"}"#);
}

#[test]
fn conversations_changed_within_seconds_come_unpaged_and_open_ones_alone_unless_asked() {
    let sandbox = account();
    sandbox.advance(Duration::from_secs(3600));
    for key in 1..=30 {
        let status = format!("POST {BASE}/conversations/{key}/toggle_status");
        assert_eq!(tell(&sandbox, &status, r#"{"status":"resolved"}"#).0, 200);
    }
    let within = |query: &str| {
        let (_, answer) = ask(&sandbox, &format!("GET {BASE}/conversations?{query}"));
        at(&answer, "/data/payload").as_array().unwrap().len()
    };
    assert!(within("updated_within=60&status=all") >= 25, "not paged");
    assert_eq!(within("updated_within=60"), 0);
    assert_eq!(within("status=all&page=1"), 25);
}

#[test]
fn an_agent_sees_the_conversations_of_one_inbox() {
    let sandbox = account();
    let seen = |caller: &str| {
        let reply = send(&sandbox, &format!("GET {BASE}/conversations?status=all"), caller, "");
        at(&Json::parse(&reply.body).unwrap(), "/data/meta/all_count").as_i64().unwrap()
    };
    assert!(seen("agent") < seen("administrator"));
    assert_eq!(send(&sandbox, &format!("GET {BASE}/conversations/2"), "agent", "").status, 404);
    assert!(sandbox.assume("agents_see_all", true));
    assert_eq!(seen("agent"), seen("administrator"));
}

#[test]
fn a_message_moves_its_conversation_and_a_deleted_one_stays() {
    let sandbox = account();
    sandbox.advance(Duration::from_secs(60));
    let path = format!("POST {BASE}/conversations/1/messages");
    let (status, message) =
        tell(&sandbox, &path, r#"{"content":"Hei","message_type":"outgoing","source_id":"ext-1"}"#);
    assert_eq!((status, at(&message, "/message_type").as_i64()), (200, Some(1)));
    let (_, conversation) = ask(&sandbox, &format!("GET {BASE}/conversations/1"));
    assert_eq!(at(&conversation, "/last_activity_at").as_i64(), Some(sandbox.now().timestamp()));
    let key = at(&message, "/id").to_string();
    assert_eq!(tell(&sandbox, &format!("DELETE {BASE}/conversations/1/messages/{key}"), "").0, 200);
    let (_, messages) = ask(&sandbox, &format!("GET {BASE}/conversations/1/messages"));
    let last = at(&messages, "/payload").as_array().unwrap().last().unwrap().clone();
    assert_eq!(at(&last, "/content_attributes/deleted"), &Json::Bool(true));
    assert_eq!(tell(&sandbox, &format!("DELETE {BASE}/conversations/2/messages/{key}"), "").0, 404);
}

#[test]
fn messages_behind_an_id_ascend_and_zero_is_assumed_both_ways() {
    let sandbox = account();
    for _ in 0..30 {
        sandbox
            .create("messages", serde_json::json!({"conversation_id": 1, "content": "x", "message_type": 1}))
            .unwrap();
    }
    let list = |query: &str| {
        keys(at(&ask(&sandbox, &format!("GET {BASE}/conversations/1/messages{query}")).1, "/payload"))
    };
    let all = list("?after=0");
    assert!(
        all.len() > 30
            && all.windows(2).all(|pair| pair[0].parse::<i64>().unwrap() < pair[1].parse::<i64>().unwrap())
    );
    assert_eq!(list("").len(), 20);
    assert_eq!(list(&format!("?after={}", all[all.len() - 2])), all[all.len() - 1..]);
    assert!(sandbox.assume("after_zero_is_oldest", false));
    assert_eq!(list("?after=0").len(), 20);
}

#[test]
fn merging_contacts_destroys_the_second_and_moves_its_conversations() {
    let sandbox = account();
    let theirs = sandbox.row("conversations", "2").unwrap().reference("contact_id").unwrap();
    let body = format!(r#"{{"base_contact_id":1,"mergee_contact_id":{theirs}}}"#);
    assert_eq!(tell(&sandbox, &format!("POST {BASE}/actions/contact_merge"), &body).0, 200);
    assert_eq!(ask(&sandbox, &format!("GET {BASE}/contacts/{theirs}")).0, 404);
    assert_eq!(sandbox.row("conversations", "2").unwrap().reference("contact_id").unwrap(), "1");
}

#[test]
fn the_limit_answers_429_without_a_hint_and_a_tag_has_its_own() {
    let sandbox = account();
    let search = format!("GET {BASE}/contacts/search?q=person&page=1");
    assert!((0..100).all(|_| ask(&sandbox, &search).0 == 200));
    let reply = send(&sandbox, &search, "administrator", "");
    assert_eq!((reply.status.as_u16(), reply.headers.get("retry-after")), (429, None));
    assert_eq!(ask(&sandbox, &format!("GET {BASE}/labels")).0, 200);
    sandbox.advance(Duration::from_secs(61));
    assert_eq!(ask(&sandbox, &search).0, 200);
}

#[test]
fn a_wrong_address_is_a_web_page_and_what_is_not_modelled_is_501_in_our_own_words() {
    let sandbox = account();
    let page = send(&sandbox, "GET /elsewhere", "administrator", "");
    assert_eq!(page.status, 404);
    assert!(page.body.starts_with(b"<!DOCTYPE html>"));
    let (status, answer) = ask(&sandbox, &format!("GET {BASE}/portals"));
    assert_eq!(status, 501);
    assert_eq!(answer.to_string(), r#"{"sandbox":"not modelled: GET /api/v1/accounts/1/portals"}"#);
    let (status, answer) = ask(&sandbox, &format!("GET {BASE}/contacts?colour=red"));
    assert_eq!(status, 501);
    assert!(answer.to_string().contains("the parameter `colour`"), "{answer}");
}

#[test]
fn webhooks_have_one_row_for_each_address_and_known_events() {
    let sandbox = account();
    let path = format!("POST {BASE}/webhooks");
    let body = r#"{"url":"https://host.example/hook","subscriptions":["contact_created"]}"#;
    let (status, made) = tell(&sandbox, &path, body);
    assert_eq!(status, 200);
    assert_eq!(at(&made, "/payload/webhook/secret").as_str().unwrap().len(), 24);
    assert_eq!(tell(&sandbox, &path, body).0, 422);
    assert_eq!(
        tell(&sandbox, &path, r#"{"url":"https://b.example","subscriptions":["contact_deleted"]}"#).0,
        422
    );
}
