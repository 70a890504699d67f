use tieline_core::{CheckRequest, Connector, ConnectorFactory, DiscoverRequest};
use tieline_hubspot::{Contact, HubSpot, HubSpotFactory, Object};
use tieline_rest::Shipped as _;

use crate::common::account;

#[tokio::test(start_paused = true)]
async fn the_account_and_its_entities_are_described() {
    let (_, portal) = account(12);
    let account = portal.check(CheckRequest::default()).await.unwrap();
    assert_eq!(account.id.as_ref().map(|id| id.as_str()), Some("145678"));
    let catalog = portal.discover(DiscoverRequest::names()).await.unwrap();
    assert_eq!(catalog.entities.len(), 21);
    let contacts = catalog.entity("contacts").unwrap();
    let actions: Vec<&str> = contacts.actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(actions, ["merge"]);
    let marker = contacts.marker.as_ref().unwrap();
    assert_eq!(marker.field.as_str(), "/properties/external_ref");
}

/// The account's own properties are fields.
#[tokio::test(start_paused = true)]
async fn properties_are_discovered() {
    let (_, portal) = account(3);
    let catalog =
        portal.discover(DiscoverRequest::schemas().only("contacts").only("custom_objects")).await.unwrap();
    let paths = |name: &str| -> Vec<String> {
        let fields = &catalog.entity(name).unwrap().fields;
        fields.iter().map(|field| field.path.as_str().to_owned()).collect()
    };
    assert!(paths("contacts").iter().any(|path| path == "/properties/external_ref"));
    assert!(paths("custom_objects").iter().any(|path| path == "/properties/frame_number"));
}

#[tokio::test(start_paused = true)]
async fn records_are_typed() {
    let (_, portal) = account(12);
    let contact: Object<Contact> = portal.record_as("contacts", "101").await.unwrap().unwrap();
    assert_eq!(contact.id, "101");
    assert_eq!(contact.properties.lastname.as_deref(), Some("Åkerlund"));
    assert!(contact.properties.company.is_none() && contact.updated_at.is_some());
    assert!(portal.record_as::<Object<Contact>>("contacts", "4711").await.unwrap().is_none());
}

#[test]
fn what_is_asked_for_is_explained() {
    let factory = HubSpot::description().unwrap();
    let explained: Vec<String> = ["contacts", "owners", "deal_contacts"]
        .iter()
        .map(|entity| factory.description().explain(entity).unwrap().to_string())
        .collect();
    insta::assert_snapshot!(explained.join("\n"));
}

/// The guide is for people, and the form asks for no secret but the token.
#[test]
fn the_form_has_a_guide() {
    let factory = HubSpotFactory::default();
    let spec = serde_json::to_string(factory.spec()).unwrap();
    assert!(spec.contains("Private Apps") && spec.contains("external_id"), "{spec}");
}
