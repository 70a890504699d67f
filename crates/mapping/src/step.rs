//! The closed set of steps, as data.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tieline_core::{EntityName, FieldPath, RawJson};

use crate::time_steps::{Date, Datetime, Time};
use crate::{pairs, paths};

/// What is done to a value on its way to the host. Null passes by, except where a step says otherwise.
///
/// In a file a step is a word (`trim`), or a word with its settings (`decimal: {scale: 2}`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// A text, a number or a boolean becomes a text.
    Text(Text),
    /// A number without a fraction, from a number or a text.
    Integer(Integer),
    /// A decimal, from a number or a text, digit for digit.
    Decimal(Decimal),
    /// An amount in minor units (öre, cents) becomes one in major units.
    MinorUnits(MinorUnits),
    /// A boolean, from the words that people use.
    Boolean(Boolean),
    /// A date in another form.
    Date(Date),
    /// A time of day in another form.
    Time(Time),
    /// A moment in another form and zone.
    Datetime(Datetime),
    /// Without surrounding white space.
    Trim,
    /// In lower case.
    Lower(Case),
    /// In upper case.
    Upper(Case),
    /// With this text before it.
    Prefix(String),
    /// Without this text before it.
    StripPrefix(String),
    /// A part of a text. One-way.
    Extract(Extract),
    /// What single values become.
    Table(Table),
    /// What null becomes.
    #[cfg_attr(test, schemars(with = "Value"))]
    Default(RawJson),
    /// Values that mean nothing, such as an empty text.
    #[cfg_attr(test, schemars(with = "Vec<Value>"))]
    NullIf(Vec<RawJson>),
    /// A list with the value as its only item.
    Wrap(Wrap),
    /// The only item of a list.
    Unwrap(Unwrap),
    /// A text as a list of its parts.
    Split(Separator),
    /// A list of texts as one text.
    Join(Separator),
    /// An object as a list of its members.
    ObjectToList(ObjectToList),
    /// A field of another synced record.
    Lookup(Lookup),
    /// What a jq filter makes of it. One-way, and only with the feature `jq`.
    Jq(String),
}

macro_rules! into_step {
    ($($settings:ident),*) => {$(
        impl From<$settings> for Step {
            fn from(settings: $settings) -> Self {
                Self::$settings(settings)
            }
        }
    )*};
}
into_step!(Text, Integer, Decimal, MinorUnits, Boolean, Date, Time, Datetime, Extract, Table);
into_step!(Wrap, Unwrap, ObjectToList, Lookup);

/// How the provider writes what becomes a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TextOf {
    /// As a text.
    #[default]
    Text,
    /// As a number.
    Number,
    /// As `true` and `false`.
    Boolean,
}

/// Settings of [`Step::Text`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Text {
    /// What the way back writes.
    pub provider: TextOf,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum NumberAs {
    /// As a JSON number.
    #[default]
    Number,
    /// As a text.
    Text,
}

/// Settings of [`Step::Integer`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Integer {
    /// How the way back writes it.
    pub provider: NumberAs,
}

/// Settings of [`Step::Decimal`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Decimal {
    /// How many digits stand after the point; as they come, when it is not said. At most 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// What becomes of digits beyond the scale.
    pub rounding: Rounding,
    /// How the way back writes it.
    pub provider: NumberAs,
    /// How the host wants it.
    pub host: NumberAs,
    /// Whether the provider's texts have a comma for the point. Thousands may be set apart by spaces of any kind, points or
    /// apostrophes, in groups of three: `1.250` is 1250, and `12.50` is an issue.
    pub decimal_comma: bool,
    /// Whether the provider's texts are amounts as people type them: with a currency before or after, a minus of any kind,
    /// brackets for minus, `:-` for no fraction. Without `decimal_comma`, commas set thousands apart.
    pub typed: bool,
}

/// What becomes of digits beyond a decimal's scale.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// To the nearest, a half to the even neighbour.
    #[default]
    HalfEven,
    /// To the nearest, a half away from zero.
    HalfUp,
    /// Toward zero.
    Down,
    /// Away from zero.
    Up,
    /// Digits other than zero are an issue.
    Exact,
}

/// Settings of [`Step::MinorUnits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct MinorUnits {
    /// How many digits the minor unit has: 2 for most currencies. At most 20.
    pub digits: u32,
    /// How the way back writes it.
    pub provider: NumberAs,
    /// How the host wants it.
    pub host: NumberAs,
}

impl Default for MinorUnits {
    fn default() -> Self {
        Self { digits: 2, provider: NumberAs::Number, host: NumberAs::Number }
    }
}

/// Settings of [`Step::Boolean`]. Texts are compared without surrounding white space and without case. The first of
/// each list is what the way back writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct Boolean {
    /// What means true.
    #[cfg_attr(test, schemars(with = "Vec<Value>"))]
    pub yes: Vec<RawJson>,
    /// What means false.
    #[cfg_attr(test, schemars(with = "Vec<Value>"))]
    pub no: Vec<RawJson>,
}

