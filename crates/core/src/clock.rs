//! Time is handed in, so that tests can hold it.

use std::fmt::Debug;

use chrono::{DateTime, Utc};

/// The source of the current time. Connectors prefer the provider's own clock (the `Date` header) for watermarks.
pub trait Clock: Debug + Send + Sync {
    /// The time now.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }
}
