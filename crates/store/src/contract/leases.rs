//! Leases, and consents that are waited for.

use std::time::Duration;

use serde_json::json;
use tieline_core::ErrorKind;

use super::host::*;
use super::world::{Task, all_at_once};
use crate::ConnectionId;
use crate::connections::{Consent, ConsentState, Fence};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Of many, one holds it, until it ends by the store's clock.
pub async fn a_lease_is_held_by_one(world: &Tenants<'_>) {
    let mut last = Fence::new(0);
    for _ in 0..4 {
        let tasks = (0..8).map(|_| Box::pin(lease(world.store, "crm", 10)) as Task<'_, _>);
        let answers = all_at_once(tasks.collect()).await;
        let fences: Vec<Fence> = answers.into_iter().flatten().collect();
        assert_eq!(fences.len(), 1);
        assert!(fences[0] > last, "each has a greater number than all before");
        last = fences[0];
        world.store.elapse(seconds(9)).await;
        assert_eq!(lease(world.store, "crm", 10).await, None);
        world.store.elapse(seconds(1)).await;
    }
    let other = world.store.lease(&"crm".into(), "webhook", seconds(10)).await.unwrap().unwrap();
    let elsewhere = lease(world.store, "CRM", 10).await.unwrap();
    assert!(
        other.fence.number() > 0 && elsewhere.number() > 0,
        "names and connections do not wait for each other"
    );
}

/// A lease is prolonged and given back by its number alone.
pub async fn a_lease_is_prolonged_and_released(world: &Tenants<'_>) {
    let id = ConnectionId::from("crm");
    let prolong = async |fence| world.store.prolong(&id, "oauth2", fence, seconds(10)).await.unwrap();
    let release = async |fence| world.store.release(&id, "oauth2", fence).await.unwrap();
    let first = lease(world.store, "crm", 10).await.unwrap();
    world.store.elapse(seconds(8)).await;
    assert!(prolong(first).await);
    world.store.elapse(seconds(8)).await;
    assert_eq!(lease(world.store, "crm", 10).await, None, "prolonged from then on");
    world.store.elapse(seconds(8)).await;
    assert!(prolong(first).await, "it ended, but nobody took the next");
    assert_eq!(lease(world.store, "crm", 10).await, None);

    release(first).await;
    let second = lease(world.store, "crm", 10).await.unwrap();
    assert!(second > first);
    release(first).await;
    assert!(!prolong(first).await);
    assert_eq!(lease(world.store, "crm", 10).await, None, "the first holder has no say any more");
    for stranger in [Fence::new(0), Fence::new(u64::MAX), Fence::new(second.number() + 1)] {
        release(stranger).await;
        assert!(!prolong(stranger).await);
    }
    assert!(!world.store.prolong(&id, "webhook", second, seconds(10)).await.unwrap());
    assert!(!world.store.prolong(&"erp".into(), "oauth2", second, seconds(10)).await.unwrap());
    assert!(prolong(second).await);

    release(second).await;
    let endless = world.store.lease(&id, "oauth2", Duration::MAX).await.unwrap().unwrap();
    world.store.elapse(seconds(100_000_000)).await;
    assert_eq!(lease(world.store, "crm", 10).await, None);
    release(endless.fence).await;
    let brief = lease(world.store, "crm", 0).await.unwrap();
    assert!(lease(world.store, "crm", 0).await.unwrap() > brief, "it ends when it begins");
}

fn consent(state: u8, ends: i64) -> Consent {
    Consent::new(ConsentState::new([state; 32]), "crm", "fortnox", [9; 32], at(ends))
}

/// A consent comes back whole, to one of many, once.
pub async fn a_consent_is_taken_once(world: &Tenants<'_>) {
    let mut whole = consent(1, 600);
    whole.verifier = Some(some().await);
    whole.detail = json!({"name": "Försäljning", "scopes": ["invoice", "customer"], "then": null});
    world.store.begin_consent(whole.clone(), at(0)).await.unwrap();
    world.store.begin_consent(consent(2, 600), at(0)).await.unwrap();
    let again = world.store.begin_consent(consent(1, 900), at(1)).await;
    assert_eq!(kind(again), ErrorKind::Conflict);

    let take = |_| {
        Box::pin(async { world.store.take_consent(&ConsentState::new([1; 32])).await.unwrap() })
            as Task<'_, _>
    };
    let answers = all_at_once((0..8).map(take).collect()).await;
    let taken: Vec<Consent> = answers.into_iter().flatten().collect();
    assert_eq!(taken, [whole]);
    let take = async |state| world.store.take_consent(&ConsentState::new([state; 32])).await.unwrap();
    assert_eq!((take(1).await, take(3).await), (None, None));
    assert_eq!(take(2).await, Some(consent(2, 600)));
    world.store.begin_consent(consent(1, 600), at(2)).await.unwrap();
    assert_eq!(take(1).await, Some(consent(1, 600)), "taken means forgotten");
}

/// A callback is checked against its consent before it uses it up.
pub async fn a_consent_that_was_looked_at_stays(world: &Tenants<'_>) {
    let mut whole = consent(1, 600);
    whole.verifier = Some(some().await);
    whole.detail = json!({"name": "Försäljning"});
    world.store.begin_consent(whole.clone(), at(0)).await.unwrap();
    let (state, other) = (ConsentState::new([1; 32]), ConsentState::new([2; 32]));
    for _ in 0..2 {
        assert_eq!(world.store.consent(&state).await.unwrap().as_ref(), Some(&whole));
    }
    assert_eq!(world.store.consent(&other).await.unwrap(), None);
    assert_eq!(world.other.consent(&state).await.unwrap(), None, "another tenant's");
    assert_eq!(world.store.take_consent(&state).await.unwrap(), Some(whole));
    assert_eq!(world.store.consent(&state).await.unwrap(), None);
}

/// Consents that ended are not kept for ever, and whoever takes one in between can tell.
pub async fn consents_end(world: &Tenants<'_>) {
    world.store.begin_consent(consent(1, 10), at(0)).await.unwrap();
    world.store.begin_consent(consent(2, 10), at(0)).await.unwrap();
    world.store.begin_consent(consent(3, 11), at(9)).await.unwrap();
    let take = async |state| world.store.take_consent(&ConsentState::new([state; 32])).await.unwrap();
    assert_eq!(take(1).await, Some(consent(1, 10)), "its end is for the caller to judge");
    world.store.begin_consent(consent(4, 99), at(10)).await.unwrap();
    assert_eq!(take(2).await, None);
    assert_eq!((take(3).await, take(4).await), (Some(consent(3, 11)), Some(consent(4, 99))));
}
