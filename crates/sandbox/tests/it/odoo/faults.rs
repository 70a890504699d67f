//! What goes wrong, in the words of each version.

use serde_json::{Value, json};
use tieline_sandbox::odoo::{API_KEY, DEACTIVATED_LOGIN, Odoo, PASSWORD, TWO_FACTOR_API_KEY, UID, Version};
use tieline_sandbox::{Json, Sandbox};

use super::{BOTH, execute, execute_as, fault, method_call, post, still, text};

/// The code and, of a traceback, the last line.
fn outcome(body: &str) -> (i64, String) {
    let (code, text) = fault(body);
    assert_eq!(text.starts_with("Traceback (most recent call last):\n"), code == 1, "{text}");
    (code, if code == 1 { text.trim_end().lines().last().unwrap().to_owned() } else { text })
}

#[test]
fn the_fault_table() {
    for version in BOTH {
        let sandbox = still(version);
        let mut lines = String::new();
        let mut note = |model: &str, method: &str, args: Value, kwargs: Value| {
            let (code, text) = outcome(&execute(&sandbox, model, method, args.clone(), kwargs.clone()));
            lines.push_str(&format!(
                "{model}.{method}({args}, {kwargs})\n  {code} {}\n",
                text.replace('\n', "\n    ")
            ));
        };
        let no = json!({});
        note("no.such", "search", json!([[]]), no.clone());
        note("res.partner", "no_such_method", json!([[1]]), no.clone());
        note("res.partner", "_compute_display_name", json!([[1]]), no.clone());
        note("res.partner", "message_post", json!([[1, 2]]), json!({"body": "hej"}));
        note("res.partner", "read", json!([[1], ["nosuch"]]), no.clone());
        note("res.partner", "search_read", json!([[]]), json!({"fields": ["nosuch"]}));
        note("res.partner", "create", json!([{"name": "A", "nosuch": 1}]), no.clone());
        note("res.partner", "search", json!([[["nosuch", "=", "it's"]]]), no.clone());
        note("res.partner", "search", json!([[]]), json!({"order": "nosuch"}));
        note("res.partner", "search", json!([[]]), json!({"order": "name; drop"}));
        note("res.partner", "search", json!([["&", ["name", "=", "A"]]]), no.clone());
        note("res.partner", "search", json!([[["name", "="]]]), no.clone());
        note("res.partner", "search", json!([[["name", "~~", "A"]]]), no.clone());
        note("res.partner", "search", json!([[]]), json!({"limit": -1}));
        note("res.partner", "search", json!([[]]), json!({"count": true}));
        note("res.partner", "search", json!([]), no.clone());
        note("crm.lead", "write", json!([[45_000], {"name": "A"}]), no.clone());
        note("crm.lead", "unlink", json!([[45_000]]), no.clone());
        note("hr.department", "create", json!([{}]), no.clone());
        note("hr.department", "write", json!([[1], {"parent_id": 3}]), no.clone());
        note("res.country", "create", json!([{"name": "Svea rike", "code": "SE"}]), no.clone());
        note("res.partner", "create", json!([{"email": "a@b.test"}]), no.clone());
        note("res.partner", "create", json!([{"name": "A", "type": "bogus"}]), no.clone());
        note("res.partner", "create", json!([{"name": "A", "country_id": "SE"}]), no.clone());
        note("res.partner", "create", json!([{"name": "A", "country_id": 99_999}]), no.clone());
        note("res.partner", "create", json!([{"name": "A", "color": 5_000_000_000_i64}]), no.clone());
        note("res.partner", "create", json!([{"name": "A", "category_id": "VIP"}]), no.clone());
        note("crm.lead", "create", json!([{"name": "A", "date_deadline": "17.05.1981"}]), no.clone());
        note("crm.lead", "create", json!([{"name": "A", "date_open": "2026-11-20T10:00:00Z"}]), no.clone());
        note("crm.stage", "unlink", json!([[2]]), no.clone());
        note("res.partner", "unlink", json!([[3]]), no.clone());
        note("sale.order", "unlink", json!([[3]]), no.clone());
        note("sale.order", "action_confirm", json!([[3]]), no.clone());
        note("sale.order", "action_lock", json!([[3]]), no.clone());
        note("res.partner", "search", json!([[]]), json!({"context": {"allowed_company_ids": [9]}}));
        insta::assert_snapshot!(format!("faults_{}", version.number()), lines);
    }
}

