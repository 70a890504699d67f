//! Reading: which values come, and how they look.

use serde_json::{Value, json};
use tieline_sandbox::odoo::{Kind, PASSWORD, Version};
use tieline_sandbox::{Json, Object};

use super::{BOTH, ask, ask_as, execute, fault, ids, still};

const LOW: (i64, &str) = (11, PASSWORD);

#[test]
fn rows_come_as_they_were_asked_for() {
    for version in BOTH {
        let sandbox = still(version);
        let read =
            |ids: Value, kwargs: Value| ask(&sandbox, "res.partner", "read", json!([ids]), kwargs).unwrap();
        let names = json!({"fields": ["name"]});
        let rows = read(json!([24, 20, 24, 99_999]), names.clone());
        let order: Vec<_> = rows.as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()).collect();
        assert_eq!(order, [24, 20, 24], "what is not there is left out");
        assert_eq!(read(json!(20), names.clone()).as_array().unwrap().len(), 1);
        assert_eq!(read(json!([]), names.clone()), json!([]));
        assert_eq!(read(json!([99_999]), names), json!([]));
        let all = read(json!([20]), json!({}));
        assert!(all[0].as_object().unwrap().len() > 45, "without fields all come");
    }
}

#[test]
fn nothing_has_many_faces() {
    let sandbox = still(Version::V17);
    let id = sandbox.create("res.partner", json!({"name": "Tom", "street": ""})).unwrap();
    let fields = json!([
        "street",
        "street2",
        "parent_id",
        "child_ids",
        "color",
        "credit_limit",
        "x_blocked",
        "date",
        "active",
        "lang"
    ]);
    let row = ask(&sandbox, "res.partner", "read", json!([[id]]), json!({"fields": fields})).unwrap();
    assert_eq!(
        row[0],
        json!({"id": id, "street": "", "street2": false, "parent_id": false, "child_ids": [], "color": 0,
               "credit_limit": 0.0, "x_blocked": false, "date": false, "active": true, "lang": "en_US"})
    );
}

#[test]
fn related_records_come_with_their_names_or_without() {
    for version in BOTH {
        let sandbox = still(version);
        let department = |kwargs: Value| {
            let fields =
                json!(["name", "parent_id", "manager_id", "child_ids", "complete_name", "total_employee"]);
            let mut all = json!({"fields": fields});
            all.as_object_mut().unwrap().extend(kwargs.as_object().unwrap().clone());
            ask(&sandbox, "hr.department", "search_read", json!([[["id", "=", 4]]]), all).unwrap()[0].clone()
        };
        let named = department(json!({}));
        assert_eq!(named["parent_id"], json!([2, "Ledning / Försäljning"]));
        assert_eq!(named["complete_name"], "Ledning / Försäljning / Verkauf Zürich & Ostschweiz");
        for load in [json!(""), json!(null), json!(false)] {
            assert_eq!(department(json!({"load": load}))["parent_id"], 2);
        }
        let person = ask(
            &sandbox,
            "res.partner",
            "search_read",
            json!([[["parent_id", "=", 20]]]),
            json!({"fields": ["display_name"]}),
        );
        let name = person.unwrap()[0]["display_name"].as_str().unwrap().to_owned();
        assert!(name.starts_with("Färg & Form <Städ> \"Väst\" AB, "), "{name}");
    }
}

#[test]
fn what_leads_are_worth() {
    let sandbox = still(Version::V17);
    let fields = json!(["expected_revenue", "prorated_revenue", "company_currency"]);
    let row = execute(&sandbox, "crm.lead", "read", json!([[30]]), json!({"fields": fields}));
    assert!(row.contains("<double>1234.5678</double>"), "not rounded: {row}");
    assert!(row.contains("<double>154.32</double>"), "rounded: {row}");
    let lead = json!({"name": "Stor", "expected_revenue": 1e16, "probability": 33.3});
    let id = ask(&sandbox, "crm.lead", "create", json!([lead]), json!({})).unwrap();
    let row = execute(&sandbox, "crm.lead", "read", json!([[id]]), json!({"fields": fields}));
    assert!(row.contains("<double>1e+16</double>"), "{row}");
    // Numbers beyond 32 bits can be stored in properties, and then the whole page cannot be written down.
    let big = Object::default().with("name", "p1").with("type", "integer").with("value", 5_000_000_000_i64);
    let vals = Object::default().with("lead_properties", Json::Array(vec![big.into()]));
    sandbox.update("crm.lead", id.as_i64().unwrap(), vals).unwrap();
    let page =
        execute(&sandbox, "crm.lead", "search_read", json!([[]]), json!({"fields": ["lead_properties"]}));
    let (code, text) = fault(&page);
    assert_eq!(code, 1);
    assert!(text.trim_end().ends_with("OverflowError: int exceeds XML-RPC limits"), "{text}");
    let row =
        ask(&sandbox, "crm.lead", "read", json!([[id]]), json!({"fields": ["lead_properties"]})).unwrap();
    assert_eq!(row[0]["lead_properties"][0]["value"], 5_000_000_000_i64);
}

#[test]
fn properties_without_a_value() {
    let unset = |version| {
        let sandbox = still(version);
        let described = json!([[["lead_properties", "!=", false]]]);
        let rows =
            ask(&sandbox, "crm.lead", "search_read", described, json!({"fields": ["lead_properties"]}))
                .unwrap();
        rows[0]["lead_properties"][0].clone()
    };
    assert_eq!(unset(Version::V17)["value"], false);
    assert!(unset(Version::V19).get("value").is_none());
}

