use serde_json::json as value;
use tieline_core::{Connector, FieldPath, Key, LookupRequest, RawJson};
use tieline_pipedrive::PipedriveConfig;
use tieline_sandbox::pipedrive::{Entity, keys};

use crate::common::{account, answering, answering_with, applied, asked, create, json, one};

fn field(pointer: &str) -> FieldPath {
    FieldPath::parse(pointer).unwrap()
}

async fn found(crm: &dyn Connector, entity: &str, pointer: &str, value: &str) -> Vec<String> {
    let request =
        LookupRequest::field(entity, field(pointer), json(&RawJson::of(value).unwrap().to_string()));
    crm.lookup(request).await.unwrap().records().map(|record| record.key.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn records_are_found_by_a_field() {
    let (sandbox, crm) = account();
    let mut made = Vec::new();
    for (entity, fields, pointer, wanted) in [
        (
            "persons",
            r#"{"name":"Åsa Sök","emails":[{"value":"Asa.Sok@example.test"}]}"#,
            "/emails",
            "asa.sok@example.test",
        ),
        ("persons", r#"{"name":"Nisse Sök","phones":[{"value":"+46461234"}]}"#, "/phones", "+46461234"),
        ("persons", r#"{"name":"Pelle Sök"}"#, "/name", "pelle sök"),
        ("organizations", r#"{"name":"Sök & Finn AB"}"#, "/name", "Sök & Finn AB"),
        ("deals", r#"{"title":"Sökt + funnen"}"#, "/title", "Sökt + funnen"),
        ("products", r#"{"name":"Sökpall","code":"S-1"}"#, "/code", "S-1"),
    ] {
        let key = applied(&one(&*crm, entity, create(fields)).await).to_string();
        assert_eq!(found(&*crm, entity, pointer, wanted).await.join(" "), key, "{entity}{pointer}");
        assert!(found(&*crm, entity, pointer, "nothing of the kind").await.is_empty());
        made.push((entity, pointer, wanted, key));
    }
    let (_, pointer, wanted, key) = made.swap_remove(0);
    sandbox.delete(Entity::Persons, key.parse().unwrap()).unwrap();
    assert!(found(&*crm, "persons", pointer, wanted).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn searches_are_tagged_paged_and_compared() {
    let code = keys::DEAL_REFERENCE;
    let (transport, crm) = answering(move |path| {
        let page = |data: serde_json::Value, next: Option<&str>| {
            (
                200,
                value!({ "success": true, "data": data, "additional_data": { "next_cursor": next } })
                    .to_string(),
            )
        };
        if path.starts_with("/api/v2/itemSearch") {
            match path.contains("cursor=") {
                false => page(
                    value!([{ "id": 1, code: "x" }, { "result_score": 1.0, "item": { "id": 2 } }]),
                    Some("c"),
                ),
                true => page(value!([{ "id": 2 }, { "id": 3 }]), None),
            }
        } else {
            // The search ignores case, and knows a value that the third no longer has.
            page(
                value!([
                    { "id": 1, "custom_fields": { code: "op-1" } },
                    { "id": 2, "custom_fields": { code: "OP-1" } },
                    { "id": 3, "custom_fields": {} },
                ]),
                None,
            )
        }
    });
    assert_eq!(found(&*crm, "deals", &format!("/custom_fields/{code}"), "op-1").await, ["1"]);
    insta::assert_snapshot!(asked(&transport).join("\n"), @"
    /api/v2/itemSearch/field?entity_type=deal&field=9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091&match=exact&term=op-1&limit=100
    /api/v2/itemSearch/field?entity_type=deal&field=9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091&match=exact&term=op-1&limit=100&cursor=c
    /api/v2/deals?ids=1%2C2%2C3&limit=100
    ");
}

#[tokio::test(start_paused = true)]
async fn a_marker_that_the_search_does_not_know_yet_is_found_among_the_newest() {
    let code = keys::DEAL_REFERENCE;
    let lead = "adf21080-0e10-11eb-879b-05d71fb426ec";
    let config = PipedriveConfig::company("acme").with_marker("deals", code).with_marker("leads", code);
    let (transport, crm) = answering_with(config, move |path| {
        let data = match path {
            path if path.starts_with("/api/v2/itemSearch") => value!([]),
            path if path.starts_with("/api/v1/leads") => {
                value!([{ "id": lead, code: "op-2" }, { "id": "x" }])
            }
            _ => value!([{ "id": 5, "custom_fields": null }, { "id": 4, "custom_fields": { code: "op-2" } }]),
        };
        (200, value!({ "success": true, "data": data }).to_string())
    });
    assert_eq!(found(&*crm, "deals", &format!("/custom_fields/{code}"), "op-2").await, ["4"]);
    assert!(found(&*crm, "deals", &format!("/custom_fields/{code}"), "op-3").await.is_empty());
    assert_eq!(found(&*crm, "leads", &format!("/{code}"), "op-2").await, [lead]);
    // A field that carries no markers is only searched for.
    let other = format!("/custom_fields/{}", keys::DEAL_SOURCE);
    assert!(found(&*crm, "deals", &other, "op-2").await.is_empty());
    insta::assert_snapshot!(asked(&transport).join("\n"), @"
    /api/v2/itemSearch/field?entity_type=deal&field=9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091&match=exact&term=op-2&limit=100
    /api/v2/deals?limit=500&sort_by=add_time&sort_direction=desc
    /api/v2/itemSearch/field?entity_type=deal&field=9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091&match=exact&term=op-3&limit=100
    /api/v2/deals?limit=500&sort_by=add_time&sort_direction=desc
    /api/v2/itemSearch/field?entity_type=lead&field=9c6d08f1a2b34e57c8d90e1f2a3b4c5d6e7f8091&match=exact&term=op-2&limit=100
    /api/v1/leads?limit=500&sort=id&updated_since=2026-11-03T06%3A00%3A00Z&start=0
    /api/v2/itemSearch/field?entity_type=deal&field=3f1c9a52e07b4d86a1c25e9b7d40f8836c5ae214&match=exact&term=op-2&limit=100
    ");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_searched_for_says_what_can() {
    let (transport, crm) = answering(|_| (500, String::new()));
    let mut texts = Vec::new();
    for (entity, pointer, value) in [
        ("persons", "/email", "\"a@b.se\""),
        ("persons", "/owner_id", "1"),
        ("persons", "/emails", "7"),
        ("persons", "/emails", "\" \""),
        ("activities", "/subject", "\"x\""),
        ("users", "/email", "\"a@b.se\""),
        ("deals", "/custom_fields/abc", "\"x\""),
    ] {
        let error = crm.lookup(LookupRequest::field(entity, field(pointer), json(value))).await.unwrap_err();
        texts.push(error.to_string());
    }
    assert!(asked(&transport).is_empty());
    insta::assert_snapshot!(texts.join("\n"), @r#"
    Pipedrive's persons have no field "/email": did you mean "/emails"? Discover lists the fields (config)
    looking Pipedrive records up by this field is not supported by this connector: it works for /name, /emails, /phones and the account's own text fields (unsupported, entity=persons, field=/owner_id)
    Pipedrive searches for texts only: give a text that is not empty (config, entity=persons, field=/emails)
    Pipedrive searches for texts only: give a text that is not empty (config, entity=persons, field=/emails)
    looking Pipedrive records up by this field is not supported by this connector: look them up by key, or read the entity and compare (unsupported, entity=activities, field=/subject)
    looking Pipedrive records up by this field is not supported by this connector: look them up by key, or read the entity and compare (unsupported, entity=users, field=/email)
    Pipedrive's deals have no field "/custom_fields/abc": discover lists the fields; the account's own are /custom_fields/ and 40 hexadecimal digits (config)
    "#);
    assert!(crm.lookup(LookupRequest::keys("persons", [Key::from("x")])).await.is_ok());
}
