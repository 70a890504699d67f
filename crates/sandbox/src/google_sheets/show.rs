//! Spreadsheets as answers: their properties, and grids with values and formats.

use super::cell::{Cell, Value};
use super::format;
use super::grid::{Area, Sheet, Spreadsheet};
use super::mask::Mask;
use crate::{Json, Object};

/// A whole answer of `spreadsheets.get`. With areas, the tabs of these areas alone.
pub(crate) fn spreadsheet(file: &Spreadsheet, areas: &[Area], with_grid: bool, mask: &Mask) -> Json {
    let properties = Object::default()
        .with("title", file.title.clone())
        .with("locale", file.locale.clone())
        .with("autoRecalc", "ON_CHANGE")
        .with("timeZone", file.time_zone.clone());
    let wanted = |sheet: &&Sheet| areas.is_empty() || areas.iter().any(|area| area.sheet == sheet.id);
    let sheets: Vec<Json> = file
        .sheets
        .iter()
        .enumerate()
        .filter(|(_, sheet)| wanted(sheet))
        .map(|(index, sheet)| {
            let mut shown = Object::default().with("properties", sheet_properties(sheet, index));
            if with_grid {
                let whole = [sheet.whole()];
                let own: Vec<&Area> = areas.iter().filter(|area| area.sheet == sheet.id).collect();
                let of_sheet = if areas.is_empty() { whole.iter().collect() } else { own };
                let below = mask.below("sheets").and_then(|mask| mask.below("data"));
                if let Some(mask) = below {
                    let data = of_sheet.into_iter().map(|area| grid(file, sheet, *area, mask));
                    shown.set("data", data.collect::<Vec<Json>>());
                }
            }
            if !sheet.merges.is_empty() {
                shown.set("merges", sheet.merges.iter().map(grid_range).collect::<Vec<Json>>());
            }
            if !sheet.protected.is_empty() {
                let ranges = sheet.protected.iter().zip(1i64..).map(|(area, id)| {
                    let range =
                        Object::default().with("protectedRangeId", id).with("range", grid_range(area));
                    Json::from(range)
                });
                shown.set("protectedRanges", ranges.collect::<Vec<Json>>());
            }
            shown.into()
        })
        .collect();
    let mut shown = Object::default()
        .with("spreadsheetId", file.id.clone())
        .with("properties", properties)
        .with("sheets", sheets);
    if !file.named_ranges.is_empty() {
        let named = file.named_ranges.iter().zip(1i64..).map(|((name, area), id)| {
            let range = Object::default()
                .with("namedRangeId", id.to_string())
                .with("name", name.clone())
                .with("range", grid_range(area));
            Json::from(range)
        });
        shown.set("namedRanges", named.collect::<Vec<Json>>());
    }
    shown.set("spreadsheetUrl", format!("https://docs.google.com/spreadsheets/d/{}/edit", file.id));
    mask.apply(shown.into())
}

fn sheet_properties(sheet: &Sheet, index: usize) -> Object {
    let grid = Object::default().with("rowCount", sheet.row_count).with("columnCount", sheet.column_count);
    let mut properties = Object::default()
        .with("sheetId", sheet.id)
        .with("title", sheet.title.clone())
        .with("index", index)
        .with("sheetType", "GRID")
        .with("gridProperties", grid);
    if sheet.hidden {
        properties.set("hidden", true);
    }
    properties
}

/// An area as Google writes it: a bound of zero is left out, as every zero of its messages is.
pub(crate) fn grid_range(area: &Area) -> Json {
    let mut range = Object::default();
    let bounds = [
        ("sheetId", usize::try_from(area.sheet).unwrap_or_default()),
        ("startRowIndex", area.top),
        ("endRowIndex", area.bottom),
        ("startColumnIndex", area.left),
        ("endColumnIndex", area.right),
    ];
    for (name, bound) in bounds {
        if bound > 0 {
            range.set(name, bound);
        }
    }
    range.into()
}

