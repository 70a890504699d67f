//! `sync`: into a SQLite file.

use std::sync::Arc;
use std::time::Duration;

use tieline::sqlite::SqliteStore;
use tieline::store::{ConnectionId, SyncStore};
use tieline_sandbox::pipedrive::Entity;
use tieline_sandbox::{Fault, FaultRule, Object};

use crate::world::*;

const MAPPING: &str = r#"{"version":1,"fields":[
    {"host":"title","provider":"/title"},
    {"host":"owner","provider":"/owner_id","steps":[{"lookup":{"entity":"users","field":"/name"}}]}],
    "exclude":[{"provider":"/status","values":["lost"]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_entities_and_rows_and_then_what_changed() {
    let world = World::new().await;
    world.file("deals.json", MAPPING);
    let arguments =
        "sync pipedrive users stages deals @ --into t.db --connection acme --map deals=deals.json";
    let first = world.run(arguments);
    world.sandbox.advance(Duration::from_secs(86_400));
    let again = world.run(&format!("{arguments} --json"));
    let deal = world.sandbox.create(Entity::Deals, Object::default().with("title", "Ny")).unwrap();
    let third = world.run(&format!("{arguments} --json")).lines();
    let deals = &third[0]["streams"][2];
    assert_eq!((&deals["entity"], &deals["target"]), (&"deals".into(), &"deals".into()));
    assert_eq!((&deals["created"], &deals["updated"]), (&1.into(), &0.into()), "{deals}");
    let second = &again.lines()[0]["streams"];
    assert!(second.as_array().unwrap().iter().all(|stream| stream["created"] == 0), "{second}");

    let store: Arc<dyn SyncStore> = Arc::new(SqliteStore::open(world.path("t.db")).await.unwrap());
    let acme = ConnectionId::new("acme");
    let rows = store.rows(&acme, &"deals".into(), None, 10_000).await.unwrap();
    let row = rows.iter().find(|row| row.key == deal.to_string().as_str()).unwrap();
    assert!(row.fields.get().starts_with(r#"{"title":"Ny","owner":""#), "{}", row.fields);
    let users = store.records(&acme, &"users".into(), None, 10_000).await.unwrap();
    assert_eq!(users.len(), 5);
    insta::assert_snapshot!(first.page(arguments));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_lost_a_field_stops_before_anything_is_read() {
    let world = World::new().await;
    let mapping = r#"{"version":1,"fields":[{"host":"title","provider":"title"},{"host":"region","provider":"sales_region"}]}"#;
    world.file("deals.json", mapping);
    let arguments = "sync pipedrive deals @ --into t.db --connection acme --map deals=deals.json";
    let said = world.run(arguments);
    assert_eq!(said.code, Some(10), "{}", said.err);
    let lost = "/region: /sales_region is not among the entity's fields any more";
    assert!(said.err.contains(lost) && said.err.contains("--allow-broken-mapping"), "{}", said.err);
    let store = SqliteStore::open(world.path("t.db")).await.unwrap();
    assert_eq!(
        store.counts(&ConnectionId::new("acme")).await.unwrap().records("deals"),
        0,
        "nothing was read"
    );
    let told = world.run(&format!("{arguments} --allow-broken-mapping --json"));
    assert_eq!(told.lines()[0]["streams"][0]["issues"][0]["path"], "/region");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_fails_is_in_the_table_and_in_the_exit_code() {
    let world = World::new().await;
    let fault = Fault::Status { status: 403, body: None };
    world.sandbox.inject(FaultRule::new(fault).on("GET", "/api/v2/stages").always());
    let one = world.run("sync pipedrive stages users @ --into t.db --connection acme");
    assert_eq!(one.code, Some(12));
    world.sandbox.inject(FaultRule::new(Fault::Unauthorized).on("GET", "/api/v1/users").always());
    let all = world.run("sync pipedrive users pipelines @ --into t.db --connection acme");
    assert_eq!(all.code, Some(11));
    let json = world.run("sync pipedrive users pipelines @ --into t.db --connection acme --json");
    let streams = &lines(&json.out)[0]["streams"];
    assert_eq!(streams[0]["error"]["kind"], "unauthenticated");
    assert_eq!(streams[1]["skipped"], true);
    insta::assert_snapshot!([one.page("sync stages users"), all.page("sync users pipelines")].join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_holds_until_somebody_confirms() {
    let world = World::new().await;
    let arguments = "sync pipedrive persons @ --into t.db --connection acme --mode full";
    assert_eq!(world.run(arguments).code, Some(0));
    let store = SqliteStore::open(world.path("t.db")).await.unwrap();
    let acme = ConnectionId::new("acme");
    let people = store.records(&acme, &"persons".into(), None, 10_000).await.unwrap();
    for person in people.iter().skip(20) {
        world.sandbox.delete(Entity::Persons, person.key.as_str().parse().unwrap()).unwrap();
    }
    let refused = world.run(arguments);
    assert_eq!(refused.code, Some(1));
    insta::assert_snapshot!(refused.page(arguments));
    let confirmed = world.run(&format!("{arguments} --no-brake --json")).lines();
    assert_eq!(confirmed[0]["streams"][0]["deleted"], people.len() - 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_that_is_none_is_refused_before_anything_is_sent() {
    let world = World::new().await;
    world.file("typo.json", r#"{"version":1,"fields":[{"host":"title","form":[]}]}"#);
    world.file("empty.json", r#"{"version":1,"fields":[{"host":"title"}]}"#);
    let pages: Vec<String> = ["typo.json", "empty.json"]
        .iter()
        .map(|name| {
            let arguments = format!("sync pipedrive deals @ --into t.db --connection a --map deals={name}");
            let said = world.run(&arguments);
            assert_eq!(said.code, Some(10));
            said.page(&arguments)
        })
        .collect();
    assert_eq!(world.sandbox.requests().len(), 0);
    assert!(!world.path("t.db").exists());
    insta::assert_snapshot!(pages.join("\n"));
}
