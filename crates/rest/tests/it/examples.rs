//! Whole descriptions, as people would write them.

use serde_json::json;
use tieline_core::{Category, ConnectorFactory as _, DiscoverRequest, ReadRequest};
use tieline_document::Format;
use tieline_rest::{Description, LoadOptions, RestFactory};

use crate::provider::{Provider, ok, read, state};

const HUBSPOT: &str = include_str!("described/hubspot.yaml");

#[test]
fn descriptions_load() {
    for (name, text) in [
        ("three-lines.yaml", include_str!("described/three-lines.yaml")),
        ("three-lines-more.yaml", include_str!("described/three-lines-more.yaml")),
        ("hubspot.yaml", HUBSPOT),
    ] {
        if let Err(findings) = Description::load(name, text, Format::Yaml) {
            panic!("{findings}");
        }
    }
    for (name, text) in
        [("hubspot.yaml", HUBSPOT), ("providers.yaml", include_str!("described/providers.yaml"))]
    {
        if let Err(findings) = Description::load_with(name, text, Format::Yaml, &LoadOptions::shipped()) {
            panic!("{findings}");
        }
    }
    let factory = RestFactory::from_file("hubspot", "hubspot.yaml", HUBSPOT, Category::Crm).unwrap();
    let limits: Vec<String> = factory.description().limits.iter().map(ToString::to_string).collect();
    assert_eq!(limits, ["100 per 10s", "5 per 1s for search"]);
    assert_eq!(factory.spec().auth.len(), 2);
}

#[tokio::test]
async fn hubspot_is_read_by_id_and_its_changes_by_time() {
    let provider = Provider::new(HUBSPOT, |seen| match (seen.method.as_str(), seen.path.as_str()) {
        ("POST", "/crm/v3/objects/contacts/search") => {
            let filter = &seen.body["filterGroups"][0]["filters"][0];
            if filter["propertyName"] == "hs_object_id" {
                let after: u64 = filter["value"].to_string().trim_matches('"').parse().unwrap();
                let row = |id: u64| json!({ "id": id.to_string(), "hs_object_id": id.to_string(), "properties": { "lastmodifieddate": "2026-05-01T00:00:00.123Z", "hs_merged_object_ids": if id == 2 { json!("9;8") } else { json!(null) } } });
                return ok(json!({ "results": (after + 1..=3).take(2).map(row).collect::<Vec<_>>() }));
            }
            ok(json!({ "results": [] }))
        }
        ("GET", "/crm/v3/objects/contacts") => ok(json!({ "results": [{ "id": "5", "archived": true }] })),
        ("GET", "/crm/v3/properties/contacts") => {
            ok(json!({ "results": [{ "name": "email", "label": "E-mail", "type": "string" }] }))
        }
        ("GET", "/account-info/v3/details") => {
            ok(json!({ "portalId": 62515, "uiDomain": "app.hubspot.com" }))
        }
        other => panic!("{other:?}"),
    });
    let connector = provider.connect();
    let account = connector.check(Default::default()).await.unwrap();
    assert_eq!(
        (account.name.as_str(), account.id.as_ref().map(|id| id.as_str())),
        ("app.hubspot.com", Some("62515"))
    );
    let catalog = connector.discover(DiscoverRequest::schemas().only("contacts")).await.unwrap();
    let entity = catalog.entity("contacts").unwrap();
    assert_eq!(entity.fields[0].path.as_str(), "/properties/email");
    assert!(entity.capabilities.changes && entity.capabilities.lookup && entity.capabilities.create);

    let (keys, batches) = read(&connector, ReadRequest::changes("contacts")).await.unwrap();
    assert_eq!(keys, ["1", "9>2", "8>2", "2", "3"]);
    provider.asked();
    let (keys, _) =
        read(&connector, ReadRequest::changes("contacts").with_state(state(&batches))).await.unwrap();
    assert_eq!(keys, ["-5"]);
    // From five minutes before the mark on, because the search index lags.
    let asked = provider.asked();
    assert!(
        asked.iter().any(|line| line.contains(r#""operator":"GTE","propertyName":"lastmodifieddate""#)),
        "{asked:?}"
    );
    assert!(
        asked.iter().any(|line| line == "GET /crm/v3/objects/contacts?archived=true&limit=100"),
        "{asked:?}"
    );
}
