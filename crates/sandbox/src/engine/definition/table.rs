//! Kinds of records and their fields.

use serde::Deserialize;

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
    /// Other names of the table in paths.
    #[serde(default)]
    pub also: Vec<String>,
    /// The text before the number of a key.
    #[serde(default)]
    pub key_prefix: String,
    /// The number of the first key: 1 unless said.
    #[serde(default)]
    pub first_key: u64,
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
