//! Tokens that are kept in a store and renewed by a protocol of it, so that no process loses them to another.
//!
//! | step | what | where |
//! |---|---|---|
//! | 1 | valid beyond the margin: used; within it: one renews, the others use it until it dies | `credential.rs` |
//! | 2 | one renewal at a time in the process | `flight.rs` |
//! | 3 | a lease in the store, with a fencing number | `lease.rs` |
//! | 4 | read again under the lease | `renew.rs` |
//! | 5 | the intent is written | `renew.rs` |
//! | 6 | one request | `renew.rs` |
//! | 7 | the new pair is stored before anybody uses it | `save.rs` |

mod callbacks;
mod credential;
mod keeper;
mod lease;
mod observer;
mod renew;
mod revoke;
mod save;
mod state;

pub use callbacks::{FinishedConsent, StoreOnce};
pub use credential::StoredCredential;
pub use keeper::{CredentialManager, CredentialStore};
pub use observer::{Moment, Step, StepObserver};
pub use revoke::Revoked;
