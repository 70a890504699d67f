//! Endpoints of webhooks: addresses at which a connection's provider notifies the host, and addresses of the host's
//! customers that are notified of events. Secrets are sealed; several are in force during a rotation.

mod endpoint;
mod notification;
mod secret;
mod store;

pub use endpoint::{NewEndpoint, NewSubscriber, Subscriber, WebhookEndpoint};
pub use notification::{
    Attempt, NewAttempt, Notification, NotificationEnd, NotificationRevision, NotificationStatus,
};
pub use secret::{EndpointSecret, SEALED_AS, SECRETS_IN_FORCE, SealedSecret, SecretPurpose};
pub use store::{EndpointStore, NotificationStore, WebhookStore};
