use tieline_kit::JsonPath;

use super::{Named, Request};

/// A public setting of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Setting {
    /// The label.
    pub title: String,
    /// One sentence of help.
    pub help: String,
    /// A good value.
    pub example: String,
    /// Its kind.
    pub kind: SettingKind,
    /// Whether it may be absent.
    pub optional: bool,
    /// The value when none is given.
    pub default: Option<String>,
    /// The meaning of each value: a table.
    pub values: Named<String>,
    /// The request that lists the values of an account.
    pub choices: Option<SettingChoices>,
}

/// The kind of a setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingKind {
    /// A line of text.
    #[default]
    Text,
    /// An absolute URL, and so an origin.
    Url,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
}

/// The request that lists the values of a setting, and the places of a value and its label.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingChoices {
    /// The request; its walk names the path to the list.
    pub request: Request,
    /// The path to the value.
    pub value: JsonPath,
    /// The path to the label.
    pub title: JsonPath,
}
