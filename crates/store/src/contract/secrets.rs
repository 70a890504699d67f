//! Secrets: sealed, replaced by whoever knows the one before, renewed under a lease.

use tieline_core::ErrorKind;
use tieline_vault::{Context, Key, KeyRing, Vault};

use super::host::*;
use super::world::{Task, all_at_once};
use crate::ConnectionId;
use crate::connections::{
    AuditAction, ConnectionChange, Fence, Health, Intent, NewConnection, PutSecret, RenewalDue, RunReport,
    SecretInfo,
};

/// What was sealed comes back to the byte, each time as a new generation.
pub async fn a_secret_comes_back_as_it_was_sealed(world: &Tenants<'_>) {
    let vault = vault();
    make(world.store, "crm").await;
    assert_eq!(secret(world.store, "crm").await, None);
    let id = ConnectionId::from("crm");
    for generation in 1..=3 {
        let word = "x".repeat(generation as usize * 20_000);
        let sealed = sealed(&vault, "crm", "oauth2", &word).await;
        let new = PutSecret::new(sealed.clone()).with_renew_by(Some(at(90)));
        let put = world.store.put_secret(&id, "oauth2", new, &anna(), at(generation)).await;
        assert_eq!(put.unwrap(), generation.cast_unsigned());
        let stored = secret(world.store, "crm").await.unwrap();
        assert_eq!(
            (&stored.sealed, stored.generation, stored.intent),
            (&sealed, generation.cast_unsigned(), None)
        );
        let context = Context::new(world.store.tenant().as_str(), "crm", "oauth2");
        assert!(vault.open_text(&context, &stored.sealed).await.is_ok());
        let key = sealed.key_id().as_str().to_owned();
        let generation_info = SecretInfo::new(
            id.clone(),
            "oauth2".to_owned(),
            generation.cast_unsigned(),
            key,
            at(generation),
            Some(at(90)),
        );
        assert_eq!(world.store.secrets(None, 9).await.unwrap(), [generation_info]);
    }
    assert_eq!(world.store.secret(&id, "OAuth2").await.unwrap(), None);
    assert_eq!(world.store.secret(&"CRM".into(), "oauth2").await.unwrap(), None);
    let nowhere =
        world.store.put_secret(&"erp".into(), "oauth2", PutSecret::new(some().await), &anna(), at(0)).await;
    assert_eq!(kind(nowhere), ErrorKind::NotFound);
    for name in ["", "a\0b", "a\nb", &"x".repeat(256)] {
        let odd = world.store.put_secret(&id, name, PutSecret::new(some().await), &anna(), at(0)).await;
        assert_eq!(kind(odd), ErrorKind::Rejected);
    }
    let odd = PutSecret { action: AuditAction::Created, ..PutSecret::new(some().await) };
    assert_eq!(put(world.store, "crm", odd).await, Err(ErrorKind::Rejected));
    assert_eq!(told(world.store, "erp").await, [""; 0]);
    assert_eq!(secret(world.store, "crm").await.unwrap().generation, 3);
}

/// Of many that replace the same generation, one wins, and its secret is the one that is there.
pub async fn a_generation_is_replaced_once(world: &Tenants<'_>) {
    make(world.store, "crm").await;
    let vault = vault();
    for generation in 0..3 {
        let mut sealed_by = Vec::new();
        for n in 0..8 {
            sealed_by.push(sealed(&vault, "crm", "oauth2", &n.to_string()).await);
        }
        let tasks = sealed_by.iter().map(|sealed| {
            let new = PutSecret { replaces: Some(generation), ..PutSecret::new(sealed.clone()) };
            Box::pin(put(world.store, "crm", new)) as Task<'_, _>
        });
        let answers: Vec<Result<u64, ErrorKind>> = all_at_once(tasks.collect()).await;
        let winners: Vec<usize> = (0..8).filter(|n| answers[*n].is_ok()).collect();
        assert_eq!(winners.len(), 1);
        assert_eq!(answers.iter().filter(|answer| **answer == Err(ErrorKind::Conflict)).count(), 7);
        assert_eq!(answers[winners[0]], Ok(generation + 1));
        let stored = secret(world.store, "crm").await.unwrap();
        assert_eq!((stored.generation, &stored.sealed), (generation + 1, &sealed_by[winners[0]]));
    }
    assert_eq!(told(world.store, "crm").await.len(), 4, "what was refused is not told");
}