impl Default for Boolean {
    fn default() -> Self {
        let words = |texts: &[&str]| texts.iter().map(|text| RawJson::from_checked(text)).collect();
        Self {
            yes: words(&[
                "true",
                "1",
                r#""true""#,
                r#""1""#,
                r#""yes""#,
                r#""y""#,
                r#""ja""#,
                r#""j""#,
                r#""on""#,
            ]),
            no: words(&[
                "false",
                "0",
                r#""false""#,
                r#""0""#,
                r#""no""#,
                r#""n""#,
                r#""nej""#,
                r#""nein""#,
                r#""off""#,
            ]),
        }
    }
}

/// The case of letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LetterCase {
    /// Lower case.
    Lower,
    /// Upper case.
    Upper,
    /// The first letter in upper case, the others in lower case.
    Capital,
}

/// Settings of [`Step::Lower`] and [`Step::Upper`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// The case that the way back writes; as it comes, when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub back: Option<LetterCase>,
}

/// Settings of [`Step::Extract`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Extract {
    /// A regular expression (no look-around, no back-references): its first group, or the whole of it, is the value.
    pub pattern: String,
    /// Whether a text that does not match is null without an issue.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Settings of [`Step::Table`]. Texts are compared without surrounding white space, and a number like the text that
/// writes it.
///
/// In a file the entries are a list of pairs, or an object when the provider's values are texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Pairs of a value at the provider and the host's value. When several give the same, the way back writes the
    /// first.
    #[serde(serialize_with = "pairs::serialize", deserialize_with = "pairs::deserialize")]
    #[cfg_attr(test, schemars(with = "pairs::Written"))]
    pub entries: Vec<(RawJson, RawJson)>,
    /// What any other value becomes.
    #[serde(default, skip_serializing_if = "Otherwise::is_issue")]
    pub otherwise: Otherwise,
}

/// What becomes of a value that a table does not list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Otherwise {
    /// The field is null and the record gets an issue.
    #[default]
    Issue,
    /// The field is null.
    Null,
    /// The field keeps the value.
    Keep,
    /// The record is left out, with an issue.
    Refuse,
    /// The field gets this value.
    #[cfg_attr(test, schemars(with = "Value"))]
    Value(RawJson),
}

impl Otherwise {
    /// A value.
    pub fn value(value: impl Into<Value>) -> Self {
        Self::Value(crate::mapping::literal(value))
    }

    fn is_issue(&self) -> bool {
        *self == Self::Issue
    }
}

impl From<Value> for Otherwise {
    fn from(value: Value) -> Self {
        Self::value(value)
    }
}

/// Settings of [`Step::Wrap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Wrap {
    /// Whether null is an empty list.
    pub empty: bool,
}

/// Settings of [`Step::Unwrap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Unwrap {
    /// Whether the first of several items is taken. One-way, because the others would be lost.
    pub first: bool,
}

/// Settings of [`Step::Split`] and [`Step::Join`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Separator {
    /// What stands between the parts.
    pub separator: String,
}

/// Settings of [`Step::ObjectToList`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct ObjectToList {
    /// The member of an item that holds the name.
    pub name: String,
    /// The member of an item that holds the value.
    pub value: String,
}

impl Default for ObjectToList {
    fn default() -> Self {
        Self { name: "name".to_owned(), value: "value".to_owned() }
    }
}

/// Settings of [`Step::Lookup`]: a field of another synced record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The other record's entity.
    #[cfg_attr(test, schemars(with = "String"))]
    pub entity: EntityName,
    /// The field of it that the value becomes.
    #[serde(deserialize_with = "paths::one")]
    #[cfg_attr(test, schemars(with = "String"))]
    pub field: FieldPath,
    /// The field of it that holds the value; its key, when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "paths::optional")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub by: Option<FieldPath>,
    /// The field of it that repeats its key, such as `id`. The way back needs this, or `by`.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "paths::optional")]
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub key: Option<FieldPath>,
}

impl Lookup {
    /// A field of the record with that key. One-way, unless [`key`](Self::key) is said.
    pub fn of_key(entity: impl Into<EntityName>, field: &str) -> Self {
        Self { entity: entity.into(), field: paths::path(field), by: None, key: None }
    }

    /// A field of the record in which another field has that value.
    pub fn by(entity: impl Into<EntityName>, by: &str, field: &str) -> Self {
        Self { by: Some(paths::path(by)), ..Self::of_key(entity, field) }
    }

    /// Says which field of the other record repeats its key, so that there is a way back.
    #[must_use]
    pub fn key(mut self, field: &str) -> Self {
        self.key = Some(paths::path(field));
        self
    }
}
