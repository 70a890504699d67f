//! Headers: the row that holds the titles, stable names for its columns, and the type of each column.

use std::collections::{BTreeMap, HashSet};

use tieline_core::{FieldPath, Issue};

use crate::a1::Letters;
use crate::digest::hash;
use crate::grid::{CellData, CellValue, GridRange, Kind, RowData};

/// The member that holds displayed texts.
pub(crate) const FORMATTED: &str = "_formatted";

/// Texts of a column that are shown as examples, and the longest of them.
const SAMPLES: usize = 3;
const SHORT: usize = 80;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    /// The name as a member of a record: `"Amount":`.
    pub(crate) member: String,
    /// The position in the tab, from zero.
    pub(crate) index: usize,
    /// The type of most cells of the sample. `None` when it has none.
    pub(crate) kind: Option<Kind>,
    /// Whether the sample has several types.
    pub(crate) is_mixed: bool,
    /// Displayed texts of the sample, as JSON.
    pub(crate) samples: Vec<String>,
}

impl Column {
    pub(crate) fn path(&self) -> FieldPath {
        FieldPath::field(&self.name)
    }
}

/// A row of cells and the position of the first of them.
#[derive(Clone, Copy)]
pub(crate) struct Cells<'c, 'a> {
    pub(crate) cells: &'c [CellData<'a>],
    pub(crate) left: usize,
}

impl<'c, 'a> Cells<'c, 'a> {
    pub(crate) fn at(self, column: usize) -> Option<&'c CellData<'a>> {
        self.cells.get(column.checked_sub(self.left)?)
    }

    /// The position behind the last cell that holds something.
    fn end(self) -> usize {
        let last = self.cells.iter().rposition(|cell| !cell.is_blank());
        last.map_or(0, |last| self.left + last + 1)
    }

    pub(crate) fn is_blank(self) -> bool {
        self.cells.iter().all(CellData::is_blank)
    }

    /// A hash of the titles, by their values.
    pub(crate) fn fingerprint(self) -> u64 {
        let texts: Vec<String> =
            (0..self.end()).map(|column| self.at(column).map_or_else(String::new, text)).collect();
        fingerprint(&texts)
    }
}

/// A hash of titles. Empty ones at the end do not count.
pub(crate) fn fingerprint(titles: &[String]) -> u64 {
    let end = titles.iter().rposition(|title| !title.is_empty()).map_or(0, |last| last + 1);
    let texts: Vec<&str> = titles.iter().take(end).map(String::as_str).collect();
    hash(&texts)
}

/// The value of a cell as a text.
pub(crate) fn text(cell: &CellData<'_>) -> String {
    match cell.value() {
        CellValue::Blank => String::new(),
        CellValue::Text(text) => serde_json::from_str(text).unwrap_or_default(),
        CellValue::Number(digits) => digits.to_owned(),
        CellValue::Bool(ticked) => if ticked { "TRUE" } else { "FALSE" }.to_owned(),
        CellValue::Error(error) => error.to_owned(),
    }
}

