//! `read` and `lookup`: the lines.

use std::collections::BTreeSet;

use serde_json::Value;
use tieline_sandbox::pipedrive::Entity;
use tieline_sandbox::{Json, Object};

use crate::world::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_read_brings_all_records_then_what_changed() {
    let world = World::new().await;
    let first = world.run("read pipedrive deals @ --state deals.state").lines();
    let keys: BTreeSet<&str> = of_type(&first, "upsert").map(|line| line["key"].as_str().unwrap()).collect();
    let summary = world.sandbox.summary();
    assert!(keys.len() >= summary.visible, "{} of {}", keys.len(), summary.visible);
    assert_eq!(first.last().unwrap()["type"], "end");
    assert_eq!(first.last().unwrap()["complete"], true);
    assert_eq!(first.last().unwrap()["pass"], "full");
    let state = of_type(&first, "state").last().unwrap();
    assert_eq!(&read_state(&world.path("deals.state")), state, "the file is the last state line");

    world.sandbox.advance(std::time::Duration::from_secs(86_400));
    let id: i64 = keys.first().unwrap().parse().unwrap();
    world.sandbox.update(Entity::Deals, id, Object::default().with("title", "Omdöpt")).unwrap();
    let second = world.run("read pipedrive deals @ --state deals.state").lines();
    assert_eq!(second.last().unwrap()["pass"], "changes");
    let changed: Vec<&Value> = of_type(&second, "upsert").collect();
    assert!(changed.iter().any(|line| line["record"]["title"] == "Omdöpt"));
    assert!(changed.len() < keys.len(), "an increment, not everything");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_the_providers_own_text() {
    let world = World::new().await;
    let fields =
        Object::default().with("title", "Exakt \"värde\"\n").with("value", Json::decimal("1234567890123.10"));
    let id = world.sandbox.create(Entity::Deals, fields).unwrap();
    let said = world.run(&format!("lookup pipedrive deals @ --keys {id}"));
    assert!(said.out.contains(r#""record":{"id":"#), "{}", said.out);
    assert!(said.out.contains(r#""value":1234567890123.10,"#), "{}", said.out);
    assert_eq!(said.lines()[0]["record"]["title"], "Exakt \"värde\"\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn modes_pages_and_ends() {
    let world = World::new().await;
    let keys = world.run("read pipedrive users @ --mode keys").lines();
    assert_eq!(of_type(&keys, "present").count(), 5);
    assert_eq!(of_type(&keys, "upsert").count(), 0);
    assert_eq!(keys.last().unwrap()["pass"], "keys");

    let some = world.run("read pipedrive persons @ --page-size 20 --max-records 30 --mode full").lines();
    let kinds: Vec<&str> = some.iter().map(|line| line["type"].as_str().unwrap()).collect();
    let expected: Vec<&str> = [&["upsert"; 20][..], &["state"], &["upsert"; 10], &["state", "end"]].concat();
    assert_eq!(kinds, expected);
    assert_eq!(some.last().unwrap()["complete"], false);
    assert_eq!(some.last().unwrap()["records"], 30);

    let deal = world.sandbox.create(Entity::Deals, Object::default().with("title", "kort")).unwrap();
    let key = Value::from(deal.to_string());
    let first = world.run("read pipedrive deals @ --state deals.state").lines();
    assert!(of_type(&first, "upsert").any(|line| line["key"] == key));
    world.sandbox.advance(std::time::Duration::from_secs(60));
    world.sandbox.delete(Entity::Deals, deal).unwrap();
    let second = world.run("read pipedrive deals @ --state deals.state").lines();
    let gone: Vec<&Value> = of_type(&second, "delete").collect();
    assert!(gone.iter().any(|line| line["key"] == key && line["at"].is_string()), "{gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_belongs_to_one_entity_of_one_account() {
    let world = World::new().await;
    world.run("read pipedrive users @ --state users.state").lines();
    let other = world.run("read pipedrive deals @ --state users.state");
    assert_eq!(other.code, Some(22));
    let mut elsewhere =
        world.command("read pipedrive users --allow-network 127.0.0.1/32 --state users.state");
    elsewhere.args(["--base-url", &world.sandbox.base_url(), "--config", "{\"company\":\"other\"}"]);
    let elsewhere = said(&mut elsewhere);
    assert_eq!(elsewhere.code, Some(22));
    world.file("empty.state", "");
    let empty = world.run("read pipedrive users @ --state empty.state");
    world.file("strange.state", r#"{"type":"state","provider":"pipedrive","config":{"company":"acme-demo"},"entity":"users","state":{"v":99,"body":{}}}"#);
    let strange = world.run("read pipedrive users @ --state strange.state");
    let pages = [
        other.page("read deals --state users.state"),
        elsewhere.page("read users --state users.state, of another company"),
        empty.page("read users --state empty.state"),
        strange.page("read users --state strange.state"),
    ];
    insta::assert_snapshot!(world.stable(&pages.join("\n")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_answers_each_key_in_its_order() {
    let world = World::new().await;
    let deal = world.sandbox.create(Entity::Deals, Object::default().with("title", "a")).unwrap();
    let gone = world.sandbox.create(Entity::Deals, Object::default().with("title", "b")).unwrap();
    world.sandbox.delete(Entity::Deals, gone).unwrap();
    let answers =
        world.run(&format!("lookup pipedrive deals @ --keys {gone},999999 --key {deal} --key x,y")).lines();
    let told: Vec<(&str, String)> = answers
        .iter()
        .map(|line| (line["type"].as_str().unwrap(), line["key"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(
        told,
        [
            ("deleted", gone.to_string()),
            ("missing", "999999".to_owned()),
            ("record", deal.to_string()),
            ("missing", "x,y".to_owned()),
        ]
    );
}
