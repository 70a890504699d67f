//! Projects, tasks, and what an account chooses from.

use std::collections::BTreeSet;

use tieline_core::{
    Change, Connector, DiscoverRequest, Key, Lookup, LookupRequest, Outcome, PartitionsRequest, PassEnd,
    ReadRequest,
};
use tieline_pipedrive::Pipedrive;

use crate::common::{
    account, after, answering, applied, at, batches, create, delete, invoke, one, sent, set, update, word,
};

/// The keys of a full read, with what went in brackets.
async fn keys(crm: &Pipedrive, entity: &str) -> BTreeSet<String> {
    let all = batches(crm, ReadRequest::full(entity)).await.unwrap();
    assert_eq!(all.last().unwrap().end, Some(PassEnd::Complete), "{entity}");
    let changes = all.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
    changes
        .map(|change| match change {
            Change::Delete(gone) => format!("({})", gone.key),
            other => other.key().to_string(),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn projects_are_read_with_the_archive_and_tasks_go_with_their_parent() {
    let (_, crm) = account();
    let archived = applied(&one(&*crm, "projects", create(r#"{"title":"Flytt"}"#)).await).to_string();
    assert_eq!(
        word(&one(&*crm, "projects", invoke("archive", &archived, "{}")).await),
        format!("applied {archived}")
    );
    assert!(keys(&crm, "projects").await.contains(&archived));
    assert_eq!(keys(&crm, "tasks").await.len(), 36);

    let fields = format!(r#"{{"title":"Packa","project_id":{archived}}}"#);
    let parent = applied(&one(&*crm, "tasks", create(&fields)).await).to_string();
    let fields = format!(r#"{{"title":"Lådor","project_id":{archived},"parent_task_id":{parent}}}"#);
    let child = applied(&one(&*crm, "tasks", create(&fields)).await).to_string();
    let done = one(&*crm, "tasks", update(&child, &[("/done", set("1")), ("/priority", set("2"))])).await;
    let Outcome::Applied { record: Some(record), .. } = done else { panic!("{}", word(&done)) };
    assert!(record.payload.get().contains(r#""is_done":true"#), "{}", record.payload.get());
    let shown = one(&*crm, "tasks", update(&child, &[("/is_done", set("false"))])).await;
    assert!(word(&shown).contains("write \"/done\""), "{}", word(&shown));

    assert!(matches!(one(&*crm, "tasks", delete(&parent)).await, Outcome::Applied { .. }));
    assert_eq!(word(&one(&*crm, "tasks", delete(&child)).await), "unchanged");
    let found = crm.lookup(LookupRequest::keys("tasks", [parent, child].map(Key::from))).await.unwrap();
    assert!(found.answers.iter().all(|answer| matches!(answer, Lookup::Missing(_))), "{:?}", found.answers);
}

#[tokio::test(start_paused = true)]
async fn types_and_labels_are_changed_and_a_deleted_type_comes_as_a_deletion() {
    let (_, crm) = account();
    let kind = r#"{"name":"Platsbesök","icon_key":"pin"}"#;
    let id = applied(&one(&*crm, "activity_types", create(kind)).await).to_string();
    let renamed =
        one(&*crm, "activity_types", update(&id, &[("/name", set("\"Besök\"")), ("/order_nr", set("1"))]))
            .await;
    assert_eq!(word(&renamed), format!("applied {id}"));
    assert!(matches!(one(&*crm, "activity_types", delete(&id)).await, Outcome::Applied { .. }));
    assert!(keys(&crm, "activity_types").await.contains(&format!("({id})")));

    let id = applied(&one(&*crm, "lead_labels", create(r#"{"name":"Iskall","color":"purple"}"#)).await)
        .to_string();
    let coloured = one(&*crm, "lead_labels", update(&id, &[("/color", set("\"gray\""))])).await;
    assert_eq!(word(&coloured), format!("applied {id}"));
    assert!(matches!(one(&*crm, "lead_labels", delete(&id)).await, Outcome::Applied { .. }));
    assert_eq!(keys(&crm, "lead_labels").await.len(), 3);
    for (entity, fields) in [
        ("activity_types", r#"{"name":"A"}"#),
        ("lead_labels", r#"{"name":"A"}"#),
        ("tasks", r#"{"title":"A"}"#),
    ] {
        let refused = one(&*crm, entity, create(fields)).await;
        assert!(word(&refused).contains("cannot be created without"), "{}", word(&refused));
    }
}

/// A company without projects, or an app without their scope, has the fields of everything else.
#[tokio::test(start_paused = true)]
async fn the_catalog_does_without_projects() {
    let (transport, crm) = answering(|path| match path.split('?').next().unwrap() {
        "/api/v2/projectFields" => (403, r#"{"success":false,"error":"Scope and URL mismatch"}"#.to_owned()),
        _ => (200, r#"{"success":true,"data":[],"additional_data":{"next_cursor":null}}"#.to_owned()),
    });
    let catalog = crm.discover(DiscoverRequest::schemas()).await.unwrap();
    let projects = catalog.entity("projects").unwrap();
    assert!(projects.fields.iter().any(|field| field.path.as_str() == "/title" && field.creatable));
    assert!(sent(&transport).contains("projectFields"));
}

#[tokio::test(start_paused = true)]
async fn product_lines_are_read_of_a_hundred_deals_at_once_and_written_below_theirs() {
    let (sandbox, crm) = account();
    let partitions = crm.partitions(PartitionsRequest::new("deal_products")).await.unwrap().partitions;
    sandbox.forget_requests();
    let mut lines = BTreeSet::new();
    for one in &partitions {
        let request = ReadRequest::full("deal_products").with_partition(one.partition.clone());
        let read = batches(&crm, request).await.unwrap();
        let changes = read.iter().flat_map(|batch| &batch.groups).flat_map(|group| &group.changes);
        lines.extend(changes.map(|change| change.key().to_string()));
    }
    assert_eq!((lines.len(), partitions.len(), sandbox.requests().len()), (18, 2, 2));
    let deal = lines.first().unwrap().split('/').next().unwrap();
    let fields = format!(r#"{{"deal_id":{deal},"product_id":1,"item_price":1250.10,"quantity":2}}"#);
    let made = one(&*crm, "deal_products", create(&fields)).await;
    let key = applied(&made).to_string();
    assert!(key.starts_with(&format!("{deal}/")));
    assert_eq!(at(after(&made), "/sum"), "2500.2");
    let changed =
        one(&*crm, "deal_products", update(&key, &[("/discount", set("50")), ("/quantity", set("1"))])).await;
    assert_eq!(at(after(&changed), "/sum"), "625.05");
    assert!(matches!(one(&*crm, "deal_products", delete(&key)).await, Outcome::Applied { .. }));
    assert_eq!(word(&one(&*crm, "deal_products", delete(&key)).await), "unchanged");
}
