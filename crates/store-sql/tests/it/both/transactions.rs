//! Several concerns in one transaction, and the directory.

use chrono::{DateTime, Utc};
use tieline_core::{EntityName, ErrorKind, Operation, WriteOp};
use tieline_store::outbox::OutboxStore;
use tieline_store::{SyncStore, TargetChange, TenantId};
use tieline_store_sql::{Database, SqlStore, directory, outbox, records};

use super::{changes, in_both, json, put, upsert};

in_both! {
    concerns_commit_together_or_not_at_all
    what_is_due_anywhere_is_one_question
    a_route_leads_to_one_connection
    a_changed_key_is_stale_for_every_target_without_a_row
}

async fn concerns_commit_together_or_not_at_all<D: Database>(store: SqlStore<D>) {
    let (acme, deals) = ("acme".into(), EntityName::from("deals"));
    let create = Operation::new("order", WriteOp::create(json("{}")));
    for commits in [false, true] {
        let mut tx = store.begin().await.unwrap();
        outbox::enqueue(&mut tx, &acme, &deals.clone().into(), std::slice::from_ref(&create)).await.unwrap();
        records::commit(&mut tx, changes("deals", vec![upsert("1", "{}")])).await.unwrap();
        if commits {
            tx.commit().await.unwrap();
        } else {
            drop(tx);
        }
        let stored = store.entries(&acme, None, None, 9).await.unwrap().len() as u64;
        assert_eq!(stored, u64::from(commits));
        assert_eq!(store.counts(&acme).await.unwrap().records("deals"), stored);
    }
}

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap()
}

async fn what_is_due_anywhere_is_one_question<D: Database>(store: SqlStore<D>) {
    let other = store.for_tenant(TenantId::new("globex"));
    let later = store.now().await.unwrap() + chrono::TimeDelta::hours(1);
    for (store, connection, what, due) in [
        (&store, "crm", "sync", at(2)),
        (&other, "crm", "sync", at(1)),
        (&store, "erp", "sync", later),
        (&store, "erp", "renew", at(3)),
    ] {
        let mut tx = store.begin().await.unwrap();
        directory::set_due(&mut tx, &connection.into(), what, Some(due)).await.unwrap();
        tx.commit().await.unwrap();
    }
    let mut tx = store.begin().await.unwrap();
    // A program's role in PostgreSQL sees its own tenant only; a dispatcher's role sees all of them.
    let due = directory::due(&mut tx, None, 9).await.unwrap();
    let mine: Vec<_> = due.iter().filter(|due| due.tenant == *"main").map(|due| due.what.as_str()).collect();
    assert_eq!(mine, ["sync", "renew"], "the earliest first, and what is due later is not");
    let first = due.first().cloned();
    assert_eq!(directory::due(&mut tx, first.as_ref(), 9).await.unwrap().len(), due.len() - 1);
    directory::set_due(&mut tx, &"crm".into(), "sync", None).await.unwrap();
    assert_eq!(directory::due(&mut tx, None, 9).await.unwrap().len(), due.len() - 1);
}

async fn a_route_leads_to_one_connection<D: Database>(store: SqlStore<D>) {
    let (crm, erp) = ("crm".into(), "erp".into());
    let mut tx = store.begin().await.unwrap();
    for _ in 0..2 {
        directory::set_route(&mut tx, "webhook", &[1; 32], &crm).await.unwrap();
    }
    let route = directory::route(&mut tx, "webhook", &[1; 32]).await.unwrap().unwrap();
    assert_eq!((route.tenant.as_str(), route.connection.as_str()), ("main", "crm"));
    assert_eq!(directory::route(&mut tx, "api_key", &[1; 32]).await.unwrap(), None);
    let taken = directory::set_route(&mut tx, "webhook", &[1; 32], &erp).await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::Conflict);
    assert!(directory::remove_route(&mut tx, "webhook", &[1; 32]).await.unwrap());
    assert_eq!(directory::route(&mut tx, "webhook", &[1; 32]).await.unwrap(), None);
}

/// Two targets of one entity, and a run that brings rows for one of them: the other misses nothing.
async fn a_changed_key_is_stale_for_every_target_without_a_row<D: Database>(store: SqlStore<D>) {
    let acme = "acme".into();
    for target in ["one", "two"] {
        store.open_target(&acme, &target.into(), &"deals".into(), "1").await.unwrap();
    }
    let row = |key: &str| TargetChange::put(key, json("{}"), Vec::new());
    let both = changes("deals", vec![upsert("1", "{}")]);
    put(&store, both.with_target("one", vec![row("1")]).with_target("two", vec![row("1")])).await;
    let stale = async |target: &str| store.stale(&acme, &target.into(), None, 9).await.unwrap().len();
    assert_eq!((stale("one").await, stale("two").await), (0, 0));
    put(&store, changes("deals", vec![upsert("1", r#"{"n":2}"#)]).with_target("one", vec![row("1")])).await;
    assert_eq!((stale("one").await, stale("two").await), (0, 1));
    put(&store, changes("deals", vec![upsert("2", "{}")])).await;
    assert_eq!((stale("one").await, stale("two").await), (1, 2), "a run without any mapping");
}
