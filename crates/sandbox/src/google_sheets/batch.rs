//! `spreadsheets.batchUpdate`: requests that all take effect, or none does.

use super::cell::{Cell, NumberFormat, Value};
use super::grid::{Area, Sheet, Spreadsheet};
use super::mask::Mask;
use super::refusal::{self, Refusal};
use super::values;
use crate::{Json, Object};

/// Carries out the requests on a copy, which is kept when all of them work.
pub(crate) fn update(file: &mut Spreadsheet, requests: &[Json]) -> Result<Vec<Json>, Refusal> {
    if requests.is_empty() {
        return Err(refusal::invalid("Must specify at least one request."));
    }
    let mut copy = file.clone();
    let mut replies = Vec::new();
    for (index, request) in requests.iter().enumerate() {
        let named = request.as_object().and_then(|object| object.iter().next());
        let Some((name, body)) = named else {
            return Err(refusal::invalid(format!("Invalid requests[{index}]: No request set.")));
        };
        let reply = one(&mut copy, name, body).map_err(|mut refusal| {
            refusal.message = format!("Invalid requests[{index}].{name}: {}", refusal.message);
            refusal
        })?;
        replies.push(reply.into());
    }
    *file = copy;
    Ok(replies)
}

fn one(file: &mut Spreadsheet, name: &str, body: &Json) -> Result<Object, Refusal> {
    match name {
        "updateCells" => update_cells(file, body)?,
        "appendCells" => append_cells(file, body)?,
        "appendDimension" => {
            let length = number(body, "length");
            let sheet = sheet(file, body)?;
            match is_rows(body)? {
                true => sheet.row_count += length,
                false => sheet.column_count += length,
            }
        }
        "deleteDimension" => delete_dimension(file, body)?,
        "insertDimension" => insert_dimension(file, body)?,
        "addSheet" => return add_sheet(file, body),
        "deleteSheet" => {
            let id = sheet(file, body)?.id;
            if file.sheets.len() == 1 {
                return Err(refusal::invalid("You can't remove all the sheets in a document."));
            }
            file.sheets.retain(|sheet| sheet.id != id);
        }
        "updateSheetProperties" => {
            let properties = body.get("properties").cloned().unwrap_or(Json::Null);
            let fields = Mask::parse(body.get("fields").and_then(Json::as_str).unwrap_or_default())?;
            let sheet = sheet(file, &properties)?;
            if fields.wants(&["title"])
                && let Some(title) = properties.get("title").and_then(Json::as_str)
            {
                title.clone_into(&mut sheet.title);
            }
            let grid = properties.get("gridProperties");
            if fields.wants(&["gridProperties", "rowCount"])
                && let Some(rows) = grid.map(|grid| number(grid, "rowCount")).filter(|rows| *rows > 0)
            {
                sheet.row_count = rows;
                sheet.rows.truncate(rows);
            }
            if fields.wants(&["gridProperties", "columnCount"])
                && let Some(columns) = grid.map(|grid| number(grid, "columnCount")).filter(|width| *width > 0)
            {
                sheet.column_count = columns;
                sheet.rows.iter_mut().for_each(|row| row.truncate(columns));
            }
        }
        other => return Err(refusal::unmodelled(other)),
    }
    Ok(Object::default())
}

fn number(body: &Json, name: &str) -> usize {
    body.get(name).and_then(Json::as_i64).and_then(|number| usize::try_from(number).ok()).unwrap_or_default()
}

fn sheet<'f>(file: &'f mut Spreadsheet, body: &Json) -> Result<&'f mut Sheet, Refusal> {
    // Zero may be left out.
    let id = body.get("sheetId").and_then(Json::as_i64).unwrap_or_default();
    file.by_id_mut(id).ok_or_else(|| refusal::invalid(format!("No grid with id: {id}")))
}

fn is_rows(body: &Json) -> Result<bool, Refusal> {
    match body.get("dimension").and_then(Json::as_str) {
        Some("ROWS") => Ok(true),
        Some("COLUMNS") => Ok(false),
        _ => Err(refusal::invalid("dimension must be set")),
    }
}

