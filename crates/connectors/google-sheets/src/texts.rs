//! A tab as a grid of texts, for sheets that are read by people's eyes: without a header, without types.

use serde::Deserialize;
use tieline_core::{EntityName, Error, ErrorKind, Result};

use crate::TabTexts;
use crate::a1;
use crate::client::{Client, answer};
use crate::factory::NO_RANGE;
use crate::grid::{CellData, CellValue, Kind};
use crate::header::text;
use crate::table::no_tab;
use crate::times::{self, Zone};

/// Rows and columns that are read at most.
const ROWS: u64 = 2_000;
const COLUMNS: usize = 200;
const FIELDS: &str = "properties(title,locale,timeZone),sheets(properties(sheetId,title,gridProperties(rowCount,columnCount)),\
                      data(startRow,startColumn,rowMetadata(hiddenByUser,hiddenByFilter),rowData.values(effectiveValue,\
                      formattedValue,effectiveFormat.numberFormat)))";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Hidden {
    sheets: Vec<HiddenTab>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HiddenTab {
    data: Vec<HiddenGrid>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct HiddenGrid {
    row_metadata: Vec<RowMetadata>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct RowMetadata {
    hidden_by_user: bool,
    hidden_by_filter: bool,
}

/// Reads a tab, or the first one.
pub(crate) async fn texts(client: &Client, tab: Option<&str>) -> Result<TabTexts> {
    let title = match tab {
        Some(title) => title.to_owned(),
        None => {
            let response = client.properties().await?;
            let file = answer(&response)?;
            let first = file.sheets.into_iter().next().ok_or_else(|| {
                Error::new(ErrorKind::Decode, "Google's answer names no tab of the spreadsheet")
            })?;
            first.properties.title
        }
    };
    let entity = EntityName::new(&title);
    let range = a1::rows(&title, 0, ROWS, Some((0, COLUMNS - 1)));
    let response = match client.cells(FIELDS, &[range], &entity).await {
        Ok(response) => response,
        Err(error) if error.code() == Some(NO_RANGE) => {
            let response = client.properties().await?;
            return Err(no_tab(&answer(&response)?, &title, None));
        }
        Err(error) => return Err(error),
    };
    let file = answer(&response)?;
    let zone = Zone::parse(&file.properties.time_zone).unwrap_or(Zone::Named(chrono_tz::UTC));
    let rows = file.sheets.first().and_then(|tab| tab.data.first()).map_or(&[][..], |grid| &grid.row_data);
    let hidden: Hidden = serde_json::from_str(response.text()?).unwrap_or_default();
    let hidden =
        hidden.sheets.into_iter().next().and_then(|tab| tab.data.into_iter().next()).unwrap_or_default();
    let is_hidden = |row: &RowMetadata| row.hidden_by_user || row.hidden_by_filter;
    Ok(TabTexts {
        spreadsheet: file.properties.title.clone(),
        tab: title,
        rows: rows.iter().map(|row| row.values.iter().map(|cell| shown(cell, zone)).collect()).collect(),
        hidden_rows: hidden
            .row_metadata
            .iter()
            .enumerate()
            .filter(|(_, row)| is_hidden(row))
            .map(|(at, _)| at)
            .collect(),
    })
}

fn shown(cell: &CellData<'_>, zone: Zone) -> String {
    let displayed = || cell.shown().unwrap_or_else(|| text(cell));
    let CellValue::Number(digits) = cell.value() else { return displayed() };
    match cell.number_kind() {
        Kind::Date => {
            let ms = times::milliseconds(digits);
            ms.and_then(|ms| times::date(ms).or_else(|| times::date_time(ms, zone))).unwrap_or_else(displayed)
        }
        Kind::Percent => displayed(),
        Kind::Number | Kind::Currency => plain(digits),
        _ => displayed(),
    }
}

/// Digits that cannot be taken for groups of thousands.
fn plain(digits: &str) -> String {
    match digits.split_once('.') {
        Some((_, decimals)) if decimals.len() == 3 => format!("{digits}0"),
        _ => digits.to_owned(),
    }
}
