//! The steps over dates, times and moments, as data.

use serde::{Deserialize, Serialize};

/// Settings of [`Step::Date`](crate::Step::Date). Formats are chrono's (`%Y-%m-%d`), and must name a whole date. `%Y` is
/// four digits; `%y` is two, where `70` to `99` are of the 20th century, `00` to `69` of the 21st.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Date {
    /// How the provider writes it.
    pub provider: String,
    /// How the host wants it.
    pub host: String,
    /// The first and the last year that a date may have; others are an issue. 1900 to 2200 when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<(i32, i32)>,
}

impl Default for Date {
    fn default() -> Self {
        Self { provider: "%Y-%m-%d".to_owned(), host: "%Y-%m-%d".to_owned(), years: None }
    }
}

/// Settings of [`Step::Time`](crate::Step::Time): a time of day. `HH:MM` and `HH:MM:SS` are read whatever the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Time {
    /// How the provider writes it.
    pub provider: String,
    /// How the host wants it.
    pub host: String,
}

impl Default for Time {
    fn default() -> Self {
        Self { provider: "%H:%M:%S".to_owned(), host: "%H:%M:%S".to_owned() }
    }
}

/// Settings of [`Step::Datetime`](crate::Step::Datetime): a moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Datetime {
    /// How the provider writes it, in chrono's words; `epoch_seconds` and `epoch_milliseconds` are numbers since 1970.
    /// When it is not said: RFC 3339, also with an offset such as `+0000` or `+00`, or, with a zone, also
    /// `YYYY-MM-DD HH:MM:SS` without an offset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The zone of a provider's text without an offset (an IANA name, such as `Europe/Stockholm`). UTC when it is not
    /// said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How the host wants it, in chrono's words. RFC 3339 when it is not said. What leaves a part of the moment out has
    /// no way back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The zone in which the host wants it. UTC when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_zone: Option<String>,
    /// What a local time that clocks skip in spring becomes.
    pub gap: Gap,
    /// Which moment a local time is that clocks show twice in autumn.
    pub fold: Fold,
    /// The first and the last year that a moment may have; others are an issue. 1900 to 2200 when it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub years: Option<(i32, i32)>,
}

/// A local time that does not exist, because clocks were put forward.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// Later by the length of the gap, as if clocks had not been put forward yet: 02:30 becomes 03:30.
    #[default]
    Shift,
    /// An issue.
    Issue,
}

/// A local time that exists twice, because clocks were put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// The first.
    #[default]
    Earlier,
    /// The second.
    Later,
    /// An issue.
    Issue,
}
