//! What users of few rights run into, and what a database says about its own models.

use serde_json::json;
use tieline_sandbox::odoo::{LOGIN, PASSWORD, Version};
use tieline_sandbox::{Json, Object};

use super::{BOTH, ask, ask_as, execute, execute_as, fault, ids, still};

const LOW: (i64, &str) = (11, PASSWORD);

#[test]
fn a_field_beyond_the_public_profile_is_refused_also_without_records() {
    for version in BOTH {
        let sandbox = still(version);
        let described = ask_as(&sandbox, LOW, "hr.employee", "fields_get", json!([]), json!({})).unwrap();
        assert!(described["x_employee_number"].is_object() && described["birthday"].is_null());
        let read = |domain| {
            let kwargs = json!({"fields": ["name", "x_employee_number"]});
            execute_as(&sandbox, LOW, "hr.employee", "search_read", json!([domain]), kwargs)
        };
        for domain in [json!([]), json!([["id", "=", 0]])] {
            let (code, text) = fault(&read(domain));
            assert_eq!(code, 4);
            assert!(text.contains("x_employee_number") && text.contains("public employee profile"), "{text}");
        }
        let found = ask_as(&sandbox, LOW, "hr.employee", "search", json!([[["id", "=", 0]]]), json!({}));
        assert_eq!(found.unwrap(), json!([]));
        let named = json!({"fields": ["name"], "limit": 2});
        let rows = ask_as(&sandbox, LOW, "hr.employee", "search_read", json!([[]]), named).unwrap();
        assert_eq!(rows.as_array().unwrap().len(), 2);
    }
}

#[test]
fn a_property_without_a_value_cannot_be_carried_by_17() {
    for version in BOTH {
        let sandbox = still(version);
        sandbox.define_property(1, "budget", "integer", "Budget").unwrap();
        let kwargs = json!({"fields": ["lead_properties"], "limit": 3});
        let answer =
            execute(&sandbox, "crm.lead", "search_read", json!([[["team_id", "=", 1]]]), kwargs.clone());
        let rows = ask(&sandbox, "crm.lead", "search_read", json!([[["team_id", "=", 1]]]), kwargs).unwrap();
        let properties = rows[0]["lead_properties"].as_array().unwrap();
        let budget = properties.iter().find(|property| property["name"] == "budget").unwrap();
        if version == Version::V17 {
            assert!(fault(&answer).1.contains("cannot marshal None"));
            assert!(budget["value"].is_null() && budget.get("value").is_some());
        } else {
            assert!(!answer.contains("<fault>") && budget.get("value").is_none());
        }
        // In a team that defines none, nothing is wrong.
        let other = json!({"fields": ["lead_properties"]});
        assert!(
            !execute(&sandbox, "crm.lead", "search_read", json!([[["team_id", "=", 2]]]), other)
                .contains("<fault>")
        );
    }
}

#[test]
fn rules_can_leave_nothing_and_can_work_late() {
    let sandbox = still(Version::V17);
    sandbox.hide_all(LOGIN, "crm.lead").unwrap();
    assert_eq!(ask(&sandbox, "crm.lead", "search_count", json!([[]]), json!({})).unwrap(), 0);
    sandbox.allow_everything();
    assert_ne!(ask(&sandbox, "crm.lead", "search_count", json!([[]]), json!({})).unwrap(), 0);

    sandbox.add_hidden_messages(LOGIN, 40).unwrap();
    let said = Object::default().with("model", "res.partner").with("res_id", 20).with("body", "Hej");
    let seen = sandbox.create("mail.message", said).unwrap();
    let found = |limit: i64| {
        let kwargs = json!({"limit": limit, "order": "id"});
        ids(&ask(&sandbox, "mail.message", "search", json!([[]]), kwargs).unwrap())
    };
    assert_eq!(found(10), Vec::<i64>::new(), "the page is cut before the rules are asked");
    assert_eq!(found(0), [seen]);
    assert_eq!(ask(&sandbox, "mail.message", "search_count", json!([[]]), json!({})).unwrap(), 1);
}

