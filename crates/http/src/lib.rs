#![doc = include_str!("../README.md")]

mod auth;
mod backoff;
mod builder;
mod clock;
mod download;
mod exchange;
mod guard;
pub mod headers;
pub mod memory;
mod network;
mod observe;
mod options;
mod ratelimit;
mod redirect;
mod retry;
mod silence;
mod stack;
mod text;
mod trace;
mod transport;

pub use backoff::RetryPolicy;
pub use builder::HttpStackBuilder;
pub use clock::TokioClock;
pub use guard::{GuardedResolver, NetworkPolicy, Resolver, SystemResolver};
pub use network::NetworkOptions;
#[cfg(feature = "metrics")]
pub use observe::names as metric_names;
pub use options::{ClientOptions, ProviderOptions, Timeouts};
pub use ratelimit::LimitPause;
pub use stack::HttpStack;
pub use transport::ReqwestTransport;
