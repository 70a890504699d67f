//! Code of a provider for what a description cannot say.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tieline_core::http::{Classification, HttpClient, HttpResponse, ResponseView};
use tieline_core::webhook::{ReceiveRequest, WebhookEvent};
use tieline_core::{
    Account, Change, Clock, EntityField, EntityName, FieldPath, Key, Operation, Outcome, OutcomeStream,
    Patch, RawJson, ReadRequest, Record, Result, State, WriteOp,
};
use url::Url;

/// The hooks of a connector crate. Every one has the description's own way as its default, so that a hook replaces one
/// thing of one entity and leaves the rest as data.
///
/// A tenant's description has none.
///
/// ```
/// use tieline_core::{RawJson, Result, WriteOp};
/// use tieline_rest::{HookContext, Hooks};
///
/// /// A provider that refuses typographic quotes.
/// #[derive(Debug)]
/// struct Plain;
///
/// impl Hooks for Plain {
///     fn body(&self, _: &HookContext, _: &WriteOp, body: RawJson) -> Result<RawJson> {
///         RawJson::parse(body.get().replace(['“', '”'], "'"))
///     }
/// }
/// ```
pub trait Hooks: Debug + Send + Sync + 'static {
    /// Returns the meaning of a response, the rules' verdict in hand.
    fn classify(&self, answer: &ResponseView<'_>, verdict: Classification) -> Classification {
        let _ = answer;
        verdict
    }

    /// Returns the account of a connection test, the description's result in hand. The settings are texts.
    ///
    /// # Errors
    ///
    /// The error of the test, where it is one for this provider too.
    fn account(&self, settings: &BTreeMap<String, String>, found: Result<Account>) -> Result<Account> {
        let _ = settings;
        found
    }

    /// Checks an operation before anything is sent for it.
    ///
    /// # Errors
    ///
    /// `Rejected` for what the provider would refuse, `Unsupported` for what it does not do.
    fn validate(&self, at: &HookContext, op: &WriteOp) -> Result<()> {
        let _ = (at, op);
        Ok(())
    }

    /// Prepares the provider for an update and returns the fields that are sent then, where that takes requests of its
    /// own. What it sends must be safe to send again. `None` for the fields as they are.
    fn prepare(&self, at: &HookContext, op: &WriteOp, body: &RawJson) -> Option<HookFuture<RawJson>> {
        let _ = (at, op, body);
        None
    }

    /// Returns the fields that a write sends, before the request's body is filled with them.
    ///
    /// # Errors
    ///
    /// `Rejected` for fields that the provider cannot take.
    fn body(&self, at: &HookContext, op: &WriteOp, body: RawJson) -> Result<RawJson> {
        let _ = (at, op);
        Ok(body)
    }

    /// Returns what an update sends of a patch. `current` is the record as it is, once the hook asked for it with
    /// [`HookPatch::needs_record`]. `None` for the description's own way.
    ///
    /// # Errors
    ///
    /// `Rejected` for changes that the provider cannot take.
    fn patch(&self, at: &HookContext, patch: &Patch, current: Option<&Record>) -> Option<Result<HookPatch>> {
        let _ = (at, patch, current);
        None
    }

    /// Selects what a read asks for, by its fields and filters. `None` for the description's own way, which fetches each
    /// record's detail where there is one, and takes no filters.
    ///
    /// # Errors
    ///
    /// `Config` for a field that there is not, `Unsupported` for what cannot be read or filtered by.
    fn select(&self, at: &HookContext, request: &ReadRequest) -> Result<Option<Selection>> {
        let _ = (at, request);
        Ok(None)
    }

    /// Reads a page of a list. `None` for the description's own selectors.
    fn page(&self, at: &HookContext, text: &str) -> Option<Result<HookPage>> {
        let _ = (at, text);
        None
    }

    /// Lists the account's own fields of an entity. `None` for the description's own request.
    fn fields(&self, at: &HookContext) -> Option<HookFuture<Vec<EntityField>>> {
        let _ = at;
        None
    }

    /// Carries out operations: bulk imports, uploads in steps. `None` for the description's own requests.
    fn write(&self, at: &HookContext, operations: &[Operation]) -> Option<OutcomeStream> {
        let _ = (at, operations);
        None
    }

    /// Returns the outcome of an action by its response. `None` for the response as the output.
    fn outcome(&self, at: &HookContext, action: &str, response: &HttpResponse) -> Option<Outcome> {
        let _ = (at, action, response);
        None
    }

    /// Reads a verified delivery. `None` for the description's own reading.
    fn receive(&self, delivery: &ReceiveRequest<'_>) -> Option<Result<WebhookEvent>> {
        let _ = delivery;
        None
    }

    /// Returns a state of an earlier version of the connector in today's form. `None` where it is in that form.
    fn migrate(&self, entity: &EntityName, old: &State) -> Option<Result<State>> {
        let _ = (entity, old);
        None
    }
}

/// What a read asks for.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Selection {
    /// Whether the rows of the list have all that is wanted, so that no record is fetched by itself.
    pub listed: bool,
    /// Parameters of the list's query beside its own.
    pub query: Vec<(String, String)>,
    /// The values that a row of the list must have.
    pub rows: Vec<(FieldPath, RawJson)>,
    /// The values that a record with its details must have.
    pub records: Vec<(FieldPath, RawJson)>,
}

impl Selection {
    /// A selection by the rows of the list alone, or with each record's detail.
    pub fn new(listed: bool) -> Self {
        Self { listed, ..Self::default() }
    }
}

/// A future of a hook.
pub type HookFuture<T> = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

/// No hook at all.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl Hooks for NoHooks {}

/// The connection that a hook works for. Cheap to clone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HookContext {
    /// The way to send requests, with the connection's credential and limits.
    pub http: HttpClient,
    /// The address of the API.
    pub base_url: Url,
    /// The settings, as texts.
    pub settings: Arc<BTreeMap<String, String>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The entity.
    pub entity: EntityName,
    /// The record that an action is done to.
    pub key: Option<Key>,
}

/// The body of an update, as a hook makes it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HookPatch {
    /// The body; nothing is sent without one.
    pub body: Option<RawJson>,
    /// Whether the record as it is must be read first.
    pub needs_record: bool,
}

impl HookPatch {
    /// A body, or none when nothing changes.
    pub fn new(body: Option<RawJson>) -> Self {
        Self { body, needs_record: false }
    }

    /// Asks for the record as it is.
    pub fn of_record() -> Self {
        Self { body: None, needs_record: true }
    }
}

/// A page that a hook read.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct HookPage {
    /// The changes.
    pub changes: Vec<Change>,
    /// The token or address of the next page.
    pub next: Option<String>,
    /// The token or address of the next increment.
    pub token: Option<String>,
    /// Whether records could not be read, so that the pass is partial.
    pub partial: bool,
}

impl HookPage {
    /// A page of changes, the last one.
    pub fn new(changes: Vec<Change>) -> Self {
        Self { changes, ..Self::default() }
    }

    /// Sets where the next page is.
    #[must_use]
    pub fn with_next(mut self, next: Option<String>) -> Self {
        self.next = next;
        self
    }

    /// Sets where the next increment begins.
    #[must_use]
    pub fn with_token(mut self, token: Option<String>) -> Self {
        self.token = token;
        self
    }
}