/// The area of a `GridRange`, a `DimensionRange` or a `GridCoordinate`.
pub(crate) fn area(file: &Spreadsheet, range: &Json) -> Result<Area, Refusal> {
    let id = range.get("sheetId").and_then(Json::as_i64).unwrap_or_default();
    let sheet = file.by_id(id).ok_or_else(|| refusal::invalid(format!("No grid with id: {id}")))?;
    let whole = sheet.whole();
    let bound =
        |name: &str, missing: usize| if range.get(name).is_some() { number(range, name) } else { missing };
    Ok(Area {
        sheet: id,
        top: bound("startRowIndex", 0),
        bottom: bound("endRowIndex", whole.bottom),
        left: bound("startColumnIndex", 0),
        right: bound("endColumnIndex", whole.right),
    })
}

fn update_cells(file: &mut Spreadsheet, body: &Json) -> Result<(), Refusal> {
    let mask = Mask::parse(body.get("fields").and_then(Json::as_str).unwrap_or_default())?;
    let (top, left, id) = match (body.get("start"), body.get("range")) {
        (Some(start), _) => {
            let id = start.get("sheetId").and_then(Json::as_i64).unwrap_or_default();
            (number(start, "rowIndex"), number(start, "columnIndex"), id)
        }
        (None, Some(range)) => {
            let area = area(file, range)?;
            (area.top, area.left, area.sheet)
        }
        _ => return Err(refusal::invalid("One of start or range must be set.")),
    };
    let sheet = file.by_id_mut(id).ok_or_else(|| refusal::invalid(format!("No grid with id: {id}")))?;
    let rows = body.get("rows").and_then(Json::as_array).unwrap_or_default();
    for (row, data) in rows.iter().enumerate() {
        let cells = data.get("values").and_then(Json::as_array).unwrap_or_default();
        for (column, data) in cells.iter().enumerate() {
            put(sheet, top + row, left + column, data, &mask)?;
        }
    }
    Ok(())
}

fn put(sheet: &mut Sheet, row: usize, column: usize, data: &Json, mask: &Mask) -> Result<(), Refusal> {
    if row >= sheet.row_count || column >= sheet.column_count {
        return Err(refusal::invalid(format!(
            "Attempting to write row: {row}, column: {column}, beyond the last row or column of the grid."
        )));
    }
    let mut cell = sheet.cell(row, column).cloned().unwrap_or_default();
    cell.shown = None;
    if mask.wants(&["userEnteredValue"]) {
        let entered = data.get("userEnteredValue");
        let member = |name: &str| entered.and_then(|entered| entered.get(name));
        cell.formula = None;
        cell.value = match (member("stringValue"), member("numberValue"), member("boolValue")) {
            (Some(text), ..) => Value::Text(text.as_str().unwrap_or_default().to_owned()),
            (_, Some(number), _) => Value::Number(number.to_string()),
            (.., Some(ticked)) => Value::Bool(ticked.as_bool().unwrap_or_default()),
            _ if member("formulaValue").is_some() => return Err(refusal::unmodelled("formulas")),
            _ => Value::Blank,
        };
    }
    if mask.wants(&["userEnteredFormat", "numberFormat"]) {
        let format = data.get("userEnteredFormat").and_then(|format| format.get("numberFormat"));
        let text = |format: &Json, name: &str| {
            format.get(name).and_then(Json::as_str).unwrap_or_default().to_owned()
        };
        cell.format = format
            .map(|format| NumberFormat { kind: text(format, "type"), pattern: text(format, "pattern") });
    }
    values::guard(sheet, row, column, &cell)?;
    sheet.set(row, column, cell);
    Ok(())
}

