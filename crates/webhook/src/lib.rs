#![doc = include_str!("../README.md")]

mod decode;
mod fetched;
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
