//! A provider as data.

mod condition;
mod entity;
mod errors;
mod job;
mod limits;
mod request;
mod setting;
mod upload;
mod walk;
mod webhooks;

pub use self::condition::{Condition, ConditionTest};
pub use self::entity::{Entity, Find, FindBy, KeyForm, KeyPart, Parent};
pub use self::errors::{ErrorRule, ErrorRules, ErrorWord, Wait};
pub use self::job::Job;
pub use self::limits::LimitLine;
pub(crate) use self::limits::duration as description_duration;
pub use self::request::{
    AccountRequest, ActionInput, Base, ClockRequest, FieldsRequest, InputKind, Many, OtherAccounts, Query,
    Request,
};
pub use self::setting::{Setting, SettingChoices, SettingKind};
pub use self::upload::{Upload, UploadKind};
pub use self::walk::{Decode, Place, Start, Walk};
pub use self::webhooks::{
    DeliveryPlace, EventMeaning, EventRecord, SubscribeRequest, SubscriptionList, Webhooks,
};

use std::sync::Arc;

use tieline_core::AuthScheme;
use tieline_document::Node;

use crate::template::Template;

/// Names and their values, in the order of the file.
pub type Named<T> = Vec<(String, T)>;

/// A provider, as data: what a file says, or what is built with the methods below.
///
/// `Debug` shows no header's value: a tenant may have put a secret there.
#[derive(Clone, Default)]
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
    pub auth: Vec<AuthScheme>,
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
    /// The request for the provider's time, where its answers carry no `Date`.
    pub clock: Option<ClockRequest>,
    /// The entities.
    pub entities: Named<Entity>,
    /// Actions that are about no entity.
    pub actions: Named<Request>,
    /// The notifications.
    pub webhooks: Option<Webhooks>,
    /// What was read, without what it began from.
    pub(crate) written: Option<Arc<Node>>,
}

impl Description {
    /// The description as a file: what it began from (`like`, bases) is written out. Of a description that was loaded or
    /// built; later changes of its fields are not in it.
    pub fn to_yaml(&self) -> String {
        self.written.as_ref().map(|node| node.to_yaml()).unwrap_or_default()
    }

    /// The same as JSON.
    pub fn to_json(&self) -> String {
        self.written.as_ref().map(|node| node.to_json()).unwrap_or_else(|| "null".to_owned())
    }
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

impl std::fmt::Debug for Description {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let entities: Vec<&str> = self.entities.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Description")
            .field("name", &self.name)
            .field("entities", &entities)
            .finish_non_exhaustive()
    }
}