/// Who lost the lease cannot write any more; who only outlived it can.
pub async fn only_the_latest_lease_may_write(world: &Tenants<'_>) {
    let store = world.store;
    make_with_secret(store, "crm").await;
    make_with_secret(store, "erp").await;
    let renewal = async |generation, fence| {
        put(store, "crm", PutSecret::renewal(some().await, generation, fence)).await
    };
    let foreign = lease(store, "erp", 60).await.unwrap();
    assert_eq!(renewal(1, foreign).await, Err(ErrorKind::Conflict), "of another connection");
    let other =
        store.lease(&"crm".into(), "api_token", std::time::Duration::from_secs(60)).await.unwrap().unwrap();
    assert_eq!(renewal(1, other.fence).await, Err(ErrorKind::Conflict), "of another name");
    assert_eq!(renewal(1, Fence::new(0)).await, Err(ErrorKind::Conflict), "of none");

    let slow = lease(store, "crm", 10).await.unwrap();
    assert_eq!(renewal(1, slow).await, Ok(2));
    world.store.elapse(std::time::Duration::from_secs(11)).await;
    assert_eq!(renewal(2, slow).await, Ok(3), "it ended, and nobody took the next");
    let next = lease(store, "crm", 10).await.unwrap();
    let before = everything(store).await;
    assert_eq!(renewal(3, slow).await, Err(ErrorKind::Conflict));
    let id = ConnectionId::from("crm");
    assert_eq!(kind(store.begin_renewal(&id, "oauth2", 3, slow, at(5)).await), ErrorKind::Conflict);
    assert_eq!(kind(store.cancel_renewal(&id, "oauth2", 3, slow).await), ErrorKind::Conflict);
    assert_eq!(renewal(2, next).await, Err(ErrorKind::Conflict), "the right lease, the wrong generation");
    assert_eq!(renewal(4, next).await, Err(ErrorKind::Conflict));
    assert_eq!(everything(store).await, before, "nothing was changed");
    store.release(&id, "oauth2", next).await.unwrap();
    assert_eq!(renewal(3, next).await, Ok(4), "released, and nobody took the next");
    assert_eq!(told(store, "crm").await.last().unwrap(), "sync secret_renewed oauth2, generation 4");
    assert_eq!(put(store, "crm", PutSecret::new(some().await)).await, Ok(5), "a person needs no lease");
}

/// Whoever comes after a renewal of unknown end can see that there was one.
pub async fn an_intent_stays_until_its_end_is_known(world: &Tenants<'_>) {
    let (store, id) = (world.store, ConnectionId::from("crm"));
    make_with_secret(store, "crm").await;
    let intent = async || secret(store, "crm").await.unwrap().intent;
    let first = lease(store, "crm", 0).await.unwrap();
    store.begin_renewal(&id, "oauth2", 1, first, at(5)).await.unwrap();
    assert_eq!(intent().await, Some(Intent::new(first, at(5))));
    store.cancel_renewal(&id, "oauth2", 1, first).await.unwrap();
    assert_eq!(intent().await, None, "the request did not leave");

    store.begin_renewal(&id, "oauth2", 1, first, at(6)).await.unwrap();
    let open = Some(Intent::new(first, at(6)));
    let second = lease(store, "crm", 0).await.unwrap();
    store.begin_renewal(&id, "oauth2", 1, second, at(7)).await.unwrap();
    assert_eq!(intent().await, open, "what became of the first is still not known");
    store.cancel_renewal(&id, "oauth2", 1, second).await.unwrap();
    assert_eq!(intent().await, open, "nor now");
    let rewrapped = store.rewrap_secret(&id, "oauth2", 1, some().await, &anna(), at(8)).await.unwrap();
    assert_eq!((rewrapped, intent().await), (true, open), "it is the same secret");
    assert_eq!(kind(store.begin_renewal(&id, "oauth2", 2, second, at(7)).await), ErrorKind::Conflict);
    assert_eq!(kind(store.cancel_renewal(&id, "oauth2", 2, second).await), ErrorKind::Conflict);
    assert_eq!(intent().await, open);
    assert_eq!(put(store, "crm", PutSecret::renewal(some().await, 1, second)).await, Ok(2));
    assert_eq!(intent().await, None);

    store.begin_renewal(&id, "oauth2", 2, second, at(9)).await.unwrap();
    assert_eq!(put(store, "crm", PutSecret::new(some().await)).await, Ok(3));
    assert_eq!(intent().await, None, "a person's secret ends it too");
    assert!(store.delete_secret(&id, "oauth2", &anna(), at(9)).await.unwrap());
    assert_eq!(kind(store.begin_renewal(&id, "oauth2", 3, second, at(9)).await), ErrorKind::Conflict);
    assert_eq!(
        kind(store.begin_renewal(&"erp".into(), "oauth2", 1, second, at(9)).await),
        ErrorKind::Conflict
    );
    let lines = told(store, "crm").await;
    assert!(!lines.iter().any(|line| line.contains("intent")), "an intent is no change: {lines:?}");
}

