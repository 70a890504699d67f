#![doc = include_str!("../README.md")]

mod auth;
mod backoff;
mod clock;
mod exchange;
mod guard;
pub mod headers;
mod host;
pub mod memory;
mod options;
mod ratelimit;
mod retry;
mod trace;
mod transport;

pub use backoff::RetryPolicy;
pub use clock::TokioClock;
pub use guard::{NetworkPolicy, Resolver, SystemResolver};
pub use host::{HttpHostBuilder, HttpStack};
pub use options::{ClientOptions, Timeouts};
pub use transport::ReqwestTransport;
