//! The inbox: what providers notified of, stored before they get their response, and handled afterwards.
//!
//! What is stored is the event that a receiver read from a verified delivery, never the delivery itself: its headers,
//! address and body may hold the secret that it was verified by.

mod event;
mod store;

pub use event::{EventKind, decode_event, encode_event};
pub use store::{
    Delivery, DeliveryRevision, DeliveryStatus, InboxClaim, InboxStore, NewDelivery, Received, Settlement,
};
