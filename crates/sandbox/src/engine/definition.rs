//! The format of a provider's definition file: tables, routes, refusals, meters, callers and seeds, as TOML.
//!
//! Each rule names the fact that it follows (`fact`), or the assumption under which it holds (`assumed`). A rule with
//! neither is refused when the file is loaded.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A provider, as data.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Definition {
    /// The provider's name in messages: `Chatwoot`.
    pub name: String,
    /// The version or state of the provider that the facts describe.
    pub version: String,
    /// The beginnings of paths at which this API stands. A request elsewhere gets the refusal `no_route`; a request
    /// below them that no route serves gets 501.
    pub prefixes: Vec<String>,
    /// The precision of stamps in milliseconds: 1000 where the provider keeps whole seconds.
    #[serde(default = "one")]
    pub grain_ms: u32,
    /// How a request names its caller.
    pub auth: AuthRule,
    /// Who may call, by a name for tests.
    pub callers: BTreeMap<String, CallerRule>,
    /// The provider's error responses by name.
    pub refusals: BTreeMap<String, RefusalRule>,
    /// The provider's limits.
    #[serde(default)]
    pub meters: Vec<MeterRule>,
    /// What no fact settles, by name.
    #[serde(default)]
    pub assumptions: BTreeMap<String, AssumptionRule>,
    /// The kinds of records.
    pub tables: BTreeMap<String, TableRule>,
    /// The endpoints.
    pub routes: Vec<RouteRule>,
    /// The invented data.
    #[serde(default)]
    pub seeds: Vec<SeedRule>,
}

const fn one() -> u32 {
    1
}

/// How a request names its caller.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthRule {
    /// The headers that may carry the token; the first one that is there counts.
    #[serde(default)]
    pub headers: Vec<String>,
    /// What stands before the token in the header, such as `Bearer `.
    #[serde(default)]
    pub prefix: String,
    /// The query parameter that may carry it.
    pub query: Option<String>,
    /// The refusal of a request without a token.
    pub missing: String,
    /// The refusal of a token that nobody has.
    pub wrong: String,
    /// The refusal of a caller who may not use a route.
    pub forbidden: String,
    /// Paths that need no token.
    #[serde(default)]
    pub open: Vec<String>,
}

/// A user or an application.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerRule {
    /// The token.
    pub token: String,
    /// The role, as routes name it.
    pub role: String,
    /// The key of the caller's own record, where there is one.
    #[serde(default)]
    pub user: String,
    /// The refusal that every request of this caller gets.
    pub refused: Option<String>,
    /// Fields by `table.field` that responses to this caller lack.
    #[serde(default)]
    pub hidden_fields: Vec<String>,
}

/// An error response of the provider.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalRule {
    /// The status.
    pub status: u16,
    /// The JSON body, with the words `{message}`, `{field}` and `{quoted}`.
    pub json: Option<String>,
    /// The body as plain text.
    pub text: Option<String>,
    /// The body as a web page.
    pub html: Option<String>,
    /// Where it is known from.
    pub fact: Option<String>,
    /// The assumption under which it holds.
    pub assumed: Option<String>,
}

/// A limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeterRule {
    /// Requests that any window may hold.
    pub limit: u32,
    /// The window in seconds.
    pub window: u32,
    /// Only requests of routes with this tag.
    pub tag: Option<String>,
    /// The refusal beyond it.
    pub refusal: String,
    /// Whether a refused request takes room too.
    #[serde(default)]
    pub counts_refused: bool,
    /// Where it is known from.
    pub fact: Option<String>,
    /// The assumption under which it holds.
    pub assumed: Option<String>,
}

/// Something that no fact settles. Tests run with it on and off.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssumptionRule {
    /// What is assumed, as a sentence.
    pub says: String,
    /// Whether it holds unless a test says otherwise.
    #[serde(default = "yes")]
    pub holds: bool,
}

const fn yes() -> bool {
    true
}

/// A kind of record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRule {
    /// How keys are made.
    #[serde(default)]
    pub key: KeyRule,
    /// The field that shows the key.
    #[serde(default = "id")]
    pub key_field: String,
    /// What deleting does.
    #[serde(default)]
    pub deletes: DeleteRule,
    /// What becomes of fields that this table does not have.
    #[serde(default)]
    pub unknown: UnknownRule,
    /// The fields, in the order in which responses show them.
    pub fields: Vec<FieldRule>,
}

fn id() -> String {
    "id".to_owned()
}

