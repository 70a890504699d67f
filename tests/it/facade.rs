//! From settings to a connector, by type and by name.

use tieline::pipedrive::{Pipedrive, PipedriveFactory};
use tieline::{ApiKey, CheckRequest, Registry};

use crate::world::*;

#[tokio::test]
async fn a_registry_leads_to_the_typed_connector() {
    let sandbox = sandbox().await;
    let registry = Registry::new(host()).with(PipedriveFactory::default());
    let settings = serde_json::json!({ "company": "acme-demo" });
    let url = sandbox.base_url().parse().unwrap();
    let crm = registry.connect_at(url, "pipedrive", &settings, ApiKey::new(sandbox.token())).unwrap();
    assert!(crm.downcast::<Pipedrive>().is_some());
    assert!(!crm.check(CheckRequest::default()).await.unwrap().name.is_empty());
}

#[test]
fn a_spec_is_enough_for_a_form() {
    let registry = Registry::new(host()).with(PipedriveFactory::default());
    let forms: Vec<_> = registry
        .specs()
        .map(|spec| {
            let secrets: Vec<_> = spec
                .auth
                .iter()
                .flat_map(|scheme| scheme.fields())
                .map(|field| (field.label.clone(), field.help.clone(), field.secret))
                .collect();
            assert!(
                secrets.iter().all(|(label, help, secret)| !label.is_empty() && !help.is_empty() && *secret)
            );
            assert!(spec.config.iter().all(|field| !field.secret && !field.help.is_empty()));
            assert!(!spec.guide.is_empty());
            (spec.title.clone(), spec.config_schema())
        })
        .collect();
    insta::assert_json_snapshot!(forms);
}
