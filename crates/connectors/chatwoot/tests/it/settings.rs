use secrecy::ExposeSecret as _;
use tieline_chatwoot::{ChatwootConfig, ChatwootFactory};
use tieline_core::{ConnectorFactory, Result};
use tieline_document::Format;
use tieline_rest::Description;

type Variables = &'static [(&'static str, &'static str)];

fn from(variables: Variables) -> Result<Option<(ChatwootConfig, String)>> {
    let found = ChatwootConfig::from_variables(|name| {
        Ok(variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    })?;
    Ok(found.map(|(config, token)| (config, token.expose_secret().to_owned())))
}

#[test]
fn the_environment_is_a_fallback_as_a_whole() {
    assert_eq!(from(&[]).unwrap(), None);
    assert_eq!(from(&[("CHATWOOT_BASE_URL", "https://chat.acme.example")]).unwrap(), None);
    let all: Variables = &[
        ("CHATWOOT_BASE_URL", " https://chat.acme.example/ "),
        ("CHATWOOT_ACCOUNT_ID", "7"),
        ("CHATWOOT_API_KEY", "tok-1"),
    ];
    let (config, token) = from(all).unwrap().unwrap();
    assert_eq!((config, token.as_str()), (ChatwootConfig::new("https://chat.acme.example/", 7), "tok-1"));
    let (cloud, _) = from(&all[1..]).unwrap().unwrap();
    assert_eq!(cloud, ChatwootConfig::new(ChatwootConfig::CLOUD, 7));
    let said: Vec<String> = [
        &[("CHATWOOT_ACCOUNT_ID", "7")] as Variables,
        &[("CHATWOOT_API_KEY", "tok-1"), ("CHATWOOT_ACCOUNT_ID", " ")],
        &[("CHATWOOT_API_KEY", "tok-1"), ("CHATWOOT_ACCOUNT_ID", "seven")],
    ]
    .into_iter()
    .map(|variables| from(variables).unwrap_err().to_string())
    .collect();
    assert!(said.iter().all(|said| !said.contains("tok-1")));
    insta::assert_snapshot!(said.join("\n"), @r"
    the environment holds a Chatwoot connection without CHATWOOT_API_KEY: set CHATWOOT_ACCOUNT_ID and CHATWOOT_API_KEY, or neither (config)
    the environment holds a Chatwoot connection without CHATWOOT_ACCOUNT_ID: set CHATWOOT_ACCOUNT_ID and CHATWOOT_API_KEY, or neither (config)
    the variable CHATWOOT_ACCOUNT_ID is no number: it stands behind /accounts/ in the browser's address bar (config)
    ");
}

#[test]
fn the_shipped_description_is_sound() {
    let file = include_str!("../../chatwoot.yaml");
    if let Err(findings) = Description::load("chatwoot.yaml", file, Format::Yaml) {
        panic!("{findings}");
    }
    assert!(file.lines().count() < 200);
    ChatwootFactory::default().loaded().unwrap();
}

#[test]
fn a_server_of_ones_own_is_an_origin_of_the_connection() {
    let factory = ChatwootFactory::default();
    let config = serde_json::json!({ "address": "https://chat.acme.example/", "account": "7" });
    assert_eq!(factory.base_url(&config).unwrap().as_str(), "https://chat.acme.example/");
    for wrong in [serde_json::json!({}), serde_json::json!({ "address": "chat", "account": 7 })] {
        let error = factory.base_url(&wrong).unwrap_err();
        assert_eq!(error.kind(), tieline_core::ErrorKind::Config, "{error}");
    }
}
