use tieline_chatwoot::{Chatwoot, Contact, Conversation};
use tieline_core::{CheckRequest, Connector, DiscoverRequest};
use tieline_rest::Shipped as _;

use crate::common::account;

#[tokio::test(start_paused = true)]
async fn the_account_and_its_entities_are_described() {
    let (_, desk) = account(12);
    let account = desk.check(CheckRequest::default()).await.unwrap();
    assert_eq!(account.name, "Fjord Support AS");
    assert_eq!(account.id.as_ref().map(|id| id.as_str()), Some("1"));
    let catalog = desk.discover(DiscoverRequest::names()).await.unwrap();
    let names: Vec<&str> = catalog.entities.iter().map(|entity| entity.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "contacts",
            "conversations",
            "messages",
            "inboxes",
            "agent_bots",
            "labels",
            "agents",
            "teams",
            "custom_attributes"
        ]
    );
    let contacts = catalog.entity("contacts").unwrap();
    let actions: Vec<&str> = contacts.actions.iter().map(|action| action.name.as_str()).collect();
    assert_eq!(actions, ["merge", "set_labels", "remove_attributes"]);
    assert!(contacts.marker.is_some());
}

#[tokio::test(start_paused = true)]
async fn records_are_typed() {
    let (_, desk) = account(12);
    let contact: Contact = desk.record_as("contacts", "7").await.unwrap().unwrap();
    assert_eq!((contact.id, contact.identifier.as_deref()), (7, Some("CUST-7")));
    assert_eq!(contact.custom_attributes["plan"].get(), "\"gold\"");
    let conversation: Conversation = desk.record_as("conversations", "1").await.unwrap().unwrap();
    assert!(conversation.updated_at.is_some() && conversation.snoozed_until.is_none());
    assert!(desk.record_as::<Contact>("contacts", "4711").await.unwrap().is_none());
}

/// The lines of the description, as they would be drafted from one answer.
#[tokio::test(start_paused = true)]
async fn a_first_page_shows_what_a_description_says_of_it() {
    let (_, desk) = account(40);
    let guess = desk.guess("contacts").await.unwrap();
    assert_eq!(guess.records, 15);
    assert_eq!(guess.lines, [("records", "payload".to_owned()), ("key", "id".to_owned())]);
    assert!(guess.notes.iter().any(|note| note.starts_with("there are more pages")), "{:?}", guess.notes);
    let guess = desk.guess("agents").await.unwrap();
    assert_eq!(guess.lines[0], ("records", "\"\"".to_owned()));
}

#[test]
fn what_is_asked_for_is_explained() {
    let factory = Chatwoot::description().unwrap();
    let explained: Vec<String> = ["contacts", "conversations", "messages", "inboxes"]
        .iter()
        .map(|entity| factory.description().explain(entity).unwrap().to_string())
        .collect();
    insta::assert_snapshot!(explained.join("\n"));
}
