//! Deliveries of webhooks that a store keeps.

use std::time::Duration;

use tieline::store::connections::{Actor, ConnectionStore as _, NewConnection};
use tieline::store::inbox::{InboxClaim, InboxStore as _, NewDelivery, Settlement, encode_event};
use tieline::webhook::{Hint, Hints};
use tieline::{Clock as _, SystemClock};
use tieline_store_sql::sqlite::SqliteStore;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn dead_deliveries_are_listed_and_replayed() {
    let world = World::new().await;
    let store = SqliteStore::open(world.path("tieline.db")).await.unwrap();
    let new = NewConnection::new("crm", "pipedrive", "Sales");
    store.create(new, Vec::new(), &Actor::new("anna"), SystemClock.now()).await.unwrap();
    assert_eq!(world.run("webhooks list crm").out, "No deliveries of crm\n");
    let crm = "crm".into();
    for key in ["7", "8"] {
        let hints = Hints::new(vec![Hint::new("deals", Some(key.into()))]).into();
        let (kind, event) = encode_event(&hints).unwrap().unwrap();
        store.receive(&crm, NewDelivery::new("we_1", kind, event)).await.unwrap();
    }
    let claim = InboxClaim::new(1, Duration::from_secs(60));
    let [first] = store.claim_deliveries(&crm, &claim).await.unwrap().try_into().unwrap();
    store.settle_delivery(&crm, first.revision, Settlement::dead("no such record")).await.unwrap();

    let all = world.run("webhooks list crm").out;
    assert!(all.contains("deals 7") && all.contains("deals 8") && all.contains("dead"), "{all}");
    let dead = world.run("webhooks dead crm --json").lines();
    assert_eq!(dead.len(), 1);
    assert_eq!((&dead[0]["event"], &dead[0]["note"]), (&"deals 7".into(), &"no such record".into()));
    assert_eq!(world.run("webhooks replay crm").out, "1 delivery will be handled again\n");
    assert_eq!(world.run("webhooks dead crm").out, "No deliveries of crm\n");
    assert_eq!(world.run("webhooks replay crm --json").lines()[0]["replayed"], 0);
    let unknown = world.run("webhooks list other");
    assert!(unknown.code != Some(0) && unknown.err.contains("no such connection"), "{unknown:?}");
}