/// A rotation changes the key, and nothing else.
pub async fn rewrapping_changes_only_the_key(world: &Tenants<'_>) {
    let (store, id) = (world.store, ConnectionId::from("crm"));
    let (old, new) = (Key::generate().unwrap(), Key::generate().unwrap());
    let copy = |key: &Key| Key::parse(&key.to_text()).unwrap();
    let before = Vault::new(KeyRing::new(copy(&old)));
    let after = Vault::new(KeyRing::new(copy(&new)).with_older(copy(&old)));
    make(store, "crm").await;
    let first = sealed(&before, "crm", "oauth2", "token").await;
    let given = PutSecret::new(first.clone()).with_renew_by(Some(at(77)));
    store.put_secret(&id, "oauth2", given, &anna(), at(1)).await.unwrap();

    let context = Context::new("main", "crm", "oauth2");
    let rewrapped = after.rewrap(&context, &first).await.unwrap();
    let rewrap = async |generation, sealed| {
        store.rewrap_secret(&id, "oauth2", generation, sealed, &sync(), at(5)).await.unwrap()
    };
    assert!(!rewrap(2, rewrapped.clone()).await && !rewrap(0, rewrapped.clone()).await);
    assert_eq!(secret(store, "crm").await.unwrap().sealed, first);
    assert!(rewrap(1, rewrapped.clone()).await);
    let stored = secret(store, "crm").await.unwrap();
    assert_eq!((stored.generation, &stored.sealed), (1, &rewrapped));
    let info = store.secrets(None, 9).await.unwrap().remove(0);
    assert_eq!((info.stored_at, info.renew_by, info.generation), (at(1), Some(at(77)), 1));
    assert_eq!(info.key_id, new.id().as_str());
    assert!(Vault::new(KeyRing::new(new)).open(&context, &stored.sealed).await.is_ok());
    let line = format!("sync secret_rewrapped oauth2, key {}", rewrapped.key_id());
    assert_eq!(told(store, "crm").await.last(), Some(&line));
    assert_eq!(told(store, "crm").await.len(), 3);

    assert!(!store.rewrap_secret(&id, "none", 0, first.clone(), &sync(), at(5)).await.unwrap());
    assert!(!store.rewrap_secret(&"erp".into(), "oauth2", 1, first.clone(), &sync(), at(5)).await.unwrap());
    store.delete_secret(&id, "oauth2", &anna(), at(6)).await.unwrap();
    assert!(!rewrap(1, first).await, "a rotation brings nothing back");
    assert_eq!(secret(store, "crm").await, None);
}

