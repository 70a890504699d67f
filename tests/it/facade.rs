//! From settings to a connector, by type and by name.

use std::sync::Arc;

use tieline::pipedrive::{Pipedrive, PipedriveFactory};
use tieline::{ApiKey, CheckRequest, Host, HttpStack, Registry, RetryPolicy};
use tieline_http::memory::{MemoryTransport, answer};

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

#[tokio::test(start_paused = true)]
async fn each_connect_of_one_account_stays_under_the_same_limits() {
    let transport = MemoryTransport::new(|_| Ok(answer(http::StatusCode::OK, &[], "{}")));
    let retry = RetryPolicy::never().with_max_wait(std::time::Duration::ZERO);
    let http = HttpStack::builder().transport(Arc::new(transport.clone())).retry(retry).build().unwrap();
    let registry = Registry::new(Host::from(http)).with(PipedriveFactory::default());
    let check = async |key: &str| {
        let settings = serde_json::json!({ "company": "acme" });
        let connector = registry.connect("pipedrive", &settings, ApiKey::new(key)).unwrap();
        connector.check(CheckRequest::default()).await
    };
    // Twenty requests in two seconds, as the spec says, however often somebody connects.
    for _ in 0..25 {
        let _ = check("0123456789abcdef0123456789abcdef01234567").await;
    }
    assert_eq!(transport.requests().len(), 20);
    let error = check("0123456789abcdef0123456789abcdef01234567").await.unwrap_err();
    assert_eq!(error.kind(), tieline::ErrorKind::RateLimited);
    let _ = check("fedcba9876543210fedcba9876543210fedcba98").await;
    assert_eq!(transport.requests().len(), 21, "another secret is another account");
}
