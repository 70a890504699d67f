#![doc = include_str!("../README.md")]

// Public for benches and fuzzing alone; no part of the API.
#[doc(hidden)]
pub mod xmlrpc;
