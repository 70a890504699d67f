//! What is sealed: every kind of secret comes back as it was, and only where it belongs.

use std::collections::BTreeSet;

use proptest::prelude::*;
use secrecy::ExposeSecret;
use tieline_auth::{Fields, Secret};
use tieline_store::connections::AuditAction;
use tieline_store::{ConnectionId, ConnectionStore, TenantId};
use tieline_vault::{Key, KeyRing, Vault};

use crate::world::*;

fn vault() -> Vault {
    Vault::new(KeyRing::new(Key::generate().unwrap()))
}

#[tokio::test(start_paused = true)]
async fn tokens_come_back_as_they_were() {
    let world = World::new();
    let tokens = world.connected().await;
    assert!(tokens.is_renewable());
    let process = world.process();
    assert_eq!(format!("{:?}", process.secret().await), "Secret(OAuth tokens)");
    assert_eq!(process.secret().await.masked()[0].0, "refresh_token");
    let again = process.secret().await;
    let Secret::Tokens(again) = again else { panic!("no tokens") };
    assert_eq!((again.expires_at(), again.scopes()), (tokens.expires_at(), tokens.scopes()));
    assert_eq!(ask(&*again.as_credential(), &world.sandbox).await.unwrap().0, 200);
}

#[tokio::test]
async fn a_secret_opens_for_its_connection_alone() {
    let vault = vault();
    let secret = Secret::from(Fields::new([("api_token", "0123456789abcdef0123456789abcdef")]));
    let (acme, globex) = (TenantId::new("acme"), TenantId::new("globex"));
    let sealed = secret.seal(&vault, &acme, &"sales".into()).await.unwrap();
    assert!(Secret::open(&vault, &acme, &"sales".into(), &sealed).await.is_ok());
    for (tenant, connection) in [(&acme, "support"), (&globex, "sales")] {
        let error = Secret::open(&vault, tenant, &connection.into(), &sealed).await.unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(error.message(), @"the sealed value does not open here: it was altered, or moved from elsewhere");
        }
    }
    assert_eq!(secret.masked(), [("api_token".to_owned(), "••••••••cdef".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn the_audit_log_tells_renewals_without_secrets() {
    let world = World::new();
    world.connected().await;
    pass(4000).await;
    ask(&*world.process().credential(), &world.sandbox).await.unwrap();
    let log = world.memory.audit(None, None, 100).await.unwrap();
    let renewed = log.iter().find(|entry| entry.action == AuditAction::SecretRenewed).unwrap();
    assert_eq!((renewed.actor.as_str(), renewed.connection.as_str()), ("tieline", CONNECTION));
    let text = format!("{log:?}");
    for secret in world.sandbox.authorization().secrets() {
        assert!(!text.contains(&secret));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_fields_come_back(names in prop::collection::btree_set("\\PC{1,12}", 0..5), value in "(?s).{0,200}") {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let fields: Vec<(String, String)> =
            names.iter().map(|name| (name.clone(), format!("{name}{value}"))).collect();
        let secret = Secret::from(Fields::new(fields.clone()));
        let (vault, tenant, id) = (vault(), TenantId::default(), ConnectionId::new("sales"));
        let opened = runtime.block_on(async {
            let sealed = secret.seal(&vault, &tenant, &id).await.unwrap();
            Secret::open(&vault, &tenant, &id, &sealed).await.unwrap()
        });
        let Secret::Fields(opened) = opened else { panic!("no fields") };
        let opened: BTreeSet<(String, String)> =
            opened.iter().map(|(name, value)| (name.to_owned(), value.expose_secret().to_owned())).collect();
        prop_assert_eq!(opened, fields.into_iter().collect::<BTreeSet<_>>());
    }
}
