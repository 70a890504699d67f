//! Sending notifications as Standard Webhooks.

mod schedule;
#[cfg(feature = "outgoing")]
mod sender;
mod sign;
#[cfg(feature = "outgoing")]
mod subscribers;

pub use schedule::RetrySchedule;
pub use sign::{new_secret, signed_headers};
#[cfg(feature = "outgoing")]
pub use {
    sender::{NotificationSender, SendReport},
    subscribers::{CreatedSubscriber, Subscribers},
};
