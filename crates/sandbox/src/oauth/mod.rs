//! An OAuth 2 authorization server that any provider can mount, and that stands alone for tests.
//!
//! It follows [RFC 6749][core], [RFC 7636][pkce] (S256), [RFC 7009][revocation] and [RFC 7523][assertions]; what
//! providers do differently is data, a [`Policy`]. A provider keeps an [`AuthorizationServer`], lets it
//! [`answer`](AuthorizationServer::answer) first, and accepts what [`bearer`](AuthorizationServer::bearer) accepts.
//!
//! Slow and lost answers, answers with another status and pages instead of JSON are [faults](crate::Fault) like
//! everywhere else. A lost answer whose token is used up all the same:
//!
//! ```
//! use tieline_sandbox::{Fault, FaultRule, Sandbox};
//!
//! let sandbox = Sandbox::oauth();
//! let lost = FaultRule::new(Fault::ResetBeforeAnswer).takes_effect(true);
//! sandbox.inject(lost.on("POST", "/oauth/token").body("grant_type=refresh_token"));
//! ```
//!
//! [core]: https://www.rfc-editor.org/rfc/rfc6749
//! [pkce]: https://www.rfc-editor.org/rfc/rfc7636
//! [revocation]: https://www.rfc-editor.org/rfc/rfc7009
//! [assertions]: https://www.rfc-editor.org/rfc/rfc7523

mod answers;
mod authorize;
mod commands;
mod form;
mod ledger;
mod parties;
mod policy;
mod server;
mod service_account;
mod standalone;
mod token;

pub use ledger::OAuthCounters;
pub use parties::{CLIENT_ID, CLIENT_SECRET, Client, Consent, Decision, Ended, How, Person, REDIRECT_URI};
pub use policy::{
    AccessRevocation, ClientAuth, ClientCredentials, ExpiresIn, Pkce, Policy, Revocation, Rotation,
    TokenShape,
};
pub use server::{AuthorizationServer, Authorizes, Bearer, NotAccepted, Tokens};
pub use standalone::{EPOCH, OAuth};
