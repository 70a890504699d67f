//! The state of a read: the place where it stopped.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Error, ErrorKind, RawJson, Result};

/// The place where a read stopped, as its connector needs it to go on. Opaque to everyone else: keep it as it is.
///
/// ```
/// use tieline_core::State;
///
/// let state = State::new(1, &serde_json::json!({ "watermark": "2026-01-10T08:00:00Z" }))?;
/// assert_eq!(state.to_text()?, r#"{"v":1,"body":{"watermark":"2026-01-10T08:00:00Z"}}"#);
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    v: u32,
    body: RawJson,
}

impl State {
    /// A state of the connector's schema version `v`.
    pub fn new<T: Serialize + ?Sized>(v: u32, body: &T) -> Result<Self> {
        Ok(Self { v, body: RawJson::of(body)? })
    }

    /// The version of the body's schema.
    pub fn version(&self) -> u32 {
        self.v
    }

    /// Reads the body. Fails with `StateInvalid`, which asks for a full read and skips nothing.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.body.get()).map_err(|error| {
            Error::new(
                ErrorKind::StateInvalid,
                format!("the stored state (version {}) cannot be read", self.v),
            )
            .with_advice("start over without state: a full read skips nothing")
            .with_source(error)
        })
    }

    /// The state as one line of JSON.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|error| {
            Error::new(ErrorKind::Internal, "a state could not be written").with_source(error)
        })
    }

    /// Reads what [`to_text`](Self::to_text) wrote. Fails with `StateInvalid`.
    pub fn from_text(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::StateInvalid, "the stored state is not a state")
                .with_advice("start over without state: a full read skips nothing")
                .with_source(error)
        })
    }
}
