//! How long a provider may be silent, for whole responses and for uploads.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use tieline_core::http::RequestBody;
use tieline_core::{Error, ErrorKind, Result};
use tokio::time::Instant;

/// Waits for `result`, at most `idle` after the last sign of life: the beginning, or a piece of an upload that left.
pub(crate) async fn silent<T>(
    result: impl Future<Output = Result<T>>,
    upload: Option<&Progress>,
    idle: Duration,
) -> Result<T> {
    let mut result = pin!(result);
    let mut since = Instant::now();
    loop {
        if let Ok(result) = tokio::time::timeout_at(since + idle, result.as_mut()).await {
            return result;
        }
        match upload.map(Progress::last) {
            Some(last) if last > since => since = last,
            _ => return Err(silence(idle)),
        }
    }
}

/// The error for a provider that was silent for too long.
pub(crate) fn silence(idle: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("the provider was silent for {} s", idle.as_secs_f32()))
        .with_advice(AGAIN)
}

pub(crate) const AGAIN: &str =
    "go on later from the last stored state, and look at the provider's status page if it stays";

/// When a piece of an upload left last.
#[derive(Debug)]
pub(crate) struct Progress(Mutex<Instant>);

impl Progress {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The body, noting when its pieces are taken.
    pub(crate) fn watch(progress: &Arc<Self>, body: RequestBody) -> RequestBody {
        let length = body.length();
        match body.into_parts() {
            Ok(bytes) => bytes.into(),
            Err(stream) => {
                let progress = Arc::clone(progress);
                let stream = stream.inspect(move |_| {
                    *progress.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                });
                RequestBody::stream(stream.boxed(), length)
            }
        }
    }
}