#[test]
fn models_are_listed_with_those_that_have_no_records() {
    for version in BOTH {
        let sandbox = still(version);
        let rows =
            ask(&sandbox, "ir.model", "search_read", json!([[]]), json!({"fields": ["model", "transient"]}))
                .unwrap();
        let rows = rows.as_array().unwrap();
        assert!(rows.iter().any(|row| row["model"] == "mail.thread"));
        assert!(
            rows.iter().any(|row| row["model"] == "stock.backorder.confirmation" && row["transient"] == true)
        );
        let reachable = json!([[["access_ids", "!=", false], ["model", "=", "mail.thread"]]]);
        assert_eq!(ask(&sandbox, "ir.model", "search_count", reachable, json!({})).unwrap(), 0);
        assert!(
            ask(&sandbox, "mail.thread", "fields_get", json!([]), json!({})).unwrap()["write_date"].is_null()
        );
        let (code, text) = fault(&execute(&sandbox, "mail.thread", "search", json!([[]]), json!({})));
        assert_eq!(code, 1);
        assert!(
            text.contains("psycopg2.errors.UndefinedTable: relation \"mail_thread\" does not exist"),
            "{text}"
        );
        assert_eq!(fault(&execute_as(&sandbox, LOW, "ir.model", "search", json!([[]]), json!({}))).0, 4);
    }
}

#[test]
fn fields_without_a_column_are_described_as_such() {
    for (version, stored) in [(Version::V17, false), (Version::V19, true)] {
        let sandbox = still(version);
        let described = |model: &str, field: &str| {
            ask(&sandbox, model, "fields_get", json!([[field]]), json!({})).unwrap()[field].clone()
        };
        for (model, field, company) in [
            ("res.partner", "barcode", true),
            ("product.product", "standard_price", true),
            ("hr.employee", "tz", false),
        ] {
            let told = described(model, field);
            assert_eq!(
                (&told["store"], &told["company_dependent"]),
                (&json!(stored), &json!(company)),
                "{field}"
            );
            assert_eq!(told["readonly"], false);
        }
        assert_eq!(described("sale.order", "state")["readonly"], true);
        assert_eq!(described("sale.order", "state")["depends"], json!([]));
        assert_ne!(described("sale.order", "amount_total")["depends"], json!([]));
        // A form keeps people from writing it, and an API does not.
        let write = json!([[1], {"state": "cancel"}]);
        assert_eq!(ask(&sandbox, "sale.order", "write", write, json!({})).unwrap(), true);
        assert_eq!(
            sandbox.record("sale.order", 1).unwrap().get("state").and_then(Json::as_str),
            Some("cancel")
        );
    }
}

#[test]
fn some_servers_say_done_about_what_is_not_there() {
    let sandbox = still(Version::V17);
    let write = || execute(&sandbox, "res.partner", "write", json!([[999_999], {"name": "X"}]), json!({}));
    assert_eq!(fault(&write()).0, 2);
    sandbox.set_lenient(true);
    assert!(write().contains("<boolean>1</boolean>"));
    assert!(
        execute(&sandbox, "res.partner", "unlink", json!([[999_999]]), json!({}))
            .contains("<boolean>1</boolean>")
    );
}

#[test]
fn archived_tags_are_left_out_unless_asked_for() {
    let sandbox = still(Version::V17);
    let id = sandbox.create("res.partner", json!({"name": "A", "category_id": [[6, 0, [1, 2]]]})).unwrap();
    sandbox.archive("res.partner.category", 2).unwrap();
    let tags = |context| {
        let kwargs = json!({"fields": ["category_id"], "context": context});
        ids(&ask(&sandbox, "res.partner", "read", json!([[id]]), kwargs).unwrap()[0]["category_id"])
    };
    assert_eq!(tags(json!({})), [1]);
    assert_eq!(tags(json!({"active_test": false})), [1, 2]);
}
