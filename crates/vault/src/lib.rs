#![doc = include_str!("../README.md")]

mod aead;
mod context;
pub mod fernet;
mod key;
mod key_ring;
mod load;
mod mask;
mod provider;
mod sealed;
mod vault;

pub use context::Context;
pub use key::Key;
pub use key_ring::KeyRing;
pub use mask::mask;
pub use provider::{KeyId, KeyProvider, WrappedKey};
pub use sealed::Sealed;
pub use vault::{MAX_SECRET, Vault};
