//! Connections: what is kept of them, who changed them, and what is left when they go.

use serde_json::{Value, json};
use tieline_core::{Error, ErrorKind, Operation, Result, WriteOp};

use super::host::*;
use super::isolation::fill;
use super::world::{Task, all_at_once, json as raw, snapshot};
use crate::ConnectionId;
use crate::connections::{
    Actor, AuditAction, Connection, ConnectionChange, ConnectionFilter, Consent, ConsentState, Health,
    NewConnection, PutSecret, Reconnection, RunReport,
};

/// What was handed in comes back, and says who made it and when.
pub async fn a_connection_is_kept_as_it_was_made(world: &Tenants<'_>) {
    let config = json!({"company": "acme", "odd": ["é", "日本", "'; --", 1, 2.5, null, true], "deep": {"a": {"b": {}}}});
    let new = NewConnection::new("crm-1", "pipedrive", "Försäljning 'Nord'").with_config(config.clone());
    let first = some().await;
    let secrets = vec![
        ("api_token".to_owned(), PutSecret::new(first.clone())),
        ("webhook".to_owned(), PutSecret::new(some().await).with_renew_by(Some(at(500)))),
    ];
    let made = world.store.create(new, secrets, &anna(), at(7)).await.unwrap();
    assert_eq!((made.id.as_str(), made.provider.as_str()), ("crm-1", "pipedrive"));
    assert_eq!((made.name.as_str(), &made.config), ("Försäljning 'Nord'", &config));
    assert_eq!((made.active, made.health, made.last_run), (true, Health::Untried, None));
    assert_eq!((made.last_error.as_deref(), made.last_error_at), (None, None));
    assert_eq!((made.created_at, &made.created_by), (at(7), &anna()));
    assert_eq!((made.updated_at, &made.updated_by), (at(7), &anna()));

    let id = ConnectionId::from("crm-1");
    assert_eq!(world.store.connection(&id).await.unwrap(), Some(made.clone()));
    assert_eq!(world.store.connections(&ConnectionFilter::default(), 9).await.unwrap(), [made]);
    assert_eq!(world.store.connection(&"crm".into()).await.unwrap(), None);
    let stored = world.store.secret(&id, "api_token").await.unwrap().unwrap();
    assert_eq!((stored.sealed, stored.generation, stored.intent), (first, 1, None));
    assert_eq!(
        told(world.store, "crm-1").await,
        ["anna created pipedrive", "anna secret_stored api_token", "anna secret_stored webhook",]
    );
    assert_eq!(world.store.tenant().as_str(), "main");
}

/// Of many that make a connection of one id, one succeeds, and nothing is left of the others.
pub async fn an_id_is_taken_once(world: &Tenants<'_>) {
    let sealed = some().await;
    let make = |n: u32| {
        let new = NewConnection::new("crm", "pipedrive", format!("number {n}"));
        let secrets = vec![(format!("secret-{n}"), PutSecret::new(sealed.clone()))];
        Box::pin(async move { world.store.create(new, secrets, &anna(), at(0)).await }) as Task<'_, _>
    };
    let answers: Vec<Result<Connection>> = all_at_once((0..8).map(make).collect()).await;
    let made: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(made.len(), 1);
    let refused: Vec<_> =
        answers.iter().filter_map(|answer| answer.as_ref().err()).map(Error::kind).collect();
    assert_eq!(refused, [ErrorKind::Conflict; 7]);
    let left = everything(world.store).await;
    assert_eq!(left.connections, [made[0].clone()]);
    assert_eq!((left.infos.len(), left.audit.len()), (1, 2));
    assert_eq!(left.infos[0].name, made[0].name.replace("number ", "secret-"));
}

