//! The public settings of a connection.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use tieline_core::http::HttpClient;
use tieline_core::{Clock, ConnectorConfig, Error, ErrorKind, Result};
use tieline_kit::excerpt;
use url::Url;

use crate::{GoogleSheets, GoogleSheetsFactory};

pub(crate) const BASE: &str = "https://sheets.googleapis.com/";
const EXAMPLE: &str = "copy it from the browser's address bar: https://docs.google.com/spreadsheets/d/…/edit";

/// The public settings of a connection to one spreadsheet.
///
/// ```
/// use tieline_google_sheets::{GoogleSheetsConfig, TableConfig};
///
/// let pasted = "https://docs.google.com/spreadsheets/u/1/d/1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg/edit#gid=0";
/// let config = GoogleSheetsConfig::new(pasted).with_table("Orders", TableConfig::default().with_key("Order no"));
/// assert_eq!(config.spreadsheet_id()?, "1AbCdEfGhIjKlMnOpQrStUvWxYz0123456789abcdefg");
/// # Ok::<(), tieline_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GoogleSheetsConfig {
    spreadsheet: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    header_row: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    add_columns: bool,
    #[serde(default, skip_serializing_if = "Tables::is_empty")]
    tables: Tables,
}

/// The settings of one table: of a tab with the same name, or of a part of a tab under a name of its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) tab: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header_row: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) marker: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) dates_since_1904: bool,
}

impl TableConfig {
    /// Names the tab, where the table has another name than its tab.
    #[must_use]
    pub fn with_tab(mut self, title: impl Into<String>) -> Self {
        self.tab = Some(title.into());
        self
    }

    /// Restricts the table to a range such as `B3:F`, or to a named range. A named range needs no tab.
    #[must_use]
    pub fn with_range(mut self, range: impl Into<String>) -> Self {
        self.range = Some(range.into());
        self
    }

    /// Names the column whose values are the keys.
    #[must_use]
    pub fn with_key(mut self, column: impl Into<String>) -> Self {
        self.key = Some(column.into());
        self
    }

    /// Sets the number of the header's row, counted from 1 as in the sheet. Without it the header is looked for.
    #[must_use]
    pub fn with_header_row(mut self, row: u32) -> Self {
        self.header_row = Some(row);
        self
    }

    /// Names the column that takes the marker of a create.
    #[must_use]
    pub fn with_marker(mut self, column: impl Into<String>) -> Self {
        self.marker = Some(column.into());
        self
    }

    /// Says that the dates were pasted from a workbook that counts days since 1904. Dates are then 1,462 days later.
    #[must_use]
    pub fn with_dates_since_1904(mut self, on: bool) -> Self {
        self.dates_since_1904 = on;
        self
    }
}

impl GoogleSheetsConfig {
    /// The settings for a spreadsheet: its id, or any address of it that people paste.
    pub fn new(spreadsheet: impl Into<String>) -> Self {
        Self { spreadsheet: spreadsheet.into(), ..Self::default() }
    }

    /// Names the key column of every tab that has a column of this name.
    #[must_use]
    pub fn with_key(mut self, column: impl Into<String>) -> Self {
        self.key = Some(column.into());
        self
    }

    /// Sets the number of the header's row in every tab, counted from 1.
    #[must_use]
    pub fn with_header_row(mut self, row: u32) -> Self {
        self.header_row = Some(row);
        self
    }

    /// Names the column that takes markers, in every tab that has a column of this name.
    #[must_use]
    pub fn with_marker(mut self, column: impl Into<String>) -> Self {
        self.marker = Some(column.into());
        self
    }

    /// Whether a write may add a column for a field that the header lacks. Off by default: such a write is refused.
    #[must_use]
    pub fn with_added_columns(mut self, on: bool) -> Self {
        self.add_columns = on;
        self
    }

    /// Adds the settings of a table.
    #[must_use]
    pub fn with_table(mut self, name: impl Into<String>, table: TableConfig) -> Self {
        self.tables.0.insert(name.into(), table);
        self
    }

    /// The spreadsheet's id.
    ///
    /// # Errors
    ///
    /// `Config` for an address that is not one of a spreadsheet, with the kind of address that it is.
    pub fn spreadsheet_id(&self) -> Result<String> {
        spreadsheet_id(&self.spreadsheet)
    }

    pub(crate) fn adds_columns(&self) -> bool {
        self.add_columns
    }

    pub(crate) fn tables(&self) -> &BTreeMap<String, TableConfig> {
        &self.tables.0
    }

