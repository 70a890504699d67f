use http::Method;
use tieline_kit::JsonPath;

use super::{Job, Named, Upload, Walk};
use crate::template::{Template, Tree};

/// A request, written as the provider's documentation shows it.
///
/// `Debug` shows its method and written path only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The beginning of the path.
    pub base: Base,
    /// The segments of the path.
    pub path: Vec<Template>,
    /// The query.
    pub query: Vec<Query>,
    /// Headers beside those of every request.
    pub headers: Named<Template>,
    /// The body, JSON.
    pub body: Option<Tree>,
    /// The body as a form.
    pub form: Named<Template>,
    /// Its limits.
    pub tag: Option<String>,
    /// Its cost where a limit counts units.
    pub cost: u32,
    /// Whether it may be sent twice; by its method when nothing is said.
    pub idempotent: Option<bool>,
    /// The header that carries the operation's id, by which the provider knows a write that is sent twice.
    pub idempotency_header: Option<String>,
    /// Many records in one request, with an outcome each.
    pub many: Option<Many>,
    /// The path to the record in the answer.
    pub record: Option<JsonPath>,
    /// The only fields that it writes.
    pub only: Vec<String>,
    /// The member of the record that the input is merged with, where the provider replaces it whole.
    pub merge_with: Option<String>,
    /// The job that it begins.
    pub job: Option<Box<Job>>,
    /// How it sends files.
    pub upload: Option<Upload>,
    /// Its title for people.
    pub title: Option<String>,
    /// The members of an action's input; anything is taken when none is named.
    pub input: Vec<ActionInput>,
    /// The path to the key of the record that an action leaves.
    pub applied: Option<String>,
    /// Settings of its walk.
    pub walk: Walk,
    /// Its written form, for messages and traces: `/contacts/<key>`.
    pub shown: String,
    /// The line of the file.
    pub line: Option<usize>,
}

/// A member of an action's input.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActionInput {
    /// Its name.
    pub name: String,
    /// The JSON that it takes.
    pub kind: InputKind,
    /// Whether it must be given.
    pub required: bool,
}

/// The JSON that a member of an input takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputKind {
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// A text.
    Text,
    /// True or false.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
    /// Anything.
    Any,
}

/// A write of many records in one request. The places are JSON Pointers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Many {
    /// The most records of a request.
    pub most: usize,
    /// The list of results in the answer; the request is one outcome for all when absent.
    pub results: Option<String>,
    /// The member of a result that names its record; by order when absent.
    pub matched: Option<String>,
    /// The member of the sent record that it equals; the record's key when absent.
    pub matched_as: Option<String>,
    /// The member of a result that is there when the record failed.
    pub failed: Option<String>,
    /// The provider's code of the failure.
    pub code: Option<String>,
    /// The id in a result; `/id` when absent.
    pub id: Option<String>,
    /// The member of an update that carries the record's key.
    pub key_as: Option<String>,
}

/// The beginning of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Base {
    /// At the description's `url`.
    Api,
    /// At the address in a setting.
    Setting(String),
    /// At an address of its own.
    Address(url::Url),
}

/// A parameter of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// Its name.
    pub name: Template,
    /// Its value; none for a bare name.
    pub value: Option<Template>,
}

/// The request of a connection test, and where its answer says who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountRequest {
    /// The request.
    pub request: Request,
    /// The account's id.
    pub id: Option<JsonPath>,
    /// The account's name.
    pub name: Option<JsonPath>,
    /// The user.
    pub user: Option<JsonPath>,
    /// Other accounts that the credential reaches.
    pub others: Option<OtherAccounts>,
    /// The setting that chooses one of the others: it names the account.
    pub setting: Option<String>,
}

/// The list of the accounts that a credential reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherAccounts {
    /// A JSON Pointer to the list.
    pub records: String,
    /// A JSON Pointer to an account's id.
    pub value: String,
    /// A JSON Pointer to its name.
    pub title: String,
}

/// The request for the provider's time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockRequest {
    /// The request.
    pub request: Request,
    /// The path to the time.
    pub at: JsonPath,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.shown)
    }
}

/// The request that describes the account's own fields.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldsRequest {
    /// The request.
    pub request: Request,
    /// The path to a field's name.
    pub name: JsonPath,
    /// The path to its title.
    pub title: Option<JsonPath>,
    /// The path to its type.
    pub kind: Option<JsonPath>,
    /// The path to the fields in a record.
    pub under: JsonPath,
}
