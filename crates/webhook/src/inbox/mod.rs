//! Receiving deliveries: verified, stored, answered; and handled afterwards.

mod endpoint;
mod endpoints;
mod hints;
mod rate;
mod receive;
mod stored;
mod worker;

pub use endpoint::{Endpoint, FindEndpoints};
pub use endpoints::{CreatedEndpoint, EndpointOptions, Endpoints};
pub use hints::pending_hints;
pub use rate::RateLimit;
pub use receive::{BODY_LIMIT, WebhookInbox};
pub use stored::StoredEndpoints;
pub use worker::{DeliveryHandler, InboxWorker, WorkReport};