/// How the keys of a table are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyRule {
    /// 1, 2, 3 …, shown as a number.
    #[default]
    Integer,
    /// 1, 2, 3 …, shown as a text.
    Text,
    /// A version 4 UUID.
    Uuid,
}

/// What deleting a record does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeleteRule {
    /// It is gone.
    #[default]
    Hard,
    /// It stays, hidden from lists that do not ask for deleted records; reading it by key says that it is not found.
    Hidden,
    /// It stays and is listed; the behavior marks it.
    Flag,
}

/// What becomes of fields that a table does not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownRule {
    /// The sandbox answers 501: the field is not modelled.
    #[default]
    Unmodelled,
    /// The provider ignores them.
    Ignore,
    /// The provider keeps them.
    Store,
    /// The provider refuses the request with the refusal `invalid`.
    Refuse,
}

/// A field.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "independent properties of a field, each a word of the file"
)]
pub struct FieldRule {
    /// The name.
    pub name: String,
    /// What it holds.
    #[serde(default, rename = "type")]
    pub kind: FieldType,
    /// Whether a create must give it.
    #[serde(default)]
    pub required: bool,
    /// Whether requests cannot set it. Such values are ignored.
    #[serde(default)]
    pub readonly: bool,
    /// Whether the provider removes white space at the ends.
    #[serde(default)]
    pub trim: bool,
    /// Whether the provider stores it in lower case.
    #[serde(default)]
    pub lower: bool,
    /// Whether an update of an object keeps the members that it does not name.
    #[serde(default)]
    pub merge: bool,
    /// Digits behind the point that the provider keeps of a decimal.
    pub scale: Option<u32>,
    /// The most characters that a text may have.
    pub max_length: Option<usize>,
    /// What a text must look like.
    pub shape: Option<Shape>,
    /// What the provider says where the value is of the wrong type or shape.
    #[serde(default)]
    pub message: String,
    /// What the provider says where another record has the value already.
    pub unique: Option<String>,
    /// The values that it may have.
    #[serde(default)]
    pub choices: Vec<String>,
    /// The table whose key it holds; a key that is not there is refused as `not_found`.
    pub references: Option<String>,
    /// The value, as JSON, where a create gives none.
    pub default: Option<String>,
    /// The moment that it shows.
    pub stamp: Option<Stamp>,
    /// The form of a moment.
    #[serde(default)]
    pub format: TimeFormat,
    /// Whether responses leave it out.
    #[serde(default)]
    pub hidden: bool,
    /// Whether responses leave it out where it is null.
    #[serde(default)]
    pub omit_null: bool,
}

/// What a field holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldType {
    /// Text.
    #[default]
    Text,
    /// A whole number.
    Integer,
    /// An exact decimal.
    Decimal,
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// A list.
    List,
    /// A moment.
    Time,
    /// Anything.
    Any,
}

/// What a text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// An e-mail address.
    Email,
    /// A telephone number: `+` and 2 to 15 digits.
    E164,
    /// An http or https URL.
    Url,
}

/// A moment of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stamp {
    /// When it was created.
    Created,
    /// When it was last changed.
    Changed,
}

/// The form in which a provider writes moments.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeFormat {
    /// `2026-11-02T08:00:00.123Z`
    #[default]
    Rfc3339,
    /// `2026-11-02 08:00:00`
    Spaced,
    /// Seconds since 1970 as a number.
    Unix,
    /// Seconds since 1970 with decimals.
    UnixDecimal,
    /// Milliseconds since 1970 as a number.
    UnixMs,
    /// `2026-11-02`
    Date,
}

