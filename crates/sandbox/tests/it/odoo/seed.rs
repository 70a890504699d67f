//! What is in the database.

use std::collections::BTreeMap;

use serde_json::json;
use tieline_sandbox::odoo::{API_KEY, EPOCH, Odoo, Version};
use tieline_sandbox::{Clock, Sandbox};

use super::{BOTH, ask, still};

#[test]
fn it_is_as_the_readme_says() {
    for version in BOTH {
        let summary = serde_json::to_value(still(version).summary()).unwrap();
        assert_eq!(
            summary,
            json!({"partners": 130, "archived_partners": 10, "employees": 56, "archived_employees": 4, "departments": 12,
                   "leads": 72, "archived_leads": 8, "orders": 6})
        );
    }
    assert!(
        API_KEY.len() == 40 && API_KEY.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "as a real key looks"
    );
}

#[test]
fn managers_are_a_tree() {
    let sandbox = still(Version::V17);
    for model in ["hr.employee", "hr.department"] {
        let parents = |sandbox: &Sandbox<Odoo>| -> BTreeMap<i64, Option<i64>> {
            let rows = ask(
                sandbox,
                model,
                "search_read",
                json!([[]]),
                json!({"fields": ["parent_id"], "load": "", "context": {"active_test": false}}),
            );
            rows.unwrap()
                .as_array()
                .unwrap()
                .iter()
                .map(|row| (row["id"].as_i64().unwrap(), row["parent_id"].as_i64()))
                .collect()
        };
        let climbs_out = |parents: &BTreeMap<i64, Option<i64>>| {
            parents.keys().all(|start| {
                let mut at = Some(*start);
                (0..=parents.len()).any(|_| {
                    at = at.and_then(|id| parents[&id]);
                    at.is_none()
                })
            })
        };
        let before = parents(&sandbox);
        assert!(climbs_out(&before), "{model}");
        let other = still(Version::V17);
        other.make_cycle().unwrap();
        let after = parents(&other);
        assert!(!climbs_out(&after), "{model}");
        assert_eq!(before.len(), after.len());
        let shown = ask(&other, model, "search_read", json!([[]]), json!({"fields": ["display_name"]}));
        assert_eq!(shown.unwrap().as_array().unwrap().len(), if model == "hr.employee" { 56 } else { 12 });
    }
}

#[test]
fn every_link_leads_somewhere() {
    for version in BOTH {
        let sandbox = still(version);
        for model in [
            "res.partner",
            "hr.employee",
            "hr.department",
            "hr.job",
            "crm.lead",
            "sale.order",
            "sale.order.line",
            "res.users",
            "res.company",
        ] {
            let fields = ask(
                &sandbox,
                model,
                "fields_get",
                json!([]),
                json!({"attributes": ["type", "relation", "required"]}),
            )
            .unwrap();
            let rows = ask(
                &sandbox,
                model,
                "search_read",
                json!([[]]),
                json!({"load": "", "context": {"active_test": false}}),
            )
            .unwrap();
            for row in rows.as_array().unwrap() {
                for (name, field) in fields.as_object().unwrap() {
                    if field["required"] == true {
                        assert_ne!(row[name], false, "{model}.{name} {row}");
                    }
                    let Some(relation) = field["relation"].as_str() else { continue };
                    let targets = row[name].as_array().cloned().unwrap_or_else(|| vec![row[name].clone()]);
                    for target in targets.iter().filter_map(serde_json::Value::as_i64) {
                        assert!(
                            sandbox.record(relation, target).is_some(),
                            "{model}.{name} -> {relation} {target}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_data_is_as_old_on_every_day() {
    let dates = |clock: Clock| {
        let sandbox = Sandbox::odoo_with(Version::V17, clock);
        let rows = ask(
            &sandbox,
            "res.partner",
            "search_read",
            json!([[]]),
            json!({"fields": ["write_date"], "order": "id"}),
        )
        .unwrap();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["write_date"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let epoch = EPOCH.parse().unwrap();
    let now = dates(Clock::frozen_at(epoch));
    assert_eq!(now, dates(Clock::frozen_at(epoch)), "the same each time");
    assert!(now.iter().all(|date| date.as_str() < "2026-11-02 08:00:00"));
    let later = dates(Clock::frozen_at(epoch + chrono::TimeDelta::days(3)));
    assert!(later.iter().zip(&now).all(|(later, now)| later > now && later[10..] == now[10..]));
    let shared = now.iter().filter(|date| now.iter().filter(|other| other == date).count() > 20).count();
    assert!(shared > 20, "one import wrote many in one second");
}
