//! HTTP as plain data. Core has no implementation of it: `tieline-http` is one, a host may bring another.

mod body;
mod client;
mod path;
mod request;
mod response;
mod transport;

pub use body::{Body, BodyBuilder, Escape};
pub use client::{HttpClient, HttpService};
pub use path::{fill_path, is_path_value};
pub use request::{HttpRequest, RequestAuth};
pub use response::{Classification, HttpResponse, ResponseView};
pub use transport::{BodyStream, Transport};
