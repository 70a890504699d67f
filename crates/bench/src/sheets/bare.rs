//! The bare side: structs that name the value of a cell and borrow it; a record is its values as JSON text.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Read;
use super::answers::{Answers, WINDOW};
use crate::Result;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    sheets: Vec<Tab<'a>>,
}

#[derive(Deserialize)]
struct Tab<'a> {
    #[serde(borrow)]
    data: Vec<Grid<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Grid<'a> {
    #[serde(borrow)]
    row_data: Vec<Row<'a>>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    values: Vec<Cell<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cell<'a> {
    #[serde(borrow)]
    effective_value: Option<Value<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value<'a> {
    #[serde(borrow)]
    number_value: Option<&'a RawValue>,
    #[serde(borrow)]
    string_value: Option<&'a RawValue>,
    bool_value: Option<bool>,
}

/// Reads all windows, one after the other.
pub(crate) fn read(answers: &Answers) -> Result<Read> {
    let mut read = Read::default();
    let mut from = 1;
    while from <= answers.count() {
        let body = answers.window(&[(0, 1), (from, from + WINDOW)]);
        let answer: Answer<'_> = serde_json::from_slice(&body)?;
        let [tab] = answer.sheets.as_slice() else { return Err("there is one tab".into()) };
        let [header, rows] = tab.data.as_slice() else { return Err("there are two ranges".into()) };
        let titles: Vec<&str> = header.row_data.iter().flat_map(|row| &row.values).map(text).collect();
        for row in &rows.row_data {
            let mut record = String::with_capacity(512);
            record.push('{');
            for (at, (title, cell)) in titles.iter().zip(&row.values).enumerate() {
                if at > 0 {
                    record.push(',');
                }
                record.push_str(title);
                record.push(':');
                record.push_str(text(cell));
            }
            record.push('}');
            let key: String = serde_json::from_str(row.values.first().map_or("\"\"", text))?;
            read.take(&key, &record);
        }
        from += WINDOW;
    }
    Ok(read)
}

fn text<'a>(cell: &Cell<'a>) -> &'a str {
    let Some(value) = &cell.effective_value else { return "null" };
    match (value.string_value.or(value.number_value), value.bool_value) {
        (Some(raw), _) => raw.get(),
        (None, Some(true)) => "true",
        (None, Some(false)) => "false",
        (None, None) => "null",
    }
}
