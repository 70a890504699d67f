//! The settings, the spec, and the connection test.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;
use tieline_core::{
    AuthScheme, BuildContext, CheckRequest, Connector, ConnectorConfig, ConnectorFactory, ErrorKind, Grant,
    SystemClock,
};
use tieline_fortnox::{FortnoxConfig, FortnoxFactory};
use tieline_http::memory::{MemoryTransport, answer};
use tieline_http::{ClientOptions, HttpStack};

use crate::common::*;

#[test]
fn settings_are_read_as_forms_and_tokens_write_them() {
    let factory = FortnoxFactory::default();
    let base = factory.base_url(&json!({})).unwrap();
    let transport = MemoryTransport::new(|_| Ok(answer(StatusCode::OK, &[], "")));
    let host = HttpStack::builder().transport(Arc::new(transport)).build().unwrap();
    for config in
        [json!({}), json!({"tenant_id":"34231"}), json!({"tenant_id":34231}), json!({"tenant_id":null})]
    {
        assert_eq!(factory.base_url(&config).unwrap().as_str(), "https://api.fortnox.se/", "{config}");
    }
    let connect = |config| {
        let client = ClientOptions::new(Arc::new(FortnoxFactory::default()), base.clone());
        let context =
            BuildContext::new(config, base.clone(), host.client(client).unwrap(), Arc::new(SystemClock));
        factory.connect(context)
    };
    let wrong: Vec<String> = [json!({"tenant":"1"}), json!({"tenant_id":"3423x"}), json!("x")]
        .into_iter()
        .map(|config| {
            let error = connect(config).err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Config);
            error.to_string()
        })
        .collect();
    insta::assert_snapshot!(wrong.join("\n"));
    fn is_connectors<C: ConnectorConfig>() {}
    is_connectors::<FortnoxConfig>();
}

#[test]
fn the_spec_says_how_fortnox_does_oauth() {
    let factory = FortnoxFactory::default();
    let spec = factory.spec();
    let [AuthScheme::OAuth2(oauth), AuthScheme::Bearer { .. }] = spec.auth.as_slice() else {
        panic!("{:?}", spec.auth)
    };
    assert_eq!(oauth.authorize_url, "https://apps.fortnox.se/oauth-v1/auth");
    assert_eq!(oauth.authorize_params, [("access_type".into(), "offline".into())]);
    assert!(oauth.refresh.one_time && !oauth.pkce);
    assert_eq!(oauth.refresh.unused_life.unwrap().as_secs(), 45 * 86_400);
    let header = oauth.token_headers[0].clone();
    assert_eq!(
        (header.header, header.setting.clone(), header.grant),
        ("tenantid".into(), "tenant_id".into(), Grant::ClientCredentials)
    );
    let setting = spec.config.iter().find(|field| field.name == header.setting).unwrap();
    assert!(!setting.required);
    assert!(spec.origins.allows(&"https://api.fortnox.se/3/invoices".parse().unwrap()));
    assert!(!spec.origins.allows(&"https://apps.fortnox.se/".parse().unwrap()));
    let limit = &spec.limits[0];
    assert_eq!((limit.quota, limit.per.as_secs()), (25, 5));
}

#[tokio::test(start_paused = true)]
async fn the_connection_test_says_which_company_it_is() {
    let (transport, books) = answering(|_| {
        let company =
            r#"{"CompanyName":"Ada Demo AB","DatabaseNumber":34231,"OrganizationNumber":"556000-0000"}"#;
        (200, format!(r#"{{"CompanyInformation":{company}}}"#))
    });
    let account = books.check(CheckRequest::default()).await.unwrap();
    assert_eq!((account.name.as_str(), account.id.unwrap().as_str()), ("Ada Demo AB", "34231"));
    assert!(account.warnings.is_empty());
    assert_eq!(asked(&transport), ["GET /3/companyinformation"]);
    assert!(transport.requests()[0].headers()["authorization"].to_str().unwrap().starts_with("Bearer "));
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_that_scope_still_works() {
    let (_, books) = answering(|_| error(403, "2000663", "Har inte behörighet för scope."));
    let account = books.check(CheckRequest::default()).await.unwrap();
    assert_eq!(account.warnings.len(), 1);
    let (_, books) = answering(|_| error(403, "2001103", "Api-licens saknas."));
    assert_eq!(books.check(CheckRequest::default()).await.unwrap_err().kind(), ErrorKind::Forbidden);
    let (_, books) = answering(|_| (401, r#"{"message":"unauthorized"}"#.to_owned()));
    assert_eq!(books.check(CheckRequest::default()).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    let (_, books) = answering(|_| (200, r#"{"CompanyInformation":7}"#.to_owned()));
    assert_eq!(books.check(CheckRequest::default()).await.unwrap_err().kind(), ErrorKind::Decode);
}
