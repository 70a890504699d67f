//! Write dates: what they hide, and how versions differ about it.

use std::time::Duration;

use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::odoo::{EPOCH, Odoo, Version};

use super::{BOTH, ask, ids, still};

fn count(sandbox: &Sandbox<Odoo>, domain: Value) -> Result<Value, Value> {
    ask(sandbox, "res.partner", "search_count", json!([domain]), json!({}))
}

fn write_date(sandbox: &Sandbox<Odoo>, id: i64) -> String {
    let row = ask(sandbox, "res.partner", "read", json!([[id]]), json!({"fields": ["write_date"]})).unwrap();
    row[0]["write_date"].as_str().unwrap().to_owned()
}

#[test]
fn hidden_microseconds() {
    for (version, equal, at_most, more) in [(Version::V17, 0, 0, 1), (Version::V19, 1, 1, 0)] {
        let sandbox = still(version);
        sandbox.update("res.partner", 20, json!({"ref": "ny"})).unwrap();
        let read = write_date(&sandbox, 20);
        assert_eq!(read, "2026-11-02 08:00:00");
        let found = |operator: &str| {
            count(&sandbox, json!([["id", "=", 20], ["write_date", operator, read]]))
                .unwrap()
                .as_i64()
                .unwrap()
        };
        assert_eq!([found("="), found("<="), found(">"), found(">=")], [equal, at_most, more, 1]);
    }
}

#[test]
fn spellings_of_a_moment() {
    let moment = |version: Version, text: &str| count(&still(version), json!([["write_date", ">=", text]]));
    let all = |text: &str| [moment(Version::V17, text), moment(Version::V19, text)];
    let plain = moment(Version::V17, "2026-10-20 10:00:00").unwrap();
    assert!(plain.as_i64().unwrap() > 3);
    for same in ["2026-10-20 10:00:00", "2026-10-20T10:00:00", "2026-10-20 10:00:00.000"] {
        assert_eq!(all(same), [Ok(plain.clone()), Ok(plain.clone())], "{same}");
    }
    for zoned in ["2026-10-20T10:00:00Z", "2026-10-20 10:00:00+07:00"] {
        let [old, new] = all(zoned);
        assert_eq!(old, Ok(plain.clone()), "17 ignores the offset");
        assert_eq!(new.unwrap_err()["message"], "expecting only datetimes with no timezone");
    }
    for garbage in ["yesterday", "2026-13-20 10:00:00", "20.10.2026", "2026-10-20 25:00:00"] {
        assert!(all(garbage).iter().all(Result::is_err), "{garbage}");
    }
}

#[test]
fn a_day_is_midnight_here_or_there() {
    for (version, midnight) in [(Version::V17, "2026-10-20 00:00:00"), (Version::V19, "2026-10-19 22:00:00")]
    {
        let sandbox = still(version);
        let at = |text: &str| text.replace(' ', "T") + "Z";
        sandbox.backdate("res.partner", 20, json!({}), at(midnight).parse().unwrap()).unwrap();
        let found = |operator: &str, day: &str| {
            let domain = json!([["id", "=", 20], ["write_date", operator, day]]);
            let context = json!({"context": {"tz": "Europe/Zurich"}});
            ask(&sandbox, "res.partner", "search_count", json!([domain]), context).unwrap()
        };
        assert_eq!(found(">=", "2026-10-20"), 1);
        assert_eq!(found("<=", "2026-10-20"), 1, "to the end of the day");
        assert_eq!(found("<", "2026-10-20"), 0);
        assert_eq!(found(">=", "2026-10-21"), 0);
    }
}

#[test]
fn a_transaction_has_one_time_and_shows_late() {
    for version in BOTH {
        let sandbox = still(version);
        let many: Vec<Value> = (0..5).map(|number| json!({"name": format!("Rad {number}")})).collect();
        let made = ids(&ask(&sandbox, "res.partner", "create", json!([many]), json!({})).unwrap());
        let later = sandbox.create("res.partner", json!({"name": "Sedan"})).unwrap();
        let order = json!({"order": "write_date desc, id", "limit": 6});
        let newest = ids(&ask(&sandbox, "res.partner", "search", json!([[]]), order).unwrap());
        assert_eq!(newest[0], later, "microseconds tell them apart");
        assert_eq!(newest[1..], made);

        sandbox.advance(Duration::from_secs(10));
        let cursor = "2026-11-02 08:00:09";
        assert_eq!(count(&sandbox, json!([["write_date", ">=", cursor]])).unwrap(), 0);
        sandbox.backdate("res.partner", later, json!({"name": "Sen"}), EPOCH.parse().unwrap()).unwrap();
        assert_eq!(count(&sandbox, json!([["write_date", ">=", cursor]])).unwrap(), 0, "missed for good");
    }
}

#[test]
fn what_moves_a_write_date() {
    let sandbox = still(Version::V17);
    let before = write_date(&sandbox, 20);
    let parent =
        |sandbox: &Sandbox<Odoo>| sandbox.record("res.partner", 20).unwrap().get("name").unwrap().clone();
    let name = parent(&sandbox);
    sandbox.advance(Duration::from_secs(5));
    let child = json!({"name": "Barn", "parent_id": 20, "write_date": "2020-01-01 00:00:00"});
    let child = ask(&sandbox, "res.partner", "create", json!([child]), json!({})).unwrap().as_i64().unwrap();
    assert_eq!(write_date(&sandbox, 20), before, "a child does not");
    assert_eq!(write_date(&sandbox, child), "2026-11-02 08:00:05", "nobody sets it");
    sandbox.advance(Duration::from_secs(5));
    ask(&sandbox, "res.partner", "write", json!([[20], {"color": 0}]), json!({})).unwrap();
    assert_eq!(
        (write_date(&sandbox, 20), parent(&sandbox)),
        ("2026-11-02 08:00:10".to_owned(), name),
        "the same value does"
    );
    sandbox.advance(Duration::from_secs(5));
    sandbox.archive("res.partner", child).unwrap();
    assert_eq!(write_date(&sandbox, child), "2026-11-02 08:00:15");
}
