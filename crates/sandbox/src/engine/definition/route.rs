//! Endpoints: what each does, how lists are selected, ordered and cut into pages.

use std::collections::BTreeMap;

use serde::Deserialize;

/// An endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteRule {
    /// The method and the path: `GET /api/v1/contacts/{key}`.
    pub call: String,
    /// What it does.
    pub does: Does,
    /// The table; nothing for a fixed response. `{type}` is the table that this part of the path names, by its name or by
    /// one of its other names.
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
    /// The query parameter that asks for deleted records alone, by `true`.
    pub deleted_param: Option<String>,
    /// How a list is cut into pages.
    #[serde(default)]
    pub page: Paging,
    /// Parameters that select.
    #[serde(default)]
    pub filters: Vec<FilterRule>,
    /// The order of a list, and how it is asked for.
    pub sort: Option<SortRule>,
    /// The members of each record that a request asks for.
    pub narrow: Option<NarrowRule>,
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
    /// An opaque cursor. The parameters can be JSON Pointers into the body.
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
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterRule {
    /// The query parameter, or a JSON Pointer into the body.
    pub param: String,
    /// The text before the value in the parameter, such as `lastModified ge `.
    #[serde(default)]
    pub before: String,
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
#[derive(Clone, Debug, Deserialize)]
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

/// The members of a record that a request asks for by name; others are left out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NarrowRule {
    /// The query parameter with names separated by commas, or a JSON Pointer to a list in the body.
    pub param: String,
    /// The member of the record that is narrowed; the record itself when empty.
    #[serde(default)]
    pub at: String,
    /// Members that are always shown.
    #[serde(default)]
    pub always: Vec<String>,
}
