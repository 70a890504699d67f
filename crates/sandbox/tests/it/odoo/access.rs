//! Who may see and do what.

use serde_json::json;
use tieline_sandbox::odoo::{LOGIN, LOW_LOGIN, Operation, PASSWORD, Version};

use super::{BOTH, ask, ask_as, execute, execute_as, fault, ids, still};

const LOW: (i64, &str) = (11, PASSWORD);

#[test]
fn a_right_that_is_taken() {
    let sandbox = still(Version::V17);
    sandbox.deny(LOGIN, "crm.lead", Operation::Read).unwrap();
    sandbox.deny(LOGIN, "res.partner", Operation::Write).unwrap();
    let (code, text) =
        fault(&execute(&sandbox, "crm.lead", "search_read", json!([[]]), json!({"fields": ["name"]})));
    assert_eq!(code, 4);
    assert_eq!(
        text,
        "You are not allowed to access 'Lead/Opportunity' (crm.lead) records.\n\nThis operation is allowed for the following \
         groups:\n\t- Sales/Administrator\n\t- Sales/User: Own Documents Only\n\nContact your administrator to request access \
         if necessary."
    );
    let (code, text) =
        fault(&execute(&sandbox, "res.partner", "write", json!([[20], {"name": "A"}]), json!({})));
    assert_eq!(code, 4);
    assert!(text.starts_with("You are not allowed to modify 'Contact' (res.partner) records."));
    assert!(ask(&sandbox, "res.partner", "search", json!([[]]), json!({})).is_ok());
    sandbox.allow_everything();
    assert!(ask(&sandbox, "crm.lead", "search", json!([[]]), json!({})).is_ok());
    let newer = still(Version::V19);
    newer.deny(LOGIN, "crm.lead", Operation::Create).unwrap();
    let text = fault(&execute(&newer, "crm.lead", "create", json!([{"name": "A"}]), json!({}))).1;
    assert!(text.starts_with("You are not allowed to create 'Lead' (crm.lead) records."), "{text}");
    assert!(newer.deny(LOGIN, "no.such", Operation::Read).is_err());
    assert!(newer.deny("nobody", "crm.lead", Operation::Read).is_err());
}

#[test]
fn asking_for_a_right() {
    for version in BOTH {
        let sandbox = still(version);
        sandbox.deny(LOGIN, "crm.lead", Operation::Unlink).unwrap();
        let may = |model: &str, operation: &str| match version {
            Version::V17 => ask(
                &sandbox,
                model,
                "check_access_rights",
                json!([operation]),
                json!({"raise_exception": false}),
            ),
            _ => ask(&sandbox, model, "has_access", json!([[], operation]), json!({})),
        };
        assert_eq!(may("crm.lead", "read").unwrap(), true);
        assert_eq!(may("crm.lead", "unlink").unwrap(), false);
        assert!(may("crm.lead", "fly").is_err());
    }
    let sandbox = still(Version::V17);
    sandbox.deny(LOGIN, "crm.lead", Operation::Read).unwrap();
    assert_eq!(fault(&execute(&sandbox, "crm.lead", "check_access_rights", json!(["read"]), json!({}))).0, 4);
}

#[test]
fn rules_hide_records() {
    for version in BOTH {
        let sandbox = still(version);
        let all = ids(&ask(&sandbox, "crm.lead", "search", json!([[]]), json!({})).unwrap());
        let low = ids(&ask_as(&sandbox, LOW, "crm.lead", "search", json!([[]]), json!({})).unwrap());
        assert!(!low.is_empty() && low.len() < all.len(), "only their own and nobody's");
        let other = all.iter().find(|id| !low.contains(id)).unwrap();
        let (code, text) = fault(&execute_as(
            &sandbox,
            LOW,
            "crm.lead",
            "read",
            json!([[low[0], other]]),
            json!({"fields": ["name"]}),
        ));
        assert_eq!(code, 4);
        let label = if version == Version::V17 { "Lead/Opportunity" } else { "Lead" };
        assert_eq!(
            text,
            format!(
                "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\nSorry, Måns Törnvall (id=11) doesn't have \
                 'read' access to:\n- {label} (crm.lead)"
            )
        );
        sandbox.hide(LOW_LOGIN, "crm.lead", low[0]).unwrap();
        let fewer = ids(&ask_as(&sandbox, LOW, "crm.lead", "search", json!([[]]), json!({})).unwrap());
        assert_eq!(fewer.len(), low.len() - 1);
    }
}

#[test]
fn companies() {
    let sandbox = still(Version::V17);
    let count = |companies: serde_json::Value| {
        ask(
            &sandbox,
            "hr.employee",
            "search_count",
            json!([[]]),
            json!({"context": {"allowed_company_ids": companies}}),
        )
    };
    let (swedish, swiss) = (count(json!([1])).unwrap(), count(json!([2])).unwrap());
    assert_eq!((swedish, swiss), (json!(50), json!(6)));
    assert_eq!(count(json!([2, 1])).unwrap(), 56);
    assert_eq!(count(json!([])).unwrap(), 56);
    assert_eq!(count(json!([3])).unwrap_err()["name"], "odoo.exceptions.AccessError");
}

#[test]
fn languages_and_zones() {
    for version in BOTH {
        let sandbox = still(version);
        let with = |language: &str| {
            ask(&sandbox, "res.partner", "search_count", json!([[]]), json!({"context": {"lang": language}}))
        };
        assert!(with("sv_SE").is_ok());
        match version {
            Version::V17 => assert!(with("nb_NO").is_ok(), "ignored"),
            _ => assert_eq!(with("nb_NO").unwrap_err()["message"], "Invalid language code: nb_NO"),
        }
    }
}