/// What is deleted is gone; its successor is told from it.
pub async fn a_deleted_secret_is_gone(world: &Tenants<'_>) {
    let (store, id) = (world.store, ConnectionId::from("crm"));
    make_with_secret(store, "crm").await;
    let second = PutSecret::new(some().await).with_renew_by(Some(at(5)));
    store.put_secret(&id, "webhook", second, &anna(), at(1)).await.unwrap();
    let delete = async |name| store.delete_secret(&id, name, &sync(), at(3)).await.unwrap();
    assert!(delete("oauth2").await && !delete("oauth2").await && !delete("none").await);
    assert!(!store.delete_secret(&"erp".into(), "oauth2", &sync(), at(3)).await.unwrap());
    assert_eq!(secret(store, "crm").await, None);
    let names: Vec<_> = store.secrets(None, 9).await.unwrap().into_iter().map(|info| info.name).collect();
    assert_eq!(names, ["webhook"]);
    assert!(delete("webhook").await);
    assert!(store.renewals_due(at(99), None, 9).await.unwrap().is_empty());
    assert_eq!(told(store, "crm").await[3..], ["sync secret_deleted oauth2", "sync secret_deleted webhook"]);

    let replacing = async |generation| {
        put(store, "crm", PutSecret { replaces: Some(generation), ..PutSecret::new(some().await) }).await
    };
    assert_eq!(replacing(1).await, Err(ErrorKind::Conflict), "it is there no more");
    assert_eq!(replacing(0).await, Ok(2), "there is none, and its number is not given twice");
    assert_eq!(replacing(1).await, Err(ErrorKind::Conflict), "the late writer means another");
}

/// Those that die unused are found in time, the next to die first; those that wait for a person hide none.
pub async fn renewals_are_found_in_time(world: &Tenants<'_>) {
    let store = world.store;
    for (id, second) in [("a", 50), ("b", 10), ("c", 30), ("d", 10), ("off", 5), ("waits", 6), ("late", 100)]
    {
        make(store, id).await;
        for name in ["oauth2", "webhook"] {
            let renew_by = (name == "oauth2").then(|| at(second));
            let new = PutSecret::new(some().await).with_renew_by(renew_by);
            store.put_secret(&id.into(), name, new, &anna(), at(0)).await.unwrap();
        }
    }
    let off = ConnectionChange { active: Some(false), ..Default::default() };
    store.change(&"off".into(), off, &anna(), at(1)).await.unwrap();
    let dead = tieline_core::Error::new(ErrorKind::Unauthenticated, "the token is used up");
    store.report(&"waits".into(), RunReport::failed(at(1), &dead), &sync()).await.unwrap();
    let due = |id: &str, second| RenewalDue::new(id.into(), "oauth2".to_owned(), at(second));
    let all = [due("b", 10), due("d", 10), due("c", 30), due("a", 50)];
    let ask = async |before, after, limit| store.renewals_due(at(before), after, limit).await.unwrap();
    assert_eq!(ask(99, None, u32::MAX).await, all);
    assert_eq!(ask(50, None, 9).await, all[..3], "before, not at");
    assert!(ask(10, None, 9).await.is_empty() && ask(99, None, 0).await.is_empty());
    let mut after = None;
    for expected in &all {
        assert_eq!(ask(99, after, 1).await, std::slice::from_ref(expected));
        after = Some(expected);
    }
    assert!(ask(99, after, 9).await.is_empty());

    let id = ConnectionId::from("waits");
    let health = async || store.connection(&id).await.unwrap().unwrap().health;
    let fence = lease(store, "waits", 60).await.unwrap();
    assert_eq!(put(store, "waits", PutSecret::renewal(some().await, 1, fence)).await, Ok(2));
    assert_eq!(health().await, Health::NeedsReconnect, "only a person's secret answers that");
    let given = PutSecret::new(some().await).with_renew_by(Some(at(7)));
    assert_eq!(put(store, "waits", given).await, Ok(3));
    assert_eq!(health().await, Health::Untried);
    assert_eq!(told(store, "waits").await.last().unwrap(), "sync health_changed untried");
    assert_eq!(ask(10, None, 9).await, [due("waits", 7)]);
    assert_eq!(put(store, "waits", PutSecret::new(some().await)).await, Ok(4));
    assert!(ask(10, None, 9).await.is_empty(), "the new one says nothing of an end");
}

