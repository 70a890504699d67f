//! Pages that fail whole because of a field or a record: what real servers did, and a pass that ends all the same.

use std::collections::BTreeMap;

use serde_json::{Value, json as value};
use tieline_auth::ApiKey;
use tieline_core::{
    Connector, ErrorKind, FieldPatch, FieldPath, Key, Lookup, LookupRequest, Outcome, PassEnd, Patch,
    ReadRequest, WriteOp,
};
use tieline_odoo_xmlrpc::{Odoo, OdooConfig, Protocol};
use tieline_sandbox::odoo::{DATABASE, Kind, LOW_LOGIN, Odoo as Model, Version};
use tieline_sandbox::{Object, Sandbox};

use crate::common::{
    Server, Store, WAYS, account, answering, batches, broken, config, connected, fault, fields, greeting,
    json, returned, write,
};

/// A server, and the connector as a seller without rights in the app Employees.
fn few_rights((version, protocol): (Version, Protocol)) -> (Server, std::sync::Arc<Odoo>) {
    let server = Sandbox::<Model>::odoo(version);
    server.set_api_key(LOW_LOGIN, "2".repeat(40)).unwrap();
    let config = OdooConfig::new("https://erp.example.test", LOW_LOGIN)
        .with_database(DATABASE)
        .with_protocol(protocol);
    let odoo = connected(&server, config, ApiKey::new("2".repeat(40)));
    (server, odoo)
}

