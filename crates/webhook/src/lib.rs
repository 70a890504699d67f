#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
pub mod axum;
mod decode;
mod fetched;
#[cfg(feature = "inbox")]
pub mod inbox;
#[cfg(feature = "axum")]
mod live;
mod named;
mod once;
mod outgoing;
mod provider;
mod public_key;
mod refusal;
#[cfg(feature = "inbox")]
mod sealing;
mod signature;
mod token;
mod verified;
mod verifier;

pub use fetched::{FetchKey, FetchedKeys};
pub use named::NAMES;
#[cfg(feature = "outgoing")]
pub use outgoing::{CreatedSubscriber, NotificationSender, SendReport, Subscribers};
pub use outgoing::{RetrySchedule, new_secret, signed_headers};
pub use provider::sns::sns_address;
pub use refusal::Refusal;
#[cfg(feature = "inbox")]
pub use sealing::rewrap_secrets;
pub use verified::{Identity, Trust, Verified};
pub use verifier::Verifier;