/// The number of the first row that is mostly different texts.
pub(crate) fn find(rows: &[RowData<'_>], left: usize) -> Option<usize> {
    let filled = |row: &RowData<'_>| row.values.iter().filter(|cell| !cell.is_blank()).count();
    let widest = rows.iter().map(filled).max().unwrap_or_default();
    rows.iter().position(|row| {
        let filled = filled(row);
        let texts =
            row.values.iter().filter(|cell| cell.kind() == Some(Kind::Text) && !cell.is_blank()).count();
        let titles = Cells { cells: &row.values, left };
        let distinct: HashSet<String> = (left..titles.end())
            .filter_map(|column| titles.at(column))
            .map(|cell| text(cell).trim().to_lowercase())
            .filter(|text| !text.is_empty())
            .collect();
        filled > 0 && texts * 5 >= filled * 4 && distinct.len() * 2 >= filled && filled * 2 >= widest
    })
}

/// The columns of a header, or of the rows alone where there is none, with a word on each title that had to be changed.
pub(crate) fn columns(
    header: Option<(u64, Cells<'_, '_>)>,
    rows: &[RowData<'_>],
    left: usize,
    merges: &[GridRange],
) -> (Vec<Column>, Vec<Issue>) {
    let of_row = |row: &RowData<'_>| Cells { cells: &row.values, left }.end();
    let end = rows.iter().map(of_row).chain(header.map(|(_, cells)| cells.end())).max().unwrap_or_default();
    let mut taken: BTreeMap<String, usize> = BTreeMap::from([(FORMATTED.to_owned(), 1)]);
    let (mut columns, mut issues) = (Vec::new(), Vec::new());
    for index in left..end {
        let title = header.and_then(|(_, cells)| cells.at(index)).map(title).unwrap_or_default();
        let (kind, is_mixed, has_data) = kind(rows, left, index);
        let merged = header.filter(|_| title.is_empty()).and_then(|(row, cells)| {
            let over = |merge: &&GridRange| {
                let rows = merge.start_row_index..merge.end_row_index.unwrap_or(u64::MAX);
                let columns = merge.start_column_index..merge.end_column_index.unwrap_or(usize::MAX);
                rows.contains(&row) && columns.contains(&index)
            };
            let first = merges.iter().find(over)?.start_column_index;
            cells.at(first).map(self::title).filter(|title| !title.is_empty())
        });
        let letters = Letters(index);
        let (base, issue) = match (&merged, title.is_empty()) {
            (Some(merged), _) => (merged.clone(), Some(format!("the title over column {letters} is merged"))),
            (None, false) => (title, None),
            // A column of nothing separates others.
            (None, true) if !has_data => continue,
            (None, true) => {
                (format!("column_{letters}"), header.map(|_| format!("column {letters} has no title")))
            }
        };
        let name = unique(&base, &mut taken);
        let twice = issue.is_none() && name != base;
        let issue = issue.or_else(|| twice.then(|| format!("the title of column {letters} occurs twice")));
        if let Some(issue) = issue {
            let message =
                format!("{issue}: the column is called {name:?}; give it a title of its own in the sheet");
            issues.push(Issue::new(message).at(FieldPath::field(&name)));
        }
        let member = format!("{}:", serde_json::Value::from(name.as_str()));
        let samples = samples(rows, left, index);
        columns.push(Column { name, member, index, kind, is_mixed, samples });
    }
    (columns, issues)
}

/// The first displayed texts of a column that differ.
fn samples(rows: &[RowData<'_>], left: usize, index: usize) -> Vec<String> {
    let mut samples: Vec<String> = Vec::new();
    for cell in rows.iter().filter_map(|row| Cells { cells: &row.values, left }.at(index)) {
        let shown = cell.formatted_value.filter(|shown| !cell.is_blank() && shown.get().len() <= SHORT);
        if let Some(shown) = shown
            && samples.iter().all(|known| known != shown.get())
        {
            samples.push(shown.get().to_owned());
            if samples.len() == SAMPLES {
                break;
            }
        }
    }
    samples
}

/// The displayed title, its white space in single spaces.
fn title(cell: &CellData<'_>) -> String {
    let shown = cell.shown().unwrap_or_else(|| text(cell));
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A name that no column before it has. Upper and lower case are the same name.
fn unique(base: &str, taken: &mut BTreeMap<String, usize>) -> String {
    let mut name = base.to_owned();
    loop {
        let count = taken.entry(name.to_lowercase()).or_default();
        *count += 1;
        if *count == 1 {
            return name;
        }
        let number = *count;
        name = format!("{base} ({number})");
        if base == name {
            return name;
        }
    }
}

/// The type of most cells of a column, whether there are several, and whether there is any.
fn kind(rows: &[RowData<'_>], left: usize, index: usize) -> (Option<Kind>, bool, bool) {
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut has_data = false;
    for cell in rows.iter().filter_map(|row| Cells { cells: &row.values, left }.at(index)) {
        has_data |= !cell.is_blank();
        if let Some(kind) = cell.kind().filter(|_| !cell.is_blank()) {
            *counts.entry(kind).or_default() += 1;
        }
    }
    let most = counts.iter().max_by_key(|(_, count)| **count).map(|(kind, _)| *kind);
    (most, counts.len() > 1, has_data)
}
