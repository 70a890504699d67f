#![doc = include_str!("../README.md")]

mod api_key;
mod basic;
mod bearer;
mod checked;
mod environment;
mod fields;
mod fixed;
mod flight;
mod issued;
mod issuing;
mod json;
mod oauth;
mod password;
mod placement;
mod refusals;
mod scheme;
mod scrub;
mod secret;
mod secret_text;
mod session;
mod several;
mod signing;
mod stored;

pub use api_key::ApiKey;
pub use basic::Basic;
pub use bearer::Bearer;
pub use environment::Environment;
pub use fields::Fields;
pub use issued::IssuedCredential;
pub use issuing::refused_before;
pub use oauth::{
    AuthorizationUrl, Authorized, Callback, Captured, ConsentRequest, GrantWarning, OAuthApp, OAuthClient,
    OAuthUrls, ServiceAccount, Tokens, VerifiedCallback, token_endpoint,
};
pub use password::Password;
pub use secret::Secret;
pub use session::Login;

pub use stored::{CredentialManager, CredentialStore, FinishedConsent, Revoked, StoreOnce, StoredCredential};
#[doc(hidden)]
pub use stored::{Moment, Step, StepObserver};