/// An endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// The method and the path: `GET /api/v1/contacts/{key}`.
    pub call: String,
    /// What it does.
    pub does: Does,
    /// The table; nothing for a fixed response.
    #[serde(default)]
    pub table: String,
    /// Fields that must equal a part of the path: `conversation_id = "conversation"`.
    #[serde(default)]
    pub within: BTreeMap<String, String>,
    /// Fields whose value selects the records that the route knows at all: `status = "open"`.
    #[serde(default)]
    pub only: BTreeMap<String, String>,
    /// Whether the route shows deleted records alone.
    #[serde(default)]
    pub deleted: bool,
    /// How a list is cut into pages.
    #[serde(default)]
    pub page: Paging,
    /// Parameters that select.
    #[serde(default)]
    pub filters: Vec<FilterRule>,
    /// The order of a list, and how it is asked for.
    pub sort: Option<SortRule>,
    /// The view that the behavior is asked for.
    #[serde(default)]
    pub view: String,
    /// Where the record stands in a request's body, as a JSON Pointer.
    #[serde(default)]
    pub input: String,
    /// The fields that the route writes; all of the table's when empty.
    #[serde(default)]
    pub writes: Vec<String>,
    /// The name by which the behavior knows an act.
    #[serde(default)]
    pub act: String,
    /// The status of the response.
    #[serde(default = "ok")]
    pub status: u16,
    /// The body of the response, as JSON with words: `{"data":"{rows}"}`. By default the row or the rows alone;
    /// an empty text is an empty body.
    pub answer: Option<String>,
    /// Query parameters that are accepted and change nothing here.
    #[serde(default)]
    pub ignores: Vec<String>,
    /// The roles that may call it; all when empty.
    #[serde(default)]
    pub roles: Vec<String>,
    /// A name that meters refer to.
    #[serde(default)]
    pub tag: String,
    /// Where it is known from.
    pub fact: Option<String>,
    /// The assumption under which it holds.
    pub assumed: Option<String>,
    /// The assumption under which it does not hold.
    pub unless: Option<String>,
}

const fn ok() -> u16 {
    200
}

/// What a route does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Does {
    /// Lists records.
    List,
    /// Reads the record with the path's `{key}`.
    Get,
    /// Creates a record.
    Create,
    /// Changes the fields that the request names.
    Update,
    /// Replaces all fields.
    Replace,
    /// Deletes the record with the path's `{key}`.
    Delete,
    /// Asks the behavior.
    Act,
    /// A fixed response.
    Fixed,
}

/// How a list is cut into pages.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(tag = "style", rename_all = "snake_case", deny_unknown_fields)]
pub enum Paging {
    /// Everything at once.
    #[default]
    Whole,
    /// A page counter that starts at 1.
    Number {
        /// The parameter.
        param: String,
        /// Records a page.
        size: usize,
        /// The parameter for the size, and the most that it may say.
        size_param: Option<String>,
        /// The most records that a page may have.
        most: Option<usize>,
    },
    /// A row offset.
    Offset {
        /// The parameter of the offset.
        param: String,
        /// The parameter of the size.
        size_param: String,
        /// Records a page, unless asked.
        size: usize,
        /// The most records that a page may have.
        most: usize,
    },
    /// An opaque cursor.
    Cursor {
        /// The parameter of the cursor.
        param: String,
        /// The parameter of the size.
        size_param: String,
        /// Records a page, unless asked.
        size: usize,
        /// The most records that a page may have.
        most: usize,
    },
    /// Records whose key is greater than the parameter's, in the order of keys.
    AfterKey {
        /// The parameter.
        param: String,
        /// Records a page.
        size: usize,
        /// Records without the parameter: the newest ones.
        newest: usize,
        /// Whether 0 counts as no parameter.
        #[serde(default)]
        zero_is_absent: bool,
    },
}

/// A parameter that selects records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRule {
    /// The query parameter, or a JSON Pointer into the body.
    pub param: String,
    /// The field, or several for a search.
    pub fields: Vec<String>,
    /// How they are compared.
    #[serde(default)]
    pub op: Op,
    /// The value without the parameter.
    pub default: Option<String>,
    /// The value that selects everything.
    pub any: Option<String>,
    /// What the parameter's values stand for in the field; others stand for themselves.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
    /// Whether a list with this parameter has one page only.
    #[serde(default)]
    pub unpaged: bool,
}

/// How a value is compared with a parameter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// Equal, as decimals where both are numbers.
    #[default]
    Eq,
    /// One of several, separated by commas.
    In,
    /// The list in the field holds it.
    Has,
    /// A part of the text, without regard to case.
    Contains,
    /// At or after.
    Ge,
    /// After.
    Gt,
    /// At or before.
    Le,
    /// Before.
    Lt,
    /// A moment in the last so many seconds.
    WithinSeconds,
}

/// The order of a list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortRule {
    /// The order without the parameter: a field, with `-` before it for descending.
    pub default: String,
    /// The query parameter.
    pub param: Option<String>,
    /// The values that the parameter may have, and the order that each means.
    #[serde(default)]
    pub values: BTreeMap<String, String>,
}

/// Invented records.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeedRule {
    /// The table.
    pub table: String,
    /// How many.
    #[serde(default = "one")]
    pub count: u32,
    /// Whether the count grows with the size that a test asks for.
    #[serde(default)]
    pub grows: bool,
    /// The fields: a value as JSON, or the name of a generator after `@`.
    pub fields: BTreeMap<String, String>,
}
