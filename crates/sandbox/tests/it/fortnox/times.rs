use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tieline_sandbox::fortnox::{Entity, LastModified};

use super::{numbers, refused, still, walk};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// How many customers changed since a time on the wall clock of Stockholm.
fn since(sandbox: &tieline_sandbox::Sandbox<tieline_sandbox::fortnox::Fortnox>, time: &str) -> usize {
    walk(
        sandbox,
        Entity::Customers,
        &format!("lastmodified={}&customernumber=1001", time.replace(' ', "%20")),
    )
    .len()
}

#[test]
fn times_of_change_are_local_to_stockholm() {
    let sandbox = still();
    // In winter an hour ahead of UTC, in summer two.
    for (changed, before, same, after) in [
        ("2026-11-02T07:30:00Z", "2026-11-02 08:29", "2026-11-02 08:30:00", "2026-11-02 08:30:01"),
        ("2026-07-01T22:30:00Z", "2026-07-02", "2026-07-02 00:30", "2026-07-02 00:31"),
    ] {
        sandbox.backdate(Entity::Customers, "1001", json!({}), at(changed)).unwrap();
        assert_eq!(
            (since(&sandbox, before), since(&sandbox, same), since(&sandbox, after)),
            (1, 1, 0),
            "{changed}"
        );
    }
    for wrong in ["2026-11-02T08:30:00", "2026-11-02T08:30:00Z", "today", "2026-13-01", "2026-11-02%2008"] {
        assert_eq!(
            refused(&sandbox, "GET", &format!("/3/customers?lastmodified={wrong}"), &Value::Null),
            (400, 2_000_588)
        );
    }
}

#[test]
fn the_hour_that_comes_twice_hides_changes_from_those_who_do_not_look_back() {
    let sandbox = still();
    // 02:50 in summer time, and twenty minutes later 02:10 in winter time.
    sandbox.backdate(Entity::Customers, "1001", json!({}), at("2026-10-25T01:10:00Z")).unwrap();
    assert_eq!((since(&sandbox, "2026-10-25 02:50"), since(&sandbox, "2026-10-25 02:10")), (0, 1));
}

#[test]
fn what_is_changed_moves_into_the_list_of_changes() {
    let sandbox = still();
    let changed = || {
        let rows = walk(&sandbox, Entity::Invoices, "lastmodified=2026-11-02%2009:00&limit=500");
        numbers(&rows).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(changed().is_empty());
    sandbox.advance(std::time::Duration::from_secs(60));
    let key = sandbox.create(Entity::Invoices, json!({"CustomerNumber": "1001"})).unwrap();
    assert_eq!(changed(), std::slice::from_ref(&key));
    sandbox.act(Entity::Invoices, "10001", "externalprint").unwrap();
    assert_eq!(changed(), ["10001".to_owned(), key]);
}

#[test]
fn a_list_can_take_the_time_of_change_any_way() {
    let sandbox = still();
    sandbox.backdate(Entity::Customers, "1001", json!({}), at("2026-11-02T07:30:00Z")).unwrap();
    let exactly = "2026-11-02 08:30:00";
    for (manner, found) in [
        (LastModified::Inclusive, (1, 0)),
        (LastModified::Exclusive, (0, 0)),
        (LastModified::Ignored, (1, 1)),
    ] {
        sandbox.set_last_modified(Entity::Customers, manner);
        assert_eq!((since(&sandbox, exactly), since(&sandbox, "2099-01-01")), found, "{manner:?}");
    }
    sandbox.set_last_modified(Entity::Customers, LastModified::Rejected);
    assert_eq!(
        refused(&sandbox, "GET", "/3/customers?lastmodified=2026-01-01", &Value::Null),
        (400, 2_000_588)
    );
    // Where Fortnox documents nothing, all manners are met from the start.
    assert_eq!(
        walk(&sandbox, Entity::Projects, "lastmodified=2099-01-01").len(),
        sandbox.count(Entity::Projects)
    );
    assert_eq!(
        refused(&sandbox, "GET", "/3/financialyears?lastmodified=2026-01-01", &Value::Null),
        (400, 2_000_588)
    );
    assert!(walk(&sandbox, Entity::Suppliers, "lastmodified=2099-01-01").is_empty());
}
