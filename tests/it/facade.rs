//! From settings to a connector, by type and by name.

use std::sync::Arc;

use tieline::pipedrive::{Pipedrive, PipedriveFactory};
use tieline::store::MemoryStore;
use tieline::{ApiKey, CheckRequest, Registry, RetryPolicy, Tieline};
use tieline_http::memory::{MemoryTransport, answer};

use crate::world::*;

#[tokio::test]
async fn settings_known_at_run_time_lead_to_the_typed_connector() {
    let sandbox = sandbox().await;
    let settings = serde_json::json!({ "company": "acme-demo" });
    let connection = application(&sandbox).await.connection("main", CONNECTION);
    let crm = connection.open_settings("pipedrive", &settings, ApiKey::new(sandbox.token())).unwrap();
    assert!(crm.connector().downcast::<Pipedrive>().is_some());
    assert!(!crm.check(CheckRequest::default()).await.unwrap().name.is_empty());
}

#[test]
fn a_spec_is_enough_for_a_form() {
    let registry = Registry::new().with(PipedriveFactory::default());
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
    let app = Tieline::builder().store(Arc::new(MemoryStore::new())).provider(PipedriveFactory::default());
    let transports = Arc::new(transport.clone());
    let app = app.http(|http| http.transport(transports).retry(retry)).build().await.unwrap();
    let check = async |id: &str| {
        let settings = serde_json::json!({ "company": "acme" });
        let key = ApiKey::new("0123456789abcdef0123456789abcdef01234567");
        let open = app.connection("main", id).open_settings("pipedrive", &settings, key).unwrap();
        open.check(CheckRequest::default()).await
    };
    // Twenty requests in two seconds, as the spec says, however often somebody connects.
    for _ in 0..25 {
        let _ = check("one").await;
    }
    assert_eq!(transport.requests().len(), 20);
    let error = check("one").await.unwrap_err();
    assert_eq!(error.kind(), tieline::ErrorKind::RateLimited);
    let _ = check("two").await;
    assert_eq!(transport.requests().len(), 21, "another connection is another account");
}