#[test]
fn credentials() {
    for version in BOTH {
        let sandbox = still(version);
        let search = |uid: i64, secret: &str| {
            execute_as(&sandbox, (uid, secret), "res.partner", "search_count", json!([[]]), json!({}))
        };
        for secret in [API_KEY, PASSWORD] {
            assert!(search(UID, secret).contains("<int>130</int>"));
        }
        // Wrong, nobody, nothing, somebody else's key, somebody who left, a password where a second factor is on.
        for (uid, secret) in
            [(UID, "fel"), (0, API_KEY), (UID, ""), (UID, TWO_FACTOR_API_KEY), (13, PASSWORD), (12, PASSWORD)]
        {
            assert_eq!(fault(&search(uid, secret)), (3, "Access Denied".into()), "{uid} {secret}");
        }
        assert!(search(12, TWO_FACTOR_API_KEY).contains("<int>"));
        let nobody = "Record does not exist or has been deleted.\n(Record: res.users(99999,), User: 99999)";
        assert_eq!(fault(&search(99_999, API_KEY)), (2, nobody.into()));
    }
    assert!(DEACTIVATED_LOGIN.starts_with("slutat"));
}

#[test]
fn nothing_is_done_when_a_call_fails_except_when_only_its_answer_does() {
    let sandbox = still(Version::V17);
    let before = sandbox.summary();
    let two = json!([[{"name": "Först"}, {"name": "Sedan", "type": "bogus"}]]);
    assert_eq!(fault(&execute(&sandbox, "res.partner", "create", two, json!({}))).0, 1);
    assert_eq!(sandbox.summary(), before, "the first is taken back");
    let locked = |sandbox: &Sandbox<Odoo>| {
        sandbox.record("sale.order", 3).unwrap().get("locked").and_then(Json::as_bool)
    };
    assert_eq!(locked(&sandbox), Some(false));
    let lock = execute(&sandbox, "sale.order", "action_lock", json!([[3]]), json!({}));
    assert!(fault(&lock).1.contains("cannot marshal None unless allow_none is enabled"));
    assert_eq!(locked(&sandbox), Some(true), "it is done");
}

#[test]
fn the_first_version_of_the_door_has_texts_for_codes() {
    for version in BOTH {
        let sandbox = still(version);
        let call = |secret: &str, model: &str, method: &str, args: Value| {
            let params = [json!("norrsken"), json!(UID), json!(secret), json!(model), json!(method), args];
            text(&post(&sandbox, "/xmlrpc/object", "text/xml", method_call("execute_kw", &params)))
        };
        let denied = call("fel", "res.partner", "search", json!([[]]));
        assert!(denied.contains("<value><string>AccessDenied</string></value>"), "{denied}");
        assert!(denied.contains("<value><string></string></value>"));
        let missing = call(API_KEY, "crm.lead", "write", json!([[45_000], {}]));
        assert!(missing.contains("<string>warning -- MissingError\n\nRecord does not exist"), "{missing}");
        let user = call(API_KEY, "no.such", "search", json!([[]]));
        assert!(
            user.contains("<string>warning -- UserError\n\nObject no.such doesn't exist</string>"),
            "{user}"
        );
    }
}

#[test]
fn paths_that_lead_nowhere() {
    for version in BOTH {
        let sandbox = still(version);
        let send = |path: &str| post(&sandbox, path, "text/xml", method_call("version", &[]));
        for path in ["//xmlrpc/2/common", "/xmlrpc/2/common?db=x", "/xmlrpc/common"] {
            assert!(text(&send(path)).contains("server_version"), "{path}");
        }
        assert_eq!(outcome(&text(&send("/xmlrpc/2/common/"))), (1, "KeyError: 'common/'".into()));
        assert!(text(&send("/xmlrpc/2/")).contains("<name>faultCode</name>\n<value><string>"));
        assert_eq!(send("/nowhere").status, 404);
        let get = |path: &str| sandbox.handle(http::Request::get(path).body(bytes::Bytes::new()).unwrap());
        assert_eq!(get("/xmlrpc/2/common").status, 405);
        assert_eq!(get("/xmlrpc/2/common").headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(text(&get("/web/health")), r#"{"status":"pass"}"#);
        let newer = if version == Version::V19 { 200 } else { 404 };
        for path in ["/web/version", "/json/version"] {
            assert_eq!(get(path).status, newer);
        }
    }
}
