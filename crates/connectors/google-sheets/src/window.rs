//! Windows: one request for some rows of a table, with its header beside them.

use tieline_core::http::HttpResponse;
use tieline_core::{Error, ErrorKind, Result};

use crate::a1;
use crate::client::Client;
use crate::factory::{NO_RANGE, OUTSIDE};
use crate::grid::{Answer, Grid, WINDOW};
use crate::header::Cells;
use crate::table::Table;

/// Cells of a window, when nothing else is asked for: about four megabytes.
const CELLS: u64 = 40_000;
const MOST_ROWS: u64 = 5_000;
/// The factor by which a window is smaller that is asked for again, because it was too large or took too long; and the
/// number of times.
const SMALLER: u64 = 8;
const TRIES: u32 = 3;

/// Rows of a window of this table.
pub(crate) fn usual_rows(table: &Table) -> u64 {
    let width = u64::try_from(table.width).unwrap_or(u64::MAX).max(1);
    (CELLS / width).clamp(1, MOST_ROWS)
}

/// An answer of rows, or the reason why there is none.
pub(crate) enum Fetched {
    Rows(HttpResponse, u64),
    /// There is no tab of this name.
    NoTab,
    /// The tab has become smaller.
    Outside,
}

/// Asks for `rows` rows from `first` on, of all columns or of one. Returns the answer and how many rows were asked for.
pub(crate) async fn fetch(
    client: &Client,
    table: &Table,
    first: u64,
    rows: u64,
    column: Option<usize>,
) -> Result<Fetched> {
    let mut rows = rows.max(1);
    let mut tries = 0;
    loop {
        let across = column.map(|column| (column, column)).or(table.across);
        let mut ranges: Vec<String> = table.header_range().into_iter().collect();
        let end = (first + rows).min(table.bottom.max(first + 1));
        ranges.push(a1::rows(&table.title, first, end, across));
        match client.cells(WINDOW, &ranges, &table.entity).await {
            Ok(response) => return Ok(Fetched::Rows(response, end - first)),
            Err(error) if error.code() == Some(NO_RANGE) => return Ok(Fetched::NoTab),
            Err(error) if error.code() == Some(OUTSIDE) => return Ok(Fetched::Outside),
            Err(error) if is_too_much(&error) && rows > 1 && tries < TRIES => {
                tries += 1;
                rows = (rows / SMALLER).max(1);
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether fewer rows may work.
fn is_too_much(error: &Error) -> bool {
    // A provider that is only slow has been asked several times by then.
    matches!(error.kind(), ErrorKind::Timeout)
        || (error.kind() == ErrorKind::Decode && error.message().starts_with("the answer is larger"))
}

/// The header and the rows of a window.
pub(crate) struct Window<'w, 'a> {
    pub(crate) sheet: i64,
    pub(crate) row_count: u64,
    pub(crate) fingerprint: u64,
    pub(crate) grid: Option<&'w Grid<'a>>,
}

impl<'w, 'a> Window<'w, 'a> {
    pub(crate) fn of(answer: &'w Answer<'a>, table: &Table) -> Result<Self> {
        let tab = answer.sheets.first().ok_or_else(|| {
            Error::new(ErrorKind::Decode, "Google's answer lacks the tab that was asked for")
                .with_context("tab", &table.title)
        })?;
        let mut data = tab.data.iter();
        let header = if table.header.is_some() { data.next() } else { None };
        let of_header = header.map(|grid| {
            let cells = grid.row_data.first().map_or(&[][..], |row| &row.values);
            // As the opening counts it: from the first column that was asked for.
            Cells { cells, left: grid.start_column }.fingerprint()
        });
        Ok(Self {
            sheet: tab.properties.sheet_id,
            row_count: tab.properties.grid_properties.row_count,
            fingerprint: of_header.unwrap_or(0),
            grid: data.next(),
        })
    }

    /// The cells of each row, with its number.
    pub(crate) fn rows(&self, first: u64) -> impl Iterator<Item = (u64, Cells<'w, 'a>)> {
        let left = self.grid.map_or(0, |grid| grid.start_column);
        let rows = self.grid.map_or(&[][..], |grid| &grid.row_data);
        (first..).zip(rows.iter().map(move |row| Cells { cells: &row.values, left }))
    }
}
