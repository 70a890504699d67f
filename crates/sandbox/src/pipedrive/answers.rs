//! The envelope around every answer, and the words of the refusals.

use http::StatusCode;

use crate::reply::Reply;
use crate::{Json, Object};

/// A request that is not granted.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) error: String,
    pub(crate) info: String,
}

const HELP: &str = "Please check developers.pipedrive.com";

impl Refusal {
    pub(crate) fn new(status: StatusCode, error: impl Into<String>) -> Self {
        Self { status, error: error.into(), info: HELP.into() }
    }

    pub(crate) fn bad(error: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error)
    }

    pub(crate) fn missing(what: &str) -> Self {
        let info = "The object was not found.".into();
        Self { status: StatusCode::NOT_FOUND, error: format!("{what} not found"), info }
    }

    pub(crate) fn no_route() -> Self {
        Self::new(StatusCode::NOT_FOUND, "unknown method")
    }

    pub(crate) fn not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed")
    }

    /// The provider has this endpoint and the sandbox has not: said plainly, so nobody looks for a mistake.
    pub(crate) fn not_modelled() -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "the sandbox does not model this endpoint")
    }

    pub(crate) fn reply(&self) -> Reply {
        let body = Object::default().with("success", false).with("error", self.error.clone());
        let coded = match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS => {
                body.with("errorCode", i64::from(self.status.as_u16())).with("error_info", self.info.clone())
            }
            _ => body
                .with("error_info", self.info.clone())
                .with("data", Json::Null)
                .with("additional_data", Json::Null),
        };
        let reply = Reply::json(self.status, &coded.into());
        if self.status == StatusCode::UNAUTHORIZED { reply.with_header("x-401-by-gw", "true") } else { reply }
    }
}

/// The provider's own words for a status.
pub(crate) fn refusal(status: StatusCode) -> Reply {
    let error = match status {
        StatusCode::UNAUTHORIZED => "unauthorized access",
        StatusCode::PAYMENT_REQUIRED => "the company account is not active",
        StatusCode::FORBIDDEN => "Scope and URL mismatch",
        StatusCode::NOT_FOUND => "unknown method",
        StatusCode::TOO_MANY_REQUESTS => "request over limit",
        StatusCode::SERVICE_UNAVAILABLE => "scheduled maintenance",
        status if status.is_server_error() => "something went wrong",
        _ => "bad request",
    };
    Refusal::new(status, error).reply()
}

pub(crate) fn one(data: impl Into<Json>) -> Reply {
    with_status(StatusCode::OK, data)
}

pub(crate) fn with_status(status: StatusCode, data: impl Into<Json>) -> Reply {
    Reply::json(status, &Object::default().with("success", true).with("data", data).into())
}

pub(crate) fn page(data: Vec<Json>, next_cursor: Option<String>) -> Reply {
    let more = Object::default().with("next_cursor", next_cursor);
    let body = Object::default().with("success", true).with("data", data).with("additional_data", more);
    Reply::json(StatusCode::OK, &body.into())
}

/// A v1 page. An empty one has `null` where the records would be.
pub(crate) fn v1_page(data: Vec<Json>, start: usize, limit: usize, more: bool) -> Reply {
    let mut pagination =
        Object::default().with("start", start).with("limit", limit).with("more_items_in_collection", more);
    if more {
        pagination.set("next_start", start + limit);
    }
    let body = v1_body(data).with("additional_data", Object::default().with("pagination", pagination));
    Reply::json(StatusCode::OK, &body.into())
}

/// A v1 list that has no pages.
pub(crate) fn v1_list(data: Vec<Json>) -> Reply {
    Reply::json(StatusCode::OK, &v1_body(data).into())
}

fn v1_body(data: Vec<Json>) -> Object {
    let data = if data.is_empty() { Json::Null } else { Json::Array(data) };
    Object::default().with("success", true).with("data", data)
}
