//! How Fortnox says no: both spellings of its error body, its codes, its Swedish.
//! <https://www.fortnox.se/developer/guides-and-good-to-know/errors>

use http::StatusCode;

use crate::reply::Reply;
use crate::{Json, Object};

/// A request that is not granted.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// `None` for what the gateway says, which has no code.
    code: Option<i64>,
    message: String,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: i64, message: impl Into<String>) -> Self {
        Self { status, code: Some(code), message: message.into() }
    }

    pub(crate) fn bad(code: i64, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn gateway(status: StatusCode, message: &str) -> Self {
        Self { status, code: None, message: message.to_owned() }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::gateway(StatusCode::UNAUTHORIZED, "unauthorized")
    }

    pub(crate) fn parameter() -> Self {
        Self::bad(2_000_588, "Ogiltig parameter i anropet.")
    }

    pub(crate) fn filter() -> Self {
        Self::bad(2_000_587, "Ogiltigt filter i anropet.")
    }

    pub(crate) fn body() -> Self {
        Self::bad(2_001_392, "Ingen eller felaktig typ av data.")
    }

    pub(crate) fn field(name: &str) -> Self {
        Self::bad(2_001_399, format!("Felaktigt fältnamn ({name})."))
    }

    /// What the business logic refuses. The facts name no code for these.
    pub(crate) fn state(message: impl Into<String>) -> Self {
        Self::bad(2_000_729, message)
    }

    /// Fortnox has this endpoint and the sandbox has not: said plainly, so nobody looks for a mistake.
    pub(crate) fn not_modelled() -> Self {
        Self::gateway(StatusCode::NOT_IMPLEMENTED, "the sandbox does not model this endpoint")
    }

    /// The same about something that a body only refers to.
    pub(crate) fn in_reference(self) -> Self {
        Self { status: StatusCode::BAD_REQUEST, ..self }
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// Refusals to find something spell the keys with capitals, the others do not.
    pub(crate) fn reply(&self) -> Reply {
        let body = match self.code {
            None => Object::default().with("message", self.message.clone()),
            Some(code) => {
                let [error, message, number] = if self.status == StatusCode::NOT_FOUND {
                    ["Error", "Message", "Code"]
                } else {
                    ["error", "message", "code"]
                };
                let information = Object::default()
                    .with(error, 1_i64)
                    .with(message, self.message.clone())
                    .with(number, code);
                Object::default().with("ErrorInformation", information)
            }
        };
        shown(self.status, &body.into())
    }
}

/// An answer in JSON as Fortnox writes it: with every slash escaped.
pub(crate) fn shown(status: StatusCode, body: &Json) -> Reply {
    // Outside of strings JSON has no slash, so replacing all of them changes no meaning.
    Reply::text(status, "application/json", body.to_string().replace('/', "\\/"))
}

/// The provider's own words for a status.
pub(crate) fn of_status(status: StatusCode) -> Refusal {
    match status {
        StatusCode::UNAUTHORIZED => Refusal::unauthorized(),
        StatusCode::FORBIDDEN => {
            Refusal::new(status, 2_000_663, "Har inte behörighet för att använda detta scope.")
        }
        StatusCode::NOT_FOUND => Refusal::new(status, 2_000_434, "Kan inte hitta fakturan."),
        StatusCode::TOO_MANY_REQUESTS => Refusal::gateway(status, "too many requests"),
        StatusCode::INTERNAL_SERVER_ERROR => Refusal::new(status, 1_000_003, "System exception"),
        status if status.is_server_error() => {
            Refusal::gateway(status, status.canonical_reason().unwrap_or("error"))
        }
        status => Refusal::new(status, 2_001_392, "Ingen eller felaktig typ av data."),
    }
}