#[test]
fn characters_that_xml_does_not_like() {
    let sandbox = still(Version::V17);
    let name = "a\u{1}\u{8}b\tc\r\nd<&>\"'\u{fffe}🫐";
    let id = sandbox.create("res.partner", json!({"name": name})).unwrap();
    let row = execute(&sandbox, "res.partner", "read", json!([[id]]), json!({"fields": ["name"]}));
    assert!(row.contains("<string>ab\tc\r\nd&lt;&amp;&gt;\"'\u{fffe}🫐</string>"), "{row:?}");
    let row = ask(&sandbox, "res.partner", "read", json!([[id]]), json!({"fields": ["name"]})).unwrap();
    assert_eq!(row[0]["name"], name, "JSON keeps them");
}

#[test]
fn pictures_are_text() {
    let sandbox = still(Version::V19);
    let image = |context: Value| {
        let kwargs = json!({"fields": ["image_1920"], "context": context});
        ask(&sandbox, "res.partner", "search_read", json!([[["image_1920", "!=", false]]]), kwargs).unwrap()
            [0]["image_1920"]
            .clone()
    };
    assert!(image(json!({})).as_str().unwrap().starts_with("iVBORw0KGgo"));
    assert_eq!(image(json!({"bin_size": true})), "72 bytes");
}

#[test]
fn fields_describe_themselves() {
    for version in BOTH {
        let sandbox = still(version);
        sandbox.add_field("res.partner", "x_score", "Poäng", Kind::Float).unwrap();
        let get = |model: &str, args: Value, kwargs: Value| {
            ask(&sandbox, model, "fields_get", args, kwargs).unwrap()
        };
        let wanted = json!({"attributes": ["type", "string", "relation", "selection", "store", "nonsense", "currency_field"]});
        let partner = get("res.partner", json!([]), wanted.clone());
        assert_eq!(partner["x_score"], json!({"type": "float", "string": "Poäng", "store": true}));
        assert_eq!(
            partner["country_id"],
            json!({"type": "many2one", "string": "Country", "store": true, "relation": "res.country"})
        );
        assert_eq!(partner["x_grade"]["selection"][0], json!(["a", "A-kund"]));
        assert_eq!(partner.get("mobile").is_some(), version == Version::V17);
        let lead = get("crm.lead", json!([["expected_revenue"]]), wanted);
        assert_eq!(lead.as_object().unwrap().len(), 1);
        assert_eq!(lead["expected_revenue"]["currency_field"], "company_currency");
        for model in ["res.partner", "crm.lead", "hr.employee", "hr.department"] {
            let date = get(model, json!([["write_date"]]), json!({}))["write_date"].clone();
            for flag in ["store", "sortable", "searchable"] {
                assert_eq!(date[flag], true, "{model} {flag}");
            }
            assert_eq!(date.get("groupable").is_some(), version == Version::V19);
        }
        let employee = get("hr.employee", json!([]), json!({}));
        assert_eq!(employee.get("gender").is_some(), version == Version::V17);
        assert_eq!(employee.get("sex").is_some(), version == Version::V19);
        sandbox.remove_field("res.partner", "x_score").unwrap();
        assert!(get("res.partner", json!([]), json!({})).get("x_score").is_none());
    }
}

#[test]
fn private_data_of_employees() {
    for version in BOTH {
        let sandbox = still(version);
        let low = |method: &str, args: Value, kwargs: Value| {
            ask_as(&sandbox, LOW, "hr.employee", method, args, kwargs)
        };
        let public = low("search_read", json!([[]]), json!({"fields": ["name", "work_email"]})).unwrap();
        assert_eq!(public.as_array().unwrap().len(), 50, "those of the own company");
        let refused = low("search_read", json!([[]]), json!({"fields": ["birthday"]})).unwrap_err();
        assert_eq!(refused["name"], "odoo.exceptions.AccessError");
        let fields = low("fields_get", json!([]), json!({})).unwrap();
        assert!(fields.get("birthday").is_none() && fields.get("work_email").is_some());
        let all = low("search_read", json!([[]]), json!({}));
        match version {
            Version::V17 => assert_eq!(all.unwrap_err()["name"], "odoo.exceptions.AccessError"),
            _ => assert_eq!(all.unwrap(), json!([]), "although there are some"),
        }
        assert_eq!(low("search_count", json!([[]]), json!({})).unwrap(), 50);
        let birthday =
            ask(&sandbox, "hr.employee", "read", json!([[100]]), json!({"fields": ["birthday"]})).unwrap();
        assert_eq!(birthday[0]["birthday"].as_str().unwrap().len(), 10);
    }
}

#[test]
fn names() {
    for version in BOTH {
        let sandbox = still(version);
        let extra = if version == Version::V17 { "args" } else { "domain" };
        let found = ask(
            &sandbox,
            "res.country",
            "name_search",
            json!(["SWE"]),
            json!({extra: [["code", "!=", "NO"]]}),
        )
        .unwrap();
        assert_eq!(found, json!([[196, "Sweden"]]));
        assert!(
            ask(&sandbox, "hr.department", "name_search", json!(["Försäljning / "]), json!({"limit": 1}))
                .unwrap()
                .as_array()
                .unwrap()
                .len()
                == 1
        );
        let got = ask(&sandbox, "res.country", "name_get", json!([[196]]), json!({}));
        assert_eq!(got.is_ok(), version == Version::V17);
        let here = ask(&sandbox, "res.partner", "exists", json!([[20, 99_999]]), json!({}));
        match version {
            Version::V17 => assert_eq!(ids(&here.unwrap()), [20]),
            _ => assert_eq!(here.unwrap_err()["name"], "odoo.exceptions.AccessError"),
        }
    }
}
