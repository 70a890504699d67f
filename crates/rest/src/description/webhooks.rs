use std::time::Duration;

use tieline_core::webhook::Verification;

use super::{Named, Request};

/// The notifications of a provider: their verification, their meaning, and the requests that subscribe to them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Webhooks {
    /// The verification of a delivery.
    pub verify: Verification,
    /// Settings and their values under which the deliveries of a connection are unsigned.
    pub unsigned_if: Named<String>,
    /// The provider's id of the account, where one address serves all accounts.
    pub account: Option<DeliveryPlace>,
    /// A JSON Pointer to the list of events; the body is one event when absent.
    pub items: Option<String>,
    /// The delivery's id.
    pub id: Option<DeliveryPlace>,
    /// The name of an event.
    pub event: Option<DeliveryPlace>,
    /// The challenge that is repeated before anything is sent.
    pub echo: Option<DeliveryPlace>,
    /// The events by name, in order; `*` matches any text.
    pub events: Named<EventMeaning>,
    /// The list of subscriptions.
    pub list: Option<SubscriptionList>,
    /// The request that makes a subscription.
    pub subscribe: Option<SubscribeRequest>,
    /// The request that renews one.
    pub renew: Option<Request>,
    /// The request that removes one.
    pub unsubscribe: Option<Request>,
    /// The life of a subscription.
    pub life: Option<Duration>,
}

/// A place in a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeliveryPlace {
    /// A JSON Pointer into the event, or into the body.
    Body(String),
    /// A header, lower case.
    Header(String),
    /// A query parameter.
    Query(String),
}

/// The meaning of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventMeaning {
    /// A record changed.
    Record(EventRecord),
    /// The account was disconnected.
    Disconnected,
    /// Deliveries were lost.
    Missed,
    /// Nothing that concerns a connection.
    Nothing,
}

/// The record that an event is about. The places are JSON Pointers into the event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventRecord {
    /// The entity.
    pub entity: String,
    /// The record's key; all of the entity when absent.
    pub key: Option<String>,
    /// The parent's key.
    pub parent: Option<String>,
    /// Whether the event says that the record was deleted.
    pub deleted: bool,
    /// The key of the record that it was merged into.
    pub into: Option<String>,
    /// The time of change.
    pub changed: Option<String>,
    /// The record itself, where no list has it.
    pub record: Option<String>,
    /// The provider's names of the events, for a subscription.
    pub names: Vec<String>,
}

/// The request that makes a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscribeRequest {
    /// The request.
    pub request: Request,
    /// A JSON Pointer to the id in the answer.
    pub id: String,
    /// A JSON Pointer to the secret in the answer.
    pub secret: Option<String>,
    /// A JSON Pointer to the time at which it ends.
    pub ends: Option<String>,
}

/// The list of subscriptions, by which those that call an address are found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriptionList {
    /// The request.
    pub request: Request,
    /// A JSON Pointer to the list in the answer.
    pub records: String,
    /// A JSON Pointer to the id of one.
    pub id: String,
    /// A JSON Pointer to the address that it calls.
    pub url: String,
    /// A JSON Pointer to the time at which it ends.
    pub ends: Option<String>,
}