/// All secrets of all connections, for a rotation: in order, page by page.
pub async fn secrets_come_in_pages(world: &Tenants<'_>) {
    let (mut all, sealed) = (Vec::new(), some().await);
    for id in ["b", "B", "a", "é"] {
        let names = ["z", "Z", "é", "api_token"].map(str::to_owned);
        let secrets = names.iter().map(|name| (name.clone(), PutSecret::new(sealed.clone()))).collect();
        world.store.create(NewConnection::new(id, "p", "n"), secrets, &anna(), at(0)).await.unwrap();
        all.extend(names.map(|name| (id.to_owned(), name)));
    }
    all.sort_unstable();
    let (mut after, mut seen) = (None::<(ConnectionId, String)>, Vec::new());
    loop {
        let from = after.as_ref().map(|(id, name)| (id, name.as_str()));
        let page = world.store.secrets(from, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.connection.clone(), last.name.clone()));
        seen.extend(page.into_iter().map(|info| (info.connection.to_string(), info.name)));
    }
    assert_eq!(seen, all);
    assert_eq!(world.store.secrets(None, u32::MAX).await.unwrap().len(), 16);
    assert!(world.store.secrets(None, 0).await.unwrap().is_empty());
}

/// One check for the whole database, replaced by whoever knows the one before.
pub async fn the_key_check_is_one_for_all_tenants(world: &Tenants<'_>) {
    let (one, two) = (vault().key_check().await.unwrap(), vault().key_check().await.unwrap());
    assert_eq!(world.store.key_check().await.unwrap(), None);
    assert!(!world.store.put_key_check(Some(&one), two.clone()).await.unwrap());
    let first = |check: &tieline_vault::Sealed| {
        let check = check.clone();
        Box::pin(async move { world.store.put_key_check(None, check).await.unwrap() }) as Task<'_, _>
    };
    let answers = all_at_once(vec![first(&one), first(&two)]).await;
    assert_eq!(answers.iter().filter(|stored| **stored).count(), 1);
    let (stored, lost) = if answers[0] { (one, two) } else { (two, one) };
    assert_eq!(world.other.key_check().await.unwrap().as_ref(), Some(&stored));
    assert!(!world.other.put_key_check(Some(&lost), lost.clone()).await.unwrap());
    assert!(world.other.put_key_check(Some(&stored), lost.clone()).await.unwrap());
    assert_eq!(world.store.key_check().await.unwrap(), Some(lost));
}

/// What a provider refused for good is told to every process until somebody stores another secret.
pub async fn a_refused_secret_stays_refused_until_it_is_replaced(world: &Tenants<'_>) {
    let store = world.store;
    make_with_secret(store, "crm").await;
    let id = ConnectionId::from("crm");
    let fence = lease(store, "crm", 60).await.unwrap();
    store.begin_renewal(&id, "oauth2", 1, fence, at(2)).await.unwrap();
    assert_eq!(secret(store, "crm").await.unwrap().refused_at, None);
    assert!(!store.refuse_secret(&id, "oauth2", 2, at(3)).await.unwrap(), "of another generation");
    assert!(!store.refuse_secret(&id, "api_key", 0, at(3)).await.unwrap(), "where there is none");
    assert!(!world.other.refuse_secret(&id, "oauth2", 1, at(3)).await.unwrap(), "another tenant's");
    assert!(secret(store, "crm").await.unwrap().intent.is_some());
    assert!(store.refuse_secret(&id, "oauth2", 1, at(4)).await.unwrap());
    assert!(store.refuse_secret(&id, "oauth2", 1, at(5)).await.unwrap());
    let refused = secret(store, "crm").await.unwrap();
    assert_eq!((refused.refused_at, refused.intent, refused.generation), (Some(at(4)), None, 1));
    let rewrapped = store.rewrap_secret(&id, "oauth2", 1, some().await, &anna(), at(6)).await.unwrap();
    assert!(rewrapped);
    assert_eq!(secret(store, "crm").await.unwrap().refused_at, Some(at(4)), "the same secret");
    assert_eq!(put(store, "crm", PutSecret::new(some().await)).await, Ok(2));
    assert_eq!(secret(store, "crm").await.unwrap().refused_at, None);
    assert!(store.refuse_secret(&id, "oauth2", 2, at(7)).await.unwrap());
    assert!(store.delete_secret(&id, "oauth2", &anna(), at(8)).await.unwrap());
    assert!(!store.refuse_secret(&id, "oauth2", 2, at(9)).await.unwrap());
    put(store, "crm", PutSecret::new(some().await)).await.unwrap();
    assert_eq!(secret(store, "crm").await.unwrap().refused_at, None);
}