/// A change touches what it names, and the log says what, never how.
pub async fn a_change_is_kept_and_told(world: &Tenants<'_>) {
    let made = make(world.store, "crm").await;
    let change = async |change, second| {
        world.store.change(&"crm".into(), change, &Actor::new("bo"), at(second)).await.unwrap()
    };
    let renamed =
        change(ConnectionChange { name: Some("Sales, Oslo".to_owned()), ..Default::default() }, 10).await;
    assert_eq!((renamed.name.as_str(), &renamed.config), ("Sales, Oslo", &made.config));
    assert_eq!((renamed.created_at, renamed.created_by.as_str()), (at(0), "anna"));
    assert_eq!((renamed.updated_at, renamed.updated_by.as_str()), (at(10), "bo"));
    let config = json!({"company": "globex"});
    let both = ConnectionChange { config: Some(config.clone()), active: Some(false), ..Default::default() };
    let changed = change(both.clone(), 11).await;
    assert_eq!((&changed.config, changed.active, changed.name.as_str()), (&config, false, "Sales, Oslo"));
    assert_eq!(world.store.connection(&"crm".into()).await.unwrap(), Some(changed.clone()));

    assert_eq!(change(both, 12).await, changed, "it is so already");
    assert_eq!(change(ConnectionChange::default(), 13).await, changed);
    let told = told(world.store, "crm").await;
    assert_eq!(told, ["anna created pipedrive", "bo changed name", "bo changed config, active"]);

    let unknown = world.store.change(&"erp".into(), ConnectionChange::default(), &anna(), at(1)).await;
    assert_eq!(kind(unknown), ErrorKind::NotFound);
    let odd = ConnectionChange { name: Some(String::new()), active: Some(true), ..Default::default() };
    assert_eq!(kind(world.store.change(&"crm".into(), odd, &anna(), at(1)).await), ErrorKind::Rejected);
    assert_eq!(world.store.connection(&"crm".into()).await.unwrap(), Some(changed), "all of it or nothing");
}

/// Runs leave their end behind; only another health is worth a line.
pub async fn runs_are_noted(world: &Tenants<'_>) {
    let made = make(world.store, "crm").await;
    let report = async |report| {
        world.store.report(&"crm".into(), report, &sync()).await.unwrap();
        world.store.connection(&"crm".into()).await.unwrap().unwrap()
    };
    let well = report(RunReport::went_well(at(10))).await;
    assert_eq!(
        (well.health, well.last_run, well.last_error.as_deref()),
        (Health::Healthy, Some(at(10)), None)
    );
    assert_eq!(report(RunReport::went_well(at(20))).await.last_run, Some(at(20)));
    let error = Error::new(ErrorKind::Unavailable, "Pipedrive is down");
    let failing = report(RunReport::failed(at(30), &error)).await;
    assert_eq!((failing.health, failing.last_error_at), (Health::Failing, Some(at(30))));
    assert_eq!(failing.last_error, Some(error.to_string()));
    let error = Error::new(ErrorKind::Unauthenticated, "the token is not accepted");
    assert_eq!(report(RunReport::failed(at(40), &error)).await.health, Health::NeedsReconnect);
    let well = report(RunReport::went_well(at(50))).await;
    assert_eq!((well.health, well.last_run), (Health::Healthy, Some(at(50))));
    assert_eq!((well.last_error, well.last_error_at), (Some(error.to_string()), Some(at(40))));
    assert_eq!((well.updated_at, well.updated_by), (made.updated_at, made.updated_by), "a run is no change");

    let long = Error::new(ErrorKind::Decode, format!("\0{}", "é".repeat(100_000)));
    let kept = report(RunReport::failed(at(60), &long)).await.last_error.unwrap();
    assert!(kept.starts_with("\u{fffd}éé") && kept.len() < 3_000, "{} bytes", kept.len());
    assert_eq!(
        told(world.store, "crm").await[1..],
        [
            "sync health_changed healthy",
            "sync health_changed failing",
            "sync health_changed needs_reconnect",
            "sync health_changed healthy",
            "sync health_changed failing",
        ]
    );
    world.store.report(&"erp".into(), RunReport::went_well(at(1)), &sync()).await.unwrap();
    assert_eq!(world.store.connection(&"erp".into()).await.unwrap(), None);
    assert!(told(world.store, "erp").await.is_empty());
}

