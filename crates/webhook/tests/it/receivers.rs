//! Receivers of connectors, behind the verification that they name.

use serde_json::Value;
use tieline_core::webhook::{Hint, HintKind, Verification, WebhookEvent, WebhookRoute};
use tieline_core::{ConnectorFactory, ErrorKind, Result};
use tieline_pipedrive::PipedriveFactory;
use tieline_webhook::Trust;

use crate::Delivery;

const V2: &str = r#"{"meta":{"action":"change","entity":"deal","company_id":"7788","entity_id":"501",
 "id":"9a0e","timestamp":"2026-01-10T08:12:44.120Z","version":"2.0","attempt":1},
 "data":{"id":501,"title":"Ny order","update_time":"2026-01-10T08:12:43Z"},"previous":{"status":"open"}}"#;

fn received(body: &str) -> Result<WebhookEvent> {
    let factory = PipedriveFactory::default();
    let receiver = factory.webhooks().unwrap();
    let delivery = Delivery::named("pipedrive", "p4ss", body).header("authorization", "Basic aG9vazpwNHNz");
    assert_eq!(receiver.verification(&Value::Null), Verification::Named("pipedrive".into()));
    assert_eq!(delivery.verify().unwrap().trust, Trust::Hint);
    receiver.receive(&delivery.delivery())
}

fn hints(body: &str) -> Vec<Hint> {
    match received(body).unwrap() {
        WebhookEvent::Hints(hints) => hints.hints,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pipedrive_routes_by_the_token_in_the_path() {
    let factory = PipedriveFactory::default();
    let route = |path: &str| {
        let request = http::Request::post(path).body(bytes::Bytes::new()).unwrap();
        factory.webhooks().unwrap().route(&request)
    };
    assert_eq!(route("/hooks/t0k").unwrap(), [WebhookRoute::PathToken("t0k".into())]);
    assert_eq!(route("/hooks/").unwrap_err().kind(), ErrorKind::Decode);
}

#[test]
fn pipedrive_version_2() {
    let changed = Hint::new("deals", Some("501".into())).with_changed_at("2026-01-10T08:12:43Z");
    assert_eq!(hints(V2), std::slice::from_ref(&changed));
    let number = hints(&V2.replace(r#""501""#, "501"));
    assert_eq!(number, std::slice::from_ref(&changed), "an id may be a number");
    let WebhookEvent::Hints(all) = received(V2).unwrap() else { panic!() };
    let id = all.id.unwrap();
    assert_eq!((id.id.as_str(), id.signed), ("9a0e", false));
    let batch = format!("[{V2},{}]", V2.replace("501", "502"));
    assert_eq!(hints(&batch).len(), 2);

    let deleted = r#"{"meta":{"action":"delete","entity":"person","entity_id":"11","id":"x","version":"2.0"},
        "data":null,"previous":{"id":11,"name":"Ada"}}"#;
    assert_eq!(hints(deleted), [Hint::new("persons", Some("11".into())).with_kind(HintKind::Deleted)]);
    let merged = deleted.replace(r#""id":"x""#, r#""id":"x","merged_to_id":12"#);
    let gone = Hint::new("persons", Some("11".into())).with_kind(HintKind::Merged("12".into()));
    assert_eq!(hints(&merged), [gone]);
    let kept = V2.replace(r#""attempt":1"#, r#""merged_from_id":400"#);
    assert_eq!(hints(&kept), [changed], "the record that stays changed");
}

#[test]
fn pipedrive_version_1() {
    let of = |action: &str, object: &str, more: &str| {
        format!(
            r#"{{"v":1,"event":"{action}.{object}","retry":0,"meta":{{"action":"{action}","object":"{object}","id":501,
            "company_id":7788,"timestamp":1768032764{more}}},
            "current":{{"id":501,"update_time":"2026-01-10 08:12:43"}},"previous":null}}"#
        )
    };
    let hint = |kind| Hint::new("deals", Some("501".into())).with_kind(kind);
    assert_eq!(hints(&of("added", "deal", "")), [hint(HintKind::Changed)]);
    assert_eq!(hints(&of("updated", "deal", "")), [hint(HintKind::Changed)]);
    assert_eq!(hints(&of("deleted", "deal", "")), [hint(HintKind::Deleted)]);
    let merged = of("merged", "deal", r#","merged_to_id":502"#);
    assert_eq!(hints(&merged), [hint(HintKind::Merged("502".into()))]);
    let user = r#"{"v":1,"meta":{"action":"updated","object":"user"},"current":[{"id":42,"name":"Ada"}]}"#;
    assert_eq!(hints(user), [Hint::new("users", Some("42".into()))]);
}

#[test]
fn pipedrive_other_records_and_other_forms() {
    let other = V2.replace(r#""entity":"deal""#, r#""entity":"board""#);
    assert!(matches!(received(&other).unwrap(), WebhookEvent::Nothing));
    for wrong in [
        "",
        "{}",
        "[]x",
        "null",
        r#"{"meta":{}}"#,
        r#"{"meta":{"action":"change","entity":"deal"}}"#,
        "\u{feff}{}",
    ] {
        let error = received(wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{wrong}");
        assert!(!error.to_string().contains("501"));
    }
}

#[test]
fn odoo_names_the_model_and_the_record() {
    let factory = tieline_odoo_xmlrpc::OdooFactory::default();
    let receiver = factory.webhooks().unwrap();
    assert_eq!(receiver.verification(&Value::Null), Verification::Unsigned);
    let received = |body: &str| {
        let delivery = Delivery::of(Verification::Unsigned, "", body);
        receiver.receive(&delivery.delivery())
    };
    let body = r#"{"_action":"Order changed(#9)","_id":12,"_model":"sale.order","amount_total":1250.1,"note":false}"#;
    let WebhookEvent::Hints(hints) = received(body).unwrap() else { panic!() };
    assert_eq!(hints.hints, [Hint::new("sale.order", Some("12".into()))]);
    for wrong in [
        "{}",
        "",
        r#"{"_id":0,"_model":"sale.order"}"#,
        r#"{"_id":-1,"_model":"sale.order"}"#,
        r#"{"_id":"12","_model":"sale.order"}"#,
        r#"{"_id":12,"_model":"../res.users"}"#,
        r#"{"_id":12,"_model":""}"#,
    ] {
        assert_eq!(received(wrong).unwrap_err().kind(), ErrorKind::Decode, "{wrong}");
    }
}
