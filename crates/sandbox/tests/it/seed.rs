use tieline_sandbox::pipedrive::{EPOCH, keys};
use tieline_sandbox::{Clock, Json, Sandbox};

use crate::{call, exact, get, still, walk};

#[test]
fn the_same_clock_grows_the_same_account() {
    let path = "/api/v2/deals?limit=500";
    assert_eq!(call(&still(), "GET", path, None).body, call(&still(), "GET", path, None).body);
}

#[test]
fn the_account_moves_with_the_clock() {
    let later = "2027-03-01T03:00:00Z".parse().unwrap();
    let sandbox = Sandbox::pipedrive_with(Clock::frozen_at(later));
    assert_eq!(sandbox.summary(), still().summary());
    let page = get(&sandbox, "/api/v2/deals?limit=500&sort_by=update_time&sort_direction=desc");
    let newest = page["data"][0]["update_time"].as_str().unwrap();
    assert!(newest < "2027-03-01" && newest > "2027-02-15", "{newest}");
}

#[test]
fn as_many_as_the_readme_says() {
    let summary = still().summary();
    assert_eq!((summary.visible, summary.open, summary.won, summary.lost), (193, 121, 44, 28));
    assert_eq!((summary.archived, summary.deleted), (7, 5));
    let of = |stage: &str, status: &str| summary.stages[stage].get(status).copied().unwrap_or_default();
    for (stage, open, won, lost) in [
        ("Nya möjligheter", 41, 0, 9),
        ("Kvalificerad", 33, 0, 8),
        ("Offert skickad", 26, 0, 7),
        ("Förhandling", 15, 4, 4),
        ("Avtal tecknat", 6, 40, 0),
    ] {
        assert_eq!((of(stage, "open"), of(stage, "won"), of(stage, "lost")), (open, won, lost), "{stage}");
    }
}

#[test]
fn decimals_stand_exactly_in_the_text() {
    let sandbox = still();
    let reply = call(&sandbox, "GET", "/api/v2/deals?limit=500", None);
    let text = std::str::from_utf8(&reply.body).unwrap();
    assert_eq!(text.matches(r#""value":12345678901234567.89,"#).count(), 1);
    assert!(text.contains(r#""value":12345.67,"#));
    assert!(text.contains(r#""value":-12345.67,"#));
    assert_eq!(exact(&reply).to_string(), text, "reading and writing changes nothing");
}

#[test]
fn the_data_hangs_together() {
    let sandbox = still();
    let ids = |path: &str| walk(&sandbox, &format!("/api/v2/{path}?limit=500"));
    let (persons, organizations) = (ids("persons"), ids("organizations"));
    let deals = get(&sandbox, "/api/v2/deals?limit=500");
    let (mut filled, mut negative, mut foreign) = (0, 0, 0);
    for deal in deals["data"].as_array().unwrap() {
        assert!(deal["person_id"].is_null() || persons.contains(&deal["person_id"].as_i64().unwrap()));
        assert!(deal["org_id"].is_null() || organizations.contains(&deal["org_id"].as_i64().unwrap()));
        assert!(deal["add_time"].as_str() <= deal["stage_change_time"].as_str());
        assert!(deal["stage_change_time"].as_str() <= deal["update_time"].as_str());
        assert!(deal["update_time"].as_str().unwrap() <= EPOCH);
        assert_eq!(deal["status"] == "won", deal["won_time"].is_string());
        assert_eq!(deal["status"] == "lost", deal["lost_reason"].is_string());
        filled += usize::from(deal["custom_fields"][keys::DEAL_LICENCE_FEE]["currency"].is_string());
        negative += usize::from(deal["value"].as_f64().unwrap() < 0.0);
        foreign += usize::from(deal["currency"] != "SEK");
        assert!(deal.get("person").is_none() && deal.get("owner").is_none());
    }
    assert!(filled > 40 && negative == 4 && foreign > 10, "{filled} {negative} {foreign}");
    let persons = get(&sandbox, "/api/v2/persons?limit=500");
    let old = persons["data"].as_array().unwrap().iter().filter(|one| one["update_time"].is_null()).count();
    assert_eq!(old, 4);
}

#[test]
fn mail_goes_nowhere() {
    let sandbox = still();
    for path in ["/api/v2/persons?limit=500", "/api/v2/organizations?limit=500", "/api/v1/users"] {
        let text = call(&sandbox, "GET", path, None).body;
        let text = String::from_utf8_lossy(&text).into_owned();
        for address in text.split('"').filter(|part| part.contains('@')) {
            assert!(address.ends_with(".example") || address.ends_with(".test"), "{address}");
            assert!(address.is_ascii(), "{address}");
        }
    }
}

#[test]
fn fields_describe_the_records() {
    let sandbox = still();
    for (fields, records) in [
        ("dealFields", "deals"),
        ("personFields", "persons"),
        ("organizationFields", "organizations"),
        ("productFields", "products"),
        ("activityFields", "activities"),
    ] {
        let described = get(&sandbox, &format!("/api/v2/{fields}?limit=500"));
        let codes: Vec<&str> =
            described["data"].as_array().unwrap().iter().map(|f| f["field_code"].as_str().unwrap()).collect();
        let mut unique = codes.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), codes.len(), "{fields}");
        let page = get(&sandbox, &format!("/api/v2/{records}?limit=1"));
        let record = page["data"][0].as_object().unwrap();
        let empty = serde_json::Map::new();
        let customs = record.get("custom_fields").and_then(|c| c.as_object()).unwrap_or(&empty);
        for key in record.keys().filter(|key| *key != "custom_fields").chain(customs.keys()) {
            assert!(codes.contains(&key.as_str()), "{fields} lacks {key}");
        }
    }
    let source = get(&sandbox, &format!("/api/v2/dealFields/{}", keys::DEAL_SOURCE));
    assert_eq!(source["data"]["options"][1]["label"], "Mässa");
    assert_eq!(keys::DEAL_SOURCE.len(), 40);
    let (mut seen, mut cursor) = (0, String::new());
    loop {
        let page = get(&sandbox, &format!("/api/v2/dealFields?limit=10{cursor}"));
        seen += page["data"].as_array().unwrap().len();
        match page["additional_data"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    let whole = get(&sandbox, "/api/v2/dealFields?limit=500")["data"].as_array().unwrap().len();
    assert_eq!(seen, whole);
    assert_eq!(call(&sandbox, "GET", "/api/v2/dealFields/nothing", None).status, 404);
}

#[test]
fn options_come_with_labels_on_request() {
    let sandbox = still();
    let path = format!("/api/v2/deals?limit=500&custom_fields={}", keys::DEAL_INTERESTS);
    let with = get(&sandbox, &format!("{path}&include_option_labels=true&include_labels=true"));
    let shown = with["data"].as_array().unwrap().iter().find_map(|deal| {
        assert_eq!(deal["custom_fields"].as_object().unwrap().len(), 1);
        deal["custom_fields"][keys::DEAL_INTERESTS].as_array().map(|all| all[0].clone())
    });
    assert!(shown.unwrap()["label"].is_string());
    let counted = get(&sandbox, "/api/v2/deals?limit=500&include_fields=activities_count,notes_count");
    let total: i64 =
        counted["data"].as_array().unwrap().iter().map(|d| d["activities_count"].as_i64().unwrap()).sum();
    assert_eq!(total, 260);
    assert!(Json::parse(b"[1,").is_err());
}
