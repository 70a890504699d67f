//! The plan of a write: what is done to each row, and the one request that does all of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::value::RawValue;
use tieline_core::{Error, ErrorKind, FieldPatch, FieldPath, Issue, Key, Patch, RawJson, Result, Text};
use tieline_kit::{excerpt, nearest};

use crate::cells::{NewCell, encode};
use crate::header::Column;
use crate::table::Table;

type Cells = BTreeMap<usize, NewCell>;

/// A change of a row.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Update(u64, Cells),
    Append(Cells),
    Delete(u64),
}

/// The steps of one request, and the columns that they need.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// New columns, in their order behind the others.
    pub(crate) added: Vec<String>,
}

const VALUE: &str = "userEnteredValue";
const VALUE_AND_FORMAT: &str = "userEnteredValue,userEnteredFormat.numberFormat";

impl Plan {
    /// The cells of a create, with its marker where the table has a column for it.
    pub(crate) fn cells(
        &mut self,
        table: &Table,
        fields: &RawJson,
        marker: Option<&Text>,
        may_add: bool,
    ) -> Result<Cells> {
        let values: BTreeMap<String, &RawValue> = fields.view()?;
        let mut cells = Cells::new();
        for (name, value) in values {
            let (index, column) = self.column(table, &name, may_add)?;
            cells.insert(index, cell(table, column, &name, value)?);
        }
        let column = marker.and_then(|_| table.columns.get(table.marker?));
        if let (Some(marker), Some(column)) = (marker, column) {
            cells.insert(column.index, NewCell::text(marker.as_str()));
        }
        Ok(cells)
    }

    /// The cells of a patch.
    pub(crate) fn patched(
        &mut self,
        table: &Table,
        key: &Key,
        patch: &Patch,
        may_add: bool,
    ) -> Result<Cells> {
        let mut cells = Cells::new();
        let null = RawJson::parse("null")?;
        for (path, change) in &patch.0 {
            let value = match change {
                FieldPatch::Set(value) | FieldPatch::Raw(value) => value,
                FieldPatch::Clear => &null,
                _ => {
                    return Err(wrong(
                        path,
                        "a cell is set or emptied; nothing is added to it or removed from it",
                    ));
                }
            };
            let name = name_of(path)?;
            let (index, column) = self.column(table, &name, may_add)?;
            if table.key.and_then(|key| table.columns.get(key)).is_some_and(|column| column.index == index) {
                if value.view::<String>().is_ok_and(|text| text == key.as_str())
                    || value.get() == key.as_str()
                {
                    continue;
                }
                return Err(wrong(
                    path,
                    "the key of a row is not changed: create another row, and delete this one",
                ));
            }
            cells.insert(index, cell(table, column, &name, value.view()?)?);
        }
        Ok(cells)
    }

    /// The position of a column, which is a new one where that is allowed.
    fn column<'t>(
        &mut self,
        table: &'t Table,
        name: &str,
        may_add: bool,
    ) -> Result<(usize, Option<&'t Column>)> {
        if let Some(column) = table.columns.iter().find(|column| column.name == name) {
            return Ok((column.index, Some(column)));
        }
        let path = FieldPath::field(name);
        if !may_add || !table.is_whole() || table.header.is_none() || name.trim().is_empty() {
            let names = table.columns.iter().map(|column| column.name.as_str());
            let advice = match nearest(name, names) {
                Some(near) => format!("did you mean {near:?}?"),
                None => "add the column in the sheet, or let the settings add columns".to_owned(),
            };
            let message = format!("the tab {:?} has no column {:?}", table.title, excerpt(name, 60));
            return Err(Error::new(ErrorKind::Rejected, message)
                .with_advice(advice)
                .with_context("field", path));
        }
        let at = self.added.iter().position(|added| added == name).unwrap_or_else(|| {
            self.added.push(name.to_owned());
            self.added.len() - 1
        });
        Ok((end(table) + at, None))
    }

    /// The body of the request: columns first, then rows that are changed, new rows, and deletes from the bottom up.
    pub(crate) fn body(&self, table: &Table) -> String {
        let mut requests = Requests { text: String::from("{\"requests\":["), sheet: table.sheet, count: 0 };
        self.put_columns(table, &mut requests);
        let (mut appended, mut deleted) = (Vec::new(), Vec::new());
        for step in &self.steps {
            match step {
                Step::Update(row, cells) => requests.update(*row, cells),
                Step::Append(cells) => appended.push(cells),
                Step::Delete(row) => deleted.push(*row),
            }
        }
        requests.append(&appended);
        deleted.sort_unstable();
        for row in deleted.into_iter().rev() {
            requests.begin();
            let (sheet, end) = (table.sheet, row + 1);
            let _written = write!(
                requests.text,
                "{{\"deleteDimension\":{{\"range\":{{\"sheetId\":{sheet},\"dimension\":\"ROWS\",\"startIndex\":{row},\
                 \"endIndex\":{end}}}}}}}"
            );
        }
        requests.text.push_str("]}");
        requests.text
    }

    fn put_columns(&self, table: &Table, requests: &mut Requests) {
        let (Some(header), false) = (table.header, self.added.is_empty()) else { return };
        let needed = (end(table) + self.added.len()).saturating_sub(table.width);
        if needed > 0 {
            requests.begin();
            let sheet = table.sheet;
            let _written = write!(
                requests.text,
                "{{\"appendDimension\":{{\"sheetId\":{sheet},\"dimension\":\"COLUMNS\",\"length\":{needed}}}}}"
            );
        }
        let titles = self.added.iter().enumerate();
        let cells: Cells = titles.map(|(at, name)| (end(table) + at, NewCell::text(name))).collect();
        requests.update(header, &cells);
    }
}

