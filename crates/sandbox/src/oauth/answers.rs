//! What the endpoints answer: RFC 6749's errors, redirects and pages.

use http::StatusCode;
use url::Url;

use crate::reply::Reply;
use crate::{Json, Object};

/// An error as RFC 6749 has it.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    pub(crate) status: StatusCode,
    pub(crate) error: String,
    pub(crate) description: String,
}

impl Trouble {
    pub(crate) fn new(error: &str, description: impl Into<String>) -> Self {
        let status = StatusCode::BAD_REQUEST;
        Self { status, error: error.to_owned(), description: description.into() }
    }

    pub(crate) fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    pub(crate) fn invalid_grant(description: impl Into<String>) -> Self {
        Self::new("invalid_grant", description)
    }

    pub(crate) fn invalid_client() -> Self {
        let status = StatusCode::UNAUTHORIZED;
        Self { status, ..Self::new("invalid_client", "The client credentials are invalid") }
    }

    pub(crate) fn invalid_scope() -> Self {
        Self::new("invalid_scope", "The requested scope is invalid, unknown, or beyond what was granted")
    }

    /// The error as the token endpoint says it.
    pub(crate) fn reply(&self) -> Reply {
        let body = Object::default()
            .with("error", self.error.clone())
            .with("error_description", self.description.clone());
        let reply = uncached(Reply::json(self.status, &body.into()));
        if self.status == StatusCode::UNAUTHORIZED {
            return reply.with_header("www-authenticate", "Basic realm=\"oauth\"");
        }
        reply
    }

    /// The error as a page, for when there is no address to send the person back to.
    pub(crate) fn page(&self) -> Reply {
        let text = format!("{}: {}", escaped(&self.error), escaped(&self.description));
        page(self.status, "This cannot go on", &format!("<p>{text}</p>"))
    }
}

/// Tokens must not be kept by anything in between (RFC 6749, section 5.1).
pub(crate) fn uncached(reply: Reply) -> Reply {
    reply.with_header("cache-control", "no-store").with_header("pragma", "no-cache")
}

/// Sends the person back to the application.
pub(crate) fn redirect(to: &Url, members: &[(&str, &str)]) -> Reply {
    let mut to = to.clone();
    if !members.is_empty() {
        to.query_pairs_mut().extend_pairs(members);
    }
    uncached(Reply::html(StatusCode::FOUND, "")).with_header("location", to.as_str())
}

pub(crate) fn page(status: StatusCode, title: &str, body: &str) -> Reply {
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    );
    uncached(Reply::html(status, &html)).with_header("x-frame-options", "DENY")
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// What goes out for a status that a fault asks for.
pub(crate) fn refusal(status: StatusCode) -> Reply {
    let (error, description) = match status {
        StatusCode::UNAUTHORIZED => return Trouble::invalid_client().reply(),
        StatusCode::TOO_MANY_REQUESTS => ("slow_down", "Too many requests"),
        status if status.is_server_error() => ("server_error", "Something went wrong"),
        _ => ("invalid_request", "The request was refused"),
    };
    Trouble { status, ..Trouble::new(error, description) }.reply()
}

pub(crate) fn texts<'a>(items: impl IntoIterator<Item = &'a String>) -> Json {
    Json::Array(items.into_iter().map(|text| text.clone().into()).collect())
}
