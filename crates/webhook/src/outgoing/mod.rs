//! Sending notifications as Standard Webhooks.

mod schedule;
mod sign;

pub use schedule::RetrySchedule;
pub use sign::{new_secret, signed_headers};
