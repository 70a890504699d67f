use std::time::Duration;

use tieline_kit::JsonPath;

use super::{Place, Request};

/// A job that a request begins: asked for until it is done, then its result is read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Job {
    /// The place of the job's id, or of the address at which it is asked for.
    pub id: Place,
    /// The request that asks for it; the address at `id` when absent.
    pub poll: Option<Request>,
    /// The path to its state; without one it is done once the answer is not 202.
    pub state: Option<JsonPath>,
    /// The states of a job that is done.
    pub done: Vec<String>,
    /// The states of a job that failed.
    pub failed: Vec<String>,
    /// The request of its result; the last answer when absent.
    pub result: Option<Request>,
    /// The time between two requests.
    pub every: Duration,
}