/// New rows behind the last one of the tab that holds something; the grid grows as far as it must.
fn append_cells(file: &mut Spreadsheet, body: &Json) -> Result<(), Refusal> {
    let mask = Mask::parse(body.get("fields").and_then(Json::as_str).unwrap_or_default())?;
    let rows = body.get("rows").and_then(Json::as_array).unwrap_or_default();
    let sheet = sheet(file, body)?;
    let top = sheet.end();
    let width = rows
        .iter()
        .filter_map(|row| row.get("values").and_then(Json::as_array))
        .map(<[Json]>::len)
        .max()
        .unwrap_or_default();
    sheet.row_count = sheet.row_count.max(top + rows.len());
    sheet.column_count = sheet.column_count.max(width);
    for (row, data) in rows.iter().enumerate() {
        let cells = data.get("values").and_then(Json::as_array).unwrap_or_default();
        for (column, data) in cells.iter().enumerate() {
            put(sheet, top + row, column, data, &mask)?;
        }
    }
    Ok(())
}

fn delete_dimension(file: &mut Spreadsheet, body: &Json) -> Result<(), Refusal> {
    let range = body.get("range").cloned().unwrap_or(Json::Null);
    let rows = is_rows(&range)?;
    let (start, end) = (number(&range, "startIndex"), number(&range, "endIndex"));
    let sheet = sheet(file, &range)?;
    let count = if rows { sheet.row_count } else { sheet.column_count };
    if start >= end || end > count {
        return Err(refusal::invalid(format!("Range ({start} to {end}) is outside the grid of {count}.")));
    }
    let area = match rows {
        true => Area { top: start, bottom: end, ..sheet.whole() },
        false => Area { left: start, right: end, ..sheet.whole() },
    };
    if sheet.is_protected(area) {
        return Err(refusal::protected());
    }
    match rows {
        true => {
            let last = sheet.rows.len();
            sheet.rows.drain(start.min(last)..end.min(last));
            sheet.row_count -= end - start;
        }
        false => {
            for row in &mut sheet.rows {
                let last = row.len();
                row.drain(start.min(last)..end.min(last));
            }
            sheet.column_count -= end - start;
        }
    }
    Ok(())
}

fn insert_dimension(file: &mut Spreadsheet, body: &Json) -> Result<(), Refusal> {
    let range = body.get("range").cloned().unwrap_or(Json::Null);
    let rows = is_rows(&range)?;
    let (start, end) = (number(&range, "startIndex"), number(&range, "endIndex"));
    let sheet = sheet(file, &range)?;
    for _ in start..end {
        match rows {
            true => sheet.insert_row(start, Vec::<Cell>::new()),
            false => {
                for row in sheet.rows.iter_mut().filter(|row| row.len() > start) {
                    row.insert(start, Cell::default());
                }
                sheet.column_count += 1;
            }
        }
    }
    Ok(())
}

fn add_sheet(file: &mut Spreadsheet, body: &Json) -> Result<Object, Refusal> {
    let properties = body.get("properties").cloned().unwrap_or(Json::Null);
    let highest = file.sheets.iter().map(|sheet| sheet.id).max().unwrap_or_default();
    let id = properties.get("sheetId").and_then(Json::as_i64).unwrap_or(highest + 1);
    let count = file.sheets.len() + 1;
    let title =
        properties.get("title").and_then(Json::as_str).map_or_else(|| format!("Sheet{count}"), str::to_owned);
    if file.sheet(&title).is_some() {
        return Err(refusal::invalid(format!(
            "A sheet with the name \"{title}\" already exists. Please enter another name."
        )));
    }
    let grid = properties.get("gridProperties").cloned().unwrap_or(Json::Null);
    let or = |count: usize, usual: usize| if count == 0 { usual } else { count };
    let (rows, columns) = (or(number(&grid, "rowCount"), 1000), or(number(&grid, "columnCount"), 26));
    let sheet = Sheet::new(id, &title, Vec::<Vec<Cell>>::new()).with_grid(rows, columns);
    file.sheets.push(sheet);
    let shown = Object::default()
        .with("sheetId", id)
        .with("title", title)
        .with("index", count - 1)
        .with("sheetType", "GRID")
        .with("gridProperties", Object::default().with("rowCount", rows).with("columnCount", columns));
    Ok(Object::default().with("addSheet", Object::default().with("properties", shown)))
}
