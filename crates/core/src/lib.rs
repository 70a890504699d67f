#![doc = include_str!("../README.md")]

mod attachment;
mod auth;
mod catalog;
mod clock;
mod comparable;
mod connector;
mod content;
mod credential;
mod discover;
mod error;
mod error_kind;
pub mod exact;
mod form;
pub mod http;
mod issue;
pub mod json;
mod limit;
mod lookup;
mod mapping;
mod oauth;
mod partitions;
mod path;
mod read;
mod record;
mod serialized;
mod session;
mod signing;
mod spec;
mod state;
mod subscriptions;
mod text;
pub mod webhook;
mod write;

pub use attachment::Attachment;
pub use auth::{AuthScheme, KeyPlacement, Origins};
pub use catalog::{
    Action, Capabilities, Catalog, Choice, Deletes, Entity, EntityField, KeyKind, MarkerField,
};
pub use clock::{Clock, SystemClock};
pub use comparable::{comparable, comparable_lookup, comparable_value, plain_number, trimmed};
pub use connector::{BuildContext, Connector, ConnectorConfig, ConnectorFactory};
pub use content::{Content, ContentRequest};
pub use credential::{Credential, IntoCredential, Recovery, Rejection, SecretGeneration};
pub use discover::{Account, CheckRequest, Choices, ChoicesRequest, DiscoverRequest};
pub use error::{Error, Result};
pub use error_kind::{ErrorKind, Resend};
pub use form::{Field, FieldKind};
pub use issue::Issue;
pub use json::RawJson;
pub use limit::{Limit, LimitScope, LimitUnit};
pub use lookup::{Lookup, LookupBy, LookupRequest, Lookups};
pub use mapping::{Direction, FieldMapping, Mapped, MappingContext, PreparedRecord, RecordLookup};
pub use oauth::{
    Capture, CaptureSource, ClientAuth, Grant, OAuth2, OAuthRefusal, RefreshPolicy, RefusalMeaning,
    Revocation, Scope, SettingHeader, TokenParam,
};
pub use partitions::{PartitionEntry, Partitions, PartitionsRequest};
pub use path::FieldPath;
pub use read::{BatchStream, Filter, FilterOp, ReadMode, ReadRequest};
pub use record::{Batch, Change, Deletion, DeletionScope, EntityChanges, PassEnd, Progress, Record};
pub use session::{CsrfFetch, LoginPart, Logout, SessionLogin, SessionToken, SessionValue};
pub use signing::{
    HmacSigning, OAuth1, OAuth1Method, SigV4, SignatureEncoding, Signing, SigningHash, SigningPart,
    TimestampForm,
};
pub use spec::{Category, ConnectorSpec};
pub use state::State;
pub use subscriptions::{Subscription, Subscriptions, SubscriptionsRequest};
pub use text::{EntityName, Key, OperationId, Partition, Text};
pub use write::{
    FieldPatch, Operation, OperationOutcome, Outcome, OutcomeStream, Patch, PollRequest, WriteOp,
    WriteRequest,
};