fn grid(file: &Spreadsheet, sheet: &Sheet, area: Area, mask: &Mask) -> Json {
    let area = area.within(sheet);
    let mut data = Object::default();
    if area.top > 0 {
        data.set("startRow", area.top);
    }
    if area.left > 0 {
        data.set("startColumn", area.left);
    }
    let cells = mask.below("rowData").and_then(|mask| mask.below("values"));
    let Some(mask) = cells else { return data.into() };
    // Rows and cells at the end that hold nothing are cut.
    let bottom = area.bottom.min(sheet.end());
    let rows: Vec<Json> = (area.top..bottom)
        .map(|row| {
            let cells = sheet.rows.get(row).map_or(&[][..], Vec::as_slice);
            let cells =
                cells.get(area.left.min(cells.len())..area.right.min(cells.len())).unwrap_or_default();
            let end = cells.iter().rposition(|cell| !cell.is_blank()).map_or(0, |last| last + 1);
            let mut shown = Object::default();
            if end > 0 {
                let values = cells.iter().take(end).map(|cell| cell_data(file, cell, mask));
                shown.set("values", values.collect::<Vec<Json>>());
            }
            shown.into()
        })
        .collect();
    if !rows.is_empty() {
        data.set("rowData", rows);
    }
    data.into()
}

fn cell_data(file: &Spreadsheet, cell: &Cell, mask: &Mask) -> Json {
    let mut data = Object::default();
    if let Some(value) = extended(&cell.value) {
        if mask.wants(&["userEnteredValue"]) {
            let entered = match &cell.formula {
                Some(formula) => Object::default().with("formulaValue", formula.clone()).into(),
                None => value.clone(),
            };
            data.set("userEnteredValue", entered);
        }
        if mask.wants(&["effectiveValue"]) {
            data.set("effectiveValue", value);
        }
    }
    if mask.wants(&["formattedValue"])
        && let Some(text) = format::shown(cell, &file.locale)
    {
        data.set("formattedValue", text);
    }
    if let Some(format) = &cell.format {
        let mut number = Object::default().with("type", format.kind.clone());
        if !format.pattern.is_empty() {
            number.set("pattern", format.pattern.clone());
        }
        let shown: Json = Object::default().with("numberFormat", number).into();
        data.set("userEnteredFormat", shown.clone());
        data.set("effectiveFormat", shown);
    }
    mask.apply(data.into())
}

fn extended(value: &Value) -> Option<Json> {
    let member = |name: &'static str, value: Json| Some(Object::default().with(name, value).into());
    match value {
        Value::Blank => None,
        Value::Text(text) => member("stringValue", text.clone().into()),
        Value::Number(digits) => member("numberValue", Json::decimal(digits.clone())),
        Value::Bool(ticked) => member("boolValue", (*ticked).into()),
        Value::Error(error) => {
            let shown = Object::default().with("type", error.kind()).with("message", error.text());
            member("errorValue", shown.into())
        }
    }
}

/// The rendering of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rendering {
    pub(crate) unformatted: bool,
    pub(crate) formulas: bool,
    pub(crate) dates_as_text: bool,
}

impl Rendering {
    /// One value of a `ValueRange`. Blank cells are empty texts.
    pub(crate) fn value(self, file: &Spreadsheet, cell: &Cell) -> Json {
        if self.formulas
            && let Some(formula) = &cell.formula
        {
            return formula.clone().into();
        }
        let text = || format::shown(cell, &file.locale).unwrap_or_default().into();
        if !self.unformatted && !self.formulas {
            return text();
        }
        match &cell.value {
            Value::Number(digits) => {
                let is_time = cell
                    .format
                    .as_ref()
                    .is_some_and(|format| ["DATE", "TIME", "DATE_TIME"].contains(&format.kind.as_str()));
                if is_time && self.dates_as_text { text() } else { Json::decimal(digits.clone()) }
            }
            Value::Bool(ticked) => (*ticked).into(),
            _ => text(),
        }
    }
}