/// By id, byte by byte, whatever the database's language; a page goes on after the last.
pub async fn connections_come_in_pages(world: &Tenants<'_>) {
    let mut all = ["a", "B", "b", "é", "e", "1", "10", "2", "%", "_", "'", "日本"];
    for id in all {
        make(world.store, id).await;
    }
    let off = ConnectionChange { active: Some(false), ..Default::default() };
    world.store.change(&"b".into(), off, &anna(), at(1)).await.unwrap();
    let other = NewConnection::new("erp", "odoo", "Stock");
    world.store.create(other, Vec::new(), &anna(), at(0)).await.unwrap();
    all.sort_unstable();

    let pipedrive = ConnectionFilter { provider: Some("pipedrive".to_owned()), ..Default::default() };
    let (mut filter, mut seen) = (pipedrive.clone(), Vec::new());
    loop {
        let page = ids(world.store, &filter, 5).await;
        let Some(last) = page.last() else { break };
        filter.after = Some(last.as_str().into());
        seen.extend(page);
    }
    assert_eq!(seen, all);
    assert_eq!(ids(world.store, &pipedrive, u32::MAX).await, all);
    assert!(ids(world.store, &pipedrive, 0).await.is_empty());
    assert_eq!(ids(world.store, &ConnectionFilter::default(), u32::MAX).await.len(), all.len() + 1);
    let off = ConnectionFilter { active: Some(false), ..Default::default() };
    assert_eq!(ids(world.store, &off, 9).await, ["b"]);
    let on = ConnectionFilter { active: Some(true), after: Some("a".into()), ..pipedrive };
    assert_eq!(ids(world.store, &on, 2).await, ["e", "é"]);
    let odoo = ConnectionFilter { provider: Some("odoo".to_owned()), ..Default::default() };
    assert_eq!(ids(world.store, &odoo, 9).await, ["erp"]);
}

/// A removed connection leaves its lines in the log, and nothing that its successor could trip over.
pub async fn removing_leaves_only_the_log(world: &Tenants<'_>) {
    let store = world.store;
    let empty = snapshot(store, "crm").await;
    let operation = Operation::new("order-1", WriteOp::create(raw("{}")));
    for id in ["crm", "neighbour"] {
        make_with_secret(store, id).await;
        fill(store, id, 1).await;
        store.enqueue(&id.into(), &"deals".into(), std::slice::from_ref(&operation)).await.unwrap();
        let state = ConsentState::new([id.len() as u8; 32]);
        store.begin_consent(Consent::new(state, id, "pipedrive", [0; 32], at(900)), at(0)).await.unwrap();
    }
    let neighbour = (snapshot(store, "neighbour").await, secret(store, "neighbour").await);
    let slow = lease(store, "crm", 60).await.unwrap();

    assert!(store.remove(&"crm".into(), &Actor::new("bo"), at(5)).await.unwrap());
    assert!(!store.remove(&"crm".into(), &Actor::new("bo"), at(6)).await.unwrap());
    assert_eq!(store.connection(&"crm".into()).await.unwrap(), None);
    assert_eq!(secret(store, "crm").await, None);
    assert_eq!(snapshot(store, "crm").await, empty);
    assert!(store.entries(&"crm".into(), None, None, 9).await.unwrap().is_empty());
    assert_eq!(store.take_consent(&ConsentState::new([3; 32])).await.unwrap(), None);
    assert_eq!(ids(store, &ConnectionFilter::default(), 9).await, ["neighbour"]);
    assert_eq!(everything(store).await.infos.len(), 1);
    let lines = told(store, "crm").await;
    assert_eq!(lines, ["anna created pipedrive", "anna secret_stored oauth2", "bo removed"]);

    let fresh = make_with_secret(store, "crm").await;
    let stored = secret(store, "crm").await.unwrap();
    assert_eq!((stored.generation, &stored.sealed), (2, &fresh), "a late writer takes it for no other");
    let late = PutSecret::renewal(some().await, 1, slow);
    assert_eq!(put(store, "crm", late).await, Err(ErrorKind::Conflict));
    let late = PutSecret { replaces: Some(1), ..PutSecret::new(some().await) };
    assert_eq!(put(store, "crm", late).await, Err(ErrorKind::Conflict));
    assert!(!store.prolong(&"crm".into(), "oauth2", slow, std::time::Duration::MAX).await.unwrap());
    assert!(lease(store, "crm", 60).await.unwrap() > slow);
    assert_eq!(secret(store, "crm").await.unwrap().sealed, fresh);

    assert_eq!((snapshot(store, "neighbour").await, secret(store, "neighbour").await), neighbour);
    assert_eq!(store.entries(&"neighbour".into(), None, None, 9).await.unwrap().len(), 1);
    assert!(store.take_consent(&ConsentState::new([9; 32])).await.unwrap().is_some());

    fill(store, "unregistered", 1).await;
    assert!(!store.remove(&"unregistered".into(), &anna(), at(7)).await.unwrap());
    assert_eq!(snapshot(store, "unregistered").await, empty, "also what sync keeps of no connection");
}

