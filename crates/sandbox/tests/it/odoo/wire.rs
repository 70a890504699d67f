//! The bytes of XML-RPC, as servers of both versions sent them.

use serde_json::json;
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, PASSWORD, UID, Version};

use super::{BOTH, common, execute, fault, method_call, post, still, text};

#[test]
fn the_envelope_of_each_version() {
    let login = json!([DATABASE, LOGIN, API_KEY, {}]);
    let login = login.as_array().unwrap();
    assert_eq!(
        common(&still(Version::V17), "authenticate", login),
        "<?xml version='1.0'?>\n<methodResponse>\n<params>\n<param>\n<value><int>7</int></value>\n</param>\n</params>\n\
         </methodResponse>\n"
    );
    assert_eq!(
        common(&still(Version::V19), "authenticate", login),
        "<?xml version=\"1.0\"?>\n<methodResponse>\n<params>\n<param>\n<value><int>7</int></value>\n</param>\n</params>\n\n\
         </methodResponse>\n"
    );
}

#[test]
fn what_a_server_says_about_itself() {
    let version = common(&still(Version::V17), "version", &[]);
    insta::assert_snapshot!("version_17", version);
    assert!(common(&still(Version::V19), "version", &[]).contains("<string>19.0</string>"));
}

#[test]
fn signing_in() {
    for version in BOTH {
        let sandbox = still(version);
        let authenticate = |login: &str, secret: &str| {
            common(&sandbox, "authenticate", &[json!(DATABASE), json!(login), json!(secret), json!({})])
        };
        for (login, secret) in [(LOGIN, PASSWORD), (LOGIN, API_KEY)] {
            assert!(authenticate(login, secret).contains(&format!("<int>{UID}</int>")), "{secret}");
        }
        for (login, secret) in [(LOGIN, "fel"), ("okänd@norrsken.test", PASSWORD), (LOGIN, "")] {
            let denied = authenticate(login, secret);
            assert!(
                denied.contains("<value><boolean>0</boolean></value>") && !denied.contains("fault"),
                "{denied}"
            );
        }
        let nowhere =
            common(&sandbox, "authenticate", &[json!("nosuchdb"), json!(LOGIN), json!(API_KEY), json!({})]);
        let (code, text) = fault(&nowhere);
        assert_eq!(code, 1);
        assert!(text.starts_with("Traceback (most recent call last):\n"), "{text}");
        assert!(text.trim_end().ends_with("FATAL:  database \"nosuchdb\" does not exist"), "{text}");
        let three = common(&sandbox, "authenticate", &[json!(DATABASE), json!(LOGIN), json!(API_KEY)]);
        assert!(fault(&three).1.contains("TypeError"));
    }
}

#[test]
fn a_row_on_the_wire() {
    let sandbox = still(Version::V17);
    let fields =
        json!(["name", "email", "parent_id", "category_id", "active", "x_annual_volume", "color", "street2"]);
    let rows = execute(
        &sandbox,
        "res.partner",
        "search_read",
        json!([[["id", "in", [20, 22, 26]]]]),
        json!({"fields": fields, "order": "id"}),
    );
    insta::assert_snapshot!("row_17", rows);
}

#[test]
fn what_expat_refuses() {
    let sandbox = still(Version::V17);
    let send = |body: &str| text(&post(&sandbox, "/xmlrpc/2/common", "text/xml", body.to_owned()));
    for body in
        ["", "<methodCall>", "no xml", "<a>&#11;</a>", "<a>\u{b}</a>", "<!DOCTYPE a><a/>", "<a>&nope;</a>"]
    {
        let (code, text) = fault(&send(body));
        assert_eq!(code, 1);
        assert!(text.contains("ExpatError") || text.contains("ResponseError"), "{body}: {text}");
    }
    let deep = format!("{}{}", "<value><array><data>".repeat(500), "</data></array></value>".repeat(500));
    assert_eq!(fault(&send(&deep)).0, 1);
    let form =
        post(&sandbox, "/xmlrpc/2/common", "application/x-www-form-urlencoded", method_call("version", &[]));
    assert!(fault(&text(&form)).1.contains("no element found: line 1, column 0"));
}
