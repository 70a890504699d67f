//! A provider as data.

mod auth;
mod entity;
mod errors;
mod limits;
mod request;
mod walk;

pub use self::auth::{Auth, OAuth};
pub use self::entity::{Entity, Find, FindBy, KeyPart, Parent};
pub use self::errors::{ErrorRule, ErrorRules, ErrorWord, Wait};
pub use self::limits::LimitLine;
pub(crate) use self::limits::duration as description_duration;
pub use self::request::{AccountRequest, Base, FieldsRequest, Query, Request};
pub use self::walk::{Decode, Place, Start, Walk};

use crate::template::Template;

/// Names and their values, in the order of the file.
pub type Named<T> = Vec<(String, T)>;

/// A provider, as data: what a file says, or what is built with the methods below.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Description {
    /// The name that people know.
    pub name: String,
    /// The address of the API.
    pub url: Option<ApiUrl>,
    /// Hosts beside the one of `url` that requests with the credential may go to.
    pub origins: Vec<String>,
    /// The address of the API's documentation.
    pub docs: Option<String>,
    /// The public settings of a connection.
    pub settings: Named<Setting>,
    /// The ways to authenticate, the preferred one first.
    pub auth: Vec<Auth>,
    /// Headers of every request.
    pub headers: Named<Template>,
    /// The request that shows whose the credential is.
    pub check: Option<AccountRequest>,
    /// The published limits.
    pub limits: Vec<LimitLine>,
    /// The meaning of failures.
    pub errors: ErrorRules,
    /// The IANA zone of times without one.
    pub zone: Option<String>,
    /// The entities.
    pub entities: Named<Entity>,
    /// Actions that are about no entity.
    pub actions: Named<Request>,
}

/// The address of an API: an origin or a setting that holds one, and the beginning of every path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiUrl {
    /// Its beginning.
    pub base: Base,
    /// The segments of the path that all requests begin with.
    pub path: Vec<Template>,
}

/// A public setting of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// The label.
    pub title: String,
    /// One sentence of help.
    pub help: String,
    /// A good value.
    pub example: String,
    /// Its kind.
    pub kind: SettingKind,
    /// Whether it may be absent.
    pub optional: bool,
    /// The meaning of each value: a table.
    pub values: Named<String>,
}

/// The kind of a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// A line of text.
    #[default]
    Text,
    /// An absolute URL, and so an origin.
    Url,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
}