#[tokio::test(start_paused = true)]
async fn a_refused_field_of_a_model_without_records_ends_the_read() {
    for way in WAYS {
        let (server, odoo) = few_rights(way);
        server.hide_all(LOW_LOGIN, "hr.employee").unwrap();
        let before = server.requests().len();
        let read = batches(&odoo, ReadRequest::full("hr.employee")).await.unwrap();
        assert_eq!(read.iter().map(|batch| batch.len()).sum::<usize>(), 0);
        assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
        assert!(server.requests().len() - before < 120, "{}", server.requests().len() - before);
        let issues: Vec<String> = read.iter().flat_map(|b| &b.issues).map(ToString::to_string).collect();
        assert!(issues.iter().any(|issue| issue.contains("/x_employee_number")), "{issues:?}");
        assert!(issues.iter().any(|issue| issue.contains("shows this user no record")), "{issues:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn fields_that_a_user_may_not_read_are_dropped_and_told_once() {
    for way in WAYS {
        let (server, odoo) = few_rights(way);
        let before = server.requests().len();
        let mut store = Store::default();
        let read = store.pull(&odoo, ReadRequest::full("hr.employee").with_page_size(10)).await;
        assert!(read.len() > 4);
        let summary = server.summary();
        // Records of the other company are not seen.
        assert!(store.rows.len() > 40 && store.rows.len() < summary.employees + summary.archived_employees);
        assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
        let row = store.rows.values().next().unwrap();
        assert!(row["name"].is_string() && row.get("x_employee_number").is_none());
        let mut told: BTreeMap<String, usize> = BTreeMap::new();
        for issue in read.iter().flat_map(|batch| &batch.issues) {
            assert!(!issue.refused && issue.key.is_none(), "{issue}");
            *told.entry(issue.path.as_ref().unwrap().as_str().to_owned()).or_default() += 1;
        }
        assert_eq!(told.len(), 5, "the five of the customer's own: {told:?}");
        assert!(told.values().all(|times| *times == 1), "{told:?}");
        // Found out once, and not again for each page.
        assert!(server.requests().len() - before < 150, "{}", server.requests().len() - before);

        let keys: Vec<Key> = store.rows.keys().take(3).map(|id| Key::from(*id)).collect();
        let found = odoo.lookup(LookupRequest::keys("hr.employee", keys)).await.unwrap();
        assert_eq!(found.records().count(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_property_without_a_value_spoils_no_lead() {
    for way in WAYS {
        let (server, odoo) = account(way);
        server.define_property(1, "budget", "integer", "Budget").unwrap();
        let mut store = Store::default();
        let read = store.pull(&odoo, ReadRequest::full("crm.lead")).await;
        let summary = server.summary();
        assert_eq!(store.rows.len(), summary.leads + summary.archived_leads);
        assert_eq!(read.last().unwrap().end, Some(PassEnd::Complete));
        let issues: Vec<String> = read.iter().flat_map(|b| &b.issues).map(ToString::to_string).collect();
        if way.0 == Version::V19 {
            assert_eq!(issues, Vec::<String>::new());
            continue;
        }
        insta::assert_snapshot!(issues.join("\n"), @"crm.lead /lead_properties: the field cannot be read and is left out of this read: Odoo's response holds a null, which XML-RPC cannot carry");

        // A change under a version reads the fields that it writes alone, and nothing is left open.
        let key = Key::from(*store.rows.keys().next().unwrap());
        let found = odoo.lookup(LookupRequest::keys("crm.lead", [key.clone()])).await.unwrap();
        let Lookup::Record(record) = &found.answers[0] else { panic!("{found:?}") };
        let op = |field: &str, value: Value| {
            WriteOp::update(key.clone(), Patch(vec![(FieldPath::field(field), FieldPatch::Set(json(value)))]))
                .with_if_version(record.version.clone())
        };
        let done = write(&odoo, "crm.lead", vec![op("name", value!("Nytt namn"))]).await;
        assert!(matches!(done[0].outcome, Outcome::Applied { .. }), "{done:?}");
    }
}

/// A server with these rows, of which some fail every read that includes them.
fn with_bad_rows(
    count: i64,
    is_bad: fn(i64) -> bool,
    bad_field: bool,
) -> impl Fn(&str, &str) -> (u16, String) {
    let known = [("id", "integer"), ("name", "char"), ("amount", "float"), ("write_date", "datetime")];
    move |path, body| {
        let told = |ids: &[i64], fields: [bool; 2]| {
            let member =
                |name: &str, of: String| format!("<member><name>{name}</name><value>{of}</value></member>");
            let row = |id: &i64| {
                let mut members = member("id", format!("<int>{id}</int>"));
                if fields[0] {
                    members += &member("name", format!("<string>n{id}</string>"));
                }
                if fields[1] {
                    let amount = if is_bad(*id) { "nan" } else { "1.5" };
                    members += &member("amount", format!("<double>{amount}</double>"));
                }
                format!("<value><struct>{members}</struct></value>")
            };
            returned(&format!("<array><data>{}</data></array>", ids.iter().map(row).collect::<String>()))
        };
        let listed = |ids: &[i64]| {
            let ids: String = ids.iter().map(|id| format!("<value><int>{id}</int></value>")).collect();
            returned(&format!("<array><data>{ids}</data></array>"))
        };
        let all: Vec<i64> = (1..=count).collect();
        let asked: Vec<i64> =
            all.iter().copied().filter(|id| body.contains(&format!("<int>{id}</int>"))).collect();
        let named = [body.contains("<string>name<"), body.contains("<string>amount<")];
        let refused = || fault(4, "You are not allowed to access this.");
        let body = if let Some(greeting) = greeting(path, body) {
            greeting
        } else if body.contains("<string>fields_get<") {
            fields(&known)
        } else if body.contains("<string>search_count<") {
            returned("<int>0</int>")
        } else if body.contains("<string>search<") {
            listed(&all)
        } else if body.contains("<string>search_read<") {
            if bad_field { told(&all, named) } else { refused() }
        } else if !bad_field && asked.iter().any(|id| is_bad(*id)) {
            refused()
        } else {
            told(&asked, named)
        };
        (200, body)
    }
}

#[tokio::test(start_paused = true)]
async fn any_number_of_records_that_one_field_spoils_arrive_without_it() {
    let (transport, odoo) = answering(config(), with_bad_rows(60, |id| id % 2 == 0, true));
    let read = batches(&odoo, ReadRequest::full("x.model").with_page_size(90)).await.unwrap();
    assert_eq!(read.iter().map(|batch| batch.len()).sum::<usize>(), 60, "no record is lost");
    let issues: Vec<String> = read.iter().flat_map(|batch| &batch.issues).map(ToString::to_string).collect();
    assert_eq!(issues.len(), 1, "{issues:?}");
    assert!(issues[0].starts_with("x.model /amount: the field cannot be read"), "{issues:?}");
    assert!(transport.requests().len() < 60, "{}", transport.requests().len());

    // A few of them keep the others' values.
    let (_, odoo) = answering(config(), with_bad_rows(60, |id| id % 25 == 0, true));
    let read = batches(&odoo, ReadRequest::full("x.model").with_page_size(90)).await.unwrap();
    let with_amount = read
        .iter()
        .flat_map(|batch| &batch.groups)
        .flat_map(|group| &group.changes)
        .filter(|change| format!("{change:?}").contains("Upsert"))
        .count();
    assert_eq!(with_amount, 60);
}

#[tokio::test(start_paused = true)]
async fn any_number_of_refused_records_is_left_out_and_the_pass_is_partial() {
    let (transport, odoo) = answering(config(), with_bad_rows(60, |id| id % 4 == 0, false));
    let read = batches(&odoo, ReadRequest::full("x.model").with_page_size(90)).await.unwrap();
    assert_eq!(read.iter().map(|batch| batch.len()).sum::<usize>(), 45);
    let refused =
        read.iter().flat_map(|batch| &batch.issues).filter(|issue| issue.refused && issue.key.is_some());
    assert_eq!(refused.count(), 15, "each is named, so that it can be asked for again");
    assert_eq!(read.last().unwrap().end, Some(PassEnd::Partial));
    assert!(transport.requests().len() < 400);
    // All of them, and it still ends.
    let (transport, odoo) = answering(config(), with_bad_rows(60, |_| true, false));
    let read = batches(&odoo, ReadRequest::full("x.model").with_page_size(90)).await.unwrap();
    assert_eq!(read.iter().map(|batch| batch.len()).sum::<usize>(), 0);
    assert!(transport.requests().len() < 500);
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_read_does_not_speak_of_a_deed() {
    let none = "Traceback (most recent call last):\n  File \"x\"\nTypeError: cannot marshal None unless allow_none is enabled\n";
    let (_, odoo) = answering(config(), move |path, body| {
        let reply = if body.contains("<string>fields_get<") {
            fields(&[("id", "integer"), ("name", "char"), ("write_date", "datetime")])
        } else {
            fault(1, none)
        };
        (200, greeting(path, body).unwrap_or(reply))
    });
    let error = broken(&odoo, ReadRequest::full("x.model")).await;
    assert_eq!(error.message(), "Odoo's response holds a null, which XML-RPC cannot carry");
    let change = WriteOp::update(
        Key::from(7_u64),
        Patch(vec![(FieldPath::field("name"), FieldPatch::Set(json(value!("x"))))]),
    )
    .with_if_version(Some("2026-01-01 00:00:00".into()));
    let done = write(&odoo, "x.model", vec![change]).await;
    assert!(
        matches!(&done[0].outcome, Outcome::Rejected(error) if error.kind() == ErrorKind::Decode),
        "{done:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_lookup_by_field_survives_a_value_that_xmlrpc_cannot_carry() {
    let (server, odoo) = account(WAYS[0]);
    server.add_field("res.partner", "x_big", "Big", Kind::Integer).unwrap();
    for number in 0..3_i64 {
        let id = server.create(
            "res.partner",
            Object::default().with("name", format!("Stor {number}")).with("ref", "STOR"),
        );
        let big = Object::default().with("x_big", 5_000_000_000_i64 * i64::from(number == 1));
        server.backdate("res.partner", id.unwrap(), big, server.now()).unwrap();
    }
    let found = odoo
        .lookup(LookupRequest::field("res.partner", FieldPath::field("ref"), json(value!("STOR"))))
        .await
        .unwrap();
    assert_eq!(found.records().count(), 3);
}
