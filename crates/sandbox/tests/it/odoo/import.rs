//! `load`: many rows by external ids.

use serde_json::{Value, json};
use tieline_sandbox::Sandbox;
use tieline_sandbox::odoo::{Odoo, Version};

use super::{BOTH, ask, execute, ids, still};

fn load(sandbox: &Sandbox<Odoo>, columns: Value, rows: Value) -> Value {
    ask(sandbox, "res.partner", "load", json!([columns, rows]), json!({})).unwrap()
}

#[test]
fn the_same_rows_twice_are_the_same_records() {
    for version in BOTH {
        let sandbox = still(version);
        let columns = json!([
            "id",
            "name",
            "email",
            "country_id/id",
            "is_company",
            "x_annual_volume",
            "category_id/.id",
            "lang"
        ]);
        let rows = json!([
            ["erp.k1", "Åkeri & Co", "a@b.test", "base.se", "1", "12.5", "1,2", "Swedish / Svenska"],
            ["k2", "Käserei <Süd>", "", "base.ch", "0", "", "", ""],
        ]);
        let first = load(&sandbox, columns.clone(), rows.clone());
        assert_eq!((&first["messages"], &first["nextrow"]), (&json!([]), &json!(0)));
        let made = ids(&first["ids"]);
        let row = ask(&sandbox, "res.partner", "read", json!([made]), json!({"fields": ["name", "country_id", "is_company", "x_annual_volume", "category_id", "lang", "email"]})).unwrap();
        assert_eq!(
            row[0],
            json!({"id": made[0], "name": "Åkeri & Co", "country_id": [196, "Sweden"], "is_company": true, "x_annual_volume": 12.5,
                   "category_id": [1, 2], "lang": "sv_SE", "email": "a@b.test"})
        );
        assert_eq!((&row[1]["email"], &row[1]["is_company"]), (&json!(false), &json!(false)));
        let again = load(&sandbox, columns, rows);
        assert_eq!(ids(&again["ids"]), made);
        let names = ask(&sandbox, "res.partner", "get_external_id", json!([made]), json!({})).unwrap();
        assert_eq!(names, json!({made[0].to_string(): "erp.k1", made[1].to_string(): "__import__.k2"}));
        let by_number = load(&sandbox, json!([".id", "name"]), json!([[made[0].to_string(), "Omdöpt"]]));
        assert_eq!(ids(&by_number["ids"]), made[..1]);
        let meta = ask(&sandbox, "res.partner", "get_metadata", json!([[made[0]]]), json!({})).unwrap();
        assert_eq!(meta[0]["xmlid"], "erp.k1");
        // The answer itself holds no None, so XML-RPC can say it.
        assert!(
            execute(&sandbox, "res.partner", "load", json!([["id", "name"], [["erp.k1", "B"]]]), json!({}))
                .contains("<name>nextrow</name>")
        );
        sandbox.delete("res.partner", made[0]).unwrap();
        let anew = load(&sandbox, json!(["id", "name"]), json!([["erp.k1", "Igen"]]));
        assert!(ids(&anew["ids"])[0] > made[1], "the external id went with the record");
    }
}

#[test]
fn one_bad_row_and_nothing_is_there() {
    let sandbox = still(Version::V17);
    let before = sandbox.summary();
    let rows = json!([
        ["erp.k1", "Bra", "base.se", "1", "a", "2026-11-02"],
        ["erp.k2", "Dålig", "base.atlantis", "1", "a", ""],
        ["erp.k3", "Dålig", "base.se", "kanske", "a", ""],
        ["erp.k4", "Dålig", "base.se", "0", "z", ""],
        ["erp.k5", "", "base.se", "0", "", ""],
        ["base.se", "Dålig", "", "", "", ""],
    ]);
    let answer =
        load(&sandbox, json!(["id", "name", "country_id/id", "is_company", "x_grade", "date"]), rows);
    assert_eq!(answer["ids"], false);
    insta::assert_snapshot!("load_messages", serde_json::to_string_pretty(&answer["messages"]).unwrap());
    assert_eq!(sandbox.summary(), before);
    let unknown = ask(&sandbox, "res.partner", "load", json!([["nosuch"], [["1"]]]), json!({})).unwrap_err();
    assert_eq!(unknown["name"], "builtins.KeyError");
}
