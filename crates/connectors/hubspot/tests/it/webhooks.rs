use bytes::Bytes;
use serde_json::json;
use tieline_core::ConnectorFactory;
use tieline_core::webhook::{ReceiveRequest, Verification, WebhookEvent};
use tieline_hubspot::HubSpotFactory;

use crate::common::{config, start};

#[test]
fn each_event_of_a_delivery_names_the_record_to_read() {
    let factory = HubSpotFactory::default();
    let config = serde_json::to_value(config()).unwrap();
    let receiver = factory.webhooks().unwrap();
    assert!(matches!(receiver.verification(&config), Verification::Named(name) if name == "hubspot"));
    let body = json!([
        { "eventId": 1, "portalId": 145_678, "subscriptionType": "contact.propertyChange", "objectId": 101,
          "propertyName": "email", "propertyValue": "kari@fjord.example" },
        { "eventId": 2, "portalId": 145_678, "subscriptionType": "deal.deletion", "objectId": 2001 },
        { "eventId": 3, "portalId": 145_678, "subscriptionType": "line_item.creation", "objectId": 5001 },
    ]);
    let request = http::Request::post("/hooks/abc").body(Bytes::from(body.to_string())).unwrap();
    let url = "https://host.example/hooks/abc".parse().unwrap();
    let delivery = ReceiveRequest::new(&request, &url, &[], &config, start());
    let WebhookEvent::Hints(hints) = receiver.receive(&delivery).unwrap() else { panic!("no hints") };
    let said = format!("{hints:?}");
    for part in ["contacts", "101", "deals", "2001", "line_items", "5001"] {
        assert!(said.contains(part), "{said}");
    }
    assert!(!said.contains("kari"), "a notification is a hint: {said}");
}
