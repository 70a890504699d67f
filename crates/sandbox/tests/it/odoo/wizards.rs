//! Buttons that ask first, and the methods that libraries use beside reading and writing.

use serde_json::json;
use tieline_sandbox::odoo::Version;

use super::{BOTH, ask, execute, fault, ids, still};

#[test]
fn a_transfer_that_is_short_asks_before_it_is_done() {
    for version in BOTH {
        let sandbox = still(version);
        let state = |id: i64| sandbox.record("stock.picking", id).unwrap().get("state").unwrap().to_string();
        let validate = |id: i64, kwargs| {
            ask(&sandbox, "stock.picking", "button_validate", json!([[id]]), kwargs).unwrap()
        };
        assert_eq!(validate(1, json!({})), true);
        assert_eq!(state(1), "\"done\"");

        let window = validate(2, json!({}));
        assert_eq!(window["type"], "ir.actions.act_window");
        assert_eq!(
            (&window["res_model"], &window["target"]),
            (&json!("stock.backorder.confirmation"), &json!("new"))
        );
        assert_eq!(state(2), "\"assigned\"", "nothing is done yet");
        let wizard = json!([{"pick_ids": [[4, 2, 0]]}]);
        let wizard = ask(&sandbox, "stock.backorder.confirmation", "create", wizard, json!({})).unwrap();
        ask(&sandbox, "stock.backorder.confirmation", "process", json!([[wizard]]), json!({})).unwrap();
        assert_eq!(state(2), "\"done\"");
        let left =
            ask(&sandbox, "stock.picking", "search", json!([[["backorder_id", "=", 2]]]), json!({})).unwrap();
        assert_eq!(ids(&left).len(), 1);
    }
}

#[test]
fn cancelling_an_order_asks_on_17_only() {
    for version in BOTH {
        let sandbox = still(version);
        let state = || sandbox.record("sale.order", 3).unwrap().get("state").unwrap().to_string();
        let cancel = |kwargs| ask(&sandbox, "sale.order", "action_cancel", json!([[3]]), kwargs).unwrap();
        let told = cancel(json!({}));
        if version == Version::V17 {
            assert_eq!(told["res_model"], "sale.order.cancel");
            assert_eq!(state(), "\"sale\"");
            assert_eq!(cancel(json!({"context": {"disable_cancel_warning": true}})), true);
        } else {
            assert_eq!(told, true);
        }
        assert_eq!(state(), "\"cancel\"");
    }
}

#[test]
fn records_are_copied_grouped_and_read_with_plain_ids() {
    for version in BOTH {
        let sandbox = still(version);
        let copied =
            ask(&sandbox, "res.partner", "copy", json!([[20]]), json!({"default": {"ref": "K"}})).unwrap();
        let id = if version == Version::V17 { copied.as_i64().unwrap() } else { ids(&copied)[0] };
        let row = sandbox.record("res.partner", id).unwrap();
        assert!(row.get("name").unwrap().as_str().unwrap().ends_with(" (copy)"));
        assert_eq!(row.get("ref").unwrap().as_str(), Some("K"));

        let groups =
            ask(&sandbox, "sale.order", "read_group", json!([[], ["amount_total"], ["state"]]), json!({}))
                .unwrap();
        let counted: i64 =
            groups.as_array().unwrap().iter().map(|group| group["state_count"].as_i64().unwrap()).sum();
        assert_eq!(counted, 6);
        assert!(groups[0]["amount_total"].is_number() && groups[0]["__domain"].is_array());

        for (load, named) in [("_classic_read", true), ("_classic_write", false), ("", false)] {
            let kwargs = json!({"fields": ["user_id"], "limit": 1, "load": load});
            let rows = ask(&sandbox, "sale.order", "search_read", json!([[]]), kwargs).unwrap();
            assert_eq!(rows[0]["user_id"].is_array(), named, "{load}");
        }
        let context = ask(&sandbox, "res.users", "context_get", json!([]), json!({})).unwrap();
        assert_eq!(context, json!({"lang": "en_US", "tz": "UTC", "uid": 7}));
        // The ids come first, and Odoo does not look whether there are any.
        let (code, text) = fault(&execute(&sandbox, "sale.order", "action_confirm", json!([]), json!({})));
        assert_eq!(code, 1);
        assert!(text.trim_end().ends_with("IndexError: list index out of range"), "{text}");
    }
}
