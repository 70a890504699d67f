use futures_util::TryStreamExt;
use rust_decimal::Decimal;
use tieline_auth::ApiKey;
use tieline_core::ErrorKind;
use tieline_odoo_xmlrpc::{Department, Employee, Lead, OdooConfig, OrgChart, Partner, Reference};
use tieline_sandbox::odoo::{DATABASE, LOW_LOGIN};
use tieline_sandbox::{Json, Object};

use crate::common::{WAYS, account, connected};

#[tokio::test(start_paused = true)]
async fn records_are_typed_and_amounts_exact() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let id = server
            .create(
                "crm.lead",
                Object::default()
                    .with("name", "Stor")
                    .with("expected_revenue", Json::Text("1234.5678".into()))
                    .with("date_deadline", "2026-12-24"),
            )
            .unwrap();
        let lead = odoo.lead(u32::try_from(id).unwrap()).await.unwrap().unwrap();
        assert_eq!((lead.name.as_str(), lead.expected_revenue), ("Stor", Some(Decimal::new(12_345_678, 4))));
        assert_eq!(lead.date_deadline.unwrap().to_string(), "2026-12-24");
        assert!(lead.write_date.is_some() && lead.active && lead.partner_id.is_none());
        assert_eq!(odoo.lead(1_000_000).await.unwrap(), None);
        let partners: Vec<Partner> = odoo.read_as("res.partner").unwrap().try_collect().await.unwrap();
        assert!(partners.iter().any(|partner| partner.parent_id.is_some() && !partner.is_company));
        let leads: Vec<Lead> = odoo.read_as("crm.lead").unwrap().try_collect().await.unwrap();
        assert!(leads.iter().any(|lead| !lead.active), "what was lost is archived");
        let employees: Vec<Employee> = odoo.read_as("hr.employee").unwrap().try_collect().await.unwrap();
        assert!(employees.iter().any(|employee| employee.parent_id.is_some()), "{way:?}");
        assert!(employees.iter().any(|employee| employee.department_id.is_some()), "{way:?}");
        assert!(employees.iter().any(|employee| employee.job_title.is_some()), "{way:?}");
        let again: Lead = serde_json::from_str(&serde_json::to_string(&lead).unwrap()).unwrap();
        assert_eq!(again, lead);
    }
}

#[tokio::test(start_paused = true)]
async fn the_org_chart_is_a_tree_and_circles_are_refused() {
    for way in WAYS {
        let (server, odoo) = account(way);
        let chart = odoo.org_chart().await.unwrap();
        let text = chart.to_string();
        assert!(chart.departments().all(|department| text.contains(&department.name)));
        assert!(chart.employees().all(|employee| text.contains(&employee.name)));
        let summary = server.summary();
        assert_eq!(chart.employees().count(), summary.employees);
        let managed = chart.employees().filter(|employee| !chart.managers_of(employee.id).is_empty()).count();
        assert!(managed > 0);

        server.make_cycle().unwrap();
        let error = odoo.org_chart().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Rejected);
        assert!(error.message().starts_with("the departments go round in a circle: "), "{error}");
    }
}

fn department(id: i64, name: &str, parent: Option<i64>) -> Department {
    let mut department = Department::default();
    (department.id, department.name, department.parent_id) =
        (id, name.to_owned(), parent.map(|id| Reference::new(id, "?")));
    department
}

fn employee(id: i64, name: &str, manager: Option<i64>, of: Option<i64>) -> Employee {
    let mut employee = Employee::default();
    (employee.id, employee.name) = (id, name.to_owned());
    (employee.parent_id, employee.department_id) =
        (manager.map(|id| Reference::new(id, "?")), of.map(|id| Reference::new(id, "?")));
    employee
}

#[test]
fn charts_are_printed_and_circles_named() {
    let mut sales = department(1, "Sales", None);
    sales.manager_id = Some(Reference::new(9, "Zoë"));
    let departments = vec![
        sales,
        department(2, "Nordic", Some(1)),
        department(3, "Baltic", Some(1)),
        department(4, "Lost", Some(77)),
    ];
    let mut zoe = employee(9, "Zoë", None, Some(1));
    zoe.job_title = Some("Head".to_owned());
    let employees = vec![
        zoe,
        employee(7, "Ada", Some(9), Some(1)),
        employee(8, "Bo", Some(7), Some(3)),
        employee(6, "Eva", None, None),
    ];
    let chart = OrgChart::new(departments, employees).unwrap();
    let managers: Vec<&str> = chart.managers_of(8).iter().map(|manager| manager.name.as_str()).collect();
    assert_eq!(managers, ["Ada", "Zoë"]);
    insta::assert_snapshot!(chart, @r#"
    Lost
    Sales
    ├─ Zoë, Head
    ├─ Ada
    ├─ Baltic
    │  └─ Bo
    └─ Nordic
    (no department)
    └─ Eva
    "#);

    let circle = OrgChart::new(
        [
            department(1, "A", Some(3)),
            department(2, "B", Some(1)),
            department(3, "C", Some(2)),
            department(4, "D", Some(3)),
        ],
        [],
    );
    let bosses = OrgChart::new([], [employee(1, "Ada", Some(1), None)]);
    insta::assert_snapshot!(format!("{}\n{}", circle.unwrap_err(), bosses.unwrap_err()), @r#"
    the departments go round in a circle: A (id 1) > C (id 3) > B (id 2) > A (id 1): correct one of them in Odoo (rejected)
    the managers go round in a circle: Ada (id 1) > Ada (id 1): correct one of them in Odoo (rejected)
    "#);
    // A long chain is no circle, and is printed without end of the stack.
    let chain = (1..=20_000).map(|id| department(id, "x", (id > 1).then(|| id - 1)));
    assert!(OrgChart::new(chain, []).unwrap().to_string().ends_with("…\n"));
}

#[tokio::test(start_paused = true)]
async fn a_user_without_rights_is_told_so() {
    for way in WAYS {
        let (server, _) = account(way);
        server.set_api_key(LOW_LOGIN, "3".repeat(40)).unwrap();
        server.deny(LOW_LOGIN, "crm.lead", tieline_sandbox::odoo::Operation::Read).unwrap();
        let config = OdooConfig::new("https://erp.example.test", LOW_LOGIN)
            .with_database(DATABASE)
            .with_protocol(way.1);
        let odoo = connected(&server, config, ApiKey::new("3".repeat(40)));
        assert_eq!(odoo.lead(1).await.unwrap_err().kind(), ErrorKind::Forbidden);
    }
}
