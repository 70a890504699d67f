//! Grids as Google answers them: cells with their value, displayed text and number format, borrowed from the answer.

use serde::Deserialize;
use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, Result};

/// The members of a window that are read.
pub(crate) const WINDOW: &str = "sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)),data(startRow,\
                                 startColumn,rowData.values(effectiveValue,formattedValue,effectiveFormat.numberFormat)))";
/// The same with what is known of the file, for the beginning of a read.
pub(crate) const OPENING: &str = "properties(title,locale,timeZone),sheets(properties(sheetId,title,gridProperties(\
                                  rowCount,columnCount)),merges,data(startRow,startColumn,rowData.values(effectiveValue,\
                                  formattedValue,effectiveFormat.numberFormat)))";
/// The file, its tabs and the names of ranges, without any cell.
pub(crate) const PROPERTIES: &str = "properties(title,locale,timeZone),sheets.properties(sheetId,title,index,hidden,\
                                     sheetType,gridProperties(rowCount,columnCount)),namedRanges(name,range)";

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Answer<'a> {
    pub(crate) properties: FileProperties,
    #[serde(borrow)]
    pub(crate) sheets: Vec<Tab<'a>>,
    pub(crate) named_ranges: Vec<NamedRange>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct FileProperties {
    pub(crate) title: String,
    pub(crate) time_zone: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tab<'a> {
    pub(crate) properties: TabProperties,
    #[serde(borrow)]
    pub(crate) data: Vec<Grid<'a>>,
    pub(crate) merges: Vec<GridRange>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct TabProperties {
    pub(crate) sheet_id: i64,
    pub(crate) title: String,
    pub(crate) sheet_type: Option<String>,
    pub(crate) grid_properties: GridProperties,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GridProperties {
    pub(crate) row_count: u64,
    pub(crate) column_count: usize,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NamedRange {
    pub(crate) name: String,
    pub(crate) range: GridRange,
}

/// A half-open area. A missing bound at the end is none at all.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GridRange {
    pub(crate) sheet_id: i64,
    pub(crate) start_row_index: u64,
    pub(crate) end_row_index: Option<u64>,
    pub(crate) start_column_index: usize,
    pub(crate) end_column_index: Option<usize>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Grid<'a> {
    pub(crate) start_row: u64,
    pub(crate) start_column: usize,
    #[serde(borrow)]
    pub(crate) row_data: Vec<RowData<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RowData<'a> {
    #[serde(borrow)]
    pub(crate) values: Vec<CellData<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CellData<'a> {
    #[serde(borrow)]
    pub(crate) effective_value: Option<Extended<'a>>,
    #[serde(borrow)]
    pub(crate) formatted_value: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) effective_format: Option<CellFormat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CellFormat<'a> {
    #[serde(borrow)]
    number_format: Option<NumberFormat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NumberFormat<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pattern: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Extended<'a> {
    #[serde(borrow)]
    number_value: Option<&'a RawValue>,
    #[serde(borrow)]
    string_value: Option<&'a RawValue>,
    bool_value: Option<bool>,
    error_value: Option<ErrorValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ErrorValue {
    #[serde(rename = "type")]
    kind: String,
}

/// A value of a cell, as JSON text where it is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CellValue<'a> {
    Blank,
    /// A text in its quotes.
    Text(&'a str),
    Number(&'a str),
    Bool(bool),
    Error(&'static str),
}

/// The type of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    Text,
    Number,
    Percent,
    Currency,
    Date,
    DateTime,
    Time,
    Duration,
    Boolean,
}

impl Kind {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Percent => "percent",
            Self::Currency => "currency",
            Self::Date => "date",
            Self::DateTime => "date_time",
            Self::Time => "time",
            Self::Duration => "duration",
            Self::Boolean => "boolean",
        }
    }
}

impl<'a> CellData<'a> {
    pub(crate) fn value(&self) -> CellValue<'a> {
        let Some(value) = &self.effective_value else { return CellValue::Blank };
        if let Some(text) = value.string_value {
            return CellValue::Text(text.get());
        }
        if let Some(number) = value.number_value {
            return CellValue::Number(number.get());
        }
        if let Some(ticked) = value.bool_value {
            return CellValue::Bool(ticked);
        }
        match &value.error_value {
            None => CellValue::Blank,
            Some(error) => CellValue::Error(match error.kind.as_str() {
                "NULL_VALUE" => "#NULL!",
                "DIVIDE_BY_ZERO" => "#DIV/0!",
                "VALUE" => "#VALUE!",
                "REF" => "#REF!",
                "NAME" => "#NAME?",
                "NUM" => "#NUM!",
                "N_A" => "#N/A",
                "LOADING" => "Loading...",
                _ => "#ERROR!",
            }),
        }
    }

    /// The type of a number.
    pub(crate) fn number_kind(&self) -> Kind {
        let format = self.effective_format.as_ref().and_then(|format| format.number_format.as_ref());
        let Some(format) = format else { return Kind::Number };
        let is_duration = || {
            let pattern = format.pattern.map_or("", RawValue::get);
            ["[h", "[m", "[s"].iter().any(|unit| pattern.contains(unit))
        };
        match format.kind.map_or("", RawValue::get) {
            "\"DATE\"" | "\"DATE_TIME\"" | "\"TIME\"" if is_duration() => Kind::Duration,
            "\"DATE\"" => Kind::Date,
            "\"DATE_TIME\"" => Kind::DateTime,
            "\"TIME\"" => Kind::Time,
            "\"PERCENT\"" => Kind::Percent,
            "\"CURRENCY\"" => Kind::Currency,
            _ => Kind::Number,
        }
    }

    /// The type of a cell; `None` for a blank cell and for an error.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self.value() {
            CellValue::Blank | CellValue::Error(_) => None,
            CellValue::Text(_) => Some(Kind::Text),
            CellValue::Bool(_) => Some(Kind::Boolean),
            CellValue::Number(_) => Some(self.number_kind()),
        }
    }

    /// The displayed text.
    pub(crate) fn shown(&self) -> Option<String> {
        serde_json::from_str(self.formatted_value?.get()).ok()
    }

    pub(crate) fn is_blank(&self) -> bool {
        match self.value() {
            CellValue::Blank => true,
            CellValue::Text(text) => text == "\"\"",
            _ => false,
        }
    }
}

impl<'a> Answer<'a> {
    pub(crate) fn parse(text: &'a str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Decode, "Google's answer is not the grid that it documents")
                .with_advice("go on later from the last stored state, and report it if it stays")
                .with_source(error)
        })
    }
}
