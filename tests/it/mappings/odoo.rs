//! Odoo's employees and departments as an HR directory.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::{Value, json};
use tieline::odoo::{Odoo, OdooConfig, OdooFactory};
use tieline::store::{MemoryStore, SyncStore};
use tieline::sync::{OneWaySync, StreamPlan};
use tieline::{ApiKey, FieldMapping, MappingContext, Provider};
use tieline_sandbox::odoo::{API_KEY, DATABASE, LOGIN, Version};
use tieline_sandbox::{Sandbox, Server};

use super::{forward, ready, record, records, rows, shown};
use crate::world::local;

async fn connect(sandbox: &Server<tieline_sandbox::odoo::Odoo>) -> Arc<Odoo> {
    let there = Provider::new(OdooFactory::default());
    let there = there.with_base_url(sandbox.base_url().parse().unwrap());
    let config = OdooConfig::new("https://norrsken.example", LOGIN).with_database(DATABASE);
    let connection = local(there).await.connection("main", "odoo");
    connection.open_with(config, ApiKey::new(API_KEY)).unwrap().connector().clone()
}

#[tokio::test]
async fn the_directory_is_the_same_over_both_versions() {
    let mut directories = BTreeSet::new();
    for version in [Version::V17, Version::V19] {
        let sandbox = Sandbox::odoo(version).serve().await.unwrap();
        let store: Arc<dyn SyncStore> = Arc::new(MemoryStore::new());
        let report = OneWaySync::new(connect(&sandbox).await, store.clone(), "odoo")
            // Both look names up in both, so that both are there before the first row is made.
            .stream(StreamPlan::mirror("hr.department"))
            .stream(StreamPlan::mirror("hr.employee"))
            .stream(StreamPlan::mapped("hr.department", "departments", ready("odoo-department.yaml")))
            .stream(StreamPlan::mapped("hr.employee", "employees", ready("odoo-employee.yaml")))
            .run()
            .await
            .into_result()
            .unwrap();
        for stream in &report.streams {
            assert_eq!(stream.issue_count, 0, "{:?}", stream.issues);
        }
        let summary = sandbox.summary();
        let (mut employees, departments) =
            (rows(&*store, "odoo", "employees").await, rows(&*store, "odoo", "departments").await);
        assert_eq!(employees.len(), summary.employees + summary.archived_employees);
        assert_eq!(departments.len(), summary.departments);

        let sources = records(&*store, "odoo", "hr.employee").await;
        let above = records(&*store, "odoo", "hr.department").await;
        let name = |known: &HashMap<String, Value>, reference: &Value| {
            known.get(&reference["id"].to_string()).map_or(Value::Null, |record| record["name"].clone())
        };
        for (key, row) in &employees {
            let source = &sources[key];
            assert_eq!((&row["name"], &row["active"]), (&source["name"], &source["active"]));
            assert_eq!(row["email"], json!(source["work_email"].as_str().map(str::to_lowercase)));
            assert_eq!(row["department"], name(&above, &source["department_id"]), "{source}");
            assert_eq!(row["manager"], name(&sources, &source["parent_id"]), "{source}");
            let private = ["birthday", "private_email", "marital", "x_hourly_cost", "barcode"];
            assert!(private.iter().all(|field| row.get(field).is_none()), "{row}");
        }
        let root = departments.iter().find(|(_, row)| row["name"] == "Ledning").unwrap();
        assert_eq!(root.1["parent"], Value::Null);
        let inside = departments.iter().find(|(_, row)| row["name"] == "Försäljning Norr").unwrap();
        assert_eq!((&inside.1["parent"], &inside.1["parent_id"]), (&json!("Försäljning"), &json!("2")));
        // 17 keeps the time zone in another record, so that it comes only to who names the field.
        for row in employees.iter_mut().filter_map(|(_, row)| row.as_object_mut()) {
            let zone = row.remove("time_zone");
            assert!(version == Version::V17 || zone.is_some_and(|zone| zone.is_string()));
        }
        directories.insert(json!([employees, departments]).to_string());
    }
    assert_eq!(directories.len(), 1, "17 and 19 give the same directory");
}

#[test]
fn what_a_directory_changes_goes_back() {
    let mapping = ready("odoo-employee.yaml");
    let employee = record(json!({
        "id": 7, "name": "Ada", "job_title": "Säljare", "work_email": "Ada@Example.test", "work_phone": null, "active": true,
        "department_id": {"id": 2, "name": "Old name"}, "parent_id": null,
    }));
    let (mut row, issues) = forward(&mapping, &employee, &[("hr.department", "2", "Sales")]);
    assert_eq!((&row["department"], &row["manager"], issues.len()), (&json!("Sales"), &Value::Null, 0));
    assert_eq!(row["email"], "ada@example.test");
    let back = |row: &Value| {
        mapping.backward(&record(row.clone()), Some(&employee), &MappingContext::default()).unwrap()
    };
    assert!(back(&row).is_empty());
    row["phone"] = json!("+46 60 12 34");
    row["department"] = json!("Somewhere else");
    assert_eq!(shown(&back(&row)), json!({"/work_phone": "+46 60 12 34"}));
}
