//! The format of a provider's definition file: tables, routes, refusals, meters, callers and seeds, as TOML.
//!
//! Each rule names the fact that it follows (`fact`), or the assumption under which it holds (`assumed`). A rule with
//! neither is refused when the file is loaded.

mod route;
mod table;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use route::{Does, FilterRule, NarrowRule, Op, Paging, RouteRule, SortRule};
pub use table::{
    DeleteRule, FieldRule, FieldType, KeyRule, Shape, Stamp, TableRule, TimeFormat, UnknownRule,
};

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
