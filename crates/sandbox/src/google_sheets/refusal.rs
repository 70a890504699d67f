//! Google's errors: `google.rpc.Status` in JSON.

use http::StatusCode;

use crate::reply::Reply;
use crate::{Json, Object};

#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) name: &'static str,
    pub(crate) message: String,
    /// The reason of an `ErrorInfo`.
    pub(crate) reason: Option<&'static str>,
}

impl Refusal {
    fn new(status: u16, name: &'static str, message: impl Into<String>) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, name, message: message.into(), reason: None }
    }

    pub(crate) fn reply(&self) -> Reply {
        let mut error = Object::default()
            .with("code", i64::from(self.status.as_u16()))
            .with("message", self.message.clone())
            .with("status", self.name);
        if let Some(reason) = self.reason {
            let info = Object::default()
                .with("@type", "type.googleapis.com/google.rpc.ErrorInfo")
                .with("reason", reason)
                .with("domain", "googleapis.com");
            error.set("details", vec![Json::from(info)]);
        }
        Reply::json(self.status, &Object::default().with("error", error).into())
    }
}

/// The usual words for a status.
pub(crate) fn of_status(status: StatusCode) -> Refusal {
    match status.as_u16() {
        400 => invalid("Invalid value"),
        401 => unauthenticated(),
        403 => forbidden(),
        404 => not_found(),
        409 => Refusal::new(409, "ABORTED", "The operation was aborted."),
        429 => exhausted("Read"),
        503 => Refusal::new(503, "UNAVAILABLE", "The service is currently unavailable."),
        504 => Refusal::new(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        code => Refusal::new(code, "INTERNAL", "Internal error encountered."),
    }
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "INVALID_ARGUMENT", message)
}

pub(crate) fn precondition() -> Refusal {
    Refusal::new(400, "FAILED_PRECONDITION", "This operation is not supported for this document")
}

pub(crate) fn unauthenticated() -> Refusal {
    let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other \
                   valid authentication credential.";
    Refusal::new(401, "UNAUTHENTICATED", message)
}

pub(crate) fn forbidden() -> Refusal {
    Refusal::new(403, "PERMISSION_DENIED", "The caller does not have permission")
}

pub(crate) fn protected() -> Refusal {
    let message = "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove \
                   protection if you need to edit.";
    invalid(message)
}

pub(crate) fn scope() -> Refusal {
    let mut refusal =
        Refusal::new(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.");
    refusal.reason = Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT");
    refusal
}

pub(crate) fn not_found() -> Refusal {
    Refusal::new(404, "NOT_FOUND", "Requested entity was not found.")
}

pub(crate) fn unmodelled(what: &str) -> Refusal {
    Refusal::new(501, "UNIMPLEMENTED", format!("the sandbox does not model this: {what}"))
}

pub(crate) fn exhausted(what: &str) -> Refusal {
    let message = format!(
        "Quota exceeded for quota metric '{what} requests' and limit '{what} requests per minute per user' of service \
         'sheets.googleapis.com' for consumer 'project_number:1'."
    );
    let mut refusal = Refusal::new(429, "RESOURCE_EXHAUSTED", message);
    refusal.reason = Some("RATE_LIMIT_EXCEEDED");
    refusal
}