/// What a database, a log or a person cannot deal with never comes in.
pub async fn what_cannot_be_kept_is_refused(world: &Tenants<'_>) {
    let create = async |new: NewConnection| world.store.create(new, Vec::new(), &anna(), at(0)).await;
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    for text in ["", "a\0b", "a\nb", "\u{7f}", &long] {
        for new in [
            NewConnection::new(text, "p", "n"),
            NewConnection::new("i", text, "n"),
            NewConnection::new("i", "p", text),
        ] {
            assert_eq!(kind(create(new).await), ErrorKind::Rejected, "{text:?}");
        }
        let by = world.store.create(new("crm"), Vec::new(), &Actor::new(text), at(0)).await;
        assert_eq!(kind(by), ErrorKind::Rejected);
        let lease = world.store.lease(&"crm".into(), text, std::time::Duration::MAX).await;
        assert_eq!(kind(lease), ErrorKind::Rejected);
        let lease = world.store.lease(&text.into(), "oauth2", std::time::Duration::MAX).await;
        assert_eq!(kind(lease), ErrorKind::Rejected);
        let consent = Consent::new(ConsentState::new([1; 32]), text, "p", [0; 32], at(9));
        assert_eq!(kind(world.store.begin_consent(consent, at(0)).await), ErrorKind::Rejected);
    }
    let large = json!({"text": "x".repeat(70_000)});
    for config in [large, json!({"a": ["b\0c"]}), json!({"a\0b": 1})] {
        assert_eq!(kind(create(new("crm").with_config(config.clone())).await), ErrorKind::Rejected);
        let mut consent = Consent::new(ConsentState::new([1; 32]), "crm", "p", [0; 32], at(9));
        consent.detail = config;
        assert_eq!(kind(world.store.begin_consent(consent, at(0)).await), ErrorKind::Rejected);
    }
    let sealed = some().await;
    let with = async |names: Vec<String>| {
        let secrets = names.into_iter().map(|name| (name, PutSecret::new(sealed.clone()))).collect();
        world.store.create(new("crm"), secrets, &anna(), at(0)).await
    };
    let many = (0..33).map(|n| n.to_string()).collect();
    for names in [vec!["a".to_owned(), "a".to_owned()], vec![String::new()], vec![long.clone()], many] {
        assert_eq!(kind(with(names).await), ErrorKind::Rejected);
    }
    let odd = PutSecret { action: AuditAction::Removed, ..PutSecret::new(sealed.clone()) };
    let odd = world.store.create(new("crm"), vec![("a".to_owned(), odd)], &anna(), at(0)).await;
    assert_eq!(kind(odd), ErrorKind::Rejected);
    let second = PutSecret { replaces: Some(1), ..PutSecret::new(sealed.clone()) };
    let second = world.store.create(new("crm"), vec![("a".to_owned(), second)], &anna(), at(0)).await;
    assert_eq!(kind(second), ErrorKind::Conflict, "there is nothing to replace");
    let left = everything(world.store).await;
    assert!(left.connections.is_empty() && left.infos.is_empty() && left.audit.is_empty(), "{left:?}");

    let longest = NewConnection::new(&*longest, &*longest, &*longest).with_config(Value::Null);
    assert_eq!(create(longest.clone()).await.unwrap().id, longest.id);
}

