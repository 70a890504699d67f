//! Spreadsheets, their tabs and areas of them.

use chrono::{DateTime, Utc};

use super::cell::Cell;

/// A file in Drive that is a spreadsheet, or that people take for one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Spreadsheet {
    /// The file's id.
    pub id: String,
    /// The file's name.
    pub title: String,
    /// The locale, such as `sv_SE`.
    pub locale: String,
    /// The time zone, by its IANA name.
    pub time_zone: String,
    /// The tabs, in their order.
    pub sheets: Vec<Sheet>,
    /// Names of areas.
    pub named_ranges: Vec<(String, Area)>,
    /// The kind of file.
    pub kind: FileKind,
    /// The caller's rights.
    pub permission: Permission,
    /// Whether anyone with the link may read it.
    pub is_public: bool,
    /// Whether it lies in the bin.
    pub trashed: bool,
    /// The time of the last change that somebody made.
    pub modified: DateTime<Utc>,
    /// A number that grows with each change.
    pub version: u64,
}

/// The kind of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A spreadsheet of Google Sheets.
    Spreadsheet,
    /// A workbook of Excel, as it was uploaded.
    Workbook,
    /// A document of Google Docs.
    Document,
}

/// The caller's rights on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Permission {
    /// It was never shared, or no longer is.
    None,
    /// Reading.
    Reader,
    /// Reading and writing.
    Writer,
}

/// A tab.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sheet {
    /// The id, which survives another name.
    pub id: i64,
    /// The name.
    pub title: String,
    /// Whether people see it.
    pub hidden: bool,
    /// The rows that hold something, from the first on. Rows may be shorter than the grid.
    pub rows: Vec<Vec<Cell>>,
    /// The height of the grid.
    pub row_count: usize,
    /// The width of the grid.
    pub column_count: usize,
    /// Merged areas; the value is in the first cell.
    pub merges: Vec<Area>,
    /// Areas that the caller may not change.
    pub protected: Vec<Area>,
}

/// An area of a tab: half-open, from zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Area {
    /// The tab.
    pub sheet: i64,
    /// The first row.
    pub top: usize,
    /// The row behind the last.
    pub bottom: usize,
    /// The first column.
    pub left: usize,
    /// The column behind the last.
    pub right: usize,
}

impl Spreadsheet {
    /// A spreadsheet in Swedish, of Stockholm's time, that the caller may write.
    pub fn new(id: &str, title: &str, sheets: Vec<Sheet>) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            locale: "sv_SE".to_owned(),
            time_zone: "Europe/Stockholm".to_owned(),
            sheets,
            named_ranges: Vec::new(),
            kind: FileKind::Spreadsheet,
            permission: Permission::Writer,
            is_public: false,
            trashed: false,
            modified: DateTime::UNIX_EPOCH,
            version: 1,
        }
    }

    /// The tab of a name.
    pub fn sheet(&self, title: &str) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.title == title)
    }

    /// The tab of a name, to change it.
    pub fn sheet_mut(&mut self, title: &str) -> Option<&mut Sheet> {
        self.sheets.iter_mut().find(|sheet| sheet.title == title)
    }

    pub(crate) fn by_id(&self, id: i64) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.id == id)
    }

    pub(crate) fn by_id_mut(&mut self, id: i64) -> Option<&mut Sheet> {
        self.sheets.iter_mut().find(|sheet| sheet.id == id)
    }
}

impl Sheet {
    /// A tab of these rows, in a grid of a thousand rows and 26 columns at least.
    pub fn new<R, C>(id: i64, title: &str, rows: impl IntoIterator<Item = R>) -> Self
    where
        R: IntoIterator<Item = C>,
        C: Into<Cell>,
    {
        let rows: Vec<Vec<Cell>> =
            rows.into_iter().map(|row| row.into_iter().map(Into::into).collect()).collect();
        let widest = rows.iter().map(Vec::len).max().unwrap_or_default();
        Self {
            id,
            title: title.to_owned(),
            hidden: false,
            row_count: rows.len().max(1000),
            column_count: widest.max(26),
            rows,
            merges: Vec::new(),
            protected: Vec::new(),
        }
    }

    /// Makes the grid no larger than its rows and this many columns.
    #[must_use]
    pub fn with_grid(mut self, rows: usize, columns: usize) -> Self {
        (self.row_count, self.column_count) = (rows, columns);
        self
    }

    /// The cell at a row and a column, from zero.
    pub fn cell(&self, row: usize, column: usize) -> Option<&Cell> {
        self.rows.get(row)?.get(column)
    }

    /// Puts a cell at a row and a column, from zero.
    pub fn set(&mut self, row: usize, column: usize, cell: impl Into<Cell>) {
        if self.rows.len() <= row {
            self.rows.resize_with(row + 1, Vec::new);
        }
        if let Some(cells) = self.rows.get_mut(row) {
            if cells.len() <= column {
                cells.resize_with(column + 1, Cell::default);
            }
            if let Some(place) = cells.get_mut(column) {
                *place = cell.into();
            }
        }
        self.row_count = self.row_count.max(row + 1);
        self.column_count = self.column_count.max(column + 1);
    }

    /// Inserts a row before another, from zero.
    pub fn insert_row<C: Into<Cell>>(&mut self, before: usize, cells: impl IntoIterator<Item = C>) {
        if self.rows.len() < before {
            self.rows.resize_with(before, Vec::new);
        }
        self.rows.insert(before, cells.into_iter().map(Into::into).collect());
        self.row_count += 1;
    }

    /// Deletes a row, from zero.
    pub fn delete_row(&mut self, row: usize) {
        if row < self.rows.len() {
            self.rows.remove(row);
        }
        self.row_count = self.row_count.saturating_sub(1);
    }

    /// The row behind the last one that holds something.
    pub(crate) fn end(&self) -> usize {
        self.rows.iter().rposition(|row| row.iter().any(|cell| !cell.is_blank())).map_or(0, |last| last + 1)
    }

    /// The whole grid.
    pub(crate) fn whole(&self) -> Area {
        Area { sheet: self.id, top: 0, bottom: self.row_count, left: 0, right: self.column_count }
    }

    pub(crate) fn is_protected(&self, area: Area) -> bool {
        self.protected.iter().any(|protected| protected.meets(&area))
    }
}

impl Area {
    /// An area of a tab: the first row and column, and those behind the last.
    pub fn new(sheet: i64, (top, left): (usize, usize), (bottom, right): (usize, usize)) -> Self {
        Self { sheet, top, bottom, left, right }
    }

    fn meets(&self, other: &Self) -> bool {
        self.top < other.bottom
            && other.top < self.bottom
            && self.left < other.right
            && other.left < self.right
    }

    /// The part within the grid.
    pub(crate) fn within(mut self, sheet: &Sheet) -> Self {
        self.bottom = self.bottom.min(sheet.row_count);
        self.right = self.right.min(sheet.column_count);
        self
    }
}
