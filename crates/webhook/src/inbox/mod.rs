//! Receiving deliveries: verified, stored, answered; and handled afterwards.

mod endpoint;
mod hints;
mod rate;
mod receive;
mod worker;

pub use endpoint::{Endpoint, FindEndpoints};
pub use hints::pending_hints;
pub use rate::RateLimit;
pub use receive::{BODY_LIMIT, WebhookInbox};
pub use worker::{DeliveryHandler, InboxWorker, WorkReport};
