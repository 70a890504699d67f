//! Domains, orders and pages.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::odoo::{Odoo, Version};

use super::{BOTH, ask, ids, still};

fn search(sandbox: &Sandbox<Odoo>, model: &str, domain: Value, kwargs: Value) -> Vec<i64> {
    ids(&ask(sandbox, model, "search", json!([domain]), kwargs).unwrap())
}

#[test]
fn operators() {
    let sandbox = still(Version::V17);
    let count = |domain: Value| search(&sandbox, "res.partner", domain, json!({})).len();
    let all = count(json!([]));
    assert_eq!(all, 130);
    for (domain, complement) in [
        (json!([["is_company", "=", true]]), json!([["is_company", "=", false]])),
        (json!([["is_company", "!=", false]]), json!([["is_company", "!=", true]])),
        (json!([["city", "=", "Chur"]]), json!([["city", "!=", "Chur"]])),
        (json!([["email", "=", null]]), json!([["email", "!=", false]])),
        (json!([["city", "in", ["Chur", "Malmö"]]]), json!([["city", "not in", ["Chur", "Malmö"]]])),
        (json!([["city", "in", ["Chur", false]]]), json!([["city", "not in", ["Chur", false]]])),
        (json!([["name", "ilike", "ab"]]), json!([["name", "not ilike", "ab"]])),
        (json!([["name", "like", "AB"]]), json!(["!", ["name", "like", "AB"]])),
        (json!([["name", "=like", "%AB"]]), json!(["!", ["name", "=like", "%AB"]])),
        (json!([["parent_id", "!=", false]]), json!([["parent_id", "=", false]])),
        (json!([["parent_id.name", "like", "AB"]]), json!(["!", ["parent_id.name", "like", "AB"]])),
        (json!([["category_id", "in", [1, 2]]]), json!([["category_id", "not in", [1, 2]]])),
        (json!([["customer_rank", ">", 0]]), json!(["!", ["customer_rank", ">", 0]])),
        (
            json!([["country_id", "any", [["code", "=", "SE"]]]]),
            json!([["country_id", "not any", [["code", "=", "SE"]]]]),
        ),
    ] {
        let (one, other) = (count(domain.clone()), count(complement.clone()));
        assert!(one > 0 && other > 0, "{domain}: {one}, {complement}: {other}");
        assert_eq!(one + other, all, "{domain} and {complement}");
    }
    assert_eq!(count(json!([["country_id.code", "=", "SE"]])), count(json!([["country_id", "=", 196]])));
    assert_eq!(count(json!([["country_id", "=", "Sweden"]])), count(json!([["country_id", "=", 196]])));
    let companies = count(json!([["is_company", "=", true]]));
    let both =
        json!(["|", ["is_company", "=", true], "&", ["is_company", "=", false], ["city", "=", "nowhere"]]);
    assert_eq!(count(both), companies);
    assert_eq!(count(json!([["is_company", "=", true], ["is_company", "=", false]])), 0, "and, unless said");
    assert_eq!(count(json!([["email", "=?", false]])), all);
    assert_eq!(count(json!([[1, "=", 1]])), all);
    assert_eq!(count(json!([[0, "=", 1]])), 0);
    assert_eq!(
        count(json!([["company_type", "=", "company"]])),
        all,
        "17 cannot look for what is not stored"
    );
    let below = search(&sandbox, "hr.department", json!([["id", "child_of", 2]]), json!({"order": "id"}));
    assert_eq!(below, [2, 3, 4, 13]);
    let above = search(&sandbox, "hr.department", json!([["id", "parent_of", [15]]]), json!({"order": "id"}));
    assert_eq!(above, [1, 10, 15]);
    let staff = search(&sandbox, "hr.employee", json!([["department_id", "child_of", 10]]), json!({}));
    assert_eq!(staff.len(), 8);
}

#[test]
fn archived_records_hide() {
    for version in BOTH {
        let sandbox = still(version);
        let count = |domain: Value, kwargs: Value| {
            ask(&sandbox, "res.partner", "search_count", json!([domain]), kwargs).unwrap()
        };
        assert_eq!(count(json!([]), json!({})), 130);
        assert_eq!(count(json!([]), json!({"context": {"active_test": false}})), 140);
        assert_eq!(count(json!([["active", "in", [true, false]]]), json!({})), 140);
        assert_eq!(count(json!([["active", "=", false]]), json!({})), 10);
        assert_eq!(count(json!([]), json!({"limit": 7})), 7);
        let archived = search(&sandbox, "res.partner", json!([["active", "=", false]]), json!({}))[0];
        let read =
            ask(&sandbox, "res.partner", "read", json!([[archived]]), json!({"fields": ["active"]})).unwrap();
        assert_eq!(read[0]["active"], false, "by id it comes");
    }
}

