#![doc = include_str!("../README.md")]

#[cfg(feature = "axum")]
pub mod axum;
mod decode;
mod fetched;
#[cfg(feature = "inbox")]
pub mod inbox;
mod named;
mod once;
mod outgoing;
mod provider;
mod public_key;
mod refusal;
mod signature;
mod token;
mod verified;
mod verifier;

pub use fetched::{FetchKey, FetchedKeys};
pub use named::NAMES;
pub use outgoing::{RetrySchedule, new_secret, signed_headers};
pub use provider::sns::sns_address;
pub use refusal::Refusal;
pub use verified::{Identity, Trust, Verified};
pub use verifier::Verifier;
