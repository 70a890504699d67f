//! Creating, changing, deleting, and the buttons.

use serde_json::{Value, json};
use tieline_sandbox::odoo::Version;

use super::{BOTH, ask, execute, fault, ids, post, still, text};

#[test]
fn one_and_many() {
    for version in BOTH {
        let sandbox = still(version);
        let one = execute(&sandbox, "res.partner", "create", json!([{"name": "Åke & Co"}]), json!({}));
        assert!(one.contains("<param>\n<value><int>"), "{one}");
        let many =
            execute(&sandbox, "res.partner", "create", json!([[{"name": "A"}, {"name": "B"}]]), json!({}));
        assert!(many.contains("<array><data>\n<value><int>"), "{many}");
        let id = ask(
            &sandbox,
            "res.partner",
            "create",
            json!([{"name": "C", "company_type": "company"}]),
            json!({}),
        )
        .unwrap();
        let done = execute(
            &sandbox,
            "res.partner",
            "write",
            json!([[id], {"email": "c@d.test", "lang": null}]),
            json!({}),
        );
        assert!(done.contains("<value><boolean>1</boolean></value>"));
        let read = json!({"fields": ["name", "email", "lang", "is_company", "type"]});
        let row = ask(&sandbox, "res.partner", "read", json!([id]), read).unwrap();
        let expected = json!({"id": id, "name": "C", "email": "c@d.test", "lang": false, "is_company": true, "type": "contact"});
        assert_eq!(row[0], expected);
        assert!(
            execute(&sandbox, "res.partner", "unlink", json!([id]), json!({}))
                .contains("<boolean>1</boolean>")
        );
        assert_eq!(fault(&execute(&sandbox, "res.partner", "unlink", json!([id]), json!({}))).0, 2, "gone");
        assert_eq!(sandbox.record("res.partner", id.as_i64().unwrap()), None);
    }
}

#[test]
fn commands_of_lists() {
    let sandbox = still(Version::V17);
    let tags = |command: Value| {
        ask(&sandbox, "res.partner", "write", json!([[20], {"category_id": command}]), json!({})).unwrap();
        let row =
            ask(&sandbox, "res.partner", "read", json!([[20]]), json!({"fields": ["category_id"]})).unwrap();
        ids(&row[0]["category_id"])
    };
    assert_eq!(tags(json!([[6, 0, [1, 2]]])), [1, 2]);
    assert_eq!(tags(json!([[4, 3]])), [1, 2, 3]);
    assert_eq!(tags(json!([[4, 3, 0], [3, 1, 0]])), [2, 3]);
    assert_eq!(tags(json!([[0, 0, {"name": "Ny"}]])), [2, 3, 6]);
    assert_eq!(tags(json!([[1, 6, {"name": "Nyare"}], [2, 3, 0]])), [2, 6]);
    assert_eq!(tags(json!([[5, 0, 0]])), [] as [i64; 0]);

    let order = json!({"partner_id": 20, "order_line": [[0, 0, {"product_id": 2, "product_uom_qty": 3}], [0, 0, {"product_id": 3}]]});
    let id = ask(&sandbox, "sale.order", "create", json!([order]), json!({})).unwrap();
    let read = || {
        ask(
            &sandbox,
            "sale.order",
            "read",
            json!([id]),
            json!({"fields": ["name", "state", "order_line", "amount_total"]}),
        )
        .unwrap()[0]
            .clone()
    };
    let order = read();
    assert_eq!((&order["name"], &order["state"]), (&json!("S00007"), &json!("draft")));
    assert_eq!(order["amount_total"], 38_187.01);
    let first = ids(&order["order_line"])[0];
    ask(&sandbox, "sale.order", "write", json!([[id], {"order_line": [[2, first, 0]]}]), json!({})).unwrap();
    assert_eq!(read()["amount_total"], 1150.0);
    ask(&sandbox, "sale.order", "unlink", json!([id]), json!({})).unwrap();
    assert_eq!(sandbox.record("sale.order.line", first + 1), None, "lines go with it");
}

#[test]
fn buttons_move_states() {
    for version in BOTH {
        let sandbox = still(version);
        let press = |button: &str| execute(&sandbox, "sale.order", button, json!([[1]]), json!({}));
        let state =
            || sandbox.record("sale.order", 1).unwrap().get("state").unwrap().as_str().unwrap().to_owned();
        assert!(press("action_confirm").contains("<boolean>1</boolean>"));
        assert_eq!(state(), "sale");
        let (code, text) = fault(&press("action_confirm"));
        assert_eq!(
            (code, text.as_str()),
            (2, "The following orders are not in a state requiring confirmation: S00001")
        );
        press("action_lock");
        assert_eq!(fault(&press("action_cancel")).0, 2, "locked");
        press("action_unlock");
        let unasked = json!({"context": {"disable_cancel_warning": true}});
        execute(&sandbox, "sale.order", "action_cancel", json!([[1]]), unasked);
        assert_eq!(state(), "cancel");
        press("action_draft");
        assert_eq!(state(), "draft");

        ask(&sandbox, "crm.lead", "action_set_lost", json!([[31]]), json!({"lost_reason_id": 2})).unwrap();
        let lead = sandbox.record("crm.lead", 31).unwrap();
        assert_eq!(
            (lead.get("active").unwrap().as_bool(), lead.get("probability").unwrap().to_string()),
            (Some(false), "0.0".into())
        );
        ask(&sandbox, "crm.lead", "action_set_won", json!([[31]]), json!({})).unwrap();
        assert_eq!(sandbox.record("crm.lead", 31).unwrap().get("probability").unwrap().to_string(), "100.0");
        let archived = execute(&sandbox, "res.partner", "action_archive", json!([[22]]), json!({}));
        assert!(fault(&archived).1.contains("cannot marshal None"));
        assert_eq!(sandbox.record("res.partner", 22).unwrap().get("active").unwrap().as_bool(), Some(false));
    }
}