/// The log is in order, comes in pages, and outlives what it tells of.
pub async fn the_log_comes_in_pages(world: &Tenants<'_>) {
    for n in 0..4 {
        make(world.store, &format!("c{n}")).await;
        make(world.other, &format!("c{n}")).await;
        world.store.remove(&format!("c{n}").into(), &sync(), at(n)).await.unwrap();
    }
    let all = log(world.store).await;
    assert_eq!(all.len(), 8);
    assert!(all.iter().zip(&all[1..]).all(|(one, next)| one.number < next.number));
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = world.store.audit(None, after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.number);
        seen.extend(page);
    }
    assert_eq!(seen, all);
    assert_eq!((all[3].at, all[3].actor.as_str(), all[3].action), (at(1), "sync", AuditAction::Removed));
    let of = async |id: &str, after, limit| world.store.audit(Some(&id.into()), after, limit).await.unwrap();
    assert_eq!(of("c2", None, 9).await, all[4..6]);
    assert_eq!(of("c2", Some(all[4].number), 9).await, all[5..6]);
    assert_eq!(of("c2", None, 1).await, all[4..5]);
    assert!(of("c2", None, 0).await.is_empty() && of("c2", Some(u64::MAX), 9).await.is_empty());
    assert!(of("%", None, 9).await.is_empty());
}

/// A run that began with a secret that a person replaced meanwhile says nothing about the connection as it is now.
pub async fn a_stale_report_changes_nothing(world: &Tenants<'_>) {
    let store = world.store;
    make_with_secret(store, "crm").await;
    let id = ConnectionId::from("crm");
    let refused = Error::new(ErrorKind::Unauthenticated, "the key is not accepted");
    let report = |generation| RunReport::failed(at(9), &refused).with_secret("oauth2", generation);
    put(store, "crm", PutSecret::new(some().await)).await.unwrap();
    let before = everything(store).await;
    store.report(&id, report(1), &sync()).await.unwrap();
    store.report(&id, report(3), &sync()).await.unwrap();
    store.report(&id, RunReport::went_well(at(9)).with_secret("other", 1), &sync()).await.unwrap();
    assert_eq!(everything(store).await, before);
    store.report(&id, report(2), &sync()).await.unwrap();
    assert_eq!(store.connection(&id).await.unwrap().unwrap().health, Health::NeedsReconnect);
}

