//! What is refused before anything is sent, as text.

use tieline_core::{Connector, FieldPatch, Outcome, WriteOp, WriteRequest};
use tieline_sandbox::pipedrive::keys;

use crate::common::{
    answering, answering_with, asked, create, delete, invoke, json, marked, marked_create, one, set, update,
    word,
};

#[tokio::test(start_paused = true)]
async fn bad_operations_are_never_sent() {
    let (transport, crm) = answering_with(marked(), |_| (500, String::new()));
    let add = |text: &str| FieldPatch::Add(json(text));
    let long = "x".repeat(256);
    let mut texts = Vec::new();
    for (entity, op) in [
        ("deals", create("[]")),
        ("deals", create(r#"{"value":1}"#)),
        ("deals", create(r#"{"title":"  "}"#)),
        ("deals", create(r#"{"title":null}"#)),
        ("deals", create(r#"{"title":"x","value":"1250.10"}"#)),
        ("deals", create(r#"{"title":"x","stage_id":7.5}"#)),
        ("deals", create(r#"{"title":"x","titel":"y"}"#)),
        ("deals", create(r#"{"title":"x","update_time":"2026-01-01T00:00:00Z"}"#)),
        ("deals", create(r#"{"title":"x","is_deleted":true}"#)),
        ("deals", create(r#"{"title":"x","lost_reason":"Pris"}"#)),
        ("deals", create(r#"{"title":"x","status":"won","lost_time":"2026-01-01T00:00:00Z"}"#)),
        ("deals", create(r#"{"title":"x","custom_fields":{"abc":1}}"#)),
        ("deals", create(r#"{"title":"x","custom_fields":7}"#)),
        ("deals", update("1", &[("/is_deleted", set("true"))])),
        ("deals", update("1", &[("/pipeline_id", set("2"))])),
        ("deals", update("1", &[("/title", FieldPatch::Clear)])),
        ("deals", update("1", &[("/title", add("\"x\""))])),
        ("deals", update("1", &[("/id", FieldPatch::Raw(json("2")))])),
        ("deals", update("1", &[("/custom_fields", FieldPatch::Clear)])),
        ("deals", update("01", &[("/title", set("\"x\""))])),
        ("deals", delete("a1")),
        ("persons", create(r#"{"first_name":"Ada","last_name":"Ek"}"#)),
        ("persons", update("1", &[("/add_time", set("\"2026-01-01T00:00:00Z\""))])),
        ("organizations", update("1", &[("/address/country", set("\"Sverige\""))])),
        ("activities", create(r#"{"subject":"x","person_id":1}"#)),
        ("activities", update("1", &[("/custom_fields", set("{}"))])),
        ("notes", create(r#"{"content":"x"}"#)),
        ("notes", update("1", &[("/active_flag", set("false"))])),
        ("leads", create(r#"{"title":"x"}"#)),
        ("leads", create(r#"{"title":"x","person_id":1,"is_archived":true}"#)),
        ("stages", create(r#"{"name":"x"}"#)),
        ("deals", marked_create(r#"{"title":"x"}"#, "")),
        ("deals", marked_create(r#"{"title":"x"}"#, &long)),
        (
            "deals",
            marked_create(
                &format!(r#"{{"title":"x","custom_fields":{{"{}":"op-2"}}}}"#, keys::DEAL_REFERENCE),
                "op-1",
            ),
        ),
        ("deals", invoke("merg", "1", r#"{"merge_with_id":2}"#)),
        ("deals", invoke("merge", "1", "{}")),
        ("deals", invoke("merge", "1", r#"{"merge_with_id":"2"}"#)),
        ("deals", invoke("merge", "1", r#"{"merge_with_id":1}"#)),
        ("deals", invoke("merge", "1", r#"{"merge_with_id":2,"force":true}"#)),
        ("deals", invoke("merge", "1", "[2]")),
        ("notes", invoke("merge", "1", "{}")),
        ("deals", WriteOp::invoke("merge", json("{}"))),
    ] {
        let outcome = one(&*crm, entity, op).await;
        assert!(matches!(outcome, Outcome::Rejected(_)), "{}", word(&outcome));
        texts.push(word(&outcome).replacen("rejected: ", "", 1));
    }
    assert!(asked(&transport).is_empty());
    insta::assert_snapshot!("refusals", texts.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_at_all_is_an_error_at_once() {
    let (_, crm) = answering(|_| (500, String::new()));
    let error = |entity: &str| crm.write(WriteRequest::new(entity, Vec::new())).err().unwrap();
    insta::assert_snapshot!(error("users"), @"writing users is not supported by this connector (unsupported)");
    insta::assert_snapshot!(error("deal"), @r#"there is no entity "deal": did you mean "deals"? (not_found)"#);
}
