#![doc = include_str!("../README.md")]

mod catalog;
mod clock;
mod connector;
mod credential;
mod error;
pub mod exact;
mod form;
pub mod http;
mod issue;
pub mod json;
mod limit;
mod mapping;
mod oauth;
mod path;
mod record;
mod requests;
mod session;
mod spec;
mod state;
mod text;
pub mod webhook;
mod write;

pub use catalog::{
    Action, Capabilities, Catalog, Choice, Deletes, Entity, EntityField, KeyKind, MarkerField,
};
pub use clock::{Clock, SystemClock};
pub use connector::{BuildContext, Connector, ConnectorConfig, ConnectorFactory};
pub use credential::{Credential, IntoCredential, Recovery, Rejection, SecretGeneration};
pub use error::{Error, ErrorKind, Resend, Result};
pub use form::{Field, FieldKind};
pub use issue::Issue;
pub use json::RawJson;
pub use limit::{Limit, LimitScope, LimitUnit};
pub use mapping::{Direction, FieldMapping, Mapped, MappingContext, PreparedRecord, RecordLookup};
pub use oauth::{Capture, ClientAuth, Grant, OAuth2, RefreshPolicy, Revocation, Scope, SettingHeader};
pub use path::FieldPath;
pub use record::{Batch, Change, Deletion, DeletionScope, EntityChanges, PassEnd, Progress, Record};
pub use requests::{
    Account, BatchStream, CheckRequest, Choices, ChoicesRequest, Content, ContentRequest, DiscoverRequest,
    Filter, Lookup, LookupBy, LookupRequest, Lookups, Partitions, PartitionsRequest, PollRequest, ReadMode,
    ReadRequest, Subscriptions, SubscriptionsRequest,
};
pub use session::{LoginPart, SessionLogin, SessionToken};
pub use spec::{AuthScheme, Category, ConnectorSpec, KeyPlacement, Origins};
pub use state::State;
pub use text::{EntityName, Key, OperationId, Partition, Text};
pub use write::{
    FieldPatch, Operation, OperationOutcome, Outcome, OutcomeStream, Patch, WriteOp, WriteRequest,
};
