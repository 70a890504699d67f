//! OAuth 2 as the provider's data describes it: consent, tokens, revocation.

mod answer;
mod app;
mod assertion;
mod callback;
mod capture;
mod client;
mod consent;
mod endpoint;
mod failure;
mod refusal;
mod requests;
mod said;
mod scopes;
mod template;
mod tokens;
mod warning;

pub use app::{OAuthApp, OAuthUrls};
pub use assertion::ServiceAccount;
pub use client::OAuthClient;
pub use consent::{AuthorizationUrl, Authorized, Callback, ConsentRequest, VerifiedCallback};
pub use endpoint::token_endpoint;
pub use tokens::{Captured, Tokens};
pub use warning::GrantWarning;

pub(crate) use answer::TokenAnswer;
pub(crate) use failure::{Effect, Failure};
pub(crate) use requests::REQUEST_TIMEOUT;
