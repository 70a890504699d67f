#![doc = include_str!("../README.md")]

mod activity;
mod application;
mod application_store;
mod builder;
mod connect;
mod connection;
#[cfg(feature = "webhooks")]
mod deliveries;
mod events;
mod observer;
mod provider;
mod registry;
mod tenant;
mod vault_key;

pub use application::Tieline;
pub use application_store::ApplicationStore;
pub use builder::TielineBuilder;
pub use connect::connect;
pub use connection::{
    ConnectionHandle, ConnectionHealth, ConnectionOutbox, Disconnected, Erase, OpenConnection,
};
#[cfg(feature = "webhooks")]
pub use deliveries::SubscriptionCheck;
pub use observer::{Observer, RunOf};
pub use provider::Provider;
pub use registry::Registry;
pub use tenant::{Draft, Renewed, Rotated, Tenant};
pub use tieline_auth::{
    ApiKey, AuthorizationUrl, Basic, Bearer, Callback, Captured, CredentialStore, Environment, Fields,
    GrantWarning, OAuthApp, OAuthUrls, Password, Revoked, Secret, ServiceAccount, Tokens,
};
#[cfg(feature = "chatwoot")]
pub use tieline_chatwoot as chatwoot;
pub use tieline_core::{
    Account, Action, Attachment, AuthScheme, Batch, BatchStream, Capabilities, Catalog, Category, Change,
    CheckRequest, Choice, Choices, ChoicesRequest, Clock, Connector, ConnectorSpec, Content, ContentRequest,
    Credential, Deletes, Deletion, DeletionScope, Direction, DiscoverRequest, Entity, EntityChanges,
    EntityField, EntityName, Error, ErrorKind, Field, FieldKind, FieldMapping, FieldPatch, FieldPath, Filter,
    FilterOp, IntoCredential, Issue, Key, KeyKind, KeyPlacement, Limit, LimitScope, LimitUnit, Lookup,
    LookupBy, LookupRequest, Lookups, Mapped, MappingContext, MarkerField, Operation, OperationId,
    OperationOutcome, Origins, Outcome, OutcomeStream, Partition, PartitionEntry, Partitions,
    PartitionsRequest, PassEnd, Patch, PollRequest, PreparedRecord, Progress, RawJson, ReadMode, ReadRequest,
    Record, RecordLookup, Resend, Result, State, Subscription, Subscriptions, SubscriptionsRequest,
    SystemClock, Text, WriteOp, WriteRequest, exact, json, webhook,
};
#[cfg(feature = "custom-rest")]
pub use tieline_custom_rest as custom_rest;
#[cfg(feature = "fortnox")]
pub use tieline_fortnox as fortnox;
#[cfg(feature = "google-sheets")]
pub use tieline_google_sheets as google_sheets;
pub use tieline_http::{
    GuardedResolver, HttpStack, HttpStackBuilder, LimitPause, NetworkOptions, NetworkPolicy, ProviderOptions,
    Resolver, RetryPolicy, Timeouts,
};
#[cfg(feature = "hubspot")]
pub use tieline_hubspot as hubspot;
pub use tieline_mapping as mapping;
#[cfg(feature = "odoo")]
pub use tieline_odoo_xmlrpc as odoo;
#[cfg(feature = "pipedrive")]
pub use tieline_pipedrive as pipedrive;
#[cfg(feature = "slack")]
pub use tieline_slack as slack;
pub use tieline_store as store;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use tieline_store_sql as store_sql;
#[cfg(feature = "postgres")]
pub use tieline_store_sql::postgres;
#[cfg(feature = "sqlite")]
pub use tieline_store_sql::sqlite;
pub use tieline_sync as sync;
#[cfg(feature = "two-way")]
pub use tieline_two_way as two_way;
pub use tieline_vault as vault;
#[cfg(feature = "webhooks")]
pub use tieline_webhook as webhooks;

/// Everything of `tieline-core`, for the author of a connector or of a wrapper: factories, requests and their
/// classification, authentication as data.
pub mod connector {
    pub use tieline_core::*;
}

/// The examples of the guides compile.
#[cfg(doctest)]
#[doc = include_str!("../docs/getting-started.md")]
pub struct GettingStarted;

#[cfg(all(doctest, feature = "postgres"))]
#[doc = include_str!("../docs/own-tables.md")]
pub struct OwnTables;

#[cfg(all(doctest, feature = "webhooks"))]
#[doc = include_str!("../docs/webhooks.md")]
pub struct Webhooks;

#[cfg(doctest)]
#[doc = include_str!("../docs/credentials.md")]
pub struct Credentials;
