//! HTTP as plain data. Core has no implementation of it: `tieline-http` is one, a host may bring another.

mod body;
mod classification;
mod client;
mod form;
mod multipart;
mod path;
mod request;
mod response;
mod stream;
mod streamed;
mod transport;

pub use body::{Body, BodyBuilder, Escape};
pub use classification::{Classification, Usage};
pub use client::{HttpClient, HttpService};
pub use form::Form;
pub use multipart::{FileContent, Multipart};
pub use path::{fill_path, is_path_value};
pub use request::{HttpRequest, Redirects, RequestAuth};
pub use response::{HttpResponse, ResponseView};
pub use stream::{RequestBody, StreamedBody};
pub use streamed::StreamedResponse;
pub use transport::{BodyStream, Transport};
