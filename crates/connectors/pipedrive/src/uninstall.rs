//! The call that tells an app that a user has uninstalled it.

use std::fmt;

use bytes::Bytes;
use http::{Method, Request};
use secrecy::SecretString;
use serde::Deserialize;
use tieline_core::{Error, ErrorKind, Result, Text};
use tieline_kit::{HeadKey, HeadText, excerpt, is_basic};

/// More than the few short members that the call has.
const LARGEST: usize = 16 * 1024;
/// The most characters of the time that are kept.
const TIME: usize = 40;

/// A user has uninstalled the app in Pipedrive: the tokens of this user's consent are worth nothing any more, and the
/// connection is to be disconnected.
///
/// Pipedrive sends it as a `DELETE` to the app's callback, outside of any browser, with the app's own credential, and
/// reads no answer.
///
/// ```
/// use bytes::Bytes;
/// use tieline_pipedrive::Uninstall;
///
/// let call = http::Request::delete("https://app.example.com/connect/callback")
///     .header("authorization", "Basic bXktYXBwOm15LXNlY3JldA==")
///     .body(Bytes::from_static(
///         br#"{"client_id":"my-app","company_id":7788,"user_id":42,"timestamp":"2026-11-02T08:00:00Z"}"#,
///     ))?;
/// let uninstall = Uninstall::read(&call, "my-app", &["my-secret".into()])?;
/// assert_eq!((uninstall.company_id.as_str(), uninstall.user_id.as_str()), ("7788", "42"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: <https://pipedrive.readme.io/docs/app-uninstallation>.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uninstall {
    /// The company, as [`Account::id`](tieline_core::Account::id) names it after a check.
    pub company_id: Text,
    /// The user whose consent ended, as [`Account::user_id`](tieline_core::Account::user_id) names it. Others of the
    /// company may have let the app in as well.
    pub user_id: Text,
    /// When, in Pipedrive's own words.
    pub at: Option<Text>,
}

#[derive(Deserialize)]
struct Told<'a> {
    #[serde(default, borrow)]
    client_id: HeadText<'a>,
    #[serde(default)]
    company_id: HeadKey,
    #[serde(default)]
    user_id: HeadKey,
    #[serde(default, borrow)]
    timestamp: HeadText<'a>,
}

impl Uninstall {
    /// Checks that the call comes from Pipedrive, and reads it. `client_secrets` are those in force: two while the
    /// app's secret changes.
    ///
    /// # Errors
    ///
    /// `Rejected` for a call that is not a `DELETE`, is not proven with the app's credential, or names another app;
    /// `Decode` when its body does not say who uninstalled. Nothing of it may be acted on.
    pub fn read(request: &Request<Bytes>, client_id: &str, client_secrets: &[SecretString]) -> Result<Self> {
        if request.method() != Method::DELETE {
            return Err(rejected("is not a DELETE"));
        }
        if !is_basic(request.headers(), client_id, client_secrets) {
            return Err(rejected("does not prove itself with the app's client id and secret"));
        }
        if request.body().len() > LARGEST {
            return Err(unreadable("it is too large"));
        }
        let told: Told<'_> =
            serde_json::from_slice(request.body()).map_err(|_| unreadable("it is no JSON object"))?;
        if told.client_id.get().is_some_and(|named| named != client_id) {
            return Err(rejected("names another app"));
        }
        let id = |HeadKey(key): HeadKey, name: &str| match key {
            Some(key) if !key.as_str().is_empty() => Ok(Text::new(key.as_str())),
            _ => Err(unreadable(format_args!("it holds no {name}"))),
        };
        Ok(Self {
            company_id: id(told.company_id, "company_id")?,
            user_id: id(told.user_id, "user_id")?,
            at: told.timestamp.get().map(|time| Text::new(excerpt(time, TIME))),
        })
    }
}

fn rejected(why: &str) -> Error {
    Error::new(ErrorKind::Rejected, format!("a call to uninstall from Pipedrive {why}"))
        .with_advice("answer it with 401, and disconnect nothing")
}

fn unreadable(why: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Decode, format!("a call to uninstall from Pipedrive cannot be read: {why}"))
        .with_advice("report it; the next request of the connection will say that it must be connected again")
}
