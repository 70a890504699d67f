//! Lookups by a field go through an index, which is right whatever happens.

use tieline_core::{Change, Deletion, FieldPath, RecordLookup};
use tieline_store::{Commit, SyncStore, TargetChange};
use tieline_store_sql::{Database, SqlStore};

use super::{changes, in_both, json, put, upsert};

in_both! {
    a_record_is_found_by_a_field
    an_index_follows_every_change
    a_lookup_that_missed_is_retried_when_the_record_comes
    records_that_were_there_before_the_index_are_found
}

fn by_mail(mail: &str) -> RecordLookup {
    RecordLookup::new("persons", mail, FieldPath::field("name")).by(FieldPath::field("mail"))
}

async fn name<D: Database>(store: &SqlStore<D>, mail: &str) -> Option<String> {
    let need = by_mail(mail);
    let found = store.resolve(&"acme".into(), std::slice::from_ref(&need)).await.unwrap();
    found.get(&need).map(|name| name.get().to_owned())
}

fn person(key: &str, name: &str, mail: &str) -> Change {
    upsert(key, &format!(r#"{{"name":"{name}","mail":{mail}}}"#))
}

async fn a_record_is_found_by_a_field<D: Database>(store: SqlStore<D>) {
    let persons = vec![
        person("1", "Anna", r#"" anna@acme.example ""#),
        person("2", "Bo", r#""both@acme.example""#),
        person("3", "Bertil", r#""both@acme.example""#),
        person("4", "Nobody", "null"),
        person("5", "Number", "17.50"),
        person("6", "Listed", r#"["anna@acme.example"]"#),
    ];
    put(&store, changes("persons", persons)).await;
    assert_eq!(name(&store, "anna@acme.example").await.as_deref(), Some(r#""Anna""#), "without white space");
    assert_eq!(name(&store, "both@acme.example").await, None, "which of the two is meant is not known");
    assert_eq!(name(&store, "17.5").await.as_deref(), Some(r#""Number""#), "as it is compared");
    for nothing in ["17.50", "null", "", "x\0y"] {
        assert_eq!(name(&store, nothing).await, None, "{nothing:?}");
    }
}

async fn an_index_follows_every_change<D: Database>(store: SqlStore<D>) {
    put(&store, changes("persons", vec![person("1", "Anna", r#""a""#)])).await;
    assert!(name(&store, "a").await.is_some());
    put(&store, changes("persons", vec![person("1", "Anna", r#""b""#), person("2", "Bo", r#""a""#)])).await;
    assert_eq!(name(&store, "a").await.as_deref(), Some(r#""Bo""#));
    assert_eq!(name(&store, "b").await.as_deref(), Some(r#""Anna""#));
    put(&store, changes("persons", vec![Change::Delete(Deletion::new("2"))])).await;
    assert_eq!(name(&store, "a").await, None);
    store.erase(&"acme".into()).await.unwrap();
    assert_eq!(name(&store, "b").await, None);
}

async fn a_lookup_that_missed_is_retried_when_the_record_comes<D: Database>(store: SqlStore<D>) {
    let (acme, target) = ("acme".into(), "copy".into());
    put(&store, changes("persons", vec![person("1", "Anna", r#""a""#)])).await;
    store.open_target(&acme, &target, &"deals".into(), "1").await.unwrap();
    assert_eq!(name(&store, "late").await, None);
    let rows = vec![
        TargetChange::put("7", json("{}"), vec![by_mail("late")]),
        TargetChange::put("8", json("{}"), vec![by_mail("a")]),
    ];
    let deals = vec![upsert("7", "{}"), upsert("8", "{}")];
    put(&store, changes("deals", deals).with_target("copy", rows)).await;
    let stale = async || {
        let keys = store.stale(&acme, &target, None, 9).await.unwrap();
        keys.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert!(stale().await.is_empty());
    put(&store, changes("persons", vec![person("2", "Lena", r#""late""#)])).await;
    assert_eq!(stale().await, ["7"], "the record came");
    let version = store.read_version(&acme).await.unwrap();
    let again = TargetChange::put("7", json(r#"{"name":"Lena"}"#), vec![by_mail("late")]);
    put(&store, Commit::remap("acme", version).with_target("copy", vec![again])).await;
    assert!(stale().await.is_empty());
    put(&store, changes("persons", vec![person("1", "Anna", r#""other""#)])).await;
    assert_eq!(stale().await, ["8"], "the record no longer has the value");
    put(&store, changes("persons", vec![person("2", "Lena-Marie", r#""late""#)])).await;
    assert_eq!(stale().await, ["7", "8"], "the record has the value and another name");

    // A record that comes between the lookup and the commit.
    let looked_up_at = store.read_version(&acme).await.unwrap();
    assert_eq!(name(&store, "soon").await, None);
    put(&store, changes("persons", vec![person("3", "Sven", r#""soon""#)])).await;
    let row = TargetChange::put("9", json("{}"), vec![by_mail("soon")]);
    let commit = changes("deals", vec![upsert("9", "{}")]).with_target("copy", vec![row]);
    put(&store, commit.mapped_at(looked_up_at)).await;
    assert_eq!(stale().await, ["7", "8", "9"]);
}

async fn records_that_were_there_before_the_index_are_found<D: Database>(store: SqlStore<D>) {
    // More than one batch of the build.
    let person = |n: u32| person(&format!("{n:05}"), &format!("P{n}"), &format!(r#""m{n}""#));
    put(&store, changes("persons", (0..2_500).map(person).collect())).await;
    assert_eq!(name(&store, "m0").await.as_deref(), Some(r#""P0""#));
    assert_eq!(name(&store, "m2499").await.as_deref(), Some(r#""P2499""#));
}