    /// The settings of an entity, with those of the whole connection where it has none of its own. The second is whether
    /// its key was asked for by the entity itself.
    pub(crate) fn table(&self, entity: &str) -> (TableConfig, bool) {
        let own = self.tables.0.get(entity).cloned().unwrap_or_default();
        let explicit = own.key.is_some();
        let table = TableConfig {
            key: own.key.or_else(|| self.key.clone()),
            header_row: own.header_row.or(self.header_row.filter(|_| own.range.is_none())),
            marker: own.marker.or_else(|| self.marker.clone()),
            ..own
        };
        (table, explicit)
    }

    /// Reads the settings of a stored connection.
    pub(crate) fn from_value(config: &Value) -> Result<Self> {
        serde_json::from_value(config.clone()).map_err(|error| {
            Error::new(ErrorKind::Config, format!("the Google Sheets settings cannot be read: {error}"))
                .with_advice(r#"they are an object such as {"spreadsheet":"https://docs.google.com/spreadsheets/d/…/edit"}"#)
        })
    }
}

fn is_id(text: &str) -> bool {
    (20..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

fn spreadsheet_id(pasted: &str) -> Result<String> {
    let text = pasted.trim();
    let wrong = |what: &str, advice: &'static str| {
        Err(Error::new(ErrorKind::Config, format!("{:?} {what}", excerpt(text, 80))).with_advice(advice))
    };
    if text.is_empty() {
        return Err(Error::new(ErrorKind::Config, "no spreadsheet is named").with_advice(EXAMPLE));
    }
    if is_id(text) {
        return Ok(text.to_owned());
    }
    let address = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let url = match Url::parse(&address) {
        Ok(url) if text.contains('/') => url,
        _ => return wrong("is neither the id nor the address of a spreadsheet", EXAMPLE),
    };
    if !matches!(url.host_str(), Some("docs.google.com" | "drive.google.com" | "sheets.google.com")) {
        return wrong("is not an address of Google Sheets", EXAMPLE);
    }
    if let Some((_, id)) = url.query_pairs().find(|(name, value)| name == "id" && is_id(value)) {
        return Ok(id.into_owned());
    }
    let segments: Vec<&str> = url.path_segments().into_iter().flatten().collect();
    let behind = segments.iter().position(|segment| *segment == "d").map(|at| at + 1);
    let id = behind.and_then(|at| segments.get(at)).copied();
    match (segments.first().copied(), id) {
        (Some("spreadsheets"), Some("e")) => wrong(
            "is the address of a published copy, which the API does not open",
            "open the spreadsheet itself and copy the address from the browser",
        ),
        (Some("spreadsheets"), Some(id)) if is_id(id) => Ok(id.to_owned()),
        (Some("file"), Some(id)) if is_id(id) => Ok(id.to_owned()),
        (Some("document"), _) => wrong(
            "is the address of a document of Google Docs, not of a spreadsheet",
            "open the spreadsheet in Google Sheets and copy its address",
        ),
        (Some("presentation" | "forms" | "drawings"), _) => wrong(
            "is the address of another kind of file, not of a spreadsheet",
            "open the spreadsheet in Google Sheets and copy its address",
        ),
        (Some("drive"), _) => wrong(
            "is the address of a folder, not of a spreadsheet",
            "open the spreadsheet in Google Sheets and copy its address",
        ),
        _ => wrong("names no spreadsheet", EXAMPLE),
    }
}

/// Tables by their names: an object, or its JSON text as a form gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Tables(BTreeMap<String, TableConfig>);

impl Tables {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Tables {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for Tables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        use serde::de::Error as _;
        let tables = match Value::deserialize(deserializer)? {
            Value::String(text) if text.trim().is_empty() => return Ok(Self::default()),
            Value::String(text) => serde_json::from_str(&text),
            value => serde_json::from_value(value),
        };
        let tables: BTreeMap<String, TableConfig> =
            tables.map_err(|error| D::Error::custom(format!("tables: {error}")))?;
        Ok(Self(tables))
    }
}

impl ConnectorConfig for GoogleSheetsConfig {
    type Connector = GoogleSheets;
    type Factory = GoogleSheetsFactory;

    fn connect(self, base_url: Url, http: HttpClient, clock: Arc<dyn Clock>) -> Result<Arc<GoogleSheets>> {
        Ok(Arc::new(GoogleSheets::new(self, base_url, http, clock)?))
    }
}