/// The position behind the last column.
fn end(table: &Table) -> usize {
    table.columns.last().map_or(0, |column| column.index + 1)
}

struct Requests {
    text: String,
    sheet: i64,
    count: usize,
}

impl Requests {
    fn begin(&mut self) {
        if self.count > 0 {
            self.text.push(',');
        }
        self.count += 1;
    }

    /// Changes cells of a row: a request for each run of neighbours. A number format is written with a value that needs
    /// one alone, so that the others keep theirs.
    fn update(&mut self, row: u64, cells: &Cells) {
        let mut run: Vec<(usize, &NewCell)> = Vec::new();
        for (column, cell) in cells {
            let joins = run.last().is_some_and(|(last, before)| {
                last + 1 == *column && before.has_format() == cell.has_format()
            });
            if !joins {
                self.flush(row, &run);
                run.clear();
            }
            run.push((*column, cell));
        }
        self.flush(row, &run);
    }

    fn flush(&mut self, row: u64, run: &[(usize, &NewCell)]) {
        let Some((first, cell)) = run.first() else { return };
        self.begin();
        let (sheet, fields) = (self.sheet, if cell.has_format() { VALUE_AND_FORMAT } else { VALUE });
        let _written = write!(
            self.text,
            "{{\"updateCells\":{{\"start\":{{\"sheetId\":{sheet},\"rowIndex\":{row},\"columnIndex\":{first}}},\
             \"fields\":\"{fields}\",\"rows\":[{{\"values\":["
        );
        for (at, (_, cell)) in run.iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            cell.put(&mut self.text);
        }
        self.text.push_str("]}]}}");
    }

    fn append(&mut self, rows: &[&Cells]) {
        if rows.is_empty() {
            return;
        }
        self.begin();
        let sheet = self.sheet;
        let _written = write!(
            self.text,
            "{{\"appendCells\":{{\"sheetId\":{sheet},\"fields\":\"{VALUE_AND_FORMAT}\",\"rows\":["
        );
        for (at, cells) in rows.iter().enumerate() {
            self.text.push_str(if at > 0 { ",{\"values\":[" } else { "{\"values\":[" });
            let end = cells.keys().next_back().map_or(0, |last| last + 1);
            for column in 0..end {
                if column > 0 {
                    self.text.push(',');
                }
                match cells.get(&column) {
                    Some(cell) => cell.put(&mut self.text),
                    None => self.text.push_str("{}"),
                }
            }
            self.text.push_str("]}");
        }
        self.text.push_str("]}}");
    }
}

fn cell(table: &Table, column: Option<&Column>, name: &str, value: &RawValue) -> Result<NewCell> {
    let new;
    let column = match column {
        Some(column) => column,
        None => {
            let (name, member) = (name.to_owned(), String::new());
            new = Column { name, member, index: 0, kind: None, is_mixed: false, samples: Vec::new() };
            &new
        }
    };
    encode(table, column, value).map_err(|problem| wrong(&FieldPath::field(name), problem))
}

/// The column that a path names.
fn name_of(path: &FieldPath) -> Result<String> {
    let name = path.as_str().strip_prefix('/').unwrap_or_default();
    if name.contains('/') {
        return Err(wrong(path, "a cell has no parts"));
    }
    Ok(name.replace("~1", "/").replace("~0", "~"))
}

fn wrong(path: &FieldPath, problem: &'static str) -> Error {
    let error = Error::new(ErrorKind::Rejected, problem).with_context("field", path);
    error.with_issues([Issue::new(problem).at(path.clone())])
}

/// The key that the fields of a create hold.
pub(crate) fn key_of(table: &Table, fields: &RawJson) -> Result<Option<Key>> {
    let Some(column) = table.key.and_then(|key| table.columns.get(key)) else { return Ok(None) };
    let values: BTreeMap<String, &RawValue> = fields.view()?;
    Ok(values.get(&column.name).and_then(|value| key_text(value.get())))
}

/// The key that a value is.
pub(crate) fn key_text(value: &str) -> Option<Key> {
    let text = match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok()?,
        b't' => "TRUE".to_owned(),
        b'f' => "FALSE".to_owned(),
        b'-' | b'0'..=b'9' => value.to_owned(),
        _ => return None,
    };
    (!text.trim().is_empty()).then(|| Key::new(text))
}
