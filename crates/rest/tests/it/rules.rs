//! The rules of shipped files and of tenants' files, and `like`.

use insta::assert_snapshot;
use serde_json::json;
use tieline_core::{Category, ReadRequest};
use tieline_document::Format;
use tieline_rest::{Description, Library, LoadOptions, RestFactory};

use crate::provider::{Provider, ok, read};

fn findings(text: &str, options: &LoadOptions) -> String {
    match Description::load_with("t.yaml", text.trim_start_matches('\n'), Format::Yaml, options) {
        Ok(_) => "nothing".to_owned(),
        Err(findings) => findings.to_string(),
    }
}

#[test]
fn a_shipped_file_leaves_nothing_to_what_is_seen() {
    let loose = "
name: T
url: https://t.example
entities:
  a: /a?since=<since>&limit=<page_size>&page=<page>
  b: {list: /b, records: data, key: id}
";
    assert_snapshot!(findings(loose, &LoadOptions::shipped()), @r#"
t.yaml:1:1: a shipped file needs a check: say which request shows whose the credential is: check: {call: /me, id: id, name: name}
    1 | name: T
      | ^
t.yaml:4:1: a shipped file says "records" of "a": write records: "" where the answer itself is the list
    4 |   a: /a?since=<since>&limit=<page_size>&page=<page>
      | ^
t.yaml:4:1: a shipped file says "changed" of "a": say where the time of change is, or changed: none where records have no such time
    4 |   a: /a?since=<since>&limit=<page_size>&page=<page>
      | ^
t.yaml:4:1: a shipped file says "page_size" of "a": write the largest page that the provider gives
    4 |   a: /a?since=<since>&limit=<page_size>&page=<page>
      | ^
t.yaml:4:3: a shipped file says "key" of "a": write it also where it is the usual one: key: id
    4 |   a: /a?since=<since>&limit=<page_size>&page=<page>
      |   ^
"#);
    let strict = "
name: T
url: https://t.example
check: {call: /me, id: id, name: name}
entities:
  a: {list: '/a?since=<since>&limit=<page_size>&page=<page>', records: '', key: id, changed: at, page_size: 100}
  b: {list: '/b?since=<since>', records: data, key: id, changed: none}
";
    assert_eq!(findings(strict, &LoadOptions::shipped()), "nothing");
}

#[test]
fn a_tenants_file_asks_at_its_own_address_only() {
    let file = "
name: T
url: http://10.0.0.1
origins: [other.example]
settings: {other: {title: Other, kind: url}}
limits: [5 per 1s each app, 5 per 1s each account]
entities:
  a: https://elsewhere.example/a
  b: <other>/b
  c: {list: '/c?from=<since>&to=<until>', window: 1s, start: 50y, changed: at}
";
    assert_snapshot!(findings(file, &LoadOptions::tenant()), @r#"
t.yaml:2:6: an address must begin with https://: write https:// and the name of a public host
    2 | url: http://10.0.0.1
      |      ^^^^^^^^^^^^^^^
t.yaml:3:10: "origins" cannot be said here: a tenant's file asks at its own address only
    3 | origins: [other.example]
      |          ^
t.yaml:5:10: a tenant's limit cannot be shared with others: write `each account` or nothing: it counts against this tenant alone
    5 | limits: [5 per 1s each app, 5 per 1s each account]
      |          ^^^^^^^^^^^^^^^^^
t.yaml:7:1: https://elsewhere.example/a asks at another address than the file's own: write the path from a slash on
    7 |   a: https://elsewhere.example/a
      | ^
t.yaml:8:1: <other>/b asks at another address than the file's own: write the path from a slash on
    8 |   b: <other>/b
      | ^
t.yaml:9:1: one read of "c" would walk over 1576800000 lists: 1000 are allowed: take a longer window or a later start
    9 |   c: {list: '/c?from=<since>&to=<until>', window: 1s, start: 50y, changed: at}
      | ^
"#);
    let good = "
name: T
url: https://t.example
auth: bearer
headers: {X-Tenant: acme}
entities: {a: /a}
";
    assert_eq!(findings(good, &LoadOptions::tenant()), "nothing");
}

const BASE: &str = "
name: Acme
url: https://acme.example
auth: bearer
headers: {X-Version: '1'}
limits: [5 per 1s]
bases: {object: {list: '/<entity>', records: data}}
entities:
  deals: {base: object, actions: {win: POST /deals/<key>/win}}
  people: /people
actions: {ping: POST /ping}
";

fn library() -> Library {
    Library::new().with("acme", "acme.yaml", BASE)
}

#[tokio::test]
async fn a_hosts_file_changes_another_in_a_few_lines() {
    let text = "
like: acme
limits: [9 per 1s]
headers: {X-More: a}
entities:
  deals: {list: /v2/deals}
  notes: {base: object}
";
    let options = LoadOptions::new().with_library(library());
    let factory = RestFactory::load("t", "t.yaml", text, Category::Crm, &options).unwrap();
    let description = factory.description();
    assert_eq!(description.name, "Acme");
    assert_eq!(description.limits[0].to_string(), "9 per 1s");
    let names: Vec<&str> = description.entities.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["deals", "people", "notes"]);
    let provider = Provider::of(factory, |_| ok(json!({ "data": [{ "id": 1 }] })));
    let connector = provider.connect();
    read(&connector, ReadRequest::full("deals")).await.unwrap();
    read(&connector, ReadRequest::full("notes")).await.unwrap();
    let seen = provider.seen.lock().unwrap().clone();
    assert_eq!(seen[0].headers["x-version"], "1");
    assert_eq!(seen[0].headers["x-more"], "a");
    assert_eq!(provider.asked(), ["GET /v2/deals", "GET /notes"]);
}

#[test]
fn a_tenant_adds_to_another_file_and_changes_nothing_of_it() {
    let options = LoadOptions::tenant().with_library(library());
    let bad = "
like: acme
url: https://thief.example
auth: {oauth2: {token: https://thief.example/token}}
headers: {X-Version: '2'}
limits: [900 per 1s]
webhooks: {verify: unsigned}
bases: {}
actions: {ping: POST /pong}
entities:
  deals: {list: /other, actions: {win: POST /lose}}
  mine: https://thief.example/mine
";
    assert_snapshot!(findings(bad, &options), @r#"
t.yaml:2:1: a tenant's file cannot change "url" of acme: it can add entities, fields and actions
    2 | url: https://thief.example
      | ^^^
t.yaml:3:1: a tenant's file cannot change "auth" of acme: it can add entities, fields and actions
    3 | auth: {oauth2: {token: https://thief.example/token}}
      | ^^^^
t.yaml:4:1: a tenant's file cannot change "headers" of acme: it can add entities, fields and actions
    4 | headers: {X-Version: '2'}
      | ^^^^^^^
t.yaml:5:1: a tenant's file cannot change "limits" of acme: it can add entities, fields and actions
    5 | limits: [900 per 1s]
      | ^^^^^^
t.yaml:6:1: a tenant's file cannot change "webhooks" of acme: it can add entities, fields and actions
    6 | webhooks: {verify: unsigned}
      | ^^^^^^^^
t.yaml:6:11: no event is named: say which record an event is about: events: {contact_*: {entity: contacts, key: id}}
    6 | webhooks: {verify: unsigned}
      |           ^
t.yaml:7:1: a tenant's file cannot change "bases" of acme: it can add entities, fields and actions
    7 | bases: {}
      | ^^^^^
t.yaml:8:11: a tenant's file cannot change the action "ping" of acme: it can add entities, fields and actions
    8 | actions: {ping: POST /pong}
      |           ^^^^
t.yaml:10:11: a tenant's file cannot change "list" of "deals" of acme: it can add entities, fields and actions
   10 |   deals: {list: /other, actions: {win: POST /lose}}
      |           ^^^^
t.yaml:10:35: a tenant's file cannot change the action "win" of acme: it can add entities, fields and actions
   10 |   deals: {list: /other, actions: {win: POST /lose}}
      |                                   ^^^
"#);
    let good = "
like: acme
name: Acme of ours
actions: {pong: POST /pong}
entities:
  deals: {fields: [name, sum], actions: {lose: POST /deals/<key>/lose}}
  tickets: '/tickets?page=<page>'
";
    assert_eq!(findings(good, &options), "nothing");
    assert_snapshot!(findings("like: acne", &options), @r#"
t.yaml:1:7: there is no description "acne" to begin from: did you mean "acme"?
    1 | like: acne
      |       ^^^^
"#);
    assert_snapshot!(findings("like: acme", &LoadOptions::tenant()), @r#"
t.yaml:1:7: there is no description "acme" to begin from: this host offers none
    1 | like: acme
      |       ^^^^
"#);
}

#[test]
fn a_finding_in_the_other_file_names_that_file() {
    let library = Library::new().with(
        "acme",
        "acme.yaml",
        "name: A\nurl: https://a.example\nentities:\n  a: {list: /a, recods: x}\n",
    );
    let options = LoadOptions::new().with_library(library);
    assert_snapshot!(findings("like: acme\nlimit: x", &options), @r#"
t.yaml:2:1: there is no setting "limit" here: did you mean "limits"?
    2 | limit: x
      | ^^^^^
acme.yaml:4:17: there is no setting "recods" here: did you mean "records"?
    4 |   a: {list: /a, recods: x}
      |                 ^^^^^^
"#);
}

#[tokio::test]
async fn a_tenants_run_is_bounded_and_goes_on() {
    let text = "name: T\nurl: https://t.example\nheaders: {X-Key: canary}\nentities: {a: {list: '/a?page=<page>', records: data, key: id}}";
    let factory = RestFactory::tenant("t", "t.yaml", text, Category::Other).unwrap();
    assert!(!format!("{factory:?}").contains("canary"));
    let provider = Provider::of(factory, |seen| ok(json!({ "data": [{ "id": seen.query("page") }] })));
    let connector = provider.connect();
    assert!(!format!("{connector:?}").contains("canary"));
    let (keys, batches) = read(&connector, ReadRequest::full("a")).await.unwrap();
    assert_eq!(keys.len(), 10_000);
    let last = batches.last().unwrap();
    assert_eq!(last.end, Some(tieline_core::PassEnd::Partial));
    assert_snapshot!(last.issues[0].message, @"the run was ended, because it sent as many requests as a run may: the next one goes on");
    let seen = provider.seen.lock().unwrap().clone();
    assert!(seen[0].headers["x-key"].is_sensitive());
    // The next run goes on where it ended.
    provider.asked();
    let request = ReadRequest::full("a").with_state(crate::provider::state(&batches)).with_max_records(1);
    let (keys, _) = read(&connector, request).await.unwrap();
    assert_eq!(keys, ["10001"]);
}
