//! What a person reads when a store of connections refuses something.

use serde_json::json;
use tieline_core::{Clock, SystemClock};
use tieline_store::connections::{
    Actor, ConnectionChange, Consent, ConsentState, Fence, NewConnection, PutSecret,
};
use tieline_store::{ConnectionStore, ConsentStore, MemoryStore, SecretStore, TenantId};
use tieline_vault::{Context, Key, KeyRing, Vault};

#[tokio::test]
async fn refusals_say_what_where_and_what_to_do() {
    let (store, anna, now) = (MemoryStore::new(), Actor::new("anna"), SystemClock.now());
    let vault = Vault::new(KeyRing::new(Key::generate().unwrap()));
    let sealed = vault.seal_text(&Context::new("main", "crm", "oauth2"), &"token".into()).await.unwrap();
    let new = || NewConnection::new("crm", "pipedrive", "Sales");
    let secret = |name: &str| (name.to_owned(), PutSecret::new(sealed.clone()));
    store.create(new(), vec![secret("oauth2")], &anna, now).await.unwrap();

    let mut told = Vec::new();
    let mut tell = |error: tieline_core::Error| told.push(error.to_string());
    tell(store.create(new(), Vec::new(), &anna, now).await.unwrap_err());
    let nameless = NewConnection::new("erp", "odoo", "");
    tell(store.create(nameless, Vec::new(), &anna, now).await.unwrap_err());
    let long = NewConnection::new("x".repeat(300), "odoo", "Stock");
    tell(store.create(long, Vec::new(), &anna, now).await.unwrap_err());
    tell(store.create(new(), Vec::new(), &Actor::new("an\na"), now).await.unwrap_err());
    let large = new().with_config(json!("x".repeat(70_000)));
    tell(store.create(large, Vec::new(), &anna, now).await.unwrap_err());
    let odd = new().with_config(json!({"key": "a\0b"}));
    tell(store.create(odd, Vec::new(), &anna, now).await.unwrap_err());
    tell(store.create(new(), vec![secret("a"), secret("a")], &anna, now).await.unwrap_err());
    tell(store.change(&"erp".into(), ConnectionChange::default(), &anna, now).await.unwrap_err());

    let mut late = PutSecret::new(sealed.clone());
    late.replaces = Some(3);
    tell(store.put_secret(&"crm".into(), "oauth2", late, &anna, now).await.unwrap_err());
    let late = PutSecret::renewal(sealed.clone(), 1, Fence::new(9));
    tell(store.put_secret(&"crm".into(), "oauth2", late, &anna, now).await.unwrap_err());
    let consent = || Consent::new(ConsentState::new([7; 32]), "crm", "pipedrive", [0; 32], now);
    store.begin_consent(consent(), now - chrono::TimeDelta::seconds(1)).await.unwrap();
    tell(store.begin_consent(consent(), now - chrono::TimeDelta::seconds(1)).await.unwrap_err());
    let nobody = store.for_tenant(TenantId::new(""));
    tell(nobody.create(new(), Vec::new(), &anna, now).await.unwrap_err());
    insta::assert_snapshot!(told.join("\n"));
}
