//! What a form gives, and what a customer's description may not say.

use insta::assert_snapshot;
use serde_json::{Value, json};
use tieline_core::{AuthScheme, ConnectorFactory, IntoCredential};
use tieline_custom_rest::{CustomRestConfig, CustomRestFactory, NoCredential};

fn configured(config: &Value) -> Result<String, String> {
    let factory =
        CustomRestFactory::default().configured(config).map_err(|error| error.to_string())?.unwrap();
    let url = factory.base_url(config).map_err(|error| error.to_string())?;
    Ok(format!("{} at {url}", factory.spec().title))
}

#[test]
fn the_four_lines_of_a_form_are_a_connector() {
    let form = json!({
        "name": "Booking system",
        "url": "https://api.booking.example/v1",
        "auth": "bearer",
        "headers": { "X-Tenant": "acme" },
    });
    assert_eq!(configured(&form).unwrap(), "Booking system at https://api.booking.example/");
    let factory = CustomRestFactory::default().configured(&form).unwrap().unwrap();
    assert!(matches!(factory.spec().auth.as_slice(), [AuthScheme::Bearer { .. }]));
}

#[test]
fn the_same_description_is_read_in_each_format() {
    let yaml = "name: Acme\nurl: https://api.acme.example\nauth: basic\nentities: {rooms: /rooms}\n";
    let toml = "name = \"Acme\"\nurl = \"https://api.acme.example\"\nauth = \"basic\"\n[entities]\nrooms = \"/rooms\"\n";
    let json =
        r#"{"name":"Acme","url":"https://api.acme.example","auth":"basic","entities":{"rooms":"/rooms"}}"#;
    for config in [CustomRestConfig::yaml(yaml), CustomRestConfig::toml(toml), CustomRestConfig::json(json)] {
        let stored = serde_json::to_value(&config).unwrap();
        assert_eq!(configured(&stored).unwrap(), "Acme at https://api.acme.example/");
        assert_eq!(config.factory().unwrap().description().entities.len(), 1);
    }
}

#[test]
fn settings_of_a_description_take_their_values() {
    let yaml = "name: Acme\nsettings: {region: {title: Region, values: {eu: europe, us: america}}}\nurl: https://api.acme.example/<region>\nentities: {rooms: /rooms}\n";
    let config = CustomRestConfig::yaml(yaml).with_value("region", "eu");
    let stored = serde_json::to_value(&config).unwrap();
    assert_eq!(serde_json::from_value::<CustomRestConfig>(stored.clone()).unwrap(), config);
    assert_eq!(configured(&stored).unwrap(), "Acme at https://api.acme.example/");
}

#[test]
fn an_api_without_a_credential_takes_none_and_others_do_not() {
    let open = json!({ "name": "Acme", "url": "https://api.acme.example", "auth": "none" });
    let factory = CustomRestFactory::default().configured(&open).unwrap().unwrap();
    assert!(NoCredential.into_credential(&factory.spec().auth).is_ok());
    let closed = json!({ "name": "Acme", "url": "https://api.acme.example", "auth": "bearer" });
    let factory = CustomRestFactory::default().configured(&closed).unwrap().unwrap();
    assert!(NoCredential.into_credential(&factory.spec().auth).is_err());
}

#[test]
fn what_a_customer_may_not_say_is_said_with_its_place() {
    let said: Vec<String> = [
        json!({}),
        json!({ "description": 7 }),
        json!({ "description": "name: Acme\nurl: http://api.acme.example\n" }),
        json!({ "description": "name: Acme\nurl: https://127.0.0.1\n" }),
        json!({ "description": "name: Acme\nurl: https://api.acme.example\norigins: [evil.example]\n" }),
        json!({ "description": "name: Acme\nurl: https://api.acme.example\nentities: {rooms: https://evil.example/rooms}\n" }),
        json!({ "description": "name: Acme\nurl: https://api.acme.example\nheaders: {Authorization: x}\n" }),
        json!({ "description": "name: Acme\nurl: https://api.acme.example\nentities: {rooms: /rooms?page=<pgae>}\n" }),
    ]
    .iter()
    .map(|config| configured(config).unwrap_or_else(|error| error))
    .collect();
    assert_snapshot!(said.join("\n"));
}