/// A new secret comes with the account that it opens, and another account than before is refused whole.
pub async fn an_account_is_compared_at_each_reconnect(world: &Tenants<'_>) {
    let store = world.store;
    make_with_secret(store, "crm").await;
    fill(store, "crm", 1).await;
    let (id, kept) = (ConnectionId::from("crm"), snapshot(store, "crm").await);
    let reconnect = async |account: Option<&str>, second| {
        let change = ConnectionChange { name: Some(format!("at {second}")), ..Default::default() };
        let reconnection = Reconnection::new(change, account.map(str::to_owned));
        let put = PutSecret::new(some().await);
        store.reconnect(&id, "oauth2", put, reconnection, &Actor::new("bo"), at(second)).await
    };
    assert_eq!(store.connection(&id).await.unwrap().unwrap().account, None);
    let refused = Error::new(ErrorKind::Unauthenticated, "the key is not accepted");
    store.report(&id, RunReport::failed(at(1), &refused), &sync()).await.unwrap();
    let first = reconnect(Some("acme"), 2).await.unwrap();
    assert_eq!((first.account.as_deref(), first.health), (Some("acme"), Health::Untried));
    assert_eq!((first.name.as_str(), first.updated_at, first.updated_by.as_str()), ("at 2", at(2), "bo"));
    assert_eq!(store.connection(&id).await.unwrap(), Some(first));
    assert_eq!(secret(store, "crm").await.unwrap().generation, 2);

    let before = everything(store).await;
    for account in [Some("globex"), Some("ACME"), Some(""), None] {
        let refused = kind(reconnect(account, 3).await);
        let expected = if account == Some("") { ErrorKind::Rejected } else { ErrorKind::Conflict };
        assert_eq!(refused, expected, "{account:?}");
    }
    assert_eq!(everything(store).await, before);
    assert_eq!(snapshot(store, "crm").await, kept);
    reconnect(Some("acme"), 4).await.unwrap();
    assert_eq!(snapshot(store, "crm").await, kept);
    let lines = told(store, "crm").await;
    assert_eq!(lines[lines.len() - 2..], ["bo changed name", "bo secret_stored oauth2"]);

    // A settings change leaves the account alone.
    let change = ConnectionChange { active: Some(false), ..Default::default() };
    assert_eq!(store.change(&id, change, &anna(), at(5)).await.unwrap().account.as_deref(), Some("acme"));
    let put = PutSecret::new(some().await);
    let absent = store.reconnect(&"erp".into(), "oauth2", put, Reconnection::default(), &anna(), at(6)).await;
    assert_eq!(kind(absent), ErrorKind::NotFound);
    let made = store.create(new("erp").with_account(Some("7".into())), vec![], &anna(), at(7)).await.unwrap();
    assert_eq!(made.account.as_deref(), Some("7"));
    assert_eq!(store.connection(&"erp".into()).await.unwrap(), Some(made));
}

/// On the host's word another account takes the place of the one before, of which nothing stays.
pub async fn a_replaced_account_leaves_nothing_behind(world: &Tenants<'_>) {
    let store = world.store;
    let empty = snapshot(store, "crm").await;
    let operation = Operation::new("order-1", WriteOp::create(raw("{}")));
    for id in ["crm", "neighbour"] {
        let secrets = vec![("oauth2".to_owned(), PutSecret::new(some().await))];
        store.create(new(id).with_account(Some("acme".into())), secrets, &anna(), at(0)).await.unwrap();
        fill(store, id, 1).await;
        store.enqueue(&id.into(), &"deals".into(), std::slice::from_ref(&operation)).await.unwrap();
    }
    let (id, neighbour) = (ConnectionId::from("crm"), snapshot(store, "neighbour").await);
    let reconnect = async |account: &str, put| {
        let reconnection = Reconnection::new(ConnectionChange::default(), Some(account.to_owned()));
        store.reconnect(&id, "oauth2", put, reconnection.replacing_account(), &anna(), at(1)).await
    };
    let kept = snapshot(store, "crm").await;
    reconnect("acme", PutSecret::new(some().await)).await.unwrap();
    assert_eq!(snapshot(store, "crm").await, kept, "the same account keeps what is its own");

    // A secret that cannot be stored leaves the account as it was.
    let late = PutSecret { replaces: Some(1), ..PutSecret::new(some().await) };
    assert_eq!(kind(reconnect("globex", late).await), ErrorKind::Conflict);
    assert_eq!(snapshot(store, "crm").await, kept);
    assert_eq!(store.connection(&id).await.unwrap().unwrap().account.as_deref(), Some("acme"));

    assert_eq!(
        reconnect("globex", PutSecret::new(some().await)).await.unwrap().account.as_deref(),
        Some("globex")
    );
    assert_eq!(snapshot(store, "crm").await, empty);
    assert!(store.entries(&id, None, None, 9).await.unwrap().is_empty());
    let lines = told(store, "crm").await;
    let last = ["anna account_replaced", "anna changed account", "anna secret_stored oauth2"];
    assert_eq!(lines[lines.len() - 3..], last);
    assert_eq!(snapshot(store, "neighbour").await, neighbour);
    assert_eq!(store.entries(&"neighbour".into(), None, None, 9).await.unwrap().len(), 1);
}