#[test]
fn chatter() {
    for version in BOTH {
        let sandbox = still(version);
        let post = json!({"body": "Hej & <hå>", "subject": "Ärende", "message_type": "comment", "subtype_xmlid": "mail.mt_comment"});
        let posted = ask(&sandbox, "res.partner", "message_post", json!([[20]]), post).unwrap();
        let id = if version == Version::V17 { posted.as_i64().unwrap() } else { ids(&posted)[0] };
        let found = ask(
            &sandbox,
            "mail.message",
            "search_read",
            json!([[["model", "=", "res.partner"], ["res_id", "=", 20]]]),
            json!({"fields": ["body", "subject", "author_id", "date", "message_type"]}),
        )
        .unwrap();
        assert_eq!(
            found[0],
            json!({"id": id, "body": "<p>Hej &amp; &lt;hå&gt;</p>", "subject": "Ärende", "author_id": [7, "Integration"],
                   "date": "2026-11-02 08:00:00", "message_type": "comment"})
        );
        let listed =
            ask(&sandbox, "res.partner", "read", json!([[20]]), json!({"fields": ["message_ids"]})).unwrap();
        assert_eq!(ids(&listed[0]["message_ids"]), [id]);
        let html = ask(
            &sandbox,
            "crm.lead",
            "message_post",
            json!([[30]]),
            json!({"body": "<b>Hej</b>", "body_is_html": true}),
        );
        assert!(html.is_ok());
        assert_eq!(
            ask(&sandbox, "res.country", "message_post", json!([[196]]), json!({})).unwrap_err()["name"],
            "builtins.AttributeError"
        );
    }
}

#[test]
fn what_a_request_may_write() {
    let call = |typed: &str| {
        format!(
            "<?xml version='1.0'?><methodCall><methodName>execute_kw</methodName><params><param><value>norrsken</value></param>\
             <param><value><i4>7</i4></value></param><param><value>0d00acde00000000000000005a4db0c50badcafe</value></param>\
             <param><value>crm.lead</value></param><param><value>create</value></param><param><value><array><data><value><struct>\
             <member><name>name</name><value>  otypad &#229; </value></member>\
             <member><name>partner_id</name><value><nil/></value></member>\
             <member><name>color</name><value><i8>3</i8></value></member>\
             <member><name>description</name><value><base64>aGVq</base64></value></member>\
             <member><name>date_open</name><value>{typed}</value></member>\
             </struct></value></data></array></value></param></params></methodCall>"
        )
    };
    for (version, typed, works) in [
        (Version::V17, "2026-11-20 15:17:16", true),
        (Version::V17, "<dateTime.iso8601>20261120T15:17:16</dateTime.iso8601>", false),
        (Version::V19, "<dateTime.iso8601>20261120T15:17:16</dateTime.iso8601>", true),
        (Version::V19, "2026-11-20T15:17:16", false),
        (Version::V19, "2026-11-20 15:17:16.5", false),
    ] {
        let sandbox = still(version);
        let answer = text(&post(&sandbox, "/xmlrpc/2/object", "text/xml", call(typed)));
        assert_eq!(!answer.contains("<fault>"), works, "{version:?} {typed}: {answer}");
        if works {
            let fields = json!({"fields": ["name", "partner_id", "color", "date_open", "description"], "limit": 1, "order": "id desc"});
            let row = ask(&sandbox, "crm.lead", "search_read", json!([[]]), fields).unwrap()[0].clone();
            assert_eq!((&row["name"], &row["color"]), (&json!("  otypad å "), &json!(3)));
            assert_eq!(
                (&row["date_open"], &row["partner_id"]),
                (&json!("2026-11-20 15:17:16"), &json!(false))
            );
            assert_eq!(row["description"], "<p>hej</p>");
        }
    }
}

#[test]
fn defaults() {
    for version in BOTH {
        let sandbox = still(version);
        let wanted = json!([["type", "active", "lang", "name", "nonsense"]]);
        let defaults = ask(&sandbox, "res.partner", "default_get", wanted, json!({})).unwrap();
        assert_eq!(defaults, json!({"type": "contact", "active": true, "lang": "en_US"}));
        let lead =
            ask(&sandbox, "crm.lead", "default_get", json!([["user_id", "stage_id", "type"]]), json!({}))
                .unwrap();
        assert_eq!(lead, json!({"user_id": 7, "stage_id": 1, "type": "lead"}));
    }
}

#[test]
fn deleting_clears_what_pointed_there() {
    let sandbox = still(Version::V17);
    let child = ask(
        &sandbox,
        "res.partner",
        "search",
        json!([[["parent_id", "!=", false]]]),
        json!({"limit": 1, "order": "id"}),
    )
    .unwrap();
    let child = ids(&child)[0];
    let row = |id: i64| sandbox.record("res.partner", id).unwrap();
    let parent = row(child).get("parent_id").unwrap().as_array().unwrap()[0].as_i64().unwrap();
    let written = row(child).get("write_date").unwrap().clone();
    if ask(&sandbox, "res.partner", "unlink", json!([[parent]]), json!({})).is_err() {
        let orders =
            ask(&sandbox, "sale.order", "search", json!([[["partner_id", "=", parent]]]), json!({})).unwrap();
        assert!(!ids(&orders).is_empty(), "only an order holds a customer");
        return;
    }
    assert_eq!(row(child).get("parent_id").unwrap().as_bool(), Some(false));
    assert_eq!(row(child).get("write_date").unwrap(), &written, "and nobody can see when");
}