#[test]
fn orders() {
    let sandbox = still(Version::V19);
    let names = |order: &str| {
        let rows = ask(
            &sandbox,
            "crm.stage",
            "search_read",
            json!([[]]),
            json!({"order": order, "fields": ["name"]}),
        )
        .unwrap();
        rows.as_array()
            .unwrap()
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("sequence DESC"), ["Vunnen", "Offert", "Kvalificerad", "Ny"]);
    assert_eq!(names("name, id"), ["Kvalificerad", "Ny", "Offert", "Vunnen"]);
    assert_eq!(names("is_won desc, name desc nulls last"), ["Vunnen", "Offert", "Ny", "Kvalificerad"]);
    let refused =
        ask(&sandbox, "res.partner", "search", json!([[]]), json!({"order": "contact_address"})).unwrap_err();
    assert_eq!(
        refused["message"],
        "Cannot convert res.partner.contact_address to SQL because it is not stored"
    );
    assert_eq!(
        search(&still(Version::V17), "res.partner", json!([]), json!({"order": "contact_address"})).len(),
        130
    );
    let default =
        ask(&sandbox, "res.partner", "search_read", json!([[]]), json!({"fields": ["complete_name"]}))
            .unwrap();
    let default: Vec<_> = default
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["complete_name"].as_str().unwrap().to_lowercase())
        .collect();
    assert!(default.is_sorted());
}

#[test]
fn pages() {
    let sandbox = still(Version::V17);
    let walk = |order: &str| {
        let mut seen = Vec::new();
        loop {
            let page = search(
                &sandbox,
                "res.partner",
                json!([]),
                json!({"order": order, "limit": 10, "offset": seen.len()}),
            );
            if page.is_empty() {
                return seen;
            }
            seen.extend(page);
        }
    };
    for (order, exact) in [("id", true), ("write_date, id", true), ("city, id", true), ("city", false)] {
        let seen = walk(order);
        let unique: BTreeSet<_> = seen.iter().collect();
        assert_eq!(seen.len(), 130, "{order}");
        assert_eq!(unique.len() == 130, exact, "{order}: pages of what is not told apart lose rows");
    }
    let mut last = 0;
    let mut seen = Vec::new();
    loop {
        let page =
            search(&sandbox, "res.partner", json!([["id", ">", last]]), json!({"order": "id", "limit": 17}));
        let Some(end) = page.last() else { break };
        last = *end;
        seen.extend(page);
    }
    assert_eq!(seen.len(), 130);
    for limit in [json!(0), json!(false), json!(null)] {
        assert_eq!(search(&sandbox, "res.partner", json!([]), json!({"limit": limit})).len(), 130);
    }
    assert!(search(&sandbox, "res.partner", json!([]), json!({"offset": 5000})).is_empty());
}

proptest! {
    /// What a condition lets through and what its opposite does are everything, and nothing twice.
    #[test]
    fn a_condition_and_its_opposite(
        field in prop::sample::select(vec!["name", "city", "customer_rank", "parent_id", "is_company", "write_date", "category_id"]),
        operator in prop::sample::select(vec!["=", "!=", "<", ">=", "like", "in", "not in", "=like", "child_of"]),
        value in prop_oneof![
            Just(json!(null)), Just(json!(false)), Just(json!(true)), Just(json!([])), Just(json!([20, 22])),
            Just(json!("2026-10-30 08:00:00")), "[a-zå%_]{0,3}".prop_map(Value::from), (-2_i64..40).prop_map(Value::from),
        ],
    ) {
        thread_local!(static SANDBOX: std::sync::Arc<Sandbox<Odoo>> = still(Version::V17));
        SANDBOX.with(|sandbox| {
            let of = |domain: Value| ask(sandbox, "res.partner", "search", json!([domain]), json!({}));
            let leaf = json!([field, operator, value]);
            match (of(json!([leaf])), of(json!(["!", leaf]))) {
                (Ok(one), Ok(other)) => {
                    let (one, other) = (ids(&one), ids(&other));
                    let all: BTreeSet<_> = one.iter().chain(&other).collect();
                    assert_eq!((one.len() + other.len(), all.len()), (130, 130), "{leaf}");
                }
                (one, other) => assert_eq!(one.is_err(), other.is_err(), "{leaf}"),
            }
        });
    }
}
