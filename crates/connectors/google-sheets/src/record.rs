//! Rows as records: JSON text made of the cells, with a word on each cell that could not be read.

use rust_decimal::Decimal;
use serde_json::value::RawValue;
use tieline_core::{Issue, Key, RawJson, Record};

use crate::digest::hash;
use crate::grid::{CellData, CellValue, Kind};
use crate::header::{Cells, Column, FORMATTED, text};
use crate::table::Table;
use crate::times;

/// Numbers from here on have more digits than a double: 2 to the power of 53.
const LARGEST: i64 = 9_007_199_254_740_992;

/// A row that was read.
pub(crate) struct Row {
    pub(crate) key: Option<Key>,
    pub(crate) payload: String,
    pub(crate) issues: Vec<Issue>,
    /// A column without a title that holds something.
    pub(crate) stray: Option<usize>,
}

impl Row {
    pub(crate) fn version(&self) -> u64 {
        hash(&[self.key.as_ref().map_or("", Key::as_str), &self.payload])
    }

    /// The record, and the hash that is its version.
    pub(crate) fn record(self) -> Option<(Record, u64)> {
        let version = self.version();
        let record = Record::new(self.key?, RawJson::from_checked(&self.payload));
        Some((record.with_version(format!("{version:016x}")), version))
    }
}

/// Reads a row of a table. `None` for a blank one.
pub(crate) fn read(table: &Table, row: u64, cells: Cells<'_, '_>, room: usize) -> Option<Row> {
    if cells.is_blank() {
        return None;
    }
    let mut payload = String::with_capacity(room);
    let (mut formatted, mut issues) = (Vec::new(), Vec::new());
    let mut key = None;
    payload.push('{');
    for (at, column) in table.columns.iter().enumerate() {
        if at > 0 {
            payload.push(',');
        }
        payload.push_str(&column.member);
        let Some(cell) = cells.at(column.index) else {
            payload.push_str("null");
            continue;
        };
        if let Some(problem) = put(table, column, cell, &mut payload) {
            let place = table.cell(row, column.index);
            issues.push(Issue::new(format!("cell {place}: {problem}")).at(column.path()));
        }
        if deviates(column, cell)
            && let Some(shown) = cell.formatted_value
        {
            formatted.push((column, shown));
        }
        if table.key == Some(at) {
            key = key_of(cell);
        }
    }
    put_formatted(&formatted, &mut payload);
    payload.push('}');
    let key = match table.key {
        Some(_) => key,
        None => Some(Key::from(row + 1)),
    };
    if let Some(key) = &key {
        for issue in &mut issues {
            issue.entity = Some(table.entity.clone());
            issue.key = Some(key.clone());
        }
    }
    let stray = cells
        .cells
        .iter()
        .enumerate()
        .rev()
        .find(|(_, cell)| !cell.is_blank())
        .map(|(at, _)| cells.left + at);
    let stray = stray.filter(|last| table.columns.last().is_none_or(|column| column.index < *last));
    Some(Row { key, payload, issues, stray })
}

/// The key that a cell holds. A text of spaces is none.
pub(crate) fn key_of(cell: &CellData<'_>) -> Option<Key> {
    let key = match cell.value() {
        CellValue::Blank | CellValue::Error(_) => return None,
        CellValue::Number(digits) if is_large(digits) => cell.shown().unwrap_or_else(|| digits.to_owned()),
        _ => text(cell),
    };
    (!key.trim().is_empty()).then(|| Key::new(key))
}

fn put_formatted(formatted: &[(&Column, &RawValue)], payload: &mut String) {
    let Some((first, rest)) = formatted.split_first() else { return };
    if payload.len() > 1 {
        payload.push(',');
    }
    payload.push('"');
    payload.push_str(FORMATTED);
    payload.push_str("\":{");
    payload.push_str(&first.0.member);
    payload.push_str(first.1.get());
    for (column, shown) in rest {
        payload.push(',');
        payload.push_str(&column.member);
        payload.push_str(shown.get());
    }
    payload.push('}');
}

/// Whether a cell has another type than its column.
fn deviates(column: &Column, cell: &CellData<'_>) -> bool {
    let plain = |kind| if kind == Kind::Currency { Kind::Number } else { kind };
    match (column.kind, cell.kind()) {
        (Some(usual), Some(kind)) => plain(usual) != plain(kind) && !cell.is_blank(),
        _ => false,
    }
}

/// Adds the value of a cell. Returns the problem with a cell that has none.
fn put(table: &Table, column: &Column, cell: &CellData<'_>, payload: &mut String) -> Option<String> {
    let _ = column;
    match cell.value() {
        CellValue::Blank => payload.push_str("null"),
        CellValue::Text(text) => payload.push_str(text),
        CellValue::Bool(ticked) => payload.push_str(if ticked { "true" } else { "false" }),
        CellValue::Error(error) => {
            payload.push_str("null");
            return Some(format!("its formula gives {error}; mend the formula in the sheet"));
        }
        CellValue::Number(digits) => {
            let kind = cell.number_kind();
            if !matches!(kind, Kind::Date | Kind::DateTime | Kind::Time | Kind::Duration) {
                return put_number(digits, cell, payload);
            }
            let Some(time) = time(table, kind, digits) else {
                match cell.formatted_value {
                    Some(shown) => payload.push_str(shown.get()),
                    None => payload.push_str(digits),
                }
                return Some("its date lies beyond the calendar, so its displayed text is kept".to_owned());
            };
            payload.push('"');
            payload.push_str(&time);
            payload.push('"');
        }
    }
    None
}

/// A date or time as text. A date that has a time of day is shown with it, and a time of several days as a duration.
fn time(table: &Table, kind: Kind, digits: &str) -> Option<String> {
    let ms = times::milliseconds(digits)?;
    let shifted = ms.checked_add(table.days.checked_mul(86_400_000)?)?;
    match kind {
        Kind::Date => times::date(shifted).or_else(|| times::date_time(shifted, table.zone)),
        Kind::DateTime => times::date_time(shifted, table.zone),
        Kind::Time => Some(times::time(ms).unwrap_or_else(|| times::duration(ms))),
        _ => Some(times::duration(ms)),
    }
}

/// A number with the digits that it came with. Of what no double holds, the displayed text is closer.
fn put_number(digits: &str, cell: &CellData<'_>, payload: &mut String) -> Option<String> {
    let shown = cell.formatted_value.filter(|shown| !shown.get().contains(['E', 'e']));
    match shown {
        Some(shown) if is_large(digits) => {
            payload.push_str(shown.get());
            Some("the number has more digits than a sheet keeps: store such ids as text".to_owned())
        }
        _ => {
            payload.push_str(digits);
            None
        }
    }
}

fn is_large(digits: &str) -> bool {
    if digits.len() < 16 && !digits.contains(['E', 'e']) {
        return false;
    }
    let number = digits.parse::<Decimal>().or_else(|_| Decimal::from_scientific(digits));
    match number {
        Ok(number) => number.abs() >= Decimal::from(LARGEST),
        // Beyond a decimal, or too small for one.
        Err(_) => !digits.contains("E-") && !digits.contains("e-"),
    }
}
