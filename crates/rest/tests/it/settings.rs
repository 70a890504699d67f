use serde_json::{Value, json};
use tieline_core::{ChoicesRequest, ErrorKind, ReadRequest};

use crate::provider::{Provider, ok, read};

const FILE: &str = "
name: T
settings:
  address: {title: Address, kind: url}
  account: {title: Account, kind: integer, choices: {call: <address>/api/profile, records: accounts, value: id, title: name}}
  region: {title: Region, values: {eu: europe, us: america}, default: eu}
url: <address>/api/accounts/<account>
check: {call: <address>/api/profile, id: id, name: name, others: accounts}
entities: {agents: '/agents?region=<region>'}
";

fn provider() -> Provider {
    Provider::new(FILE, |seen| match seen.path.as_str() {
        "/api/profile" => {
            ok(json!({ "id": 9, "name": "Anna", "accounts": [{ "id": 1, "name": "One" }, { "id": 2 }] }))
        }
        _ => ok(json!([{ "id": 1 }])),
    })
}

fn choices(found: &[tieline_core::Choice]) -> Vec<(&str, &str)> {
    found.iter().map(|choice| (choice.value.as_str(), choice.label.as_str())).collect()
}

#[tokio::test]
async fn the_values_of_a_setting_are_listed_before_it_is_given() {
    let provider = provider();
    let connector = provider.connect_with(json!({ "address": "https://t.example" }));
    let found = connector.choices(ChoicesRequest::new("account")).await.unwrap();
    assert_eq!(choices(&found.choices), [("1", "One"), ("2", "2")]);
    let found = connector.choices(ChoicesRequest::new("region")).await.unwrap();
    assert_eq!(choices(&found.choices), [("eu", "eu"), ("us", "us")]);
    let error = connector.choices(ChoicesRequest::new("address")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    let account = connector.check(Default::default()).await.unwrap();
    assert_eq!(choices(&account.others), [("1", "One"), ("2", "2")]);
    provider.asked();
    // Nothing is asked of no account.
    let error = read(&connector, ReadRequest::full("agents")).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the setting \"account\" is missing: choose one of its values in the connection's settings (config, entity=agents)"
    );
    assert!(provider.asked().is_empty());
}

/// A token of several accounts is of the one that the connection chose, and of no other.
#[tokio::test]
async fn the_account_is_the_one_of_the_setting() {
    let file = FILE.replace("others: accounts}", "others: accounts, setting: account}");
    let connector = |account: u64| {
        let provider = Provider::new(&file, |_| {
            ok(
                json!({ "id": 9, "name": "Anna", "accounts": [{ "id": 1, "name": "One" }, { "id": 2, "name": "Two" }] }),
            )
        });
        provider.connect_with(json!({ "address": "https://t.example", "account": account }))
    };
    let account = connector(2).check(Default::default()).await.unwrap();
    assert_eq!((account.id.unwrap().as_str(), account.name.as_str()), ("2", "Two"));
    let error = connector(7).check(Default::default()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the credential does not reach the account of the setting \"account\": it reaches 1, 2 (forbidden)"
    );
}

#[tokio::test]
async fn a_setting_has_its_default_and_its_table() {
    for (config, wanted) in [(json!({}), "europe"), (json!({ "region": "us" }), "america")] {
        let mut config: Value = config;
        config["address"] = json!("https://t.example");
        config["account"] = json!(1);
        let provider = provider();
        read(&provider.connect_with(config), ReadRequest::full("agents")).await.unwrap();
        assert_eq!(provider.asked(), [format!("GET /api/accounts/1/agents?region={wanted}")]);
    }
}
