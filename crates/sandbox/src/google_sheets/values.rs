//! The methods about values: rows of a range, read and written.

use super::a1;
use super::cell::{Cell, Value};
use super::grid::{Area, Sheet, Spreadsheet};
use super::refusal::{self, Refusal};
use super::show::Rendering;
use crate::{Json, Object};

/// The rows of an area, trailing empty rows and cells cut off.
pub(crate) fn value_range(
    file: &Spreadsheet,
    area: Area,
    rendering: Rendering,
    by_columns: bool,
) -> Result<Json, Refusal> {
    let sheet = file.by_id(area.sheet).ok_or_else(refusal::not_found)?;
    let area = area.within(sheet);
    let mut rows: Vec<Vec<Json>> = (area.top..area.bottom.min(sheet.end()))
        .map(|row| {
            let cells = (area.left..area.right).map(|column| match sheet.cell(row, column) {
                Some(cell) => rendering.value(file, cell),
                None => Json::from(""),
            });
            cells.collect()
        })
        .collect();
    if by_columns {
        let width = rows.iter().map(Vec::len).max().unwrap_or_default();
        let column = |index: usize| {
            rows.iter().map(|row| row.get(index).cloned().unwrap_or_else(|| "".into())).collect::<Vec<Json>>()
        };
        rows = (0..width).map(column).collect();
    }
    let is_empty = |value: &Json| value.as_str() == Some("");
    for row in &mut rows {
        row.truncate(row.iter().rposition(|value| !is_empty(value)).map_or(0, |last| last + 1));
    }
    rows.truncate(rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
    let mut range = Object::default()
        .with("range", a1::named(sheet, &area))
        .with("majorDimension", if by_columns { "COLUMNS" } else { "ROWS" });
    if !rows.is_empty() {
        range.set("values", rows.into_iter().map(Json::from).collect::<Vec<Json>>());
    }
    Ok(range.into())
}

/// The size of a write.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) cells: usize,
}

impl Written {
    pub(crate) fn answer(self, file: &Spreadsheet, range: String) -> Object {
        Object::default()
            .with("spreadsheetId", file.id.clone())
            .with("updatedRange", range)
            .with("updatedRows", self.rows)
            .with("updatedColumns", self.columns)
            .with("updatedCells", self.cells)
    }
}

/// Writes the rows of a `ValueRange` from the area's first cell on. The grid never grows by it.
pub(crate) fn put(
    file: &mut Spreadsheet,
    area: Area,
    body: &Json,
    entered: bool,
) -> Result<(Written, Area), Refusal> {
    let locale = file.locale.clone();
    let sheet = file.by_id_mut(area.sheet).ok_or_else(refusal::not_found)?;
    let rows = body.get("values").and_then(Json::as_array).unwrap_or_default();
    let columns = body.get("majorDimension").and_then(Json::as_str) == Some("COLUMNS");
    let mut written = Written::default();
    let mut reach = Area { bottom: area.top, right: area.left, ..area };
    for (at, values) in rows.iter().enumerate() {
        let values = values.as_array().ok_or_else(|| bad_value(at, None))?;
        for (behind, value) in values.iter().enumerate() {
            let (row, column) = if columns { (behind, at) } else { (at, behind) };
            let (row, column) = (area.top + row, area.left + column);
            reach.bottom = reach.bottom.max(row + 1);
            reach.right = reach.right.max(column + 1);
            if row >= sheet.row_count || column >= sheet.column_count {
                let limits = format!("Max rows: {}, max columns: {}", sheet.row_count, sheet.column_count);
                return Err(refusal::invalid(format!("Range exceeds grid limits. {limits}")));
            }
            let Some(cell) = of_value(value, entered, &locale).ok_or_else(|| bad_value(at, Some(behind)))?
            else {
                continue;
            };
            guard(sheet, row, column, &cell)?;
            let format = sheet.cell(row, column).and_then(|cell| cell.format.clone());
            let cell = Cell { format: cell.format.clone().or(format), ..cell };
            sheet.set(row, column, cell);
            written.cells += 1;
        }
    }
    written.rows = reach.bottom - reach.top;
    written.columns = reach.right - reach.left;
    Ok((written, reach))
}

fn bad_value(row: usize, column: Option<usize>) -> Refusal {
    let column = column.map(|column| format!("[{column}]")).unwrap_or_default();
    refusal::invalid(format!("Invalid values[{row}]{column}: struct_value"))
}

/// The most characters of a cell.
const LONGEST: usize = 50_000;

pub(crate) fn guard(sheet: &Sheet, row: usize, column: usize, cell: &Cell) -> Result<(), Refusal> {
    if sheet.is_protected(Area::new(sheet.id, (row, column), (row + 1, column + 1))) {
        return Err(refusal::protected());
    }
    if matches!(&cell.value, Value::Text(text) if text.chars().count() > LONGEST) {
        return Err(refusal::invalid(
            "Your input contains more than the maximum of 50000 characters in a single cell.",
        ));
    }
    Ok(())
}

/// The cell of a value: nothing for `null`, which leaves the cell as it is. `None` for what is no value.
fn of_value(value: &Json, entered: bool, locale: &str) -> Option<Option<Cell>> {
    Some(Some(match value {
        Json::Null => return Some(None),
        Json::Bool(ticked) => Cell::boolean(*ticked),
        Json::Int(number) => Cell::number(number.to_string()),
        Json::Decimal(digits) => Cell::number(digits.to_string()),
        Json::Text(text) if text.is_empty() => Cell::default(),
        Json::Text(text) if entered => Cell::typed(text, locale),
        Json::Text(text) => Cell::text(text.to_string()),
        Json::Array(_) | Json::Object(_) => return None,
    }))
}

/// Finds the table that a range lies in: the block of rows around it that hold something.
pub(crate) fn table_of(sheet: &Sheet, area: Area) -> Area {
    let holds = |row: usize| {
        let cells = sheet.rows.get(row).map_or(&[][..], Vec::as_slice);
        cells.iter().take(area.right).skip(area.left).any(|cell| !cell.is_blank())
    };
    let Some(start) = (area.top..area.bottom.min(sheet.row_count)).find(|row| holds(*row)) else {
        return Area { bottom: area.top, ..area };
    };
    let mut top = start;
    while top > 0 && holds(top - 1) {
        top -= 1;
    }
    let mut bottom = start;
    while holds(bottom) {
        bottom += 1;
    }
    Area { top, bottom, ..area }
}

/// Empties the cells of an area. Their formats stay.
pub(crate) fn clear(file: &mut Spreadsheet, area: Area) -> Result<Area, Refusal> {
    let sheet = file.by_id_mut(area.sheet).ok_or_else(refusal::not_found)?;
    let area = area.within(sheet);
    if sheet.is_protected(area) {
        return Err(refusal::protected());
    }
    for row in sheet.rows.iter_mut().take(area.bottom).skip(area.top) {
        for cell in row.iter_mut().take(area.right).skip(area.left) {
            *cell = Cell { format: cell.format.take(), ..Cell::default() };
        }
    }
    Ok(area)
}
